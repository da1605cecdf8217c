"""The full observer on a real kernel: what `ip`, `bridge` and `tc` show, and what the thin client reads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from cnictl.netlink import observed
from cnictl.netlink.observe import observe
from cnictl.netlink.rtnl import Link, Rtnl
from cnictl.netns import NetnsGone
from cnictl.sandbox.node import ROOT, Node
from cnictl.spec.address import Address, Prefix
from tests import witness
from tests.kernel.netlink.conftest import POD, required

P, A = Prefix.parse, Address.parse


def do(node: Node, *commands: str, netns: str = "") -> None:
    """Run commands of iproute2 on the node or in the pod."""
    for command in commands:
        node.run(command.split(), netns=netns).checked()


def test_an_empty_namespace_has_a_loopback_and_the_usual_rules(pod_path: str) -> None:
    """Nothing else, and nothing that could not be read."""
    found = observe(pod_path)
    assert [(one.name, one.up) for one in found.links] == [("lo", False)]
    empty = ("addresses", "routes", "neighbours", "fdb", "vlans", "qdiscs", "classes", "filters")
    assert {name: getattr(found, name) for name in empty} == dict.fromkeys(empty, ())
    assert {(one.version, one.priority, one.table) for one in found.rules} == {
        (4, 0, 255),
        (4, 32766, 254),
        (4, 32767, 253),
        (6, 0, 255),
        (6, 32766, 254),
    }
    assert found.unread == {}


def test_what_the_thin_client_wrote_is_observed(node: Node, host: Rtnl, inside: Rtnl, veth: Link) -> None:
    """Links, ports, addresses and routes are read back by another implementation."""
    bridge = host.add_bridge("cni0", mtu=1400)
    end = host.link("veth1")
    host.set_master(end, bridge.index)
    host.set_hairpin(end, True)
    host.set_isolated(end, True)
    host.set_promiscuous(bridge, True)
    host.set_up(bridge)
    host.add_address(bridge, P("10.9.0.1/24"))
    inside.add_address(veth, P("10.9.0.2/24"))
    inside.add_route(P("0.0.0.0/0"), link=veth, gateway=A("10.9.0.1"))
    inside.add_route(P("10.3.0.0/16"), link=veth, gateway=A("10.9.0.1"), table=5000, metric=9)

    on_node, in_pod = observe(node.netns), observe(node.path(f"/run/netns/{POD}"))
    port, cni0, eth0 = on_node.link("veth1"), on_node.link("cni0"), in_pod.link("eth0")
    assert port is not None
    assert cni0 is not None
    assert eth0 is not None
    assert (port.kind, port.master, port.txqlen, port.lower) == ("veth", "cni0", 0, veth.index)
    assert port.port["hairpin"] is port.port["isolated"] is True
    assert (cni0.kind, cni0.promiscuity, cni0.data["vlan_filtering"]) == ("bridge", 1, False)
    assert (eth0.mac, eth0.up, eth0.operstate) == (veth.mac, True, "up")
    (address,) = [one for one in on_node.addresses if one.link == "cni0" and one.prefix.version == 4]
    assert (address.link, address.prefix, address.broadcast) == ("cni0", P("10.9.0.1/24"), A("10.9.0.255"))
    assert (address.scope, address.label, address.flags) == ("global", "cni0", ("permanent",))
    routes = {str(one.dst): one for one in in_pod.routes if one.dst.version == 4 and one.table != 255}
    assert routes.keys() == {"0.0.0.0/0", "10.9.0.0/24", "10.3.0.0/16"}
    default, connected, other = routes["0.0.0.0/0"], routes["10.9.0.0/24"], routes["10.3.0.0/16"]
    assert default.hops == (observed.NextHop("eth0", A("10.9.0.1"), 1, ()),)
    assert (default.table, default.protocol, default.kind, default.scope) == (
        254,
        "boot",
        "unicast",
        "global",
    )
    assert (connected.protocol, connected.scope, connected.source) == ("kernel", "link", A("10.9.0.2"))
    assert (other.table, other.metric) == (5000, 9)


def test_links_agree_with_the_thin_client(node: Node, host: Rtnl, veth: Link) -> None:
    """Two implementations read the same link in the same way."""
    host.add_bridge("cni0")
    node.run(["ip", "link", "property", "add", "dev", "cni0", "altname", "another"]).checked()
    node.run(["ip", "link", "set", "cni0", "alias", "what it is for"]).checked()
    host.set_all_multicast(host.link("veth1"), True)
    thin = host.links()
    full = observe(node.netns).links
    assert [one.name for one in full] == [one.name for one in thin] == ["lo", "veth1", "cni0"]
    for one, other in zip(full, thin, strict=True):
        for name in (
            "index",
            "kind",
            "mac",
            "mtu",
            "up",
            "operstate",
            "txqlen",
            "promiscuity",
            "all_multicast",
        ):
            assert getattr(one, name) == getattr(other, name), (one.name, name)
        assert (one.alias, one.altnames) == (other.alias, other.altnames)
        assert (one.lower, one.netnsid) == (other.peer or other.parent, other.link_netnsid)
        assert other.data.items() <= one.data.items()
    assert full[1].lower == veth.index


def test_routes_of_every_sort_are_observed(node: Node, pod_path: str, veth: Link) -> None:
    """Several next hops, none at all, metrics, another family's gateway, and IPv6 beside IPv4."""
    assert veth.up
    do(
        node,
        "ip addr add 10.9.0.2/24 dev eth0",
        "ip addr add fd00:9::2/64 dev eth0 nodad",
        "ip route add 10.1.0.0/16 mtu 1400 advmss 1300 nexthop via 10.9.0.1 weight 3 nexthop via 10.9.0.3",
        "ip route add unreachable 10.2.0.0/16 metric 5",
        "ip route add 10.3.0.0/16 via inet6 fd00:9::5 dev eth0",
        "ip route add 10.4.0.0/16 dev eth0 scope link src 10.9.0.2 tos 4",
        "ip route add fd77::/64 via fd00:9::1 proto static",
        netns=POD,
    )
    found = {str(one.dst): one for one in observe(pod_path).routes if one.table == 254}
    shown = {
        f"{one['dst']}": one
        for words in (("route",), ("-6", "route"))
        for one in witness.ip(node, *words, "show", netns=POD)
    }
    assert found.keys() == shown.keys()
    assert found["10.1.0.0/16"].hops == (
        observed.NextHop("eth0", A("10.9.0.1"), 3, ()),
        observed.NextHop("eth0", A("10.9.0.3"), 1, ()),
    )
    assert (found["10.1.0.0/16"].mtu, found["10.1.0.0/16"].advmss) == (1400, 1300)
    assert (found["10.2.0.0/16"].kind, found["10.2.0.0/16"].hops) == ("unreachable", ())
    assert found["10.3.0.0/16"].hops[0].gateway == A("fd00:9::5")
    assert (found["10.4.0.0/16"].tos, found["10.4.0.0/16"].source) == (4, A("10.9.0.2"))
    assert (found["fd77::/64"].protocol, found["fd77::/64"].metric) == ("static", 1024)


def test_addresses_of_every_sort_are_observed(node: Node, pod_path: str, veth: Link) -> None:
    """A far end, a scope, a label and flags."""
    assert veth.up
    do(
        node,
        "ip addr add 10.5.0.1 peer 10.5.0.9/24 dev eth0 scope link label eth0:far",
        "ip addr add fd00:9::2/64 dev eth0 nodad noprefixroute",
        netns=POD,
    )
    found = {str(one.prefix): one for one in observe(pod_path).addresses}
    far = found["10.5.0.1/24"]
    assert (far.peer, far.scope, far.label, far.broadcast) == (A("10.5.0.9"), "link", "eth0:far", None)
    assert found["fd00:9::2/64"].flags == ("nodad", "permanent", "noprefixroute")
    assert found["fd00:9::2/64"].peer is None


def test_rules_are_observed(node: Node, pod_path: str) -> None:
    """Selectors, actions and order of both families."""
    do(
        node,
        "ip rule add from 10.1.0.0/24 to 10.2.0.1 iif lo fwmark 0x1/0xf lookup 1000 prio 77",
        "ip -6 rule add not from fd00::1 prohibit prio 78",
        "ip rule add oif lo tos 4 lookup main prio 79",
        netns=POD,
    )
    rules = {one.priority: one for one in observe(pod_path).rules}
    one, two, three = rules[77], rules[78], rules[79]
    assert (one.version, one.source, one.dst) == (4, P("10.1.0.0/24"), P("10.2.0.1/32"))
    assert (one.incoming, one.mark, one.action, one.table) == ("lo", (1, 15), "lookup", 1000)
    assert (two.version, two.inverted, two.source, two.action) == (6, True, P("fd00::1/128"), "prohibit")
    assert (three.outgoing, three.tos, three.table, three.mark) == ("lo", 4, 254, None)


def test_neighbours_and_forwarding_entries_are_observed(node: Node, host: Rtnl, veth: Link) -> None:
    """What was put there by hand is found with its state and flags."""
    assert veth.up
    bridge = host.add_bridge("cni0")
    host.set_up(bridge)
    host.set_master(host.link("veth1"), bridge.index)
    do(
        node,
        "ip neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev cni0 nud permanent",
        "ip neigh add fd00::9 lladdr 02:00:00:00:00:0a dev cni0 nud stale router",
        "bridge fdb add 02:00:00:00:00:33 dev veth1 master static",
        "bridge fdb add 02:00:00:00:00:34 dev veth1 self",
        "ip link add vxlan7 type vxlan id 7 dev veth1 dstport 4789",
        "bridge fdb add 02:00:00:00:00:35 dev vxlan7 dst 10.1.0.9 self permanent",
    )
    found = observe(node.netns)
    by_hand = [one for one in found.neighbours if one.mac.startswith("02:00:00:00:00:")]
    assert by_hand == [
        observed.Neighbour("cni0", A("10.1.0.9"), "02:00:00:00:00:09", "permanent", ()),
        observed.Neighbour("cni0", A("fd00::9"), "02:00:00:00:00:0a", "stale", ("router",)),
    ]
    for one in (one for one in found.fdb if one.mac == "02:00:00:00:00:33"):
        # A kernel with VLAN filtering makes one for VLAN 1 too.
        assert one in [
            observed.FdbEntry("veth1", "02:00:00:00:00:33", "cni0", vlan, None, "static", ())
            for vlan in (0, 1)
        ]
    (own,) = [one for one in found.fdb if one.mac == "02:00:00:00:00:34"]
    assert (own.link, own.master, own.state, own.flags) == ("veth1", "", "permanent", ("self",))
    shown = {(one["ifname"], one["mac"], one["state"]) for one in witness.bridge(node, "fdb", "show")}
    lasting = {(one.link, one.mac, one.state) for one in found.fdb if one.state in ("static", "permanent")}
    assert ("veth1", "02:00:00:00:00:33", "static") in lasting <= shown
    assert ("vxlan7", "02:00:00:00:00:35", "permanent") in lasting


def test_traffic_control_is_observed(node: Node, host: Rtnl, veth: Link) -> None:
    """A shaper, a classful discipline and filters with their keys and targets; links are named."""
    assert veth.up
    host.add_veth("veth2", peer="veth3", peer_netns=host)
    do(
        node,
        "tc qdisc add dev veth2 root handle 1: tbf rate 1mbit burst 10k latency 10ms",
        "tc qdisc add dev veth1 root handle 1: htb default 30",
        "tc class add dev veth1 parent 1: classid 1:30 htb rate 1mbit burst 10k",
        "tc filter add dev veth1 parent 1: protocol ip prio 5 u32 match ip dst 10.1.2.0/24 flowid 1:30",
        "tc qdisc add dev veth1 ingress",
        "tc filter add dev veth1 parent ffff: protocol all prio 1 u32 match u32 0 0"
        " action mirred egress redirect dev veth2",
    )
    found = observe(node.netns)
    shown = [one for one in witness.tc(node, "qdisc", "show") if one["kind"] != "noqueue"]
    assert sorted((one.link, one.kind, one.handle) for one in found.qdiscs) == sorted(
        (one["dev"], one["kind"], one["handle"]) for one in shown
    )
    assert {(one.link, one.kind): one.parent for one in found.qdiscs} == {
        ("veth2", "tbf"): "root",
        ("veth1", "htb"): "root",
        ("veth1", "ingress"): "ingress",
    }
    (shaper,) = [one for one in found.qdiscs if one.kind == "tbf"]
    parameters = shaper.options["TCA_TBF_PARMS"]
    assert isinstance(parameters, dict)
    assert parameters["rate"] == 125_000  # bytes a second
    (htb,) = [one for one in found.classes if one.kind == "htb"]
    assert (htb.link, htb.handle, htb.parent) == ("veth1", "1:30", "root")
    by_parent = {one.parent: one for one in found.filters}
    assert by_parent.keys() == {"1:", "ffff:"}
    classify, redirect = by_parent["1:"], by_parent["ffff:"]
    assert (classify.kind, classify.protocol, classify.priority) == ("u32", 0x800, 5)
    assert classify.options["TCA_U32_SEL"] == [
        {"mask": 0xFFFFFF00, "value": 0x0A010200, "offset": 16, "offset_mask": 0}
    ]
    assert (redirect.protocol, redirect.priority) == (3, 1)
    assert "'link': 'veth2'" in str(redirect.options["TCA_U32_ACT"])
    assert found.unread == {}


def test_a_rate_beyond_32_bits_is_observed(node: Node, veth: Link) -> None:
    """In the member of its own that it has; the usual one then says the most that fits."""
    assert veth.up
    do(node, "tc qdisc add dev veth1 root tbf rate 100gbit burst 100mb latency 10ms")
    (shaper,) = observe(node.netns).qdiscs
    assert shaper.options["TCA_TBF_RATE64"] == 12_500_000_000


def test_filters_of_both_directions_are_observed(node: Node, host: Rtnl, veth: Link) -> None:
    """A clsact discipline has two places for filters."""
    assert veth.up
    host.add_veth("veth2", peer="veth3", peer_netns=host)
    redirect = "u32 match u32 0 0 action mirred egress redirect dev veth2"
    do(
        node,
        "tc qdisc add dev veth1 clsact",
        f"tc filter add dev veth1 ingress protocol all prio 1 {redirect}",
        f"tc filter add dev veth1 egress protocol ip prio 2 {redirect}",
    )
    assert [(one.parent, one.priority) for one in observe(node.netns).filters] == [
        ("ingress", 1),
        ("egress", 2),
    ]


@pytest.mark.kernel_lane
def test_vlans_of_ports_are_observed(node: Node, host: Rtnl, inside: Rtnl) -> None:
    """Ranges are spelled out, flags kept."""
    with required():
        host.add_bridge("cni0", vlan_filtering=True)
    inside.add_veth("eth0", peer="veth1", peer_netns=host)
    port = host.link("veth1")
    host.set_master(port, host.link("cni0").index)
    host.delete_bridge_vlan(port, 1)
    host.add_bridge_vlan(port, 100, pvid=True, untagged=True)
    for vid in (7, 8, 9):
        host.add_bridge_vlan(port, vid)
    found = observe(node.netns)
    assert [one for one in found.vlans if one.link == "veth1"] == [
        *(observed.BridgeVlan("veth1", vid, pvid=False, untagged=False) for vid in (7, 8, 9)),
        observed.BridgeVlan("veth1", 100, pvid=True, untagged=True),
    ]


@pytest.mark.kernel_lane
@pytest.mark.parametrize(
    ("words", "kind", "data"),
    [
        (
            "link veth1 name x0 type macvlan mode bridge bcqueuelen 77",
            "macvlan",
            {"mode": "bridge", "bcqueuelen": 77},
        ),
        ("link veth1 name x0 type macvtap mode vepa", "macvtap", {"mode": "vepa"}),
        ("link veth1 name x0 type ipvlan mode l3", "ipvlan", {"mode": "l3"}),
        ("link veth1 name x0 type vlan id 100", "vlan", {"id": 100, "protocol": "802.1q"}),
        ("x0 type vrf table 10", "vrf", {"table": 10}),
        ("x0 type dummy", "dummy", {}),
        ("x0 type vxlan id 42 dstport 4789 dev veth1 local 10.0.0.1", "vxlan", {"id": 42, "port": 4789}),
    ],
)
def test_kinds_of_links_are_observed(
    node: Node, host: Rtnl, veth: Link, words: str, kind: str, data: dict[str, observed.Fact]
) -> None:
    """What sets a link of its kind apart is found by the names plugins use; the thin client agrees."""
    assert veth.up
    done = node.run(["ip", "link", "add", *words.split()])
    if "Unknown device type" in done.stderr or "not supported" in done.stderr:
        from tests.conftest import unavailable

        unavailable(f"this kernel refuses: ip link add {words}: {done.stderr.strip()}")
    done.checked()
    link = observe(node.netns).link("x0")
    assert link is not None
    assert link.kind == kind
    assert data.items() <= link.data.items()
    thin = host.link("x0")
    assert thin.data.items() <= link.data.items()
    assert (thin.parent, thin.link_netnsid) == (link.lower, link.netnsid)


def test_observing_leaves_nothing_behind(pod_path: str) -> None:
    """No descriptor, no thread, no child, and the process stays at home; time after time."""
    observe(pod_path)
    home = os.readlink("/proc/thread-self/ns/net")
    before, threads = os.listdir("/proc/self/fd"), threading.active_count()
    for _ in range(3):
        observe(pod_path)
    assert os.listdir("/proc/self/fd") == before
    assert threading.active_count() == threads
    assert os.readlink("/proc/thread-self/ns/net") == home
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
        assert "pyroute2" not in children.read()


def test_without_a_path_the_own_namespace_is_observed(node: Node) -> None:
    """Run on the node, it sees the node's links."""
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r})\n"
        "from cnictl.netlink.observe import observe; print(*(one.name for one in observe().links))"
    )
    node.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"]).checked()
    done = node.run([sys.executable, "-W", "error", "-c", code]).checked()
    assert sorted(done.stdout.split()) == ["lo", "v0", "v1"]
    assert done.stderr == ""


def test_a_namespace_that_is_gone_is_said_to_be() -> None:
    """As the thin client says it."""
    with pytest.raises(NetnsGone, match='failed to Statfs "/run/netns/nope": no such file'):
        observe("/run/netns/nope")


def test_the_thin_client_does_not_import_the_observer() -> None:
    """pyroute2 takes 150 ms to import; only those pay who observe."""
    code = f"import sys; sys.path.insert(0, {ROOT!r}); import cnictl.netlink.rtnl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pyroute2", "cnictl.netlink.observe", "cnictl.netlink.observed"} & set(done.stdout.split())
