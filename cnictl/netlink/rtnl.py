"""The client that plugins use: what they need of rtnetlink(7), on one socket in one namespace."""

from __future__ import annotations

from cnictl.netlink.addresses import Addresses, LinkAddress
from cnictl.netlink.bridge_ports import BridgePorts, BridgeVlan
from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.netlink.link import Link
from cnictl.netlink.links import Links
from cnictl.netlink.neighbours import LinkNeighbour, Neighbours, TunnelEntry
from cnictl.netlink.routes import KernelRoute, Routes

__all__ = [
    "BridgeVlan",
    "KernelRoute",
    "Link",
    "LinkAddress",
    "LinkGone",
    "LinkNeighbour",
    "NetlinkError",
    "Rtnl",
    "TunnelEntry",
]


class Rtnl(Links, BridgePorts, Addresses, Routes, Neighbours):
    """`with Rtnl() as host, Rtnl(request.netns) as inside:`, and then `inside.add_address(link, prefix)`."""
