"""Neighbours and entries of tunnels on a real kernel."""

from __future__ import annotations

import pytest

from cnictl.netlink import link_kinds
from cnictl.netlink.neighbours import FLOOD
from cnictl.netlink.observe import observe
from cnictl.netlink.rtnl import Link, LinkNeighbour, NetlinkError, Rtnl, TunnelEntry
from cnictl.sandbox.node import Node
from cnictl.spec.address import Address, Prefix
from tests import witness
from tests.kernel.netlink.conftest import required

P, A = Prefix.parse, Address.parse
MAC, OTHER = "02:00:00:00:00:09", "02:00:00:00:00:0a"
NEAR, FAR, FARTHER = A("192.0.2.1"), A("192.0.2.9"), A("192.0.2.10")
GROUP = A("239.1.1.7")


@pytest.fixture
def underlay(host: Rtnl, veth: Link) -> Link:
    """The node's end of the pair, with addresses that a tunnel can send from."""
    assert veth.up
    link = host.link("veth1")
    host.add_address(link, P("192.0.2.1/24"))
    host.add_address(link, P("2001:db8::1/64"))
    return link


@pytest.fixture
def tunnel(host: Rtnl, underlay: Link) -> Link:
    with required():
        host.add_link(
            "vxlan.7",
            link_kinds.vxlan(7, underlay=underlay.index, local=NEAR, port=4789, learning=False),
            mac="02:00:00:00:00:07",
        )
    link = host.link("vxlan.7")
    host.set_up(link)
    return link


@pytest.mark.parametrize(
    ("local", "group", "learning", "shown"),
    [
        (NEAR, None, False, {"local": "192.0.2.1", "learning": False}),
        (NEAR, GROUP, True, {"local": "192.0.2.1", "group": "239.1.1.7", "learning": True}),
        (A("2001:db8::1"), None, True, {"local6": "2001:db8::1", "learning": True}),
        (A("2001:db8::1"), A("ff05::7"), True, {"local6": "2001:db8::1", "group6": "ff05::7"}),
    ],
)
def test_a_tunnel_end_is_what_was_asked_for(
    node: Node,
    host: Rtnl,
    underlay: Link,
    local: Address,
    group: Address | None,
    learning: bool,
    shown: dict[str, object],
) -> None:
    """As `ip` shows it, as the thin client reads it back, and as the full observer does."""
    with required():
        host.add_link(
            "vxlan.7",
            link_kinds.vxlan(
                7, underlay=underlay.index, local=local, port=8472, learning=learning, group=group
            ),
        )
    (link,) = witness.ip(node, "link", "show", "dev", "vxlan.7")
    assert link["linkinfo"]["info_data"].items() >= {"id": 7, "link": "veth1", "port": 8472, **shown}.items()
    thin = host.link("vxlan.7")
    assert (thin.vni, thin.udp_port, thin.local, thin.learning) == (7, 8472, str(local), learning)
    assert (thin.parent, thin.group) == (underlay.index, None if group is None else str(group))
    full = observe(node.netns).link("vxlan.7")
    assert full is not None
    assert (full.lower, full.data) == (thin.parent, thin.data)


def test_entries_of_a_tunnel_come_and_go(node: Node, host: Rtnl, tunnel: Link) -> None:
    """One place for a MAC address, the last that was said; as many as one likes for what nobody knows."""
    host.set_tunnel_entry(tunnel, MAC, FARTHER)
    host.set_tunnel_entry(tunnel, MAC, FAR)
    host.set_tunnel_entry(tunnel, FLOOD, FAR)
    host.set_tunnel_entry(tunnel, FLOOD, FARTHER)
    shown = [
        (one["mac"], one["dst"], one["state"], one["flags"])
        for one in witness.bridge(node, "fdb", "show", "dev", "vxlan.7")
    ]
    assert shown == [
        (FLOOD, "192.0.2.9", "permanent", ["self"]),
        (FLOOD, "192.0.2.10", "permanent", ["self"]),
        (MAC, "192.0.2.9", "permanent", ["self"]),
    ]
    assert host.tunnel_entries(tunnel) == [
        TunnelEntry(FLOOD, FAR),
        TunnelEntry(FLOOD, FARTHER),
        TunnelEntry(MAC, FAR),
    ]
    host.delete_tunnel_entry(tunnel, FLOOD, FAR)
    host.delete_tunnel_entry(tunnel, MAC, FAR)
    assert host.tunnel_entries(tunnel) == [TunnelEntry(FLOOD, FARTHER)]
    with pytest.raises(NetlinkError, match=f'no longer send {MAC} of "vxlan.7" to 192.0.2.9: no such file'):
        host.delete_tunnel_entry(tunnel, MAC, FAR)


def test_what_a_tunnel_learned_is_told_apart(node: Node, host: Rtnl, tunnel: Link) -> None:
    """It goes away by itself."""
    node.run(f"bridge fdb add {MAC} dev vxlan.7 dst 192.0.2.9 self dynamic".split()).checked()
    assert host.tunnel_entries(tunnel) == [TunnelEntry(MAC, FAR, permanent=False)]
    host.delete_tunnel_entry(tunnel, MAC, FAR)
    assert host.tunnel_entries(tunnel) == []


def test_neighbours_come_and_go(node: Node, host: Rtnl, tunnel: Link, underlay: Link) -> None:
    """Of both families; what the kernel found out by itself, and those of other links, are others'."""
    host.set_neighbour(underlay, A("192.0.2.77"), MAC)
    host.set_neighbour(tunnel, A("10.244.2.0"), OTHER)
    host.set_neighbour(tunnel, A("10.244.2.0"), MAC)
    host.set_neighbour(tunnel, A("fd00:2::"), MAC)
    node.run(f"ip neigh add 10.244.2.1 lladdr {OTHER} dev vxlan.7 nud stale".split()).checked()
    shown = {
        (one["dst"], one["lladdr"])
        for family in ("-4", "-6")
        for one in witness.ip(node, family, "neigh", "show", "dev", "vxlan.7", "nud", "permanent")
    }
    found = host.neighbours(tunnel)
    assert {(str(one.address), one.mac) for one in found} == shown
    assert sorted(found, key=str) == sorted(
        [LinkNeighbour(A("10.244.2.0"), MAC), LinkNeighbour(A("fd00:2::"), MAC)], key=str
    )
    host.delete_neighbour(tunnel, A("10.244.2.0"))
    host.delete_neighbour(tunnel, A("fd00:2::"))
    assert host.neighbours(tunnel) == []


def test_a_gateway_may_be_on_the_link_without_an_address_that_says_so(
    node: Node, host: Rtnl, tunnel: Link
) -> None:
    """IPv4 and IPv6; without the flag the kernel refuses."""
    for network in (P("10.244.2.0/24"), P("fd00:2::/64")):
        with pytest.raises(NetlinkError):
            host.add_route(network, link=tunnel, gateway=network.address)
        host.add_route(network, link=tunnel, gateway=network.address, onlink=True)
    shown = [
        (one["dst"], one["gateway"], one["flags"])
        for family in ("-4", "-6")
        for one in witness.ip(node, family, "route", "show", "dev", "vxlan.7")
        if "gateway" in one
    ]
    assert shown == [
        ("10.244.2.0/24", "10.244.2.0", ["onlink"]),
        ("fd00:2::/64", "fd00:2::", ["onlink"]),
    ]


def test_an_alias_is_read_back(node: Node, host: Rtnl, tunnel: Link) -> None:
    """By `ip` as by us."""
    host.set_alias(tunnel, "vxlan of net")
    assert host.link("vxlan.7").alias == "vxlan of net"
    (link,) = witness.ip(node, "link", "show", "dev", "vxlan.7")
    assert link["ifalias"] == "vxlan of net"
