"""What the kernel makes of itself is told from what somebody made, by what it says of it."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.declare.model import NODE, Entity
from cnictl.netlink.observed import (
    FdbEntry,
    Filter,
    Link,
    LinkAddress,
    Neighbour,
    Network,
    NextHop,
    Qdisc,
    Route,
    Rule,
    TrafficClass,
)
from cnictl.spec.address import Address, Prefix
from cnictl.state.network import entities_of

POD = "/run/netns/c1"


def link(index: int, name: str, kind: str = "", **more: Any) -> Link:
    usual: dict[str, Any] = {
        "mac": f"02:00:00:00:00:{index:02x}",
        "mtu": 1500,
        "up": True,
        "operstate": "up",
        "master": "",
        "lower": 0,
        "netnsid": None,
        "txqlen": 1000,
        "promiscuity": 0,
        "all_multicast": False,
        "alias": "",
        "altnames": (),
    }
    return Link(index=index, name=name, kind=kind, **(usual | more))


def address(name: str, prefix: str, *, protocol: str = "", flags: tuple[str, ...] = ()) -> LinkAddress:
    return LinkAddress(name, Prefix.parse(prefix), None, None, "link", "", ("permanent", *flags), protocol)


def route(
    dst: str, *hops: NextHop, table: int = 254, protocol: str = "kernel", kind: str = "unicast"
) -> Route:
    return Route(Prefix.parse(dst), hops, table, 256, kind, "global", protocol, None, 0, 0, 0)


def hop(name: str, gateway: str = "") -> NextHop:
    return NextHop(name, Address.parse(gateway) if gateway else None, 1, ())


def keys(network: Network, kind: str) -> list[str]:
    return [one.key for one in entities_of(NODE, network, network) if one.kind == kind]


def of(network: Network, where: str = NODE, node: Network | None = None) -> dict[str, Entity]:
    return {f"{one.kind} {one.key}": one for one in entities_of(where, network, node or network)}


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (address("eth0", "fe80::1/64", protocol="kernel_ll"), False),
        (address("eth0", "fe80::1/64"), True),
        (address("eth0", "fe80::ff:fe00:1/64"), False),  # made of the MAC address, by an older kernel
        (address("eth0", "fe80::ff:fe00:2/64"), True),
        (address("eth0", "fe80::9/64", flags=("stable-privacy",)), False),
        (address("eth0", "fe80::1/64", protocol="23"), True),
        (address("lo", "127.0.0.1/8", protocol="kernel_lo"), True),
        (address("eth0", "169.254.0.1/16"), True),
    ],
)
def test_link_local_addresses(one: LinkAddress, shown: bool):
    """Every link has one of IPv6 from the kernel; only those of somebody else are told."""
    network = Network(links=(link(1, "eth0"),), addresses=(one,))
    assert keys(network, "address") == ([f"{one.link} {one.prefix}"] if shown else [])


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (route("10.1.0.0/16", hop("eth0")), True),
        (route("10.1.0.1/32", hop("eth0"), table=255, kind="local"), False),
        (route("10.1.255.255/32", hop("eth0"), table=255, kind="broadcast"), False),
        (route("10.9.0.1/32", hop("eth0"), table=255, protocol="boot", kind="local"), True),
        (route("fe80::/64", hop("eth0")), False),
        (route("fe80::/64", hop("eth0"), protocol="boot"), True),
        (route("fe80::/64", hop("eth0"), table=100), True),  # as sbr copies it
        (route("fe80::/64", hop("in-vrf"), table=7), False),
        (route("10.1.0.1/32", hop("in-vrf"), table=7, kind="local"), False),
        (route("ff00::/8", hop("eth0"), table=255, kind="multicast"), False),
        (route("::/0", table=254, kind="unreachable"), False),
        (route("::/0", hop("eth0", "fe80::9"), protocol="ra"), True),
    ],
)
def test_routes(one: Route, shown: bool):
    """The routes to an address's network are told; its echoes in other places are not."""
    network = Network(
        links=(link(1, "eth0"), link(2, "red", "vrf", data={"table": 7}), link(3, "in-vrf", master="red")),
        routes=(one,),
    )
    assert bool(keys(network, "route")) is shown


def test_a_route_of_several_hops_is_several():
    """As the observer of CHECK has it: each next hop is one to expect."""
    network = Network(
        routes=(route("10.9.0.0/16", hop("a", "10.0.0.1"), hop("b", "10.0.0.2"), protocol="static"),)
    )
    assert keys(network, "route") == [
        "10.9.0.0/16 via 10.0.0.1 dev a metric 256",
        "10.9.0.0/16 via 10.0.0.2 dev b metric 256",
    ]


def test_policy_rules():
    """The three of the kernel are left out; the others read as iproute2 prints them."""
    every: dict[str, Any] = {"incoming": "", "outgoing": "", "inverted": False, "tos": 0}
    source = Prefix.parse("10.1.0.2/32")
    network = Network(
        rules=(
            Rule(4, 0, None, None, mark=None, action="lookup", table=255, protocol="kernel", **every),
            Rule(4, 32765, source, None, mark=None, action="lookup", table=100, protocol="unspec", **every),
            Rule(6, 50, None, None, mark=(1, 0xFF), action="blackhole", table=0, protocol="boot", **every),
            Rule(
                4,
                9,
                None,
                Prefix.parse("10.2.0.0/16"),
                "eth0",
                "eth1",
                (5, 0xFFFFFFFF),
                "lookup",
                254,
                "",
                True,
                16,
            ),
            Rule(4, 1000, None, None, mark=None, action="lookup", table=0, protocol="boot", **every),
        )
    )
    assert {one.key: one.facts["priority"] for one in entities_of(NODE, network, network)} == {
        "from 10.1.0.2 lookup 100": 32765,
        "inet6 from all fwmark 0x1/0xff blackhole": 50,
        "not from all to 10.2.0.0/16 tos 0x10 fwmark 0x5 iif eth0 oif eth1 lookup main": 9,
        "from all lookup l3mdev": 1000,
    }


def test_forwarding_entries():
    """What a bridge knows of itself or learnt is left out, and so are multicast filters."""
    own, other = "02:00:00:00:00:02", "02:00:00:00:00:aa"
    remote = Address.parse("192.0.2.1")
    network = Network(
        links=(link(1, "br0", "bridge"), link(2, "port", master="br0"), link(3, "vxlan0", "vxlan")),
        fdb=(
            FdbEntry("port", own, "br0", 0, None, "permanent", ()),
            FdbEntry("port", "02:00:00:00:00:01", "br0", 7, None, "permanent", ()),
            FdbEntry("port", other, "br0", 0, None, "reachable", ()),
            FdbEntry("port", "33:33:00:00:00:01", "", 0, None, "permanent", ("self",)),
            FdbEntry("br0", "33:33:00:00:00:01", "", 0, None, "permanent", ("self",)),
            FdbEntry("port", other, "br0", 5, None, "static", ()),
            FdbEntry("vxlan0", other, "", 0, remote, "permanent", ("self",)),
        ),
    )
    assert keys(network, "fdb") == [f"port {other} vlan 5", f"vxlan0 {other} dst 192.0.2.1"]


def test_neighbours():
    """Only those that are there to stay."""
    found = [
        Neighbour("eth0", Address.parse(f"10.1.0.{number}"), "02:00:00:00:00:09", state, ())
        for number, state in enumerate(("permanent", "reachable", "stale", "failed", "permanent,router"))
    ]
    assert keys(Network(neighbours=tuple(found)), "neighbour") == ["eth0 10.1.0.0", "eth0 10.1.0.4"]


def test_other_ends_and_parents():
    """A pod's veth and macvlan name what they have on the node; an index means nothing to a reader."""
    node = Network(links=(link(1, "eth0"), link(5, "veth1234", "veth", lower=2, netnsid=0)))
    pod = Network(
        links=(
            link(2, "eth0", "veth", lower=5, netnsid=0),
            link(3, "net1", "macvlan", lower=1, netnsid=0, data={"mode": "bridge"}),
            link(4, "eth0.7", "vlan", lower=2, data={"id": 7}),
            link(6, "lost", "veth", lower=1, netnsid=0),
        )
    )
    found = of(pod, POD, node)
    assert found["link eth0"].facts["peer"] == "veth1234"
    assert found["link lost"].facts["peer"] == ""
    assert (found["link net1"].facts["parent"], found["link net1"].facts["mode"]) == ("eth0", "bridge")
    assert (found["link eth0.7"].facts["parent"], found["link eth0.7"].facts["vlan_id"]) == ("eth0", 7)
    assert "mode" not in found["link eth0"].facts


def test_traffic_control():
    """tbf in its numbers, others with their options; handles that the kernel chose are left out."""
    tbf = {"TCA_TBF_PARMS": {"rate": 1000, "limit": 2000, "buffer": 3000}, "TCA_TBF_RATE64": 1 << 33}
    redirect = {"TCA_MIRRED_PARMS": {"eaction": 1, "action": 4, "link": "ifb0"}}
    network = Network(
        qdiscs=(
            Qdisc("a", "tbf", "1:", "root", tbf),  # type: ignore[arg-type]
            Qdisc("b", "htb", "8001:", "root", {"default": 1}),
            Qdisc("c", "clsact", "ffff:", "ingress", {}),
        ),
        classes=(
            TrafficClass("a", "tbf", "1:1", "1:", {}),
            TrafficClass("b", "htb", "8001:1", "root", {"x": 1}),
        ),
        filters=(
            Filter(
                "a",
                "u32",
                "ffff:",
                3,
                1,
                0,
                0x80000800,
                {
                    "TCA_U32_CLASSID": 1,
                    "TCA_U32_ACT": {
                        "TCA_ACT_PRIO_1": {"TCA_ACT_KIND": "mirred", "TCA_ACT_OPTIONS": redirect},  # type: ignore[dict-item]
                        "TCA_ACT_PRIO_2": {"TCA_ACT_KIND": "gact", "TCA_ACT_OPTIONS": {"n": 1}},
                    },
                },
            ),
        ),
    )
    assert {name: one.facts for name, one in of(network).items()} == {
        "qdisc a root": {"kind": "tbf", "handle": "1:", "rate": 1 << 33, "limit": 2000, "buffer": 3000},
        "qdisc b root": {"kind": "htb", "options": '{"default":1}'},
        "qdisc c clsact": {"kind": "clsact", "handle": "ffff:"},
        "class b 8001:1": {"kind": "htb", "parent": "root", "options": '{"x":1}'},
        "filter a ffff: pref 1 all fh 800::800": {
            "kind": "u32",
            "options": '{"TCA_U32_CLASSID":1}',
            "actions": ("mirred egress redirect dev ifb0 stolen", 'gact {"n":1}'),
        },
    }
