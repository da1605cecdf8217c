"""Every request is, byte for byte, what the Go plugins send, and what pyroute2 makes of the same wish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyroute2.netlink.rtnl.fibmsg import fibmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ndmsg import ndmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.rtmsg import rtmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.tcmsg import tcmsg  # type: ignore[import-untyped]

import cnictl.netlink.observe  # noqa: F401 - gives pyroute2 a name for a macvlan's queue
from cnictl.netlink import link_kinds, message
from cnictl.netlink.link import IFINFOMSG
from cnictl.netlink.neighbours import FLOOD
from cnictl.netlink.routes import KernelRoute
from cnictl.netlink.rtnl import Link, LinkAddress, LinkGone, NetlinkError, Rtnl
from cnictl.netlink.rules import Rules
from cnictl.netlink.traffic_control import INGRESS, ROOT, TrafficControl
from cnictl.spec.address import Address, Prefix
from tests.unit.netlink.recorded import RECORDED

AF_INET, AF_INET6, AF_BRIDGE = 2, 10, 7
NEWLINK, DELLINK, GETLINK, SETLINK = 16, 17, 18, 19
NEWADDR, DELADDR, NEWROUTE, DELROUTE = 20, 21, 24, 25
NEWNEIGH, DELNEIGH, GETNEIGH = 28, 29, 30
ACK, DUMP, EXCL, CREATE, REPLACE, APPEND = 0x4, 0x300, 0x200, 0x400, 0x100, 0x800
NEWRULE, DELRULE, NEWQDISC, DELQDISC, NEWTFILTER = 32, 33, 36, 37, 44


class Recorder(Rtnl, Rules, TrafficControl):
    """A client that keeps what it would send; its namespace has the descriptor 4, every link the index 2."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, bytes]] = []

    @property
    def netns_fd(self) -> int:
        return 4

    def change(self, kind: int, flags: int, body: bytes, what: str) -> None:
        assert what
        self.sent.append((kind, flags, body))

    def read(self, kind: int, body: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        assert what
        self.sent.append((kind, message.DUMP if dump else 0, body))
        return [IFINFOMSG.pack(0, 1, 2, 0, 0) + message.text(3, "eth0")] if kind == GETLINK else []


LINK = Link(2, "eth0")
VETH, IFB = Link(3, "veth0"), Link(4, "ifb0")
HOST = Recorder()
P, A = Prefix.parse, Address.parse

METRICS = message.attribute(
    8, message.u32(2, 1400) + message.u32(8, 1300) + message.u32(11, 20)
)  # RTA_METRICS with MTU, advertised MSS and the first congestion window

Wish = Callable[[Recorder], object]


def copied(dst: str, table: int, **facts: Any) -> KernelRoute:
    """A route through eth0 as sbr copies it to a table."""
    return KernelRoute(P(dst), device=2, table=table, **facts)


GO: dict[str, tuple[Wish, tuple[int, int]]] = {
    "veth": (
        lambda one: one.add_veth("eptp", peer="veth80020542", peer_netns=HOST, mtu=1400),
        (NEWLINK, CREATE | EXCL),
    ),
    "veth with a MAC address": (
        lambda one: one.add_veth("ebridge", peer="vethcd253a8e", peer_netns=HOST, mac="02:11:22:33:44:55"),
        (NEWLINK, CREATE | EXCL),
    ),
    "bridge": (lambda one: one.add_bridge("cni7"), (NEWLINK, CREATE | EXCL)),
    "vlan-filtering bridge": (
        lambda one: one.add_bridge("cni7", mtu=1400, vlan_filtering=True),
        (NEWLINK, CREATE | EXCL),
    ),
    "macvlan": (
        lambda one: one.add_link(
            "vethea0c4cac", link_kinds.macvlan("private"), parent=2, mtu=1400, netns_fd=3
        ),
        (NEWLINK, CREATE | EXCL),
    ),
    "macvlan with a MAC address": (
        lambda one: one.add_link(
            "veth910788f3", link_kinds.macvlan("bridge"), parent=2, mac="02:11:22:33:44:55", netns_fd=3
        ),
        (NEWLINK, CREATE | EXCL),
    ),
    "ipvlan": (
        lambda one: one.add_link("veth5c3e72c0", link_kinds.ipvlan("l3"), parent=2, mtu=1400, netns_fd=3),
        (NEWLINK, CREATE | EXCL),
    ),
    "rename": (lambda one: one.rename(LINK, "eth0"), (SETLINK, 0)),
    "look up": (lambda one: one.link("eptp"), (GETLINK, 0)),
    "up": (lambda one: one.set_up(LINK), (NEWLINK, 0)),
    "master": (lambda one: one.set_master(LINK, 3), (SETLINK, 0)),
    "hairpin": (lambda one: one.set_hairpin(LINK, True), (SETLINK, 0)),
    "MAC address": (lambda one: one.set_mac(LINK, "ce:f3:1a:82:b2:02"), (SETLINK, 0)),
    "IPv4 address": (lambda one: one.add_address(LINK, P("10.9.0.2/24")), (NEWADDR, CREATE | EXCL)),
    "IPv4 host address": (lambda one: one.add_address(LINK, P("10.9.0.1/32")), (NEWADDR, CREATE | EXCL)),
    "IPv6 address": (lambda one: one.add_address(LINK, P("fd00:9::2/64")), (NEWADDR, CREATE | EXCL)),
    "default route of an IPAM result": (
        lambda one: one.add_route(P("0.0.0.0/0"), link=LINK, gateway=A("10.9.0.1"), exclusive=False),
        (NEWROUTE, CREATE),
    ),
    "route to a gateway": (
        lambda one: one.add_route(P("10.9.0.1/32"), link=LINK, source=A("10.9.0.2"), scope=253),
        (NEWROUTE, CREATE | EXCL),
    ),
    "route through a gateway with a source": (
        lambda one: one.add_route(P("10.9.0.0/24"), link=LINK, gateway=A("10.9.0.1"), source=A("10.9.0.2")),
        (NEWROUTE, CREATE | EXCL),
    ),
    "host route on the node": (
        lambda one: one.add_route(P("fd00:9::2/128"), link=LINK, scope=254),
        (NEWROUTE, CREATE | EXCL),
    ),
    "delete a connected route": (lambda one: one.delete_route(P("10.9.0.0/24"), link=LINK), (DELROUTE, 0)),
    "ifb": (
        lambda one: one.add_link("bwp623e1c388032", link_kinds.plain("ifb"), mtu=1500, txqlen=0, up=True),
        (NEWLINK, CREATE | EXCL),
    ),
    "token bucket": (
        lambda one: one.add_token_bucket(VETH, rate=1_000_000, limit=125_000, buffer=1_562_500),
        (NEWQDISC, CREATE | EXCL),
    ),
    "token bucket beyond 32 bits": (
        lambda one: one.add_token_bucket(IFB, rate=12_500_000_000, limit=312_499_998, buffer=5_368_703),
        (NEWQDISC, CREATE | EXCL),
    ),
    "ingress": (lambda one: one.add_ingress(VETH), (NEWQDISC, CREATE | EXCL)),
    "redirection": (lambda one: one.add_redirection(VETH, IFB), (NEWTFILTER, CREATE | EXCL)),
    "rule": (lambda one: one.add_rule(P("10.1.2.2/32"), 100), (NEWRULE, CREATE | EXCL)),
    "rule for a table beyond 255": (
        lambda one: one.add_rule(P("fd00:1::2/128"), 257),
        (NEWRULE, CREATE | EXCL),
    ),
    "delete a rule": (
        lambda one: one.delete_rule(P("10.1.2.2/32"), 100, priority=32765),
        (DELRULE, 0),
    ),
    "delete a rule for a table beyond 255": (
        lambda one: one.delete_rule(P("10.1.2.2/32"), 256, priority=32609),
        (DELRULE, 0),
    ),
    "default route in a table": (
        lambda one: one.add_route(P("0.0.0.0/0"), link=LINK, gateway=A("10.1.2.1"), table=100),
        (NEWROUTE, CREATE | EXCL),
    ),
    "copy of a connected route": (
        lambda one: one.write_route(
            copied("10.1.2.0/24", 100, source=A("10.1.2.2"), scope="link", protocol=2), replace=True
        ),
        (NEWROUTE, CREATE | REPLACE),
    ),
    "copy of an IPv6 route": (
        lambda one: one.write_route(copied("fd00:1::/64", 100, metric=256, protocol=2), replace=True),
        (NEWROUTE, CREATE | REPLACE),
    ),
    "copy of a route with metrics": (
        lambda one: one.write_route(
            copied("10.9.0.0/16", 256, gateway=A("10.1.2.254"), rest=METRICS), replace=True
        ),
        (NEWROUTE, CREATE | REPLACE),
    ),
    "copy of a route with a TOS": (
        lambda one: one.write_route(
            copied("10.8.0.0/16", 256, metric=5, scope="link", protocol=4, tos=4), replace=True
        ),
        (NEWROUTE, CREATE | REPLACE),
    ),
    "copy of a route through another family": (
        lambda one: one.write_route(copied("10.3.0.0/16", 256, gateway=A("fd00:1::5")), replace=True),
        (NEWROUTE, CREATE | REPLACE),
    ),
    "delete a copied route": (
        lambda one: one.remove_route(
            copied("10.1.2.0/24", 254, source=A("10.1.2.2"), scope="link", protocol=2)
        ),
        (DELROUTE, 0),
    ),
}


@pytest.mark.parametrize("name", GO)
def test_a_request_is_the_one_of_the_go_plugins(name: str) -> None:
    """The same wish makes the same bytes."""
    wish, (kind, flags) = GO[name]
    one = Recorder()
    wish(one)
    assert one.sent[0][:2] == (kind, flags)
    assert one.sent[0][2].hex(" ", -4) == " ".join(RECORDED[name].split())


def link_request(*attributes: Any, **fields: int) -> Any:
    return ifinfmsg, {"index": 2, **fields}, attributes


def route_request(*attributes: Any, **fields: int) -> Any:
    header = {"family": AF_INET, "table": 254, "proto": 3, "scope": 0, "type": 1}
    return rtmsg, header | fields, attributes


def neighbour_request(*attributes: Any, **fields: int) -> Any:
    return ndmsg, {"family": AF_INET, "ifindex": 2, **fields}, attributes


def tunnel_request(mac: str, destination: str, state: int) -> Any:
    attributes = ["NDA_LLADDR", mac], ["NDA_DST", destination]
    return neighbour_request(*attributes, family=AF_BRIDGE, state=state, flags=2)


def vxlan(**data: Any) -> Any:
    """Return a request for vxlan.7 on the link of index 3."""
    attributes = [[f"IFLA_VXLAN_{name.upper()}", value] for name, value in data.items()]
    info = [["IFLA_INFO_KIND", "vxlan"], ["IFLA_INFO_DATA", {"attrs": attributes}]]
    return link_request(["IFLA_IFNAME", "vxlan.7"], ["IFLA_LINKINFO", {"attrs": info}], index=0)


def vlan(flags: int, vid: int) -> list[Any]:
    spec = [["IFLA_BRIDGE_FLAGS", 1], ["IFLA_BRIDGE_VLAN_INFO", {"flags": flags, "vid": vid}]]
    return ["IFLA_AF_SPEC", {"attrs": spec}]


def tc_request(*attributes: Any, **fields: int) -> Any:
    return tcmsg, {"family": 0, "index": 3, **fields}, attributes


PYROUTE2: dict[str, tuple[Wish, tuple[int, int], Any]] = {
    "down": (lambda one: one.set_down(LINK), (NEWLINK, 0), link_request(flags=0, change=1)),
    "promiscuous": (
        lambda one: one.set_promiscuous(LINK, True),
        (SETLINK, 0),
        link_request(flags=0x100, change=0x100),
    ),
    "not promiscuous": (
        lambda one: one.set_promiscuous(LINK, False),
        (SETLINK, 0),
        link_request(flags=0, change=0x100),
    ),
    "all-multicast": (
        lambda one: one.set_all_multicast(LINK, True),
        (NEWLINK, 0),
        link_request(flags=0x200, change=0x200),
    ),
    "MTU": (lambda one: one.set_mtu(LINK, 1400), (SETLINK, 0), link_request(["IFLA_MTU", 1400])),
    "queue length 0": (lambda one: one.set_txqlen(LINK, 0), (SETLINK, 0), link_request(["IFLA_TXQLEN", 0])),
    "no master": (lambda one: one.set_master(LINK, 0), (SETLINK, 0), link_request(["IFLA_MASTER", 0])),
    "namespace": (lambda one: one.set_netns(LINK, HOST), (SETLINK, 0), link_request(["IFLA_NET_NS_FD", 4])),
    "namespace and name": (
        lambda one: one.set_netns(LINK, HOST, name="eth0"),
        (SETLINK, 0),
        link_request(["IFLA_NET_NS_FD", 4], ["IFLA_IFNAME", "eth0"]),
    ),
    "delete link": (lambda one: one.delete_link(LINK), (DELLINK, 0), link_request()),
    "look up an alternative name": (
        lambda one: one.link("a-name-of-16-byt"),
        (GETLINK, 0),
        link_request(["IFLA_EXT_MASK", 1], ["IFLA_ALT_IFNAME", "a-name-of-16-byt"], index=0),
    ),
    "look up an index": (
        lambda one: one.link_by_index(2),
        (GETLINK, 0),
        link_request(["IFLA_EXT_MASK", 1]),
    ),
    "isolated": (
        lambda one: one.set_isolated(LINK, False),
        (SETLINK, 0),
        link_request(["IFLA_PROTINFO", {"attrs": [["IFLA_BRPORT_ISOLATED", 0]]}], family=AF_BRIDGE),
    ),
    "native VLAN": (
        lambda one: one.add_bridge_vlan(LINK, 100, pvid=True, untagged=True),
        (SETLINK, 0),
        link_request(vlan(6, 100), family=AF_BRIDGE),
    ),
    "tagged VLAN": (
        lambda one: one.add_bridge_vlan(LINK, 4094),
        (SETLINK, 0),
        link_request(vlan(0, 4094), family=AF_BRIDGE),
    ),
    "delete VLAN": (
        lambda one: one.delete_bridge_vlan(LINK, 1),
        (DELLINK, 0),
        link_request(vlan(0, 1), family=AF_BRIDGE),
    ),
    "address of a pair": (
        lambda one: one.add_address(LINK, P("10.9.0.2/31")),
        (NEWADDR, CREATE | EXCL),
        (
            ifaddrmsg,
            {"family": AF_INET, "prefixlen": 31, "index": 2},
            (["IFA_LOCAL", "10.9.0.2"], ["IFA_ADDRESS", "10.9.0.2"]),
        ),
    ),
    "address given back": (
        lambda one: one.restore_address(
            LINK, LinkAddress(P("fd00::1/64"), 2, flags=0x82, preferred=30, valid=60)
        ),
        (NEWADDR, CREATE | EXCL),
        (
            ifaddrmsg,
            {"family": AF_INET6, "prefixlen": 64, "index": 2},
            (
                ["IFA_LOCAL", "fd00::1"],
                ["IFA_ADDRESS", "fd00::1"],
                ["IFA_FLAGS", 0x82],
                ["IFA_CACHEINFO", {"ifa_preferred": 30, "ifa_valid": 60, "cstamp": 0, "tstamp": 0}],
            ),
        ),
    ),
    "delete address": (
        lambda one: one.delete_address(LINK, P("fd00::1/64")),
        (DELADDR, 0),
        (
            ifaddrmsg,
            {"family": AF_INET6, "prefixlen": 64, "index": 2},
            (["IFA_LOCAL", "fd00::1"], ["IFA_ADDRESS", "fd00::1"]),
        ),
    ),
    "route with everything": (
        lambda one: one.add_route(
            P("10.77.0.0/16"),
            link=LINK,
            gateway=A("10.9.0.1"),
            metric=7,
            table=5000,
            scope=253,
            source=A("10.9.0.2"),
        ),
        (NEWROUTE, CREATE | EXCL),
        route_request(
            ["RTA_DST", "10.77.0.0"],
            ["RTA_PREFSRC", "10.9.0.2"],
            ["RTA_GATEWAY", "10.9.0.1"],
            ["RTA_TABLE", 5000],
            ["RTA_PRIORITY", 7],
            ["RTA_OIF", 2],
            dst_len=16,
            table=0,
            scope=253,
        ),
    ),
    "route in a small table": (
        lambda one: one.add_route(P("10.0.0.0/8"), gateway=A("10.9.0.1"), table=255),
        (NEWROUTE, CREATE | EXCL),
        route_request(["RTA_DST", "10.0.0.0"], ["RTA_GATEWAY", "10.9.0.1"], dst_len=8, table=255),
    ),
    "on-link route": (
        lambda one: one.add_route(P("10.9.2.0/24"), link=LINK, gateway=A("10.9.2.0"), onlink=True),
        (NEWROUTE, CREATE | EXCL),
        route_request(
            ["RTA_DST", "10.9.2.0"], ["RTA_GATEWAY", "10.9.2.0"], ["RTA_OIF", 2], dst_len=24, flags=4
        ),
    ),
    "tunnel end of IPv4": (
        lambda one: one.add_link(
            "vxlan.7",
            link_kinds.vxlan(7, underlay=3, local=A("192.0.2.1"), port=4789, learning=False),
        ),
        (NEWLINK, CREATE | EXCL),
        vxlan(id=7, link=3, local="192.0.2.1", learning=0, port=4789),
    ),
    "tunnel end with a group": (
        lambda one: one.add_link(
            "vxlan.7",
            link_kinds.vxlan(
                7, underlay=3, local=A("192.0.2.1"), port=8472, learning=True, group=A("239.1.1.7")
            ),
        ),
        (NEWLINK, CREATE | EXCL),
        vxlan(id=7, group="239.1.1.7", link=3, local="192.0.2.1", learning=1, port=8472),
    ),
    "tunnel end of IPv6": (
        lambda one: one.add_link(
            "vxlan.7",
            link_kinds.vxlan(
                7, underlay=3, local=A("2001:db8::1"), port=4789, learning=True, group=A("ff05::7")
            ),
        ),
        (NEWLINK, CREATE | EXCL),
        vxlan(id=7, group6="ff05::7", link=3, local6="2001:db8::1", learning=1, port=4789),
    ),
    "list neighbours": (
        lambda one: one.neighbours(LINK),
        (GETNEIGH, DUMP),
        neighbour_request(["NDA_IFINDEX", 2], family=0, ifindex=0),
    ),
    "set neighbour": (
        lambda one: one.set_neighbour(LINK, A("10.9.2.0"), "02:11:22:33:44:55"),
        (NEWNEIGH, CREATE | REPLACE),
        neighbour_request(["NDA_DST", "10.9.2.0"], ["NDA_LLADDR", "02:11:22:33:44:55"], state=0x80),
    ),
    "delete neighbour": (
        lambda one: one.delete_neighbour(LINK, A("fd00:2::")),
        (DELNEIGH, 0),
        neighbour_request(["NDA_DST", "fd00:2::"], family=AF_INET6),
    ),
    "list tunnel entries": (
        lambda one: one.tunnel_entries(LINK),
        (GETNEIGH, DUMP),
        neighbour_request(family=AF_BRIDGE),
    ),
    "set tunnel entry": (
        lambda one: one.set_tunnel_entry(LINK, "02:11:22:33:44:55", A("192.0.2.2")),
        (NEWNEIGH, CREATE | REPLACE),
        tunnel_request("02:11:22:33:44:55", "192.0.2.2", state=0xC0),
    ),
    "flood to one more": (
        lambda one: one.set_tunnel_entry(LINK, FLOOD, A("2001:db8::2")),
        (NEWNEIGH, CREATE | APPEND),
        tunnel_request(FLOOD, "2001:db8::2", state=0xC0),
    ),
    "delete tunnel entry": (
        lambda one: one.delete_tunnel_entry(LINK, FLOOD, A("192.0.2.2")),
        (DELNEIGH, 0),
        tunnel_request(FLOOD, "192.0.2.2", state=0),
    ),
    "put back beside others": (
        lambda one: one.write_route(copied("10.9.0.0/16", 254, gateway=A("10.9.0.1"), metric=7)),
        (NEWROUTE, CREATE),
        route_request(
            ["RTA_DST", "10.9.0.0"],
            ["RTA_GATEWAY", "10.9.0.1"],
            ["RTA_PRIORITY", 7],
            ["RTA_OIF", 2],
            dst_len=16,
        ),
    ),
    "delete in a table": (
        lambda one: one.remove_route(copied("fd00:9::/64", 5000, source=A("fd00:9::2"), scope="site")),
        (DELROUTE, 0),
        route_request(
            ["RTA_DST", "fd00:9::"],
            ["RTA_PREFSRC", "fd00:9::2"],
            ["RTA_TABLE", 5000],
            ["RTA_OIF", 2],
            family=AF_INET6,
            dst_len=64,
            table=0,
            scope=200,
        ),
    ),
    "IPv6 rule": (
        lambda one: one.add_rule(P("fd00:9::2/128"), 5000),
        (NEWRULE, CREATE | EXCL),
        (
            fibmsg,
            {"family": AF_INET6, "src_len": 128, "table": 0, "res1": 3, "action": 1},
            (["FRA_SRC", "fd00:9::2"], ["FRA_TABLE", 5000]),
        ),
    ),
    "delete a rule of any priority": (
        lambda one: one.delete_rule(P("10.9.0.0/24"), 100),
        (DELRULE, 0),
        (
            fibmsg,
            {"family": AF_INET, "src_len": 24, "table": 100, "res1": 3},
            (["FRA_SRC", "10.9.0.0"],),
        ),
    ),
    "delete a shaper": (
        lambda one: one.delete_qdisc(VETH, ROOT),
        (DELQDISC, 0),
        tc_request(parent=0xFFFFFFFF),
    ),
    "delete what looks at what is received": (
        lambda one: one.delete_qdisc(VETH, INGRESS),
        (DELQDISC, 0),
        tc_request(parent=0xFFFFFFF1),
    ),
    "default route of IPv6": (
        lambda one: one.add_route(P("::/0"), link=LINK, gateway=A("fd00::1"), exclusive=False),
        (NEWROUTE, CREATE),
        route_request(["RTA_DST", "::"], ["RTA_GATEWAY", "fd00::1"], ["RTA_OIF", 2], family=AF_INET6),
    ),
}


@pytest.mark.parametrize("name", PYROUTE2)
def test_a_request_is_the_one_pyroute2_makes(name: str) -> None:
    """Another implementation encodes the same attributes to the same bytes."""
    wish, (kind, flags), (message_class, fields, attributes) = PYROUTE2[name]
    one = Recorder()
    wish(one)
    theirs = message_class()
    for field, value in fields.items():
        theirs[field] = value
    theirs["attrs"] = list(attributes)
    theirs.encode()
    assert one.sent[0][:2] == (kind, flags)
    # The Go plugins mark IFLA_PROTINFO as nested, pyroute2 does not; the kernel does not look.
    expected = bytes(theirs.data)[16:].hex(" ", -4).replace("0c000c00", "0c000c80")
    # They end the name of a kind where it ends, pyroute2 ends it with a zero byte.
    expected = expected.replace("0a000100 76786c61", "09000100 76786c61")
    assert one.sent[0][2].hex(" ", -4) == expected


KINDS: dict[str, tuple[bytes, str, list[Any]]] = {
    "vlan": (
        link_kinds.vlan(100),
        "vlan",
        [["IFLA_VLAN_ID", 100], ["IFLA_VLAN_FLAGS", {"flags": 0, "mask": 0}]],
    ),
    "macvlan": (
        link_kinds.macvlan("passthru", bcqueuelen=2000),
        "macvlan",
        [["IFLA_MACVLAN_MODE", "passthru"], ["IFLA_MACVLAN_BC_QUEUE_LEN", 2000]],
    ),
    "vrf": (link_kinds.vrf(1001), "vrf", [["IFLA_VRF_TABLE", 1001]]),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_sets_a_kind_apart_is_what_pyroute2_makes(name: str) -> None:
    """The data are the same; of the kind's name pyroute2 sends a zero byte more."""
    info, kind, data = KINDS[name]
    theirs = ifinfmsg()
    parts = [["IFLA_INFO_KIND", kind], ["IFLA_INFO_DATA", {"attrs": data}]]
    theirs["attrs"] = [["IFLA_LINKINFO", {"attrs": parts}]]
    theirs.encode()

    def parts_of(attributes: bytes) -> dict[int, bytes]:
        return message.attributes(message.attributes(attributes)[18])

    ours, encoded = parts_of(info), parts_of(bytes(theirs.data)[32:])
    assert (message.string(ours[1]), ours[2]) == (message.string(encoded[1]), encoded[2])


@pytest.mark.parametrize("alias", ["enp7s0", ""])
def test_a_link_can_move_with_an_alias(alias: str) -> None:
    """In the same request; an empty one takes the alias away."""
    one = Recorder()
    one.set_netns(LINK, HOST, name="eth0", alias=alias)
    assert message.attributes(one.sent[0][2], 16)[20] == alias.encode()


def test_an_mtu_of_zero_or_less_is_not_sent() -> None:
    """The kernel's default holds, as with the Go plugins, for both ends of a pair."""
    for mtu in (0, -1):
        one = Recorder()
        one.add_link("eth0", b"", mtu=mtu)
        assert message.attributes(one.sent[0][2], 16).keys() == {3}


def test_a_stacked_link_can_be_made_in_another_namespace() -> None:
    """IFLA_LINK and IFLA_NET_NS_FD say what it sits on and where it goes."""
    one = Recorder()
    one.add_link("tmp0", b"", parent=7, netns_fd=9, mtu=1400)
    found = message.attributes(one.sent[0][2], 16)
    assert {kind: message.number(value) for kind, value in found.items() if kind != 3} == {
        5: 7,
        4: 1400,
        28: 9,
    }


def test_a_link_without_a_name_is_refused() -> None:
    """The kernel would make one up; the words are those of the Go plugins."""
    with pytest.raises(NetlinkError) as refusal:
        Recorder().add_bridge("")
    assert refusal.value.reason == "LinkAttrs.Name cannot be empty"


@pytest.mark.parametrize("mtu", [-1, 1 << 32])
def test_a_number_that_does_not_fit_is_refused(mtu: int) -> None:
    """Cut to 32 bits it would be another, possibly valid, number."""
    one = Recorder()
    with pytest.raises(NetlinkError, match=f'set MTU of "eth0" to {mtu}: invalid argument'):
        one.set_mtu(LINK, mtu)
    assert not one.sent


class Silent(Recorder):
    """A kernel that cannot look links up by name, like those before Linux 2.6.33."""

    def read(self, kind: int, body: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        if not dump:
            raise NetlinkError(what, 22)
        return super().read(kind, body, what, dump=dump)


def test_a_kernel_that_cannot_look_up_by_name_is_asked_for_all_links() -> None:
    """EINVAL leads to a dump, whose not-found text is that of the Go plugins."""
    assert Silent().link("eth0").index == 2
    with pytest.raises(LinkGone) as gone:
        Silent().link("eth1")
    assert gone.value.reason == "Link eth1 not found"
