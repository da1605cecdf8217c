"""The client that plugins use: everything rtnetlink(7) offers them, on one socket in one namespace."""

from __future__ import annotations

from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import LinkGone, NetlinkError

__all__ = ["LinkGone", "NetlinkError", "Rtnl"]


class Rtnl(Channel):
    """`with Rtnl() as host, Rtnl(request.netns) as inside:` and then `inside.add_address(...)`."""
