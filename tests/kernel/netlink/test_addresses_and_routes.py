"""Addresses and routes on a real kernel."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cnictl.netlink.routes import SCOPE_HOST, SCOPE_LINK, KernelRoute
from cnictl.netlink.rtnl import Link, LinkGone, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from cnictl.spec.address import Address, Prefix
from tests import witness
from tests.kernel.netlink.conftest import POD

P, A = Prefix.parse, Address.parse


def shown_addresses(node: Node) -> dict[str, Any]:
    """What `ip addr` says of eth0's addresses, by address."""
    (link,) = witness.ip(node, "addr", "show", "dev", "eth0", netns=POD)
    return {f"{one['local']}/{one['prefixlen']}": one for one in link["addr_info"]}


def shown_routes(node: Node, *words: str) -> list[tuple[str, ...]]:
    """What `ip route` says, each route as destination, gateway, device, scope, source, metric."""
    keys = ("dst", "gateway", "dev", "scope", "prefsrc", "metric")
    found = witness.ip(node, *words, netns=POD)
    return [tuple(str(one[key]) for key in keys if key in one) for one in found]


def test_addresses_are_added_as_upstream_adds_them(node: Node, inside: Rtnl, veth: Link) -> None:
    """Broadcast address for IPv4 networks with room for one, forever, global, without a label of our own."""
    for text in ("10.9.0.2/16", "10.8.0.1/32", "10.7.0.0/31", "fd00:9::2/64"):
        inside.add_address(veth, P(text))
    found = shown_addresses(node)
    assert found["10.9.0.2/16"]["broadcast"] == "10.9.255.255"
    assert not {"broadcast"} & (found["10.8.0.1/32"].keys() | found["10.7.0.0/31"].keys())
    for text in ("10.9.0.2/16", "10.8.0.1/32", "10.7.0.0/31", "fd00:9::2/64"):
        assert found[text]["scope"] == "global"
        assert found[text]["valid_life_time"] == 2**32 - 1
        assert not {"dynamic", "secondary", "nodad"} & found[text].keys()


def test_addresses_are_read_as_ip_reads_them(node: Node, host: Rtnl, inside: Rtnl, veth: Link) -> None:
    """Prefix, scope and label agree; IPv4 comes first; only the link's own are listed."""
    inside.add_address(veth, P("fd00:9::2/64"))
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.add_address(inside.link("lo"), P("10.66.0.1/32"))
    node.run(
        ["ip", "addr", "add", "10.5.0.1", "peer", "10.5.0.9/24", "dev", "eth0", "scope", "link"], netns=POD
    ).checked()
    found = {str(one.prefix): one for one in inside.addresses(veth)}
    shown = shown_addresses(node)
    assert found.keys() == shown.keys()
    assert {text: one.scope for text, one in found.items()} == {t: one["scope"] for t, one in shown.items()}
    assert found["10.9.0.2/24"].label == shown["10.9.0.2/24"]["label"] == "eth0"
    assert "10.5.0.1/24" in found
    assert next(iter(found)).startswith("10.")
    assert {one.link for one in found.values()} == {veth.index}
    assert "10.66.0.1/32" in {str(one.prefix) for one in inside.addresses()}
    assert not [one for one in host.addresses() if str(one.prefix).startswith("10.")]


def test_a_link_that_has_gone_is_told_apart(inside: Rtnl, veth: Link) -> None:
    """Somebody may remove a link between looking it up and asking for its addresses."""
    inside.delete_link(veth)
    with pytest.raises(LinkGone):
        inside.addresses(veth)


def test_an_address_is_tentative_until_it_is_known_to_be_unique(inside: Rtnl, veth: Link) -> None:
    """With duplicate address detection the flag shows at first, and goes."""
    inside.add_address(veth, P("fd00:9::2/64"))

    def states() -> list[bool]:
        return [one.tentative for one in inside.addresses(veth) if str(one.prefix) == "fd00:9::2/64"]

    assert states() == [True]
    end = time.monotonic() + 10
    while states() == [True] and time.monotonic() < end:
        time.sleep(0.05)
    assert states() == [False]
    assert not any(one.dad_failed for one in inside.addresses(veth))


def test_a_deleted_address_is_gone(node: Node, inside: Rtnl, veth: Link) -> None:
    """And deleting it again says so with the kernel's words."""
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.delete_address(veth, P("10.9.0.2/24"))
    assert "10.9.0.2/24" not in shown_addresses(node)
    with pytest.raises(NetlinkError) as refusal:
        inside.delete_address(veth, P("10.9.0.2/24"))
    assert refusal.value.reason == "cannot assign requested address"


def test_a_second_time_is_refused_in_the_kernels_words(inside: Rtnl, veth: Link) -> None:
    """Linux 6.3 and later say more than the errno; older ones only that."""
    for text in ("10.9.0.2/24", "fd00:9::2/64"):
        inside.add_address(veth, P(text))
        with pytest.raises(NetlinkError) as refusal:
            inside.add_address(veth, P(text))
        error = refusal.value
        assert error.reason == "file exists"
        assert str(error) == f'add address {text} to "eth0": ' + (
            f"{error.extack} (file exists)" if error.extack else "file exists"
        )
        assert not error.extack or "already assigned" in error.extack


def test_routes_are_added_as_upstream_adds_them(node: Node, inside: Rtnl, veth: Link) -> None:
    """Protocol boot, the scope given, and only what was asked for beside."""
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.add_address(veth, P("fd00:9::2/64"))
    inside.add_route(P("0.0.0.0/0"), link=veth, gateway=A("10.9.0.1"))
    inside.add_route(P("10.1.0.0/16"), link=veth, source=A("10.9.0.2"), scope=SCOPE_LINK, metric=7)
    inside.add_route(P("10.2.0.1/32"), link=veth, scope=SCOPE_HOST)
    inside.add_route(P("10.3.0.0/16"), link=veth, gateway=A("10.9.0.1"), table=5000)
    inside.add_route(P("::/0"), link=veth, gateway=A("fd00:9::1"))
    main = shown_routes(node, "route", "show", "proto", "boot")
    assert sorted(main) == [
        ("10.1.0.0/16", "eth0", "link", "10.9.0.2", "7"),
        ("10.2.0.1", "eth0", "host"),
        ("default", "10.9.0.1", "eth0", "global"),
    ]
    assert shown_routes(node, "route", "show", "table", "5000", "proto", "boot") == [
        ("10.3.0.0/16", "10.9.0.1", "eth0", "global")
    ]
    assert ("default", "fd00:9::1", "eth0", "global", "1024") in shown_routes(
        node, "-6", "route", "show", "proto", "boot"
    )


def test_a_second_gateway_is_taken_unless_exclusive(node: Node, inside: Rtnl, veth: Link) -> None:
    """IPv4 puts the later route in front, IPv6 makes a multipath route; the very same route is refused."""
    for address, dst, gateways in (
        ("10.9.0.2/24", "10.77.0.0/16", ("10.9.0.1", "10.9.0.3")),
        ("fd00:9::2/64", "fd77::/64", ("fd00:9::1", "fd00:9::3")),
    ):
        inside.add_address(veth, P(address))
        first, second = (A(one) for one in gateways)
        inside.add_route(P(dst), link=veth, gateway=first, exclusive=False)
        with pytest.raises(NetlinkError) as refusal:
            inside.add_route(P(dst), link=veth, gateway=second)
        assert refusal.value.reason == "file exists"
        inside.add_route(P(dst), link=veth, gateway=second, exclusive=False)
        with pytest.raises(NetlinkError) as refusal:
            inside.add_route(P(dst), link=veth, gateway=second, exclusive=False)
        assert refusal.value.reason == "file exists"
    found = [str(one.gateway) for one in inside.routes() if str(one.dst) == "10.77.0.0/16"]
    assert found == ["10.9.0.3", "10.9.0.1"]
    (multipath,) = witness.ip(node, "-6", "route", "show", "fd77::/64", netns=POD)
    assert {hop["gateway"] for hop in multipath["nexthops"]} == {"fd00:9::1", "fd00:9::3"}
    found = [str(one.gateway) for one in inside.routes() if str(one.dst) == "fd77::/64"]
    assert sorted(found) == ["fd00:9::1", "fd00:9::3"]


def test_routes_are_read_as_ip_reads_them(node: Node, inside: Rtnl, veth: Link) -> None:
    """Of the main table by default, of one table or of all on demand, of one link on demand."""
    inside.set_up(inside.link("lo"))
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.add_address(veth, P("fd00:9::2/64"))
    inside.add_route(P("10.3.0.0/16"), link=veth, gateway=A("10.9.0.1"), table=5000, metric=9)
    node.run(["ip", "route", "add", "unreachable", "10.4.0.0/16"], netns=POD).checked()
    node.run(["ip", "route", "add", "10.5.0.0/16", "via", "inet6", "fd00:9::5"], netns=POD).checked()

    def shown(*words: str) -> set[tuple[str, str]]:
        return {
            ({"default": "0.0.0.0/0"}.get(one["dst"], one["dst"]), one.get("dev", ""))
            for one in witness.ip(node, *words, netns=POD)
        }

    def read(*tables: int | None, link: Link | None = None) -> set[tuple[str, str]]:
        names = {0: "", 1: "lo", veth.index: "eth0"}
        return {
            (str(one.dst).removesuffix("/32").removesuffix("/128"), names[one.device])
            for one in inside.routes(*tables, link=link)
        }

    ipv4, ipv6 = shown("route", "show"), shown("-6", "route", "show")
    assert read() == ipv4 | ipv6
    assert read(None) == shown("route", "show", "table", "all") | shown("-6", "route", "show", "table", "all")
    assert read(5000) == {("10.3.0.0/16", "eth0")}
    assert read(4711) == set()
    assert read(link=veth) == {one for one in ipv4 | ipv6 if one[1] == "eth0"}
    by_dst = {str(one.dst): one for one in inside.routes(None)}
    assert by_dst["10.3.0.0/16"].replace(dst=P("::/0")).replace(dst=P("10.3.0.0/16")) == by_dst["10.3.0.0/16"]
    assert (by_dst["10.3.0.0/16"].table, by_dst["10.3.0.0/16"].metric) == (5000, 9)
    assert by_dst["10.4.0.0/16"].kind == 7
    assert str(by_dst["10.5.0.0/16"].gateway) == "fd00:9::5"
    assert (by_dst["10.9.0.0/24"].scope, str(by_dst["10.9.0.0/24"].source)) == ("link", "10.9.0.2")


def test_a_link_that_has_gone_has_no_routes(inside: Rtnl, veth: Link) -> None:
    """The kernel is asked for those of the link alone, and knows none of that number."""
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.set_up(veth)
    assert inside.routes(link=veth)
    inside.delete_link(veth)
    assert inside.routes(link=veth) == inside.routes(None, link=veth) == []


def test_a_connected_route_can_be_deleted(node: Node, inside: Rtnl, veth: Link) -> None:
    """Whatever its scope and protocol; what is not there is refused."""
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.delete_route(P("10.9.0.0/24"), link=veth)
    assert not shown_routes(node, "route", "show", "10.9.0.0/24")
    with pytest.raises(NetlinkError) as refusal:
        inside.delete_route(P("10.9.0.0/24"), link=veth)
    assert str(refusal.value) == 'delete route 10.9.0.0/24 dev "eth0": no such process'


def test_the_way_to_an_address_is_the_one_ip_finds(node: Node, inside: Rtnl, veth: Link) -> None:
    """Gateway, device and source are those of `ip route get`; without a way there is none."""
    inside.add_address(veth, P("10.9.0.2/24"))
    with pytest.raises(NetlinkError) as refusal:
        inside.route_to(A("192.0.2.1"))
    assert refusal.value.reason == "network is unreachable"
    inside.add_route(P("0.0.0.0/0"), link=veth, gateway=A("10.9.0.1"))
    way = inside.route_to(A("192.0.2.1"))
    (shown,) = witness.ip(node, "route", "get", "192.0.2.1", netns=POD)
    assert (str(way.gateway), way.device, str(way.source)) == (shown["gateway"], veth.index, shown["prefsrc"])


def test_refused_routes_carry_the_kernels_words(inside: Rtnl, veth: Link) -> None:
    """A gateway nobody can reach, and host bits where the kernel wants none."""
    inside.add_address(veth, P("10.9.0.2/24"))
    with pytest.raises(NetlinkError) as refusal:
        inside.add_route(P("1.0.0.0/8"), link=veth, gateway=A("10.99.0.1"))
    assert refusal.value.reason == "network is unreachable"
    assert "gateway" in refusal.value.extack.lower()
    with pytest.raises(NetlinkError) as refusal:
        inside.add_route(P("10.1.2.3/16"), link=veth)
    assert refusal.value.reason == "invalid argument"
    assert "prefix" in refusal.value.extack.lower()


EVERY_SORT = (
    "10.1.0.0/16 via 10.9.0.1 mtu 1400 advmss 1300",
    "10.4.0.0/16 dev eth0 scope link src 10.9.0.2 tos 4 metric 5 proto static",
    "10.5.0.0/16 via inet6 fd00:9::5 dev eth0",
    "10.6.0.0/16 encap ip id 5 dst 10.9.0.5 dev eth0",
    "fd77::/64 via fd00:9::1 metric 77",
)


def test_a_route_is_copied_and_removed_whole(node: Node, inside: Rtnl, veth: Link) -> None:
    """With its metrics, TOS, encapsulation and gateway of another family; one of several hops says so."""
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.add_address(veth, P("fd00:9::2/64"))
    for words in EVERY_SORT:
        node.run(["ip", "route", "add", *words.split()], netns=POD).checked()

    def lines(table: str) -> list[str]:
        found = [
            node.run(["ip", version, "route", "show", "table", table], netns=POD).checked().stdout
            for version in ("-4", "-6")
        ]
        return [" ".join(line.split()) for line in "".join(found).splitlines()]

    before = lines("main")
    assert len(before) == len(EVERY_SORT) + 3
    for route in inside.routes(link=veth):
        inside.write_route(route.replace(table=100), replace=True)
        inside.remove_route(route)
    assert lines("100") == before
    assert lines("main") == []
    for route in sorted(inside.routes(100), key=lambda one: one.gateway is not None):
        inside.write_route(route.replace(table=254))
    assert sorted(lines("main")) == sorted(before)
    hops = "10.7.0.0/16 nexthop via 10.9.0.1 dev eth0 nexthop via 10.9.0.3 dev eth0".split()
    node.run(["ip", "route", "add", *hops], netns=POD).checked()
    assert {str(one.dst) for one in inside.routes() if one.multipath} == {"10.7.0.0/16"}


def test_a_replaced_route_gives_way_and_one_beside_does_not(inside: Rtnl, veth: Link) -> None:
    """To the same destination with the same metric."""
    inside.add_address(veth, P("10.9.0.2/24"))
    first, second, third = (
        KernelRoute(P("10.1.0.0/16"), device=veth.index, gateway=A(gateway))
        for gateway in ("10.9.0.3", "10.9.0.4", "10.9.0.5")
    )
    inside.write_route(first)
    inside.write_route(second, replace=True)
    inside.write_route(third)
    assert [one for one in inside.routes() if one.gateway] == [third, second]
    with pytest.raises(NetlinkError) as refusal:
        inside.remove_route(first)
    assert str(refusal.value) == (
        f"delete route 10.1.0.0/16 via 10.9.0.3 dev {veth.index} table 254: no such process"
    )
