"""Networks of real plugins, ours, the Go plugins and a shell script in one chain, on a throwaway node."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import GO_PLUGINS, unavailable
from tests.protocol.cli.conftest import Bench

PASS_ON = """
{python} -c 'import json, sys; print(json.dumps(json.loads(sys.argv[1])["prevResult"]))' "$conf"
"""
BRIDGE = {
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": True,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.77.0.0/24"}]]},
}
TUNING = {"type": "tuning", "sysctl": {"net.ipv4.conf.eth0.arp_filter": "1"}}
OURS, GO = "ours", "go"


@pytest.fixture
def chain(host: Bench, plugins_dir: str, request: pytest.FixtureRequest) -> Bench:
    """bridge, host-local and tuning from where the parameter says, and a shell script behind them."""
    if not os.access(f"{GO_PLUGINS}/bridge", os.X_OK) and GO in request.param:
        unavailable(f"no Go plugins in {GO_PLUGINS}: make setup")
    for name, whose in zip(("bridge", "host-local", "tuning"), request.param, strict=True):
        (host.bin / name).symlink_to(Path({OURS: plugins_dir, GO: GO_PLUGINS}[whose], name))
    host.plugin(ADD=PASS_ON.format(python=sys.executable))
    host.network("chained", BRIDGE, TUNING, {"type": "shelly"}, version="1.0.0")
    return host


def on_node(host: Bench, *words: str) -> str:
    assert host.node is not None
    return host.node.run(words).checked().stdout


@pytest.mark.parametrize(
    "chain", [(OURS, OURS, OURS), (GO, GO, GO), (OURS, GO, GO), (GO, OURS, OURS)], indirect=True, ids="-".join
)
def test_a_life_on_a_node(chain):
    """ADD gives an address, CHECK holds, `run` sees the interface, drift is a no, DEL leaves nothing."""
    result = chain("add", "chained").succeeded().json
    assert result["ips"][0]["address"] == "10.77.0.2/24"
    (name,) = on_node(chain, "ip", "netns", "list").split()[:1]
    shown = json.loads(on_node(chain, "ip", "-n", name, "-j", "addr", "show", "eth0"))[0]
    assert shown["addr_info"][0]["local"] == "10.77.0.2"
    assert chain("check", "chained", "-o", "json").succeeded().json["holds"] is True
    words = ["sh", "-c", "ip -br addr show eth0; cat /proc/sys/net/ipv4/conf/eth0/arp_filter"]
    inside = chain("run", "chained", "--", *words).succeeded().stdout.split()
    assert "10.77.0.3/24" in inside
    assert inside[-1] == "1"
    on_node(chain, "ip", "-n", name, "addr", "flush", "dev", "eth0")
    done = chain("check", "chained", status=1)
    assert 'error: plugin type="bridge" failed (check): ' in done.stderr
    chain("del", "chained").succeeded()
    assert {link["ifname"] for link in json.loads(on_node(chain, "ip", "-j", "link"))} == {"lo", "cni0"}
    reserved = on_node(chain, "ls", "/var/lib/cni/networks/chained").split()
    assert not [one for one in reserved if one.startswith("10.")]
    assert on_node(chain, "ls", "/run/netns", "/var/lib/cni/results").split() == [
        "/run/netns:", "/var/lib/cni/results:",
    ]  # fmt: skip


@pytest.mark.parametrize("chain", [(OURS, OURS, OURS), (GO, GO, GO)], indirect=True, ids="-".join)
def test_a_chain_that_fails_at_its_end(chain):
    """What the plugins before had done is undone, addresses and all."""
    chain.plugin(ADD="""echo '{"code": 999, "msg": "no more"}'; exit 1""")
    assert 'plugin type="shelly" failed (add): no more' in chain("add", "chained", status=3).stderr
    assert {link["ifname"] for link in json.loads(on_node(chain, "ip", "-j", "link"))} == {"lo", "cni0"}
    reserved = on_node(chain, "ls", "/var/lib/cni/networks/chained").split()
    assert not [one for one in reserved if one.startswith("10.")]
    assert on_node(chain, "ip", "netns", "list") == ""


@pytest.mark.parametrize("chain", [(OURS, OURS, OURS), (GO, GO, GO)], indirect=True, ids="-".join)
def test_versions_of_a_chain(chain):
    """Every plugin of the list and the one that hands out addresses."""
    found = chain("version", "chained", "-o", "json").succeeded().json
    assert [one["plugin"] for one in found] == ["bridge", "host-local", "tuning", "shelly"]
    assert all("1.0.0" in one["supportedVersions"] for one in found)
