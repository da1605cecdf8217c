"""Routes are written into another table as they were."""

from __future__ import annotations

import time

import pytest

from cnictl.netlink import route_copies
from cnictl.netlink.routes import MAIN_TABLE
from cnictl.netlink.rtnl import Link, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from cnictl.spec.address import Prefix
from tests.kernel.netlink.conftest import POD

ROUTES = """\
172.16.0.1 dev eth0 scope link
172.17.0.0/16 via 172.16.0.1 dev eth0
172.18.0.0/16 via 203.0.113.9 dev eth0 onlink
172.19.0.0/16 proto static metric 5 mtu lock 1300 advmss 1200
    nexthop via 10.9.0.1 dev eth0 weight 1
    nexthop via 10.9.0.9 dev eth0 weight 3
192.168.0.0/16 via 10.9.0.1 dev eth0 src 10.9.0.2 metric 100
192.168.0.0/16 via 10.9.0.9 dev eth0 metric 200
192.168.0.0/16 tos 0x10 via 10.9.0.9 dev eth0
"""
ROUTES6 = """\
2001:db8:1::/48 via fd00:9::1 dev eth0 src fd00:9::2 metric 99 pref high
2001:db8:2::/48 proto static metric 1024 pref medium
    nexthop via fd00:9::1 dev eth0 weight 1
    nexthop via fd00:9::9 dev eth0 weight 1
default via fd00:9::1 dev eth0 metric 1024 pref medium
"""


def table(node: Node, name: str, version: int = 4) -> list[str]:
    """Return what `ip route` lists of a table, the kernel's own routes apart."""
    words = ["ip", f"-{version}", "route", "show", "table", name]
    found = " ".join(node.run(words, netns=POD).stdout.replace("\n\t", " ").split(" ")).splitlines()
    return sorted(" ".join(line.split()) for line in found if "proto kernel" not in line)


def flat(text: str) -> list[str]:
    return sorted(" ".join(line.split()) for line in text.replace("\n   ", " ").splitlines())


@pytest.fixture
def eth0(node: Node, inside: Rtnl, veth: Link) -> Link:
    """eth0 with addresses of both families, and another link beside it."""
    node.run("ip link add beside up type veth peer name other".split(), netns=POD).checked()
    node.run("ip address add 10.8.0.2/24 dev beside".split(), netns=POD).checked()
    for prefix in ("10.9.0.2/24", "fd00:9::2/64"):
        inside.add_address(veth, Prefix.parse(prefix))
    end = time.monotonic() + 10
    while any(one.tentative for one in inside.addresses(veth)):
        assert time.monotonic() < end, "duplicate address detection does not end"
        time.sleep(0.05)
    return veth


@pytest.mark.parametrize("number", [100, 1001])
def test_copies_are_equal(node: Node, inside: Rtnl, eth0: Link, number: int) -> None:
    """All that iproute2 shows of a route is the same, whatever form it has; IPv6 ones find their source."""
    for route in flat(ROUTES) + flat(ROUTES6):
        node.run(["ip", "route", "append", *route.split()], netns=POD).checked()
    copies = route_copies.read(inside, eth0)[MAIN_TABLE]
    route_copies.write(inside, eth0, copies, number)
    assert table(node, str(number)) == flat(ROUTES)
    assert table(node, str(number), 6) == flat(ROUTES6)
    assert table(node, "main")


def test_what_is_read(node: Node, inside: Rtnl, eth0: Link) -> None:
    """Nothing of other links or tables, nothing that another link shares, nothing that the kernel made."""
    for route in (
        "10.4.0.0/16 via 10.8.0.1 dev beside",
        "10.5.0.0/16 via 10.9.0.1 dev eth0 table 7",
        "10.6.0.0/16 nexthop via 10.9.0.1 dev eth0 nexthop via 10.8.0.1 dev beside",
        "unreachable 10.7.0.0/16",
        "default via 10.9.0.1 dev eth0 metric 7",
    ):
        node.run(["ip", "route", "add", *route.split()], netns=POD).checked()
    copies = route_copies.read(inside, eth0)[MAIN_TABLE]
    assert [str(one) for one in copies] == ["0.0.0.0/0 via 10.9.0.1 metric 7"]


def test_a_namespace_without_ipv4(node: Node, inside: Rtnl, veth: Link) -> None:
    """The kernel makes the main table with the first IPv4 route, those of `lo` too: before there is none."""
    inside.add_address(veth, Prefix.parse("fd00:9::2/64"))
    node.run("ip route add default via fd00:9::1 dev eth0".split(), netns=POD).checked()
    copies = route_copies.read(inside, veth)[MAIN_TABLE]
    assert [str(one) for one in copies] == ["::/0 via fd00:9::1 metric 1024"]
    route_copies.write(inside, veth, copies, 100)
    assert table(node, "100", 6) == ["default via fd00:9::1 dev eth0 metric 1024 pref medium"]


def test_what_is_there_stays_behind_and_doubles_keep_their_order(
    node: Node, inside: Rtnl, eth0: Link
) -> None:
    """The first of several to one destination is still the first; a second time nothing changes."""
    for route in ("append default via 10.9.0.9", "append default via 10.9.0.1"):
        node.run(["ip", "route", *route.split(), "dev", "eth0"], netns=POD).checked()
    node.run("ip route add default via 10.8.0.77 dev beside table 100".split(), netns=POD).checked()
    for _ in range(2):
        route_copies.write(inside, eth0, route_copies.read(inside, eth0)[MAIN_TABLE], 100)
        shown = node.run("ip route show table 100".split(), netns=POD).stdout.splitlines()
        assert [line.split()[2] for line in shown] == ["10.9.0.9", "10.9.0.1", "10.8.0.77"]


def test_what_the_kernel_made_of_an_address_makes_way(node: Node, inside: Rtnl, eth0: Link) -> None:
    """As in a network whose members are reached through the gateway alone."""
    for words in (
        "route add 10.9.0.1 dev eth0 scope link src 10.9.0.2 table 100",
        "route add 10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2 table 100",
        "route delete 10.9.0.0/24 dev eth0",
        "route add 10.9.0.1 dev eth0 scope link src 10.9.0.2",
        "route add 10.9.0.0/24 via 10.9.0.1 src 10.9.0.2",
    ):
        node.run(["ip", *words.split()], netns=POD).checked()
    route_copies.write(inside, eth0, route_copies.read(inside, eth0)[MAIN_TABLE], 100)
    shown = node.run("ip route show table 100".split(), netns=POD).stdout.splitlines()
    assert [line.strip() for line in shown] == [
        "10.9.0.0/24 via 10.9.0.1 dev eth0 src 10.9.0.2",
        "10.9.0.1 dev eth0 scope link src 10.9.0.2",
    ]


def test_a_route_that_cannot_be_written_is_named(node: Node, inside: Rtnl, eth0: Link) -> None:
    """With the table that it was to go to."""
    node.run("ip route add 10.4.0.0/16 via 10.9.0.1 dev eth0".split(), netns=POD).checked()
    copies = route_copies.read(inside, eth0)[MAIN_TABLE]
    inside.set_down(eth0)
    with pytest.raises(NetlinkError) as refusal:
        route_copies.write(inside, eth0, copies, 100)
    assert refusal.value.request == "add route 10.4.0.0/16 via 10.9.0.1 to table 100"


def test_an_address_comes_back_as_it_was(node: Node, inside: Rtnl, eth0: Link) -> None:
    """With its flags, and what is left of its lifetimes."""
    words = "ip address add fd00:7::2/64 dev eth0 nodad preferred_lft 300 valid_lft 600 noprefixroute"
    node.run(words.split(), netns=POD).checked()
    (before,) = (one for one in inside.addresses(eth0) if str(one.prefix) == "fd00:7::2/64")
    inside.delete_address(eth0, before.prefix)
    inside.restore_address(eth0, before)
    (after,) = (one for one in inside.addresses(eth0) if one.prefix == before.prefix)
    assert after.flags == before.flags
    assert 0 <= before.preferred - after.preferred < 20
    assert 0 <= before.valid - after.valid < 20
    assert "fd00:7::/64" not in node.run("ip -6 route".split(), netns=POD).stdout
