"""A lease as a server granted it: the address, how long, and what else it said."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.ipam.dhcp_options import (
    CLASSLESS_ROUTES,
    LEASE_TIME,
    REBINDING_TIME,
    RENEWAL_TIME,
    ROUTERS,
    SERVER,
    STATIC_ROUTES,
    SUBNET_MASK,
)
from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import CnictlError
from cnictl.spec.result import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.dhcp.message import Message
    from cnictl.ipam.lease_record import LeaseRecord

USUAL = 3600.0
"""Seconds of a lease whose server does not say."""
SHORTEST = 1.0
"""Seconds until a renewal, at least: a server that says 0 must not be asked without end."""
FOREVER = 0xFFFFFFFF
LINK_SCOPE = 253  # RT_SCOPE_LINK, linux/rtnetlink.h


class LeaseError(CnictlError):
    """There is no lease, or none that can be used."""


@dataclass(frozen=True, slots=True)
class Lease:
    """An address until a time; `given` are the server's options by number, times are of `time.monotonic`."""

    address: Address
    server: Address
    given: Mapping[int, bytes]
    renew: float
    rebind: float
    expire: float

    @classmethod
    def granted(cls, ack: Message, asked: float) -> Lease:
        """Return the lease in a server's answer to a question of that time (RFC 2131, 4.4.1)."""
        options = ack.options
        length = max(_seconds(options, LEASE_TIME, USUAL), SHORTEST)
        rebind = min(_seconds(options, REBINDING_TIME, length * 0.85), length)
        renew = max(min(_seconds(options, RENEWAL_TIME, length / 2), rebind), SHORTEST)
        return cls(
            Address.parse(ack["yiaddr"]),
            Address(options[SERVER]),
            options,
            asked + renew,
            asked + max(rebind, renew),
            asked + max(length, renew),
        )

    @classmethod
    def recorded(cls, record: LeaseRecord) -> Lease:
        """Return the lease that was kept in a file."""
        since = time.monotonic() - time.time()
        times = [
            math.inf if kept is None else kept + since
            for kept in (record.renew, record.rebind, record.expire)
        ]
        given = {SUBNET_MASK: record.address.netmask.packed, **record.given}
        return cls(record.address.address, Address.parse(record.server), given, *times)

    @property
    def prefix(self) -> Prefix:
        """The address with the length of its network; raises LeaseError when the server did not say."""
        mask = self.given.get(SUBNET_MASK, b"")
        if len(mask) != 4:
            raise LeaseError("DHCP option Subnet Mask not found in DHCPACK")
        return Prefix(self.address, int.from_bytes(mask, "big").bit_count())

    @property
    def gateway(self) -> Address | None:
        """The first router."""
        first = self.given.get(ROUTERS, b"")[:4]
        return Address(first) if len(first) == 4 else None

    @property
    def routes(self) -> list[Route]:
        """The routes for the Result: classless ones if there are any, else static ones and the router."""
        try:
            classless = list(_classless(self.given.get(CLASSLESS_ROUTES, b"")))
        except ValueError:
            classless = []  # as if the server had not sent it
        if classless:
            return classless
        routes = list(_static(self.given.get(STATIC_ROUTES, b"")))
        if self.gateway is not None:
            routes.append(Route(Prefix.default(4), self.gateway))
        return routes

    @property
    def expiration(self) -> str:
        """When it ends, by the clock on the wall."""
        end = wall_clock(self.expire)
        return "never" if end is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))


def wall_clock(moment: float) -> int | None:
    """Return a time of `time.monotonic` in seconds since 1970, None for never."""
    return None if math.isinf(moment) else int(moment - time.monotonic() + time.time())


def _seconds(options: Mapping[int, bytes], number: int, default: float) -> float:
    value = options.get(number, b"")
    if len(value) != 4:
        return default
    seconds = int.from_bytes(value, "big")
    return math.inf if seconds == FOREVER else float(seconds)


def _classless(data: bytes) -> Iterator[Route]:
    """Yield the routes of RFC 3442: a length, as many octets of the destination as matter, and a router."""
    place = 0
    while place < len(data):
        length = data[place]
        octets = (length + 7) // 8
        entry = data[place + 1 : place + 1 + octets + 4]
        if length > 32 or len(entry) < octets + 4:
            raise ValueError("a classless route that is cut off")
        router = Address(entry[octets:])
        destination = Prefix(Address(entry[:octets].ljust(4, b"\0")), length)
        yield Route(destination, router, scope=LINK_SCOPE if router.is_unspecified else None)
        place += 1 + len(entry)


def _static(data: bytes) -> Iterator[Route]:
    """Yield the routes of option 33, whose destinations have the length of their class."""
    for place in range(0, len(data) - 7, 8):
        destination = Address(data[place : place + 4])
        first = destination.packed[0]
        length = 8 if first < 128 else 16 if first < 192 else 24
        yield Route(Prefix(destination, length), Address(data[place + 4 : place + 8]))
