"""The interface that a lease is for, in its container's namespace."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.dhcp.port import Port
from cnictl.netlink.rtnl import LinkGone, Rtnl
from cnictl.netns import Netns, NetnsGone
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netlink.rtnl import Link

CARRIER_PATIENCE = 2.0
"""Seconds that a link which was set up has to come up; what is sent earlier is lost."""
CARRIER_PAUSE = 0.01


class LinkLost(CnictlError):
    """The interface, or its namespace, is gone; another one of that name is not it."""


@dataclass(frozen=True, slots=True)
class ContainerLink:
    """An interface that stays the same from one look to the next.

    `path` is that of the namespace, `inode` and `index` tell it and the link from others of their name.
    Nothing is held open between looks, so that the namespace can end.
    """

    path: str
    ifname: str
    inode: int
    index: int

    @classmethod
    def find(cls, path: str, ifname: str) -> ContainerLink:
        """Return the interface of that name; raises NetnsError, LinkLost, and CnictlError for no Ethernet."""
        with Netns(path) as netns, Rtnl(netns) as rtnl:
            try:
                link = rtnl.link(ifname)
            except LinkGone as error:
                raise LinkLost(f'error looking up "{ifname}": {error.reason}') from None
            if link.mac.count(":") != 5:
                raise CnictlError(f'"{ifname}" has no Ethernet address, without which there is no DHCP')
            return cls(path, ifname, netns.inode, link.index)

    def look(self) -> None:
        """Raise LinkLost when it is gone, NetnsError or NetlinkError when that cannot be told."""
        with self._opened():
            pass

    def port(self) -> Port:
        """Return an open port; raises LinkLost, and OSError when it cannot be opened."""
        with self._opened() as (netns, _, link):
            return Port(netns, link)

    async def set_up(self) -> bool:
        """Set it up, and wait a moment until it can send; return whether it was down.  Raises LinkLost."""
        with self._opened() as (_, rtnl, link):
            was_down = not link.up
            if was_down:
                rtnl.set_up(link)
        until = time.monotonic() + CARRIER_PATIENCE
        while time.monotonic() < until:
            with self._opened() as (_, _, link):
                if link.operstate in ("up", "unknown"):
                    break
            await asyncio.sleep(CARRIER_PAUSE)
        return was_down

    def set_down(self) -> None:
        """Set it down; raises LinkLost and NetlinkError."""
        with self._opened() as (_, rtnl, link):
            rtnl.set_down(link)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Netns, Rtnl, Link]]:
        try:
            with Netns(self.path) as netns:
                if netns.inode != self.inode:
                    raise LinkLost(f"{self.path} is another network namespace")
                with Rtnl(netns) as rtnl:
                    yield netns, rtnl, rtnl.link_by_index(self.index)
        except NetnsGone as error:
            raise LinkLost(str(error)) from None
        except LinkGone:
            raise LinkLost(f'error looking up "{self.ifname}": Link not found') from None
