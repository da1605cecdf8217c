"""The error object: what a plugin prints when it fails, and what a runtime reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.document import DecodeError
from cnictl.spec.errors import (
    DECODING_FAILURE,
    INVALID_NETWORK_CONFIG,
    CnictlError,
    CniError,
    parse_error,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_an_error_is_printed_as_the_go_skeleton_prints_it():
    """Indented by four, in its order of keys, with its escapes, no newline at the end and no cniVersion."""
    error = CniError(INVALID_NETWORK_CONFIG, "invalid characters found in network name", "a b<c")
    assert error.to_json() == (
        '{\n    "code": 7,\n'
        '    "msg": "invalid characters found in network name",\n    "details": "a b\\u003cc"\n}'
    )


def test_details_are_left_out_when_there_are_none():
    """An empty key would only be noise in the runtime's log."""
    assert json.loads(CniError(999, "potato").to_json()) == {"code": 999, "msg": "potato"}


@pytest.mark.parametrize(
    ("details", "text"),
    [("some details", "some message; some details"), ("", "some message")],
    ids=["message-and-details", "message-only"],
)
def test_an_error_as_text(details: str, text: str):
    """Message and details are joined as the Go library joins them."""
    assert str(CniError(1, "some message", details)) == text


def test_context_goes_before_the_message_and_changes_nothing_else():
    """Whoever wraps an error keeps its code, which runtimes act upon, its details and its hint."""
    error = CniError(11, "busy", "try later", hint="wait").within("ADD failed: ")
    assert (error.code, error.msg, error.details, error.hint) == (11, "ADD failed: busy", "try later", "wait")
    assert str(error) == "ADD failed: busy; try later"


def test_context_keeps_the_place_of_what_does_not_decode():
    """An editor can jump to where a document breaks, whatever was being read."""
    error = DecodeError("expecting value", 3, 7).within("error parsing configuration: ")
    assert isinstance(error, DecodeError)
    assert (error.line, error.column, error.code) == (3, 7, DECODING_FAILURE)


def test_there_is_one_hierarchy():
    """Whoever catches the root gets all that a user can act on."""
    assert issubclass(DecodeError, CniError)
    assert issubclass(CniError, CnictlError)


@pytest.mark.parametrize(
    ("printed", "code", "msg", "details"),
    [
        ('{"code":11,"msg":"busy","details":"later"}', 11, "busy", "later"),
        ('{"cniVersion":"1.1.0","code":100,"msg":"m","unknown":[1]}', 100, "m", ""),
        ('{"Code":7,"MSG":"m"}', 7, "m", ""),
        ('{"foo":1}', 0, "", ""),
        ("null", 0, "", ""),
        ('{"code":null,"msg":null}', 0, "", ""),
        (f'{{"code":{2**32}}}', 2**32, "", ""),
    ],
    ids=["whole", "unknown-keys", "other-case", "no-known-key", "null", "null-keys", "large-code"],
)
def test_an_error_object_is_read(printed: str, code: int, msg: str, details: str):
    """As the Go runtime reads it: keys in any case, unknown ones ignored, absent ones 0 or empty."""
    error = parse_error(printed)
    assert (error.code, error.msg, error.details) == (code, msg, details)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "{",
        "[]",
        '"text"',
        '{"code":"7"}',
        '{"code":-1}',
        '{"code":1.0}',
        '{"msg":5}',
        '{"details":[]}',
        "{}{}",
    ],
)
def test_what_is_no_error_object_is_refused(printed: str):
    """A code is a whole number from 0 up, and texts are texts; a runtime then shows what was printed."""
    with pytest.raises(DecodeError):
        parse_error(printed)


@given(st.integers(0, 2**32), TEXTS, TEXTS)
def test_an_error_survives_being_printed_and_read(code: int, msg: str, details: str):
    """What a delegate says reaches the runtime unchanged."""
    error = parse_error(CniError(code, msg, details).to_json())
    assert (error.code, error.msg, error.details) == (code, msg, details)
