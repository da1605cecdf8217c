"""How long our plugins take, in times of what the Go plugins take in the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cnictl_plugins
from cnictl import launcher
from cnictl.bench.judgement import judge
from cnictl.bench.measure import measure
from cnictl.bench.model import VERBS, Side, Timing
from cnictl.bench.usual import chain
from cnictl.scenario.model import Attach, Command, Scenario
from cnictl.worker.paths import SOCKET
from tests.bench.conftest import ROUNDS

if TYPE_CHECKING:
    from tests.bench.conftest import Aims

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
ONE_SHOT = {"ADD": (1.2, 1.8), "CHECK": (1.2, 3.0), "DEL": (0.7, 1.0)}
"""Of the five plugins: the aim, and what docs/performance.md says is reached."""
WITH_WORKER = {"ADD": 0.4, "CHECK": 0.4, "DEL": 0.5}
WORKER = [*launcher.worker(cnictl_plugins.__path__[0]), SOCKET, "4", "64"]
"""The command of a worker."""
USUAL = 1.5
"""What no other plugin should exceed by much; printed only."""


def network(name: str, *plugins: dict[str, Any]) -> str:
    return json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": plugins})


def host_local(third: int) -> dict[str, Any]:
    return {
        "type": "host-local",
        "ranges": [[{"subnet": f"10.90.{third}.0/24"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }


def scenario(
    name: str, *plugins: dict[str, Any], setup: tuple[str, ...] = (), ifname: str = "eth0"
) -> Scenario:
    return Scenario(
        name,
        network(name, *plugins),
        setup=tuple(Command(tuple(line.split())) for line in setup),
        attachments=(Attach(ifname=ifname),),
        file=str(ROOT / "Makefile"),  # whose directory commands are run in
    )


STATIC = {"type": "static", "addresses": [{"address": "10.90.3.2/24", "gateway": "10.90.3.1"}]}
SEGMENT = {"type": "bridge", "bridge": "br0"}
ROUTED = {"type": "bridge", "isGateway": True, "ipam": host_local(9)}
UPLINK = ("ip link add uplink up type bridge",)
DEVICE = ("ip link add port0 type veth peer name switch0",)
CASES = (
    scenario("ptp", {"type": "ptp", "ipMasq": True, "ipam": host_local(1)}),
    scenario("macvlan", {"type": "macvlan", "master": "uplink", "ipam": host_local(7)}, setup=UPLINK),
    scenario("host-device", {"type": "host-device", "device": "port0", "ipam": host_local(8)}, setup=DEVICE),
    scenario("loopback", {"type": "loopback"}, ifname="lo"),
    scenario("host-local", {"type": "host-local", "ipam": host_local(2)}),
    scenario("static", {"type": "static", "ipam": STATIC}),
    scenario("sbr", ROUTED, {"type": "sbr"}),
)


def test_the_chain_one_shot(plugins_dir: str, go_plugins: str, aims: Aims) -> None:
    """Five plugins, each a program that is started for one call."""
    timings = measure(chain(), Side(plugins_dir), Side(go_plugins), rounds=ROUNDS, verbs=VERBS)
    show(timings, aims)
    for one in timings:
        if one.verb in ONE_SHOT and not one.plugin:
            aim, known = ONE_SHOT[one.verb]
            aims.hold(f"five plugins, {one.verb}, one-shot, of Go's", judge(one).ratio, aim, known=known)


def test_the_chain_with_a_worker(launchers: str, go_plugins: str, aims: Aims) -> None:
    """The same calls, answered by processes that are there already."""
    timings = measure(chain(), Side(launchers), Side(go_plugins), rounds=ROUNDS, verbs=VERBS, worker=WORKER)
    show(timings, aims)
    for one in timings:
        if one.verb in WITH_WORKER and not one.plugin:
            aims.hold(f"five plugins, {one.verb}, worker, of Go's", judge(one).ratio, WITH_WORKER[one.verb])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_plugin_one_shot(case: Scenario, plugins_dir: str, go_plugins: str, aims: Aims) -> None:
    """Every other plugin does its work; how long it takes is printed."""
    timings = measure(case, Side(plugins_dir), Side(go_plugins), rounds=ROUNDS)
    show([one for one in timings if one.plugin == case.name], aims)
    assert all(min(one.one) > 0 for one in timings)


def test_dhcp_one_shot(plugins_dir: str, go_plugins: str, aims: Aims) -> None:
    """Each set with a daemon of its own, which gets leases from the same server."""
    sides = [
        Side(
            directory,
            network(
                "dhcp",
                SEGMENT,
                {"type": "dhcp", "ipam": {"type": "dhcp", "daemonSocketPath": f"/run/cni/{name}.sock"}},
            ),
        )
        for name, directory in (("ours", plugins_dir), ("go", go_plugins))
    ]
    daemons = (
        "sh testdata/dhcp/network.sh",
        f"sh testdata/dhcp/daemon.sh /run/cni/ours.sock {plugins_dir}/dhcp daemon",
        f"sh testdata/dhcp/daemon.sh /run/cni/go.sock {go_plugins}/dhcp daemon",
    )
    timings = measure(scenario("dhcp", SEGMENT, setup=daemons), *sides, rounds=ROUNDS)
    show([one for one in timings if one.plugin == "dhcp"], aims)
    assert {one.plugin for one in timings} == {"", "bridge", "dhcp"}


def show(timings: list[Timing], aims: Aims) -> None:
    """Print ours beside Go's, in milliseconds, and take them down."""
    aims.timings += timings
    print(f"\n{'':24} {'ours ms':>8} {'Go ms':>8} {'ratio':>6}")
    for one in timings:
        found = judge(one)
        what = f"  {one.plugin}" if one.plugin else one.name
        more = f"  more than {USUAL:g}" if found.ratio > USUAL else ""
        times = f"{found.one.median * 1000:8.1f} {found.other.median * 1000:8.1f}"
        print(f"{what:16} {one.verb:7} {times} {found.ratio:6.2f}{more}")
