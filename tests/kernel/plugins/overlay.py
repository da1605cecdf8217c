"""Nodes that are joined by an underlay, for overlay networks between them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from cnictl.netlink.rtnl import Rtnl
from tests import witness

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

UNDERLAY = "und0"
VTEPS = {4: "192.0.2.{}", 6: "2001:db8::{}"}
MAC1, MAC2 = "7a:de:5c:fb:8a:75", "96:73:05:f0:87:ae"
"""Derived of 4096 and 192.0.2.1, 192.0.2.2."""
MADE_BY_HAND = "ip link add vxlan.4096 type vxlan id 4096 local 192.0.2.1 dev und0 dstport 4789 nolearning"
"""What makes a VXLAN interface that is like ours, but is not."""
FLOOD = "00:00:00:00:00:00"
REMOTES = "/run/remotes"
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:1::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
}
SHARED = {"type": "host-local", "subnet": "10.5.0.0/16", "rangeStart": "10.5.1.1", "rangeEnd": "10.5.1.99"}
REMOTE = {"vtep": "192.0.2.2", "podCIDRs": ["10.244.2.0/24", "fd00:2::/64"]}


def routed(**keys: Any) -> dict[str, Any]:
    """A network of mode routed, with one other node."""
    return {"type": "vxlan", "vni": 4096, "mode": "routed", "remotes": [REMOTE], "ipam": DUAL, **keys}


def bridged(**keys: Any) -> dict[str, Any]:
    """A network of mode bridge, with one other node."""
    return {"type": "vxlan", "vni": 4096, "remotes": [{"vtep": "192.0.2.2"}], "ipam": SHARED, **keys}


MODES = {"routed": routed, "bridge": bridged}


def join(one: Node, other: Node) -> None:
    """Put a wire between two nodes, `und0` on both: addresses that end in 1 and 2, and default routes."""
    with Rtnl(one.netns) as here, Rtnl(other.netns) as there:
        here.add_veth(UNDERLAY, peer=UNDERLAY, peer_netns=there)
    _address(one, 1)
    _address(other, 2)


def shell(node: Node, *commands: str, netns: str = "") -> str:
    """Have a shell run commands on a node, or in one of its pods, until one fails; give what they print."""
    return node.run(["sh", "-ec", "\n".join(commands)], netns=netns).checked().stdout


def give_underlay(node: Node) -> None:
    """Give a node what `join` gives two, with nobody at the other end but a namespace of its own."""
    node.new_netns("outside")
    # Duplicate address detection would end some time between two looks.
    shell(node, "sysctl -qw net.ipv6.conf.default.accept_dad=0")
    shell(node, f"ip link add {UNDERLAY} type veth peer name {UNDERLAY} netns outside")
    shell(node, f"ip link set {UNDERLAY} up", netns="outside")
    _address(node, 1)


def put_remote(node: Node, name: str, directory: str = "/run/remotes", **says: Any) -> None:
    """Write the file of another node, as a writer should: beside its place, and then renamed."""
    os.makedirs(node.path(directory), exist_ok=True)
    place = node.path(f"{directory}/{name}.json")
    with open(f"{place}.tmp", "w", encoding="ascii") as file:
        json.dump(says, file)
    os.replace(f"{place}.tmp", place)


def remove_remote(node: Node, name: str, directory: str = "/run/remotes") -> None:
    os.unlink(node.path(f"{directory}/{name}.json"))


def _address(node: Node, number: int) -> None:
    shell(
        node,
        # A node with pods forwards; that it does gives all its IPv6 networks an anycast address.
        "echo 1 | tee /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv6/conf/all/forwarding",
        f"ip addr add {VTEPS[4].format(number)}/24 dev {UNDERLAY}",
        f"ip addr add {VTEPS[6].format(number)}/64 dev {UNDERLAY} nodad",
        f"ip link set {UNDERLAY} up",
        f"ip route add default via 192.0.2.254 dev {UNDERLAY}",
        f"ip route add default via 2001:db8::fe dev {UNDERLAY}",
    )


def links(node: Node) -> dict[str, Any]:
    return {one["ifname"]: one for one in witness.ip(node, "link")}


def entries(node: Node, name: str = "vxlan.4096") -> set[tuple[str, str]]:
    """Return the lasting forwarding entries of a VXLAN interface, as bridge(8) shows them."""
    shown = witness.bridge(node, "fdb", "show", "dev", name)
    return {(one["mac"], one["dst"]) for one in shown if "dst" in one and one["state"] == "permanent"}


def neighbours(node: Node) -> set[tuple[str, str]]:
    return {
        (one["dst"], one["lladdr"])
        for family in ("-4", "-6")
        for one in witness.ip(node, family, "neigh", "show", "dev", "vxlan.4096", "nud", "permanent")
    }


def routes(node: Node, name: str = "vxlan.4096") -> set[str]:
    """Return the routes that somebody made through a link, as ip(8) shows them."""
    return {
        " ".join(filter(None, (one["dst"], one.get("gateway"), *one["flags"])))
        for family in ("-4", "-6")
        for one in witness.ip(node, family, "route", "show", "dev", name)
        if one.get("protocol") != "kernel"
    }
