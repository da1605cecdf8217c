"""The short way to the interpreter's JSON gives what the package `json` gives."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
TEXTS = st.text() | st.text('[]{}":,0123456789.eE+- \t\r\n\\utrfalsn\ufeff') | VALUES.map(json.dumps)


def outcome(loads: Any, text: str) -> object:
    """Return the value, or the error with its place; NaN, which equals nothing, by its name."""
    try:
        return loads(text, parse_constant=str)
    except json.JSONDecodeError as error:
        return error.msg, error.pos, error.lineno, error.colno


@given(TEXTS)
def test_what_is_read_is_the_same(text: str):
    """The value or the error and its place; only a byte order mark is one bad character among others."""
    if text.startswith("\ufeff"):
        assert outcome(json_text.loads, text) == ("Expecting value", 0, 1, 1)
    else:
        assert outcome(json_text.loads, text) == outcome(json.loads, text)


@given(value=VALUES.filter(lambda value: "." not in json.dumps(value) and "e+" not in json.dumps(value)))
@pytest.mark.parametrize("sort", [False, True])
def test_what_is_written_is_the_same(value: object, sort: bool):
    """Compact and indented; numbers with a fraction, for which Go has its own form, aside."""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    assert json_text.dumps(value, sort=sort) == compact
    assert json_text.dumps(value, indent=2, sort=sort) == json.dumps(
        value, ensure_ascii=False, indent=2, sort_keys=sort
    )


@given(VALUES)
def test_what_is_written_can_be_read(value: object):
    """Every value comes back."""
    assert json.loads(json_text.dumps(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [object()], {1: 2}, b"x"])
def test_what_json_has_no_form_of(value: object):
    """It is refused, and not written as something else."""
    with pytest.raises((TypeError, ValueError)):
        json_text.dumps(value)


def test_repeated_names_can_be_seen():
    """A hook gets the pairs of every object in order."""
    seen: list[object] = []
    json_text.loads('{"a": 1, "a": 2}', object_pairs_hook=seen.append)
    assert seen == [[("a", 1), ("a", 2)]]


def test_the_package_is_not_imported(import_root: str):
    """Reading and writing without an error needs none of it."""
    code = (
        f"import sys; sys.path[:0] = [{import_root!r}]; from cnictl.spec import json_text as j;"
        "j.dumps(j.loads('[1, 2.5, {}]'), indent=1); print(*sys.modules)"
    )
    argv = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(argv, env={}, check=True, capture_output=True, text=True)
    assert {"json", "re", "enum"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("text", ["{", "[1 2]", '{"a" 1}', '{"a": "', '"\\x"', "nope"])
def test_errors_have_words_where_the_package_is_not_imported(text: str, import_root: str):
    """The scanner borrows them from it, and has none before it is there."""
    code = (
        f"import sys; sys.path[:0] = [{import_root!r}]; from cnictl.spec import json_text as j\n"
        "try: j.loads(sys.argv[1])\nexcept ValueError as e: print(type(e).__name__, e)"
    )
    argv = [sys.executable, "-I", "-S", "-c", code, text]
    done = subprocess.run(argv, env={}, check=True, capture_output=True, text=True)
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    assert done.stdout == f"JSONDecodeError {expected.value}\n"
