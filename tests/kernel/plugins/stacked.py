"""What the tests of macvlan, ipvlan and vlan ask iproute2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import witness

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node


def link(node: Node, name: str = "eth0", netns: str = "c1") -> dict[str, Any]:
    """Return what is told of one link."""
    (found,) = witness.ip(node, "addr", "show", "dev", name, netns=netns)
    return dict(found)


def names(node: Node, netns: str = "c1") -> list[str]:
    """Return the names of the links there, in their order."""
    return sorted(one["ifname"] for one in witness.ip(node, "link", netns=netns))


def addresses(found: dict[str, Any]) -> list[str]:
    """Return the addresses of a link that somebody gave it."""
    return [f"{one['local']}/{one['prefixlen']}" for one in found["addr_info"] if one["scope"] == "global"]


def reservations(node: Node) -> list[str]:
    """Return the addresses that host-local keeps for the network."""
    return [name for name in witness.files(node, "/var/lib/cni/networks/net") if name[0].isdigit()]


def kept(node: Node, *netns: str) -> dict[str, object]:
    """Return the names of the links of the node and of some namespaces, and what host-local keeps.

    In the virtual machine `leftovers` takes five seconds.
    """
    return {**{place: names(node, place) for place in ("", *netns)}, "reservations": reservations(node)}
