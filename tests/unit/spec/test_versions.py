"""Versions of the spec: read, compared, and matched to what a plugin supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.document import Document
from cnictl.spec.errors import DECODING_FAILURE, INCOMPATIBLE_VERSION, CniError
from cnictl.spec.versions import (
    CURRENT,
    SUPPORTED,
    at_least,
    decode_version,
    newer,
    parse,
    reconcile,
    starting_from,
)

if TYPE_CHECKING:
    from cnictl.spec.document import Json

PARTS = st.integers(-(10**17), 10**17)


@pytest.mark.parametrize(
    ("members", "version"),
    [
        ({"cniVersion": "4.3.2"}, "4.3.2"),
        ({}, "0.1.0"),
        ({"cniVersion": ""}, "0.1.0"),
        ({"cniVersion": None}, "0.1.0"),
        ({"CNIVERSION": "1.0.0"}, "1.0.0"),
    ],
    ids=["stated", "absent", "empty", "null", "other-case"],
)
def test_the_version_of_a_document(members: dict[str, Json], version: str):
    """It is not checked; without one, the document is of the first version."""
    assert decode_version(Document(members)) == version


def test_a_version_that_is_no_text():
    """The message says what was being done, and what was found instead."""
    with pytest.raises(CniError) as refused:
        decode_version(Document({"cniVersion": 1}))
    assert refused.value.code == DECODING_FAILURE
    assert refused.value.msg == (
        'decoding version from network config: key "cniVersion": expected a string, found number 1'
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.2.3", (1, 2, 3)),
        ("", (0, 1, 0)),
        ("1", (1, 0, 0)),
        ("1.0", (1, 0, 0)),
        ("0.-42.0", (0, -42, 0)),
        ("+1.0.0", (1, 0, 0)),
        ("01.0.0", (1, 0, 0)),
    ],
    ids=["three-parts", "empty", "one-part", "two-parts", "negative", "plus-sign", "leading-zero"],
)
def test_a_version_is_read(text: str, parts: tuple[int, int, int]):
    """As the Go library reads it, with signs and leading zeros."""
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asdfasdf", 'failed to convert major version part "asdfasdf"'),
        ("asdf.", 'failed to convert major version part "asdf"'),
        (".asdfas", 'failed to convert major version part ""'),
        ("asdf.adsf.", 'failed to convert major version part "asdf"'),
        ("0.", 'failed to convert minor version part ""'),
        ("..", 'failed to convert major version part ""'),
        ("1.2.3.4.5", 'invalid version "1.2.3.4.5": too many parts'),
        ("1.0.0.0", 'invalid version "1.0.0.0": too many parts'),
        (" 1.0.0", 'failed to convert major version part " 1"'),
        ("1.0.0-rc1", 'failed to convert micro version part "0-rc1"'),
        ("1..0", 'failed to convert minor version part ""'),
        ("v1.0.0", 'failed to convert major version part "v1"'),
        ("1_0.0.0", 'failed to convert major version part "1_0"'),
        ("²", 'failed to convert major version part "²"'),
        ("9" * 5000, "failed to convert major version part"),
        ("+", 'failed to convert major version part "+"'),
    ],
)
def test_what_is_no_version_is_refused(text: str, message: str):
    """The message names the part that is wrong."""
    with pytest.raises(CniError) as refused:
        parse(text)
    assert refused.value.code == DECODING_FAILURE
    assert refused.value.msg.startswith(message)


@pytest.mark.parametrize(
    ("version", "older"),
    [
        ("1.2.34", "1.2.14"),
        ("2.5.4", "2.4.4"),
        ("1.2.3", "0.2.3"),
        ("0.4.0", "0.3.1"),
        ("1.1.1", "1.1.0"),
        ("1.10.0", "1.9.0"),
        ("0.2.0", ""),
    ],
)
def test_versions_are_compared_part_by_part(version: str, older: str):
    """As numbers, not as text."""
    assert at_least(version, older)
    assert newer(version, older)
    assert not at_least(older, version)
    assert not newer(older, version)


def test_a_version_is_at_least_itself_and_not_newer():
    """However it is spelled."""
    assert at_least("1.0", "1.0.0")
    assert not newer("1.0", "1.0.0")


@pytest.mark.parametrize(("version", "floor"), [("asdadf", "1.0.0"), ("1.0.0", "asdadf")])
def test_what_is_no_version_cannot_be_compared(version: str, floor: str):
    """On either side."""
    with pytest.raises(CniError):
        at_least(version, floor)
    with pytest.raises(CniError):
        newer(version, floor)


def test_a_plugin_supports_versions_to_the_letter():
    """There is no range and no negotiation: 1.0 is not 1.0.0."""
    reconcile("4.3.2", ["1.2.3", "4.3.2"])
    for version in ("0.1.0", "4.3"):
        with pytest.raises(CniError) as refused:
            reconcile(version, ["1.2.3", "4.3.2"])
        assert refused.value.code == INCOMPATIBLE_VERSION
        assert refused.value.msg == "incompatible CNI versions"
        assert refused.value.details == f'config is "{version}", plugin supports ["1.2.3" "4.3.2"]'


def test_versions_from_one_on():
    """The tail of the list of known ones; an unknown start is a mistake of the program."""
    assert starting_from("0.3.1") == ("0.3.1", "0.4.0", "1.0.0", "1.1.0")
    with pytest.raises(ValueError):
        starting_from("0.3.2")


def test_known_versions_ascend_to_the_current_one():
    """Code relies on the order."""
    assert sorted(SUPPORTED, key=parse) == list(SUPPORTED)
    assert SUPPORTED[-1] == CURRENT


@given(PARTS, PARTS, PARTS)
def test_a_version_survives_being_written_and_read(major: int, minor: int, micro: int):
    """For every number a part may be."""
    assert parse(f"{major}.{minor}.{micro}") == (major, minor, micro)
