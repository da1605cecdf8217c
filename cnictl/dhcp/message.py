"""DHCP messages (RFC 2131), with options as bytes by their number.

pyroute2 reads and writes the header.  Its options are not used: of those in a configuration it knows
some only, and it takes one that is spread over several pieces (RFC 3396) for its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroute2.dhcp.dhcp4msg import dhcp4msg  # type: ignore[import-untyped]
from pyroute2.dhcp.enums.bootp import Flag  # type: ignore[import-untyped]
from pyroute2.dhcp.enums.bootp import MessageType as Direction
from pyroute2.dhcp.enums.dhcp import MessageType  # type: ignore[import-untyped]
from pyroute2.dhcp.messages import SentDHCPMessage  # type: ignore[import-untyped]
from pyroute2.protocols import msg  # type: ignore[import-untyped]

from cnictl.ipam.dhcp_options import END, LONGEST, MESSAGE_TYPE, PAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    Options = Mapping[int, bytes]

__all__ = ["Message", "MessageType", "SentDHCPMessage", "to_server"]

COOKIE = b"c\x82Sc"
"""What every DHCP message has before its options."""
SHORTEST = 300
"""Bytes of a BOOTP message; some servers and relays drop shorter ones."""
OPTION_OVERLOAD = 52
_OVERLOADED = {1: (108, 236), 2: (44, 108)}
"""Where options go on when the server had no room for them: in the fields `file` and `sname`."""
EVERYBODY = "255.255.255.255"


class Message(msg):  # type: ignore[misc]
    """A DHCP message: a dict of the fields of its header, and of the options under a key of their own."""

    fields = dhcp4msg.fields
    buf: bytes
    offset: int

    def decode(self) -> Message:
        """Read it from the bytes that it was made of; raises ValueError when they are no DHCP message."""
        msg.decode(self)
        if self.buf[self.offset - len(COOKIE) : self.offset] != COOKIE:
            raise ValueError("no DHCP message: the magic cookie is missing")
        found = parse_options(self.buf[self.offset :])
        overloaded = int.from_bytes(found.get(OPTION_OVERLOAD, b""), "big")
        for bit, (start, end) in _OVERLOADED.items():
            if overloaded & bit:
                found = {**parse_options(self.buf[start:end]), **found}
        self["options"] = found
        return self

    def encode(self) -> Message:
        """Write it, its options in the order of their numbers."""
        msg.encode(self)
        self.buf += format_options(self["options"])
        self.buf = self.buf.ljust(SHORTEST, bytes((PAD,)))
        return self

    @property
    def options(self) -> dict[int, bytes]:
        found: dict[int, bytes] = self["options"]
        return found

    @property
    def kind(self) -> int:
        """The type as option 53 has it, 0 when it has none."""
        return int.from_bytes(self.options.get(MESSAGE_TYPE, b""), "big")


def parse_options(data: bytes) -> dict[int, bytes]:
    """Return options by their numbers, pieces of the same one joined; what is cut off is left out."""
    found: dict[int, bytes] = {}
    place = 0
    while place < len(data) and data[place] != END:
        number = data[place]
        place += 1
        if number == PAD:
            continue
        value = data[place + 1 : place + 1 + data[place]] if place < len(data) else b""
        if place >= len(data) or len(value) < data[place]:
            break
        found[number] = found.get(number, b"") + value
        place += 1 + len(value)
    return found


def format_options(options: Options) -> bytes:
    """Return options with their end; a long one is spread over several pieces."""
    written = b""
    for number, value in sorted(options.items()):
        for place in range(0, len(value) or 1, LONGEST):
            piece = value[place : place + LONGEST]
            written += bytes((number, len(piece))) + piece
    return written + bytes((END,))


def to_server(
    kind: MessageType,
    options: Options,
    *,
    transaction: int,
    address: str = "0.0.0.0",  # noqa: S104 - none yet
    server: str = EVERYBODY,
    broadcast: bool = False,
) -> SentDHCPMessage:
    """Return a message for everybody on the link, or for one server, still in a frame that all take.

    `address` is the client's own while it has one; `broadcast` asks for answers to all.  A message to
    one server comes from that address as well: Linux drops one from 0.0.0.0 before a server sees it.
    """
    header: dict[str, Any] = {
        "op": Direction.BOOTREQUEST,
        "xid": transaction,
        "flags": Flag.BROADCAST if broadcast else Flag.UNICAST,
        "ciaddr": address,
        "options": {**options, MESSAGE_TYPE: bytes((kind,))},
    }
    return SentDHCPMessage(dhcp=Message(header), ip_src=address, ip_dst=server)
