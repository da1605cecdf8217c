"""vxlan between two nodes: packets of pods arrive, as large as they may be, from whom they say they are."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import unavailable
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.overlay import UNDERLAY, join, shell
from tests.kernel.plugins.traffic import SERVER, ask, python

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
HEADERS = {4: 28, 6: 48}
"""Bytes of an echo request that are not its data."""
PORT = 8080
Pair = tuple["Node", "Node"]


@pytest.fixture
def nodes(make_node: Callable[[], Node]) -> Pair:
    """Two nodes on one wire, 192.0.2.1 and 192.0.2.2."""
    if os.geteuid():
        unavailable("needs root: to put a wire between two namespaces takes CAP_SYS_ADMIN over both")
    one, other = make_node(), make_node()
    join(one, other)
    return one, other


def routed(number: int, **keys: Any) -> dict[str, Any]:
    """The network as the node of that number has it: all nodes are named, with their pods' networks."""
    remotes = [{"vtep": f"192.0.2.{n}", "podCIDRs": [f"10.244.{n}.0/24", f"fd00:{n}::/64"]} for n in (1, 2)]
    ranges = [[{"subnet": f"10.244.{number}.0/24"}], [{"subnet": f"fd00:{number}::/64"}]]
    ipam = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}
    return {"type": "vxlan", "vni": 4096, "mode": "routed", "remotes": remotes, "ipam": ipam, **keys}


def bridged(number: int, **keys: Any) -> dict[str, Any]:
    """The same in mode bridge: all pods are in one network, and each node has a part of its addresses."""
    start, end = f"10.5.{number}.2", f"10.5.{number}.99"
    ranges = [
        [{"subnet": "10.5.0.0/16", "rangeStart": start, "rangeEnd": end, "gateway": f"10.5.{number}.1"}],
        [{"subnet": "fd05::/64", "rangeStart": f"fd05::{number}:2", "gateway": f"fd05::{number}:1"}],
    ]
    remotes = [{"vtep": f"192.0.2.{n}"} for n in (1, 2)]
    ipam = {"type": "host-local", "ranges": ranges}
    return {"type": "vxlan", "vni": 4096, "remotes": remotes, "ipam": ipam, **keys}


MODES: dict[str, Callable[..., dict[str, Any]]] = {"routed": routed, "bridge": bridged}


def attach(
    nodes: Pair, plugins_dir: str, make: Callable[[int], dict[str, Any]]
) -> tuple[Attachment, Attachment]:
    """Give both nodes a pod called c1."""
    one, other = (Attachment(node, plugins_dir, [make(number)]) for number, node in enumerate(nodes, 1))
    one.add()
    other.add()
    return one, other


def addresses(pod: Attachment) -> dict[int, str]:
    assert pod.result is not None
    found = [ip["address"].partition("/")[0] for ip in pod.result["ips"]]
    return {6 if ":" in one else 4: one for one in found}


def ping(node: Node, address: str, netns: str = "c1", *, seconds: int = 10) -> bool:
    """Whether an answer comes within some seconds; IPv6 takes one or two of them to look for duplicates."""
    words = ["ping", "-q", "-c", "1", "-i", "0.2", "-w", str(seconds), address]
    return node.run(words, netns=netns).status == 0


@contextlib.contextmanager
def listening(node: Node, version: int, name: str, netns: str = "c1") -> Iterator[None]:
    """Have a server answer on a node or in its pod, that says as whom it sees its clients."""
    with node.start(python(SERVER, str(version), str(PORT), name), netns=netns) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def reach(one: Attachment, other: Attachment, mtu: int) -> None:
    """Assert that the pods reach one another in both families, in packets of that size and no larger."""
    for version, address in addresses(other).items():
        assert ping(one.node, address), f"{address} does not answer"
        with listening(other.node, version, "other"):
            heard = ask(one.node, address, PORT, "tcp udp", netns="c1")
        assert heard == f"other saw {addresses(one)[version]}"
        largest = mtu - HEADERS[version]
        words = ["ping", "-c", "1", "-W", "2", "-M", "do", "-s"]
        one.node.run([*words, str(largest), address], netns="c1").checked()
        refused = one.node.run([*words, str(largest + 1), address], netns="c1")
        assert refused.status == 1
        assert "message too long" in refused.stderr or refused.stderr == "ping: sendmsg: Message too long\n"


@pytest.mark.parametrize("mode", MODES)
def test_pods_of_two_nodes_reach_one_another(nodes: Pair, plugins_dir: str, mode: str) -> None:
    """Both ways, in IPv4 and IPv6, with the largest packets that fit and no larger ones, as themselves."""
    one, other = attach(nodes, plugins_dir, lambda number: MODES[mode](number, ipMasq=mode == "routed"))
    reach(one, other, 1450)
    reach(other, one, 1450)
    assert (one.check(), other.check()) == ("", "")


@pytest.mark.parametrize("mode", MODES)
def test_the_underlay_may_be_of_ipv6(nodes: Pair, plugins_dir: str, mode: str) -> None:
    """Its header is 20 bytes longer; pods have both families all the same."""

    def make(number: int) -> dict[str, Any]:
        network = MODES[mode](number)
        remotes = [{**one, "vtep": f"2001:db8::{n}"} for n, one in enumerate(network["remotes"], 1)]
        return {**network, "remotes": remotes}

    reach(*attach(nodes, plugins_dir, make), 1430)


@pytest.mark.parametrize("keys", [{}, {"master": UNDERLAY}])
def test_the_address_to_send_from_may_be_one_of_lo(
    nodes: Pair, plugins_dir: str, keys: dict[str, Any]
) -> None:
    """As where nodes are routers that announce it; the way to the others is that of the default route."""
    for number, node in enumerate(nodes, 1):
        shell(
            node,
            f"ip addr add 203.0.113.{number}/32 dev lo",
            f"ip route add 203.0.113.{3 - number} via 192.0.2.{3 - number}",
        )

    def make(number: int) -> dict[str, Any]:
        network = routed(number, local=f"203.0.113.{number}", **keys)
        remotes = [{**one, "vtep": f"203.0.113.{n}"} for n, one in enumerate(network["remotes"], 1)]
        return {**network, "remotes": remotes}

    one, other = attach(nodes, plugins_dir, make)
    reach(one, other, 1450)
    assert (one.check(), other.check()) == ("", "")
    Attachment(one.node, plugins_dir, [make(1)], container="c2").add()


def test_nodes_find_one_another_by_a_group(nodes: Pair, plugins_dir: str) -> None:
    """Nobody is named; the tunnels learn who has which pod."""
    one, other = attach(
        nodes, plugins_dir, lambda number: bridged(number, remotes=[], group="239.1.1.7", master=UNDERLAY)
    )
    reach(one, other, 1450)
    reach(other, one, 1450)
    shown = shell(one.node, "bridge fdb show dev vxlan.4096")
    assert "dst 192.0.2.2 self" in shown


@pytest.mark.parametrize("mtu", [1400, 9000])
def test_the_underlays_mtu_counts(nodes: Pair, plugins_dir: str, mtu: int) -> None:
    """Larger or smaller than Ethernet's."""
    for node in nodes:
        shell(node, f"ip link set {UNDERLAY} mtu {mtu}")
    one, other = attach(nodes, plugins_dir, routed)
    reach(one, other, mtu - 50)


def test_the_nodes_reach_all_pods_in_mode_routed(nodes: Pair, plugins_dir: str) -> None:
    """A node's own packets go by the same routes, from the first address of its pods' network."""
    _, other = attach(nodes, plugins_dir, routed)
    with listening(other.node, 4, "other"):
        assert ask(nodes[0], addresses(other)[4], PORT) == "other saw 10.244.1.0"
    assert ping(nodes[0], addresses(other)[6], netns="")


def test_what_no_pod_has_does_not_leave_the_node(nodes: Pair, plugins_dir: str) -> None:
    """A packet for a pod that is gone must not take the default route."""
    attach(nodes, plugins_dir, routed)
    for node, address in ((nodes[0], "10.244.1.77"), (nodes[1], "10.244.2.77")):
        assert "dev vxlan.4096" in shell(node, f"ip route get {address}")
    assert not ping(nodes[0], "10.244.2.77", seconds=1)


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
@pytest.mark.parametrize("mode", MODES)
def test_only_what_leaves_the_overlay_is_masqueraded(
    nodes: Pair, plugins_dir: str, mode: str, backend: str
) -> None:
    """Others see the node; pods of other nodes see the pod, whatever their networks are."""
    keys: dict[str, Any] = {"ipMasq": True, "ipMasqBackend": backend}
    if mode == "bridge":
        keys["isDefaultGateway"] = True
    one, other = attach(nodes, plugins_dir, lambda number: MODES[mode](number, **keys))
    for version, outside in ((4, "192.0.2.2"), (6, "2001:db8::2")):
        assert ping(one.node, outside), outside
        with listening(other.node, version, "node", netns=""):
            heard = ask(one.node, outside, PORT, netns="c1")
        assert heard == f"node saw {outside.removesuffix('2')}1"
    reach(one, other, 1450)
    assert one.check() == ""


@pytest.mark.parametrize("version", [4, 6])
def test_a_gateway_that_another_node_has_is_refused(nodes: Pair, plugins_dir: str, version: int) -> None:
    """It would answer for this one's; nothing is left, and the other node's pods have lost nothing."""
    ranges = {
        4: (
            {"subnet": "10.5.0.0/16", "rangeStart": "10.5.1.2"},
            {"subnet": "10.5.0.0/16", "rangeStart": "10.5.2.2"},
        ),
        6: (
            {"subnet": "fd05::/64", "rangeStart": "fd05::1:2"},
            {"subnet": "fd05::/64", "rangeStart": "fd05::2:2"},
        ),
    }
    gateway = {4: "10.5.0.1", 6: "fd05::1"}[version]

    def make(number: int) -> dict[str, Any]:
        ipam = {"type": "host-local", "ranges": [[ranges[version][number - 1]]]}
        return bridged(number, isDefaultGateway=True, ipam=ipam)

    one, other = (Attachment(node, plugins_dir, [make(n)]) for n, node in enumerate(nodes, 1))
    one.add()
    assert ping(one.node, gateway)
    before = leftovers(other.node, "c1")
    done = other.call("ADD", other.plugins[0])
    assert done.status == 1
    assert said(done).startswith(f"gateway {gateway} is that of another node already: ")
    assert leftovers(other.node, "c1") == before
    assert one.check() == ""
    second = Attachment(one.node, plugins_dir, [make(1)], container="c2")
    second.add()
    assert ping(one.node, gateway, "c2")


@pytest.mark.parametrize("mode", MODES)
def test_it_heals_when_a_node_changes_its_address(
    nodes: Pair, plugins_dir: str, mode: str, tmp_path: Path
) -> None:
    """The node writes its file anew, the others take note, and the same pods reach one another again."""
    tmp_path.chmod(0o755)

    def make(number: int) -> dict[str, Any]:
        return MODES[mode](number, remotes=[], remotesDir=str(tmp_path))

    def cnictl(number: int, *words: str) -> str:
        node = nodes[number - 1]
        file = f"/run/overlay{number}.conflist"
        network = {"cniVersion": "1.0.0", "name": "net", "plugins": [make(number)]}
        with open(node.path(file), "w", encoding="ascii") as written:
            json.dump(network, written)
        return node.run([CNICTL, "vxlan", words[0], file, *words[1:]]).checked().stdout

    for number in (1, 2):
        cnictl(number, "self", "--to", f"{tmp_path}/node{number}.json")
    one, other = attach(nodes, plugins_dir, make)
    reach(one, other, 1450)
    shell(
        nodes[1],
        f"ip addr del 192.0.2.2/24 dev {UNDERLAY}",
        f"ip addr add 192.0.2.22/24 dev {UNDERLAY}",
        f"ip route replace default via 192.0.2.254 dev {UNDERLAY}",
        "ip link del vxlan.4096",
    )
    assert not ping(nodes[0], addresses(other)[4], seconds=1)
    cnictl(2, "self", "--to", f"{tmp_path}/node2.json")
    assert "+ link" in " ".join(cnictl(2, "sync").split())
    assert "dst 192.0.2.22" in cnictl(1, "sync")
    assert "192.0.2.2 " not in shell(nodes[0], "bridge fdb show dev vxlan.4096")
    reach(one, other, 1450)
    reach(other, one, 1450)
    assert (one.check(), other.check()) == ("", "")
    assert cnictl(1, "sync") == cnictl(2, "sync") == ""
