"""Gob as the Go programs write it, and what is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.ipam import gob
from cnictl.ipam.gob import BOOL, BYTES, INT, STRING, UINT, Decoder, Encoder, GobError, Slice, Struct

INNER = Struct(66, "Inner", {"Data": BYTES, "Flag": BOOL})
OUTER = Struct(
    65,
    "Outer",
    {"Name": STRING, "Number": INT, "Count": UINT, "Inner": INNER, "List": Slice(67, "[]Inner", INNER)},
)
inner = st.fixed_dictionaries({"Data": st.binary(max_size=300), "Flag": st.booleans()})
outer = st.fixed_dictionaries(
    {
        "Name": st.text(max_size=300),
        "Number": st.integers(-(1 << 63), (1 << 63) - 1),
        "Count": st.integers(0, (1 << 64) - 1),
        "Inner": inner,
        "List": st.lists(inner, max_size=200),
    }
)


def messages(stream: bytes) -> Iterator[bytes]:
    """Give the messages of a stream without their lengths."""
    place = 0
    while place < len(stream):
        more = gob.following(stream[place : place + 1])
        digits = stream[place + 1 : place + 1 + more] or stream[place : place + 1]
        place += 1 + more
        size = int.from_bytes(digits, "big")
        yield stream[place : place + size]
        place += size


def decoded(stream: bytes) -> list[dict[str, gob.Plain]]:
    """Give the structs in a stream."""
    decoder = Decoder()
    found = (decoder.decode(message) for message in messages(stream))
    return [one for one in found if one is not None]


def filled(value: dict[str, gob.Plain]) -> dict[str, gob.Plain]:
    """Give a value without what is zero or empty, as it comes out of a stream; structs stay."""
    return {name: one for name, one in value.items() if one or name == "Inner"}


@given(value=outer)
def test_what_was_written_is_read(value):
    """Every value comes back but for what is zero, which is left out."""
    encoder = Encoder()
    first, second = decoded(encoder.encode(OUTER, value) + encoder.encode(OUTER, value))
    wanted = {**value, "Inner": filled(value["Inner"]), "List": [filled(one) for one in value["List"]]}
    assert first == second == filled(wanted)


def test_types_are_defined_once():
    """The second value of a type comes without definitions."""
    encoder = Encoder()
    first, second = (encoder.encode(OUTER, {"Name": "x"}) for _ in range(2))
    assert first.endswith(second)
    assert len(first) > len(second)


def test_fields_go_by_their_names():
    """What the sender calls otherwise, numbers otherwise or has more of is no hindrance."""
    theirs = Struct(99, "", {"New": STRING, "Number": INT})
    assert decoded(Encoder().encode(theirs, {"New": "x", "Number": -5})) == [{"New": "x", "Number": -5}]


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "00"), (7, "07"), (127, "7f"), (128, "ff80"), (256, "fe0100"), ((1 << 64) - 1, "f8" + "ff" * 8)],
)
def test_unsigned_numbers(number: int, written: str):
    """Small ones are a byte, others are behind their length."""
    assert gob.unsigned(number).hex() == written


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "ends too early"),
        ("ff80", "type 64, which is not defined"),
        ("0201", "a message without a struct"),
        ("f701", "a number of 9 bytes"),
        ("217f", "field 127 of a struct that has 4"),
    ],
)
def test_what_is_no_gob(message: str, reason: str):
    """The reason is told, and nothing else happens."""
    with pytest.raises(GobError, match=reason):
        Decoder().decode(bytes.fromhex(message))


@given(data=st.binary(max_size=200))
def test_any_bytes(data):
    """They are a message, or a GobError."""
    decoder = Decoder()
    try:
        for message in messages(Encoder().encode(OUTER, {"Name": "x"})):
            decoder.decode(message)
        decoder.decode(data)
    except GobError:
        pass


def test_a_type_within_itself():
    """It is followed so far and no further."""
    decoder = Decoder()
    for message in messages(Encoder().encode(Struct(65, "", {"Next": 65}), {})):
        decoder.decode(message)
    with pytest.raises(GobError, match="deeper than 32 levels"):
        decoder.decode(bytes.fromhex("ff82") + b"\1" * 100)
