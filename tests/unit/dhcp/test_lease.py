"""A lease: its times, its network, and the routes that the server gave."""

from __future__ import annotations

import math
import time

import pytest

from cnictl.dhcp.lease import Lease, LeaseError, wall_clock
from cnictl.dhcp.message import Message
from cnictl.spec.address import Address, Prefix
from cnictl.spec.result import Route

SERVER = bytes([10, 44, 0, 1])
MASK = {1: bytes([255, 255, 255, 0])}


def granted(options: dict[int, bytes]) -> Lease:
    """A lease of an ACK with these options, asked for at the time 1000."""
    ack = Message({"yiaddr": "10.44.0.50", "options": {54: SERVER, **MASK, **options}})
    return Lease.granted(ack, 1000)


def seconds(number: int) -> bytes:
    return number.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, (2800, 4060, 4600)),
        ({51: seconds(100)}, (1050, 1085, 1100)),
        ({51: seconds(100), 58: seconds(10), 59: seconds(20)}, (1010, 1020, 1100)),
        ({51: seconds(100), 58: seconds(500), 59: seconds(600)}, (1100, 1100, 1100)),
        ({51: seconds(0), 58: seconds(0)}, (1001, 1001, 1001)),
        ({51: b"\xff" * 4}, (math.inf, math.inf, math.inf)),
        ({51: b"\xff" * 4, 58: seconds(60)}, (1060, math.inf, math.inf)),
        ({51: b"\0\1"}, (2800, 4060, 4600)),
    ],
    ids=["unsaid", "lease", "all", "behind its end", "nothing", "for ever", "renewed for ever", "too short"],
)
def test_times(options: dict[int, bytes], times: tuple[float, float, float]):
    """Renewal, rebinding and end count from the question, in this order, and the first is never at once."""
    lease = granted(options)
    assert (lease.renew, lease.rebind, lease.expire) == times


def test_the_network():
    """The mask of option 1, without which a lease is of no use."""
    assert granted({}).prefix == Prefix.parse("10.44.0.50/24")
    with pytest.raises(LeaseError, match="DHCP option Subnet Mask not found in DHCPACK"):
        str(granted({1: b"\xff"}).prefix)


ROUTER = {3: bytes([10, 44, 0, 1, 10, 44, 0, 2])}
DEFAULT = Route(Prefix.default(4), Address.parse("10.44.0.1"))


def route(destination: str, router: str, scope: int | None = None) -> Route:
    return Route(Prefix.parse(destination), Address.parse(router), scope=scope)


@pytest.mark.parametrize(
    ("options", "routes"),
    [
        ({}, []),
        (ROUTER, [DEFAULT]),
        ({3: b"\1\2"}, []),
        (
            {**ROUTER, 33: bytes([10, 0, 0, 0, 10, 1, 2, 3, 192, 168, 1, 0, 192, 168, 2, 3])},
            [route("10.0.0.0/8", "10.1.2.3"), route("192.168.1.0/24", "192.168.2.3"), DEFAULT],
        ),
        ({33: bytes([172, 16, 0, 0, 10, 1, 2, 3, 1, 2])}, [route("172.16.0.0/16", "10.1.2.3")]),
        (
            {**ROUTER, 33: bytes(8), 121: bytes([16, 10, 99, 10, 44, 0, 9, 0, 10, 44, 0, 1])},
            [route("10.99.0.0/16", "10.44.0.9"), route("0.0.0.0/0", "10.44.0.1")],
        ),
        ({121: bytes([32, 10, 9, 8, 7, 0, 0, 0, 0])}, [route("10.9.8.7/32", "0.0.0.0", 253)]),
        ({**ROUTER, 121: bytes([33, 10, 9, 8, 7, 6, 0, 0, 0, 0])}, [DEFAULT]),
        ({**ROUTER, 121: bytes([16, 10, 99, 10, 44])}, [DEFAULT]),
    ],
    ids=[
        "none",
        "router",
        "no router",
        "static",
        "half a route",
        "classless",
        "on the link",
        "too long",
        "cut off",
    ],
)
def test_routes(options: dict[int, bytes], routes: list[Route]):
    """Classless ones stand alone; static ones come before the default route; broken ones do not count."""
    assert granted(options).routes == routes


def test_the_clock_on_the_wall():
    """Times of the process become those that outlive it."""
    assert wall_clock(math.inf) is None
    found = wall_clock(time.monotonic() + 60)
    assert found is not None
    assert 58 <= found - time.time() <= 60
    lease = granted({51: b"\xff" * 4})
    assert lease.expiration == "never"
