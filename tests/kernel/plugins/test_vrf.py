"""vrf on a real kernel, which a small one is not: interfaces in and out of routing tables of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.links import require_kind

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

pytestmark = pytest.mark.kernel_lane

Attach = Callable[..., Attachment]
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
}


@pytest.fixture
def node(node: Node) -> Node:
    """A node whose kernel has VRFs."""
    require_kind(node, "vrf table 10")
    return node


def bridge(name: str = "cni0", ipam: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    """A network whose gateway is on the node."""
    ipam = ipam or {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
    return {"type": "bridge", "bridge": name, "isGateway": True, "ipam": ipam, **keys}


def vrf(name: str = "red", **keys: Any) -> dict[str, Any]:
    """A configuration of vrf."""
    return {"type": "vrf", "vrfname": name, **keys}


def links(node: Node) -> dict[str, dict[str, Any]]:
    """Return the container's links, lo apart, by their names."""
    found = witness.ip(node, "link", netns="c1")
    return {one["ifname"]: one for one in found if one["ifname"] != "lo"}


def table(node: Node, name: str) -> int:
    """Return the table of a VRF."""
    return int(links(node)[name]["linkinfo"]["info_data"]["table"])


def routes(node: Node, which: int | str, version: int = 4) -> list[str]:
    """Return the lines of a table, link-local ones and those that the kernel makes for itself apart."""
    words = ["ip", f"-{version}", "route", "show", "table", str(which), "type", "unicast"]
    lines = node.run(words, netns="c1").stdout.splitlines()
    return sorted(line.strip() for line in lines if "fe80" not in line)


def test_life(attach: Attach, node: Node) -> None:
    """The VRF comes with the first interface and goes with the last; addresses and routes move into it."""
    attachment = attach(bridge(ipam=DUAL), vrf())
    result = attachment.add()
    assert [one["name"] for one in result["interfaces"]] == ["cni0", result["interfaces"][1]["name"], "eth0"]
    assert (links(node)["eth0"]["master"], table(node, "red")) == ("red", 1)
    assert "UP" in links(node)["red"]["flags"]
    assert routes(node, 1) == [
        "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2",
        "default via 10.1.2.1 dev eth0",
    ]
    assert routes(node, 1, 6) == [
        "default via fd00:1::1 dev eth0 metric 1024 pref medium",
        "fd00:1::/64 dev eth0 proto kernel metric 256 pref medium",
    ]
    assert routes(node, "main") == routes(node, "main", 6) == []
    (shown,) = witness.ip(node, "addr", "show", "dev", "eth0", netns="c1")
    own = {one["local"] for one in shown["addr_info"] if one["scope"] == "global"}
    assert own == {"10.1.2.2", "fd00:1::2"}
    assert attachment.check() == ""
    again = said(attachment.call("ADD", attachment.plugins[1]))
    assert again.startswith("cmdAdd failed: interface eth0 has already a master set: red")

    second = attach(bridge(ipam=DUAL), vrf(), ifname="eth1")
    second.add()
    assert attachment.check() == second.check() == ""
    attachment.delete()
    attachment.delete()
    assert links(node).keys() == {"red", "eth1"}
    second.delete()
    assert links(node) == {}
    second.delete()


@pytest.mark.parametrize("keys", [{}, {"ipam": {"type": "host-local", "subnet": "fd00:1::/64"}}])
def test_life_without_ipv4(attach: Attach, node: Node, keys: dict[str, Any]) -> None:
    """In a namespace that has never had an IPv4 address, on `lo` neither, IPv4 has no table to read."""
    attachment = attach({"type": "bridge", **keys}, vrf())
    attachment.add()
    assert links(node)["eth0"]["master"] == "red"
    assert attachment.check() == ""
    attachment.delete()
    assert links(node) == {}


def test_two_vrfs_with_one_network_do_not_see_one_another(attach: Attach, node: Node) -> None:
    """Same subnet, same addresses, different peers: each VRF reaches its own, and without one nobody is."""
    for number, name in enumerate(("red", "blue")):
        attach(bridge(f"br-{name}", isGateway=False), vrf(name), ifname=f"eth{number}", name=name).add()
        peer = attach(bridge(f"br-{name}", isGateway=False), container=f"{name}-peer", name=name)
        peer.add()
        node.run("ip address add 10.1.2.200/24 dev eth0".split(), netns=f"{name}-peer").checked()
        node.run(f"ip link set eth0 address 02:00:00:00:00:0{number}".split(), netns=f"{name}-peer").checked()
    assert (table(node, "red"), table(node, "blue")) == (1, 2)
    for number, name in enumerate(("red", "blue")):
        node.run(["ping", "-I", name, "-c1", "-W9", "10.1.2.200"], netns="c1").checked()
        (neighbour,) = witness.ip(node, "neigh", "show", "to", "10.1.2.200", "vrf", name, netns="c1")
        assert (neighbour["dev"], neighbour["lladdr"]) == (f"eth{number}", f"02:00:00:00:00:0{number}")
    assert node.run(["ping", "-c1", "-W1", "10.1.2.200"], netns="c1").status != 0
    node.run("ip link set eth0 down".split(), netns="red-peer").checked()
    node.run(["ip", "neigh", "flush", "all"], netns="c1").checked()
    assert node.run(["ping", "-I", "red", "-c1", "-W1", "10.1.2.200"], netns="c1").status != 0
    node.run(["ping", "-I", "blue", "-c1", "-W9", "10.1.2.200"], netns="c1").checked()


def test_routes_of_every_form_move(attach: Attach, node: Node) -> None:
    """With metric, source, path MTU, several next hops; straight to a host and through it; nobody else's."""
    container = attach(bridge(ipam=DUAL))
    elsewhere = {"type": "host-local", "subnet": "10.3.0.0/24", "routes": [{"dst": "10.4.0.0/16"}]}
    attach(bridge("br-other", elsewhere), ifname="eth1", name="other").add()
    container.add()
    for route in (
        "192.168.0.0/16 via 10.1.2.1 src 10.1.2.2 metric 100",
        "192.168.0.0/16 via 10.1.2.9 metric 200 mtu 1300",
        "172.16.0.1 dev eth0 scope link",
        "172.17.0.0/16 via 172.16.0.1",
        "172.18.0.0/16 proto static nexthop via 10.1.2.1 nexthop via 10.1.2.9 weight 3",
        "172.19.0.0/16 nexthop via 10.1.2.1 dev eth0 nexthop via 10.3.0.1 dev eth1",
        "fd00:9::/64 via fd00:1::1 src fd00:1::2 metric 99",
    ):
        node.run(["ip", "route", "add", *route.split()], netns="c1").checked()
    other = [one for one in routes(node, "main") if "dev eth1" in one and "172.19" not in one]
    joining = attach(vrf(table=1001))
    joining.result = container.result
    joining.add()
    assert [line.replace("\t", " ").replace(" \n", " ") for line in routes(node, 1001)] == [
        "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2",
        "172.16.0.1 dev eth0 scope link",
        "172.17.0.0/16 via 172.16.0.1 dev eth0",
        "172.18.0.0/16 proto static",
        "192.168.0.0/16 via 10.1.2.1 dev eth0 src 10.1.2.2 metric 100",
        "192.168.0.0/16 via 10.1.2.9 dev eth0 metric 200 mtu 1300",
        "default via 10.1.2.1 dev eth0",
        "nexthop via 10.1.2.1 dev eth0 weight 1",
        "nexthop via 10.1.2.9 dev eth0 weight 3",
    ]
    assert "fd00:9::/64 via fd00:1::1 dev eth0 src fd00:1::2 metric 99 pref medium" in routes(node, 1001, 6)
    assert [one for one in routes(node, "main") if "dev eth1" in one and "172.19" not in one] == other
    assert container.check() == joining.check() == ""


def test_routes_of_other_tables_stay(attach: Attach, node: Node) -> None:
    """The kernel takes the interface down for a moment, and with it its routes in whatever table."""
    more = [
        {"dst": "10.9.0.0/16", "table": 5001},
        {"dst": "fd00:9::/64", "table": 100},
        {"dst": "10.8.0.0/16", "gw": "10.1.2.9", "table": 1001},
    ]
    attachment = attach(
        bridge(ipam={**DUAL, "routes": [*DUAL["routes"], *more]}), vrf(table=1001), version="1.1.0"
    )
    attachment.add()
    assert routes(node, 5001) == ["10.9.0.0/16 via 10.1.2.1 dev eth0"]
    assert routes(node, 100, 6) == ["fd00:9::/64 via fd00:1::1 dev eth0 metric 1024 pref medium"]
    assert "10.8.0.0/16 via 10.1.2.9 dev eth0" in routes(node, 1001)
    assert "default via 10.1.2.1 dev eth0" in routes(node, 1001)
    assert attachment.check() == ""


def test_check_names_what_was_disturbed(attach: Attach, node: Node) -> None:
    """The list's first plugin finds its routes in the VRF; one disturbance after the other."""
    attachment = attach(bridge(), vrf(table=7))
    attachment.add()
    first, last = attachment.plugins
    for commands, plugin, message in (
        (["link set red down"], last, "red is not up"),
        (
            ["link set red up", "route delete default table 7"],
            first,
            "route default via 10.1.2.1 dev eth0 is",
        ),
        (["link set eth0 nomaster"], last, "eth0 has no master, not red"),
        (["link delete red"], last, "there is no link red"),
        (["link add red up type vrf table 8", "link set eth0 master red"], last, "red has table 8, not 7"),
    ):
        for command in commands:
            node.run(["ip", *command.split()], netns="c1").checked()
        assert said(attachment.call("CHECK", plugin)).startswith(message)


def test_what_makes_no_sense_is_refused(attach: Attach, node: Node) -> None:
    """Code and message say what; the interface stays where it is, with its routes, and so do other links."""
    container = attach(bridge())
    container.add()
    for command in ("link add green up type vrf table 5", "link add taken type bridge"):
        node.run(["ip", *command.split()], netns="c1").checked()
    joining = attach(vrf())
    joining.result = container.result
    before = links(node), routes(node, "main")
    for keys, ifname, code, message in (
        ({"vrfname": "taken"}, "eth0", 7, "cmdAdd failed: Netlink taken is not a VRF"),
        (
            {"vrfname": "green", "table": 6},
            "eth0",
            7,
            "cmdAdd failed: VRF green already exist with different routing table 5",
        ),
        ({}, "eth9", 999, "cmdAdd failed: could not get link by name eth9"),
        ({"vrfname": "x" * 16}, "eth0", 999, f"cmdAdd failed: could not add VRF {'x' * 16}: "),
    ):
        joining.ifname = ifname
        error = json.loads(joining.call("ADD", vrf(**keys)).stdout)
        assert (error["code"], error["msg"][: len(message)]) == (code, message)
        assert (links(node), routes(node, "main")) == before
    for keys in ({"vrfname": "taken"}, {"vrfname": "green", "table": 6}):
        deleted = joining.call("DEL", vrf(**keys))
        assert (deleted.status, deleted.stdout) == (0, "")
        assert (links(node), routes(node, "main")) == before


def test_delete_when_the_interface_went_first(attach: Attach, node: Node) -> None:
    """The VRF goes all the same; another master than the VRF stays; without a namespace there is no work."""
    attachment = attach(bridge(), vrf())
    attachment.add()
    node.run("ip link delete eth0".split(), netns="c1").checked()
    done = attachment.call("DEL", attachment.plugins[1])
    assert (done.status, done.stdout, links(node)) == (0, "", {})
    attachment.delete(netns="/run/netns/gone")
    other = attach(bridge(), ifname="eth1")
    other.add()
    node.run("ip link add lan type bridge".split(), netns="c1").checked()
    node.run("ip link set eth1 master lan".split(), netns="c1").checked()
    leaving = attach(vrf(), ifname="eth1")
    leaving.delete()
    assert links(node)["eth1"]["master"] == "lan"


def test_an_interface_without_carrier_can_join(attach: Attach, node: Node) -> None:
    """Its routes are marked as leading nowhere, a mark that the kernel takes from nobody."""
    node.run("ip link add port0 type veth peer name switch0".split()).checked()
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
    attachment = attach({"type": "host-device", "device": "port0", "ipam": ipam}, vrf())
    attachment.add()
    assert "default via 10.1.2.1 dev eth0 linkdown" in routes(node, 1)
    assert attachment.check() == ""
    attachment.delete()
    assert links(node) == {}
