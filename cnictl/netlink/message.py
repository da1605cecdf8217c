"""Netlink messages and attributes as bytes (linux/netlink.h), without a socket."""

from __future__ import annotations

import sys
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Attributes = dict[int, bytes]

FAMILIES = {4: 2, 6: 10}
"""AF_INET and AF_INET6 by IP version (linux/socket.h)."""

# message types
ERROR = 2
DONE = 3

# flags of a request
REQUEST = 0x1
MULTI = 0x2
ACK = 0x4
DUMP_INTR = 0x10
DUMP = 0x300
REPLACE = 0x100
EXCL = 0x200
CREATE = 0x400
APPEND = 0x800

# flags of an answer of type ERROR or DONE
_CAPPED = 0x100
_ACK_TLVS = 0x200

# attributes of an extended acknowledgement
_EXTACK_MSG = 1

NESTED = 0x8000
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER

_HEADER = Struct("=IHHII")
_ATTRIBUTE = Struct("=HH")
_S32 = Struct("=i")
_U16 = Struct("=H")
_U32 = Struct("=I")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
HEADER_SIZE = 16


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A whole request."""
    return _HEADER.pack(HEADER_SIZE + len(body), kind, flags, sequence, 0) + body


def attribute(kind: int, payload: bytes = b"") -> bytes:
    """One attribute, padded to four bytes."""
    size = len(payload)
    return _ATTRIBUTE.pack(size + 4, kind) + payload + _PADDING[size & 3]


def u8(kind: int, value: int) -> bytes:
    return attribute(kind, bytes((value,)))


def u16(kind: int, value: int) -> bytes:
    return attribute(kind, _U16.pack(value))


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, _U32.pack(value))


def text(kind: int, value: str) -> bytes:
    """A string that ends in a zero byte, as names of links do."""
    return attribute(kind, value.encode() + b"\0")


class Message:
    """One message of an answer: `body` is what follows the header."""

    __slots__ = ("body", "flags", "kind", "sequence")

    def __init__(self, kind: int, flags: int, sequence: int, body: bytes) -> None:
        self.kind = kind
        self.flags = flags
        self.sequence = sequence
        self.body = body


def messages(datagram: bytes) -> Iterator[Message]:
    """The messages of one datagram.  Raises ValueError for a length that cannot be."""
    offset, end = 0, len(datagram)
    while end - offset >= HEADER_SIZE:
        size, kind, flags, sequence, _ = _HEADER.unpack_from(datagram, offset)
        if size < HEADER_SIZE or size > end - offset:
            raise ValueError(f"netlink message of {size} bytes at {offset} in a datagram of {end}")
        yield Message(kind, flags, sequence, datagram[offset + HEADER_SIZE : offset + size])
        offset += (size + 3) & ~3


def last(datagram: bytes) -> Message:
    """The last message of a datagram.  Raises ValueError for a length that cannot be."""
    offset, begin, end = 0, 0, len(datagram)
    while end - offset >= HEADER_SIZE:
        begin = offset
        (size,) = _U32.unpack_from(datagram, offset)
        if size < HEADER_SIZE:
            break
        offset += (size + 3) & ~3
    return next(messages(datagram[begin:]))


def attributes(data: bytes, offset: int = 0) -> Attributes:
    """Attributes by type, flags taken off; the last one wins, as in the kernel.

    Raises ValueError for a length that cannot be.
    """
    found: Attributes = {}
    end = len(data)
    while end - offset >= 4:
        size, kind = _ATTRIBUTE.unpack_from(data, offset)
        if size < 4 or size > end - offset:
            raise _impossible(size, kind, offset, end)
        found[kind & _TYPE_MASK] = data[offset + 4 : offset + size]
        offset += (size + 3) & ~3
    return found


def each_attribute(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Attributes in order, for lists in which a type comes more than once."""
    end = len(data)
    while end - offset >= 4:
        size, kind = _ATTRIBUTE.unpack_from(data, offset)
        if size < 4 or size > end - offset:
            raise _impossible(size, kind, offset, end)
        yield kind & _TYPE_MASK, data[offset + 4 : offset + size]
        offset += (size + 3) & ~3


def _impossible(size: int, kind: int, offset: int, end: int) -> ValueError:
    return ValueError(f"netlink attribute {kind} of {size} bytes at {offset} in {end}")


def status(answer: Message) -> tuple[int, str]:
    """Errno (0 for success) and the kernel's words in a message of type ERROR or DONE."""
    body = answer.body
    if len(body) < 4:
        return 0, ""
    number = -_S32.unpack_from(body)[0]
    if not answer.flags & _ACK_TLVS:
        return number, ""
    offset = 4
    if answer.kind == ERROR:  # the request comes back: its header, and unless capped its body
        size = HEADER_SIZE if answer.flags & _CAPPED else _U32.unpack_from(body, 4)[0]
        offset += (size + 3) & ~3
    words = attributes(body, offset).get(_EXTACK_MSG, b"")
    return number, words.rstrip(b"\0").decode(errors="replace")


def string(payload: bytes) -> str:
    """A string attribute without its final zero byte."""
    return payload.rstrip(b"\0").decode(errors="replace")


def number(payload: bytes) -> int:
    """An unsigned number of 1, 2, 4 or 8 bytes in the machine's byte order."""
    return int.from_bytes(payload, sys.byteorder)
