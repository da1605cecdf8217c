"""The codec: what goes in comes out, and nothing that comes in can make it misbehave."""

from __future__ import annotations

import contextlib
import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.netlink import message

ATTRIBUTES = st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40)))


@given(ATTRIBUTES)
def test_attributes_come_back_in_order(pairs: list[tuple[int, bytes]]) -> None:
    """Each attribute keeps its type and payload whatever its length, and starts at a multiple of four."""
    data = b"".join(message.attribute(kind, payload) for kind, payload in pairs)
    assert len(data) % 4 == 0
    assert list(message.each_attribute(data)) == pairs
    assert message.attributes(data) == dict(pairs)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_codec(data: bytes) -> None:
    """Whatever is received is taken apart or refused with ValueError; nothing loops or reads past the end."""
    for take_apart in (
        lambda data: [one for _, one in message.each_attribute(data)],
        lambda data: [one.body for one in message.messages(data)],
    ):
        with contextlib.suppress(ValueError):
            assert sum(len(one) for one in take_apart(data)) <= len(data)


def test_flags_of_an_attribute_are_not_part_of_its_type() -> None:
    """NLA_F_NESTED and NLA_F_NET_BYTEORDER are taken off what the kernel sends."""
    data = message.attribute(18 | 0x8000, b"") + message.attribute(5 | 0x4000, b"\0\1")
    assert message.attributes(data) == {18: b"", 5: b"\0\1"}


@pytest.mark.parametrize("size", [0, 3, 15, 17, 0xFFFF])
def test_a_message_with_an_impossible_length_is_refused(size: int) -> None:
    """A length below the header's or beyond the datagram's end is an error, not an endless loop."""
    with pytest.raises(ValueError, match=f"message of {size} bytes"):
        list(message.messages(struct.pack("=IHHII", size, 16, 0, 1, 0)))


@pytest.mark.parametrize("capped", [False, True])
def test_the_kernels_words_are_found_behind_the_request(capped: bool) -> None:
    """The extended acknowledgement follows the request that is sent back, whole or capped to its header."""
    request = message.message(20, message.REQUEST | message.ACK, 7, b"0123456789abcde")
    returned = request[:16] if capped else request + b"\0"  # padded to four bytes
    body = struct.pack("=i", -errno.EEXIST) + returned + message.text(1, "ipv4: Address already assigned")
    flags = 0x200 | (0x100 if capped else 0)
    answer = message.Message(message.ERROR, flags, 7, body)
    assert message.status(answer) == (errno.EEXIST, "ipv4: Address already assigned")


def test_a_dump_can_end_with_the_kernels_words() -> None:
    """In the message that ends a dump the words follow the errno directly."""
    body = struct.pack("=i", -errno.EINVAL) + message.text(1, "Invalid values in header for FIB dump request")
    answer = message.Message(message.DONE, message.MULTI | 0x200, 7, body)
    assert message.status(answer) == (errno.EINVAL, "Invalid values in header for FIB dump request")


def test_success_has_no_words() -> None:
    """An errno of 0, and the empty end of a dump, both mean that all went well."""
    assert message.status(message.Message(message.ERROR, 0, 1, bytes(20))) == (0, "")
    assert message.status(message.Message(message.DONE, message.MULTI, 1, b"")) == (0, "")


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), min_size=1, max_size=20))
def test_the_last_message_is_found_without_the_others(several: list[tuple[int, bytes]]) -> None:
    """As it is when all are read."""
    datagram = b"".join(
        message.message(kind, 0, 7, body).ljust((message.HEADER_SIZE + len(body) + 3) & ~3, b"\0")
        for kind, body in several
    )
    *_, expected = message.messages(datagram)
    found = message.last(datagram)
    assert (found.kind, found.body, found.sequence) == (expected.kind, expected.body, 7)
