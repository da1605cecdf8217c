"""Routes as the kernel tells them, to be written into another table with all that is said of them.

`KernelRoute` has what plugins ask about; a copy keeps metrics, preferences, encapsulations and
whatever else a newer kernel knows.
"""

from __future__ import annotations

import errno

from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.message import CREATE, FAMILIES, attribute, each_attribute, u32
from cnictl.netlink.routes import (
    HEADER_TABLES,
    MAIN_TABLE,
    RTA_MULTIPATH,
    RTA_TABLE,
    RTM_NEWROUTE,
    RTMSG,
    RTNEXTHOP,
    RTNH_F_ONLINK,
    parse_routes,
)
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.netlink.link import Link
    from cnictl.netlink.routes import KernelRoute, Routes
    from cnictl.spec.address import Prefix

_CACHEINFO, _NH_ID = 12, 30  # linux/rtnetlink.h
_PROTO_KERNEL, _TYPE_UNICAST = 2, 1


class RouteCopy(Value):
    """A route and the message that tells all of it."""

    __slots__ = ("route", "message")

    def __init__(self, route: KernelRoute, message: bytes) -> None:
        self.route = route
        self.message = message

    def __str__(self) -> str:
        via = f" via {self.route.gateway}" if self.route.gateway is not None else ""
        metric = f" metric {self.route.metric}" if self.route.metric else ""
        return f"{self.route.dst}{via}{metric}"


def read(netns: Routes, link: Link) -> dict[int, list[RouteCopy]]:
    """The routes that lead through a link alone, by table; IPv4 first, in the order of the table.

    The main table, which others rely on, comes first and is always there.  What the kernel makes of the
    link's addresses is left out: it comes and goes with them.  Raises NetlinkError.
    """
    found: dict[int, list[RouteCopy]] = {MAIN_TABLE: []}
    for family in FAMILIES.values():
        for message in netns.dump_routes(family, None):
            hops = list(parse_routes(message, family))
            if hops and all(_is_own(hop, link) for hop in hops):
                found.setdefault(hops[0].table, []).append(RouteCopy(hops[0], message))
    return found


def write(netns: Routes, link: Link, copies: Iterable[RouteCopy], table: int) -> None:
    """Have routes of a link in a table too; those that lead to gateways come after those that lead to links.

    Other links' routes to the same destination stay, behind these, as when routes are added one after
    the other.  What the kernel made of an address of the link makes way.  Raises NetlinkError.
    """
    made = {
        _place(route): route
        for route in netns.routes(table, link=link)
        if route.protocol == _PROTO_KERNEL and route.kind == _TYPE_UNICAST
    }
    backwards = list(copies)  # each comes in front of those before it, so that the first must come last
    backwards.reverse()
    for copy in sorted(backwards, key=lambda one: one.route.gateway is not None):
        place = _place(copy.route)
        if place in made:
            netns.remove_route(made.pop(place))
        what = f"add route {copy} to table {table}"
        try:
            netns.change(RTM_NEWROUTE, CREATE, _request(copy.message, table), what)
        except NetlinkError as error:
            if error.errno != errno.EEXIST:  # the very same is there
                raise


def _place(route: KernelRoute) -> tuple[Prefix, int, int]:
    return route.dst, route.metric, route.tos


def _is_own(route: KernelRoute, link: Link) -> bool:
    return route.device == link.index and route.protocol != _PROTO_KERNEL


def _request(message: bytes, table: int) -> bytes:
    """What the kernel said of a route, as a request to have it in a table."""
    family, length, source, tos, _, protocol, scope, kind, flags = RTMSG.unpack_from(message)
    header = table if table < HEADER_TABLES else 0
    body = RTMSG.pack(family, length, source, tos, header, protocol, scope, kind, flags & RTNH_F_ONLINK)
    for key, payload in each_attribute(message, RTMSG.size):
        if key == RTA_MULTIPATH:
            body += attribute(key, _hops(payload))
        elif key not in (RTA_TABLE, _CACHEINFO, _NH_ID):  # the hops of a nexthop object are told as well
            body += attribute(key, payload)
    return body + u32(RTA_TABLE, table) if table >= HEADER_TABLES else body


def _hops(told: bytes) -> bytes:
    """Next hops without the flags that say what the kernel thinks of them, which it takes from nobody."""
    hops = bytearray(told)
    offset = 0
    while len(told) - offset >= RTNEXTHOP.size:
        size, flags, weight, device = RTNEXTHOP.unpack_from(told, offset)
        RTNEXTHOP.pack_into(hops, offset, size, flags & RTNH_F_ONLINK, weight, device)
        offset += (size + 3) & ~3
    return bytes(hops)
