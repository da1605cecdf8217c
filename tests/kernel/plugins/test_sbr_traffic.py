"""sbr at work: through which interface a container answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.plugins.attachment import Attachment

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

OUTSIDE = """
ip link add up0 type veth peer name up1
ip link set up1 netns far
ip addr add 192.0.2.1/24 dev up0
ip addr add 2001:db8::1/64 dev up0 nodad
ip link set up0 up
ip -n far addr add 192.0.2.2/24 dev up1
ip -n far addr add 2001:db8::2/64 dev up1 nodad
ip -n far link set up1 up
ip -n far route add default via 192.0.2.1
ip -n far route add default via 2001:db8::1
sysctl -qw net.ipv6.conf.all.forwarding=1
"""
"""A station beyond the node, which has ways to both networks."""
COUNT = """
for tool in iptables ip6tables; do
    for link in eth0 net1; do
        $tool -A OUTPUT -o $link -p icmp --icmp-type echo-reply 2>/dev/null ||
            $tool -A OUTPUT -o $link -p icmpv6 --icmpv6-type echo-reply
    done
done
"""
ADDRESSES = {"eth0": ("10.1.2.2", "fd00:1::2"), "net1": ("10.2.2.2", "fd00:2::2")}
PINGS = 3


def bridge(number: int) -> dict[str, Any]:
    """A network with ways everywhere, as every network of a pod may have them."""
    return {
        "type": "bridge",
        "bridge": f"cni{number}",
        "isGateway": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": f"10.{number}.2.0/24"}], [{"subnet": f"fd00:{number}::/64"}]],
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
        },
    }


def answers(node: Node, address: str) -> dict[str, int]:
    """Have the station ask an address; return how many answers left the pod through which interface."""
    version = "ip6tables" if ":" in address else "iptables"
    node.run([version, "-Z"], netns="c1").checked()
    node.run(["ping", f"-c{PINGS}", "-i0.2", "-W2", address], netns="far").checked()
    lines = node.run([version, "-vxnL", "OUTPUT"], netns="c1").checked().stdout.splitlines()
    counts = [line.split() for line in lines if "icmp" in line]
    assert len(counts) == 2, lines
    return {link: int(words[0]) for words in counts for link in ADDRESSES if link in words}


@pytest.fixture
def attached(attach: Callable[..., Attachment], node: Node) -> Callable[..., list[Attachment]]:
    """Attach a container to two networks, the second through these further plugins."""

    def make(*plugins: dict[str, Any]) -> list[Attachment]:
        node.new_netns("far")
        node.run(["sh", "-ec", OUTSIDE]).checked()
        made = [
            attach(bridge(1), name="first"),
            attach(bridge(2), *plugins, name="second", ifname="net1"),
        ]
        for one in made:
            one.add()
        node.run(["sh", "-ec", COUNT], netns="c1").checked()
        return made

    return make


def test_who_is_asked_answers(attached: Callable[..., list[Attachment]], node: Node) -> None:
    """Through the interface that has the address, of either family; without sbr one answers for both."""
    made = attached({"type": "sbr"})
    for link, addresses in ADDRESSES.items():
        for address in addresses:
            others = dict.fromkeys(ADDRESSES, 0)
            assert answers(node, address) == {**others, link: PINGS}, address
    assert [one.check() for one in made] == ["", ""]


def test_without_sbr_the_wrong_one_answers(attached: Callable[..., list[Attachment]], node: Node) -> None:
    """Which is why there is sbr: the later default route counts for everything."""
    attached()
    assert answers(node, "10.1.2.2") == {"eth0": 0, "net1": PINGS}


def test_the_way_back_is_lost_with_the_rule(attached: Callable[..., list[Attachment]], node: Node) -> None:
    """After DEL of sbr alone what comes from the address goes the way of the first interface."""
    _, second = attached({"type": "sbr"})
    assert second.call("DEL", {"type": "sbr"}).status == 0
    assert answers(node, "10.2.2.2") == {"eth0": PINGS, "net1": 0}


def test_a_program_that_chooses_no_source(attached: Callable[..., list[Attachment]], node: Node) -> None:
    """Reaches the second network directly, and from there, only with addSourceHints."""
    attached({"type": "sbr", "addSourceHints": True})
    for neighbour, source in (("10.2.2.9", "10.2.2.2"), ("fd00:2::9", "fd00:2::2")):
        way = node.run(["ip", "route", "get", neighbour], netns="c1").checked().stdout
        assert f"{neighbour} " in way
        assert f" dev net1 src {source} " in way.replace("from :: ", "")
    assert answers(node, "10.2.2.2") == {"eth0": 0, "net1": PINGS}
    assert answers(node, "10.1.2.2") == {"eth0": PINGS, "net1": 0}


def test_a_table_of_somebody_else(attach: Callable[..., Attachment], node: Node) -> None:
    """The IPAM plugin fills it; what comes from the address takes its routes, and the rest does not."""
    attach(bridge(1), name="first").add()
    ipam = {
        "type": "static",
        "addresses": [{"address": "10.2.2.2/24", "gateway": "10.2.2.1"}],
        "routes": [{"dst": "198.51.100.0/24", "gw": "10.2.2.7", "table": 5001}],
    }
    second = attach(
        {"type": "bridge", "bridge": "cni2", "ipam": ipam},
        {"type": "sbr", "table": 5001},
        name="second",
        ifname="net1",
    )
    second.add()
    assert second.check() == ""

    def way(*words: str) -> str:
        return node.run(["ip", "route", "get", "198.51.100.1", *words], netns="c1").checked().stdout

    assert "via 10.2.2.7 dev net1" in way("from", "10.2.2.2")
    assert "via 10.1.2.1 dev eth0" in way()
