"""Everything rtnetlink shows of a network namespace, read by pyroute2.

Nothing of the thin client takes part, so that what it wrote is read back by somebody else.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from pyroute2 import AsyncIPRoute  # type: ignore[import-untyped]
from pyroute2.netlink.exceptions import NetlinkError as Pyroute2Error  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ifinfmsg import macvx_data  # type: ignore[import-untyped]

from cnictl.netlink import observe_link, observe_tables, observe_tc
from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.observed import Network
from cnictl.netns import entered
from cnictl.spec.errno_text import errno_text

ATTEMPTS = 5
TIMEOUT = 30.0
"""Seconds for everything together; a node with 100,000 routes takes ten."""

_AF_INET, _AF_BRIDGE, _AF_INET6 = 2, 7, 10
_VLANS = 2  # RTEXT_FILTER_BRVLAN
_DUMP_INTR = 0x10  # linux/netlink.h; pyroute2 does not look at it
_INTERRUPTED = "interrupted by changes, may be incomplete"

# pyroute2 0.9 drops the value of attributes that it has no name for (linux/if_link.h).
macvx_data.nla_map = (*macvx_data.nla_map[:7], ("IFLA_MACVLAN_BC_QUEUE_LEN", "uint32"))

Ask = Callable[[], Awaitable[AsyncIterator[Any]]]


def observe(netns: str | None = None) -> Network:
    """Everything in the namespace at that path, or in the one this thread is in.

    What the kernel refuses to list is named in `unread`.  Raises NetnsGone, NetnsError, and
    NetlinkError when the whole takes longer than `TIMEOUT`.
    """
    return asyncio.run(_observe(netns))


async def _observe(netns: str | None) -> Network:
    if netns is None:
        socket = await _open()
    else:
        with entered(netns):
            socket = await _open()
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _Reader(socket).everything()
    except TimeoutError:
        raise NetlinkError(
            f"observe {netns or 'this network namespace'}",
            errno.ETIMEDOUT,
            reason=f"no complete answer within {TIMEOUT:.0f} seconds",
        ) from None
    finally:
        socket.close()


async def _open() -> AsyncIPRoute:
    socket = AsyncIPRoute()
    await socket.setup_endpoint()  # opens it here and now, in the namespace we are in
    return socket


class _Reader:
    def __init__(self, socket: AsyncIPRoute) -> None:
        self._socket = socket
        self._unread: dict[str, str] = {}

    async def everything(self) -> Network:
        ip = self._socket
        links = await self._list("links", lambda: ip.link("dump"))
        name = observe_link.Names(links)
        addresses = await self._list("addresses", lambda: ip.addr("dump"))
        routes = await self._by_family("routes", ip.route)
        rules = await self._by_family("rules", ip.rule)
        neighbours = await self._by_family("neighbours", ip.neigh)
        fdb = await self._list("fdb", lambda: ip.neigh("dump", family=_AF_BRIDGE))
        ports = await self._list("vlans", lambda: ip.link("dump", family=_AF_BRIDGE, ext_mask=_VLANS))
        qdiscs = [one for one in await self._list("qdiscs", lambda: ip.tc("dump")) if one["handle"]]
        classes = await self._classes(sorted({one["index"] for one in qdiscs}))
        filters = await self._filters(observe_tc.filter_parents([*qdiscs, *classes]))
        return Network(
            links=tuple(observe_link.link(one, name) for one in links),
            addresses=tuple(observe_tables.address(one, name) for one in addresses),
            routes=tuple(observe_tables.route(one, name) for one in routes if observe_tables.is_route(one)),
            rules=tuple(observe_tables.rule(one) for one in rules),
            neighbours=tuple(
                observe_tables.neighbour(one, name) for one in neighbours if observe_tables.is_resolved(one)
            ),
            fdb=tuple(observe_tables.fdb_entry(one, name) for one in fdb),
            vlans=tuple(vlan for one in ports for vlan in observe_tables.bridge_vlans(one, name)),
            qdiscs=tuple(observe_tc.qdisc(one, name) for one in qdiscs),
            classes=tuple(observe_tc.traffic_class(one, name) for one in classes),
            filters=tuple(observe_tc.filter_(one, name) for one in filters if observe_tc.is_filter(one)),
            unread=self._unread,
        )

    async def _by_family(self, what: str, dump: Callable[..., Awaitable[AsyncIterator[Any]]]) -> list[Any]:
        """IPv4's, then IPv6's.  A kernel without IPv6 answers with IPv4's again."""
        found = []
        for family in (_AF_INET, _AF_INET6):
            answers = await self._list(what, partial(dump, "dump", family=family))
            found += [one for one in answers if one["family"] == family]
        return found

    async def _classes(self, indexes: list[int]) -> list[Any]:
        found = []
        for index in indexes:
            found += await self._list("classes", partial(self._socket.get_classes, index=index))
        return found

    async def _filters(self, parents: list[tuple[int, int]]) -> list[Any]:
        found = []
        for index, parent in parents:
            found += await self._list(
                "filters", partial(self._socket.get_filters, index=index, parent=parent)
            )
        return found

    async def _list(self, what: str, ask: Ask) -> list[Any]:
        """One dump, asked for again while changes interrupt it."""
        found: list[Any] = []
        try:
            for _ in range(ATTEMPTS):
                found = [one async for one in await ask()]
                if not any(one["header"]["flags"] & _DUMP_INTR for one in found):
                    return found
            self._unread[what] = _INTERRUPTED
        except Pyroute2Error as error:
            self._unread[what] = errno_text(error.code)
        return found
