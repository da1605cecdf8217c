"""Requests about routes."""

from __future__ import annotations

import errno
from struct import Struct

from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.message import CREATE, EXCL, FAMILIES, REPLACE, attribute, attributes, number, u32
from cnictl.netlink.names import scope_name, scope_number
from cnictl.spec.address import Address, Prefix
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netlink.link import Link

# linux/rtnetlink.h
RTM_NEWROUTE, _RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTMSG = Struct(
    "=BBBBBBBBI"
)  # family, lengths of destination and source, TOS, table, protocol, scope, type, flags
RTNEXTHOP = Struct("=HBBi")  # length, flags, hops, index
_DST, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _METRICS, RTA_MULTIPATH, RTA_TABLE = 1, 4, 5, 6, 7, 8, 9, 15
_VIA, _ENCAP_TYPE, _ENCAP = 18, 21, 22
_REST = (_METRICS, _ENCAP_TYPE, _ENCAP)
_FAMILY = Struct("=H")
RTNH_F_ONLINK, _F_CLONED, _F_LOOKUP_TABLE = 0x4, 0x200, 0x1000
_PROTO_BOOT = 3
_TYPE_UNICAST = 1

MAIN_TABLE = 254
HEADER_TABLES = 256
SCOPE_UNIVERSE, SCOPE_LINK, SCOPE_HOST, SCOPE_NOWHERE = 0, 253, 254, 255


class KernelRoute(Value):
    """A route in one of the kernel's tables.

    `dst` is `0.0.0.0/0` or `::/0` for a default route, `device` an index (0 when there is none),
    `metric` what iproute2 and the kernel also call priority, `scope` as iproute2 names it,
    `protocol` and `kind` the numbers RTPROT_* and RTN_*, `rest` its MTU and the like, and how it
    encapsulates, as the kernel encodes that.  A route with several next hops comes as one value for
    each of them, all of which are `multipath`.
    """

    __slots__ = (
        "dst",
        "gateway",
        "device",
        "source",
        "table",
        "metric",
        "scope",
        "protocol",
        "kind",
        "tos",
        "rest",
        "multipath",
    )

    def __init__(
        self,
        dst: Prefix,
        *,
        gateway: Address | None = None,
        device: int = 0,
        source: Address | None = None,
        table: int = MAIN_TABLE,
        metric: int = 0,
        scope: str = "global",
        protocol: int = _PROTO_BOOT,
        kind: int = _TYPE_UNICAST,
        tos: int = 0,
        rest: bytes = b"",
        multipath: bool = False,
    ) -> None:
        self.dst = dst
        self.gateway = gateway
        self.device = device
        self.source = source
        self.table = table
        self.metric = metric
        self.scope = scope
        self.protocol = protocol
        self.kind = kind
        self.tos = tos
        self.rest = rest
        self.multipath = multipath


class Routes(Channel):
    """What concerns routes.  Everything raises NetlinkError."""

    def routes(self, table: int | None = MAIN_TABLE, *, link: Link | None = None) -> list[KernelRoute]:
        """Of one table, or of all with None, perhaps only those through a link; IPv4 first.

        Entries of the routing cache are left out.
        """
        return [
            route
            for family in FAMILIES.values()
            for answer in self.dump_routes(family, table, link)
            for route in parse_routes(answer, family)
            # Kernels before 4.20 look neither at the table nor at the link.
            if (table is None or route.table == table) and (link is None or route.device == link.index)
        ]

    def add_route(
        self,
        dst: Prefix,
        *,
        link: Link | None = None,
        gateway: Address | None = None,
        metric: int = 0,
        table: int = 0,
        scope: int = SCOPE_UNIVERSE,
        source: Address | None = None,
        exclusive: bool = True,
        onlink: bool = False,
    ) -> None:
        """Add a route; table 0 is the main one, metric 0 leaves it to the kernel.

        Without `exclusive` an IPv4 route goes in front of others to the same destination and an
        IPv6 one becomes another next hop of them; only the very same route is refused.  With
        `onlink` the gateway is on the link even if no address of the link says so.
        """
        table = table or MAIN_TABLE
        body = _rtmsg(dst, table, _PROTO_BOOT, scope, _TYPE_UNICAST, flags=RTNH_F_ONLINK if onlink else 0)
        if source is not None:
            body += attribute(_PREFSRC, source.packed)
        if gateway is not None:
            body += attribute(_GATEWAY, gateway.packed)
        if table >= HEADER_TABLES:
            body += u32(RTA_TABLE, table)
        if metric > 0:
            body += u32(_PRIORITY, metric)
        if link is not None:
            body += u32(_OIF, link.index)
        words = _words(dst, gateway, link)
        self.change(RTM_NEWROUTE, CREATE | (EXCL if exclusive else 0), body, f"add route {words}")

    def delete_route(self, dst: Prefix, *, link: Link | None = None, gateway: Address | None = None) -> None:
        """Delete the first route of the main table that fits, whatever its scope, type and protocol."""
        body = _rtmsg(dst, MAIN_TABLE, 0, SCOPE_NOWHERE, 0)
        if gateway is not None:
            body += attribute(_GATEWAY, gateway.packed)
        if link is not None:
            body += u32(_OIF, link.index)
        self.change(_RTM_DELROUTE, 0, body, f"delete route {_words(dst, gateway, link)}")

    def write_route(self, route: KernelRoute, *, replace: bool = False) -> None:
        """Add a route as it was read, its flags apart, beside others to the same destination.

        With `replace` it takes the place of one that has the same destination, TOS and metric too.
        """
        what = f"{'replace' if replace else 'add'} route {_described(route)}"
        self.change(RTM_NEWROUTE, CREATE | (REPLACE if replace else 0), _whole(route), what)

    def remove_route(self, route: KernelRoute) -> None:
        """Delete the route that is like this one in everything."""
        self.change(_RTM_DELROUTE, 0, _whole(route), f"delete route {_described(route)}")

    def route_to(self, address: Address) -> KernelRoute:
        """The route a packet from here to that address takes, as `ip route get` shows it."""
        length = len(address.packed) * 8
        body = RTMSG.pack(FAMILIES[address.version], length, 0, 0, 0, 0, 0, 0, _F_LOOKUP_TABLE)
        answer = self.read(RTM_GETROUTE, body + attribute(_DST, address.packed), f"find route to {address}")
        return next(parse_routes(answer[0], FAMILIES[address.version], cloned=True))

    def dump_routes(self, family: int, table: int | None, link: Link | None = None) -> list[bytes]:
        """Messages that tell routes of an address family, as `routes` chooses them; no table, no routes."""
        body = RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)
        if table is not None:
            body += u32(RTA_TABLE, table)
        if link is not None:
            body += u32(_OIF, link.index)
        try:
            return self.read(RTM_GETROUTE, body, "list routes", dump=True)
        except NetlinkError as e:
            if e.errno in (
                errno.ENOENT,
                errno.ENODEV,
            ):  # a table that nobody has used yet, a link that is gone
                return []
            raise


def _rtmsg(
    dst: Prefix, table: int, protocol: int, scope: int, kind: int, *, tos: int = 0, flags: int = 0
) -> bytes:
    header = table if table < HEADER_TABLES else 0
    fixed = RTMSG.pack(FAMILIES[dst.version], dst.length, 0, tos, header, protocol, scope, kind, flags)
    return fixed + attribute(_DST, dst.address.packed)


def _whole(route: KernelRoute) -> bytes:
    scope = scope_number(route.scope)
    body = _rtmsg(route.dst, route.table, route.protocol, scope, route.kind, tos=route.tos)
    if route.source is not None:
        body += attribute(_PREFSRC, route.source.packed)
    gateway = route.gateway
    if gateway is not None and gateway.version == route.dst.version:
        body += attribute(_GATEWAY, gateway.packed)
    elif gateway is not None:
        body += attribute(_VIA, _FAMILY.pack(FAMILIES[gateway.version]) + gateway.packed)
    if route.table >= HEADER_TABLES:
        body += u32(RTA_TABLE, route.table)
    if route.metric:
        body += u32(_PRIORITY, route.metric)
    body += route.rest
    return body + u32(_OIF, route.device) if route.device else body


def _described(route: KernelRoute) -> str:
    via = "" if route.gateway is None else f" via {route.gateway}"
    return f"{route.dst}{via} dev {route.device} table {route.table}"


def _words(dst: Prefix, gateway: Address | None, link: Link | None) -> str:
    words = str(dst)
    if gateway is not None:
        words += f" via {gateway}"
    return words if link is None else f'{words} dev "{link.name}"'


def parse_routes(body: bytes, family: int, *, cloned: bool = False) -> Iterator[KernelRoute]:
    """The routes of an RTM_NEWROUTE message, one for each next hop."""
    answered, length, _, tos, table, protocol, scope, kind, flags = RTMSG.unpack_from(body)
    # A kernel without IPv6 answers a question about its routes with those of IPv4.
    if answered != family or (flags & _F_CLONED and not cloned):
        return
    found = attributes(body, RTMSG.size)
    version = 4 if family == FAMILIES[4] else 6
    dst = Prefix(Address(found[_DST]), length) if _DST in found else Prefix.default(version)
    hops = _hops(found[RTA_MULTIPATH]) if RTA_MULTIPATH in found else ((number(found.get(_OIF, b"")), found),)
    for device, hop in hops:
        yield KernelRoute(
            dst,
            gateway=_gateway(hop),
            device=device,
            source=Address(found[_PREFSRC]) if _PREFSRC in found else None,
            table=number(found[RTA_TABLE]) if RTA_TABLE in found else table,
            metric=number(found.get(_PRIORITY, b"")),
            scope=scope_name(scope),
            protocol=protocol,
            kind=kind,
            tos=tos,
            rest=b"".join(attribute(key, found[key]) for key in _REST if key in found),
            multipath=RTA_MULTIPATH in found,
        )


def _hops(data: bytes) -> Iterator[tuple[int, dict[int, bytes]]]:
    offset = 0
    while len(data) - offset >= RTNEXTHOP.size:
        size, _, _, device = RTNEXTHOP.unpack_from(data, offset)
        if not RTNEXTHOP.size <= size <= len(data) - offset:
            raise ValueError(f"next hop of {size} bytes at {offset} in {len(data)}")
        yield device, attributes(data[offset : offset + size], RTNEXTHOP.size)
        offset += (size + 3) & ~3


def _gateway(hop: dict[int, bytes]) -> Address | None:
    if _GATEWAY in hop:
        return Address(hop[_GATEWAY])
    if _VIA in hop:  # of another family than the destination: struct rtvia
        return Address(hop[_VIA][2:])
    return None
