"""Places in a JSON text: where everything stands, and where it stops being JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.lint.locate import NotJSON, Pointer, dotted, find, line_at, position, scan, spelled
from cnictl.spec.document import DecodeError, decode

TEXT = '{\n\t"name": "web",\n  "plugins": [ {"type":"bridge"}, {"type" : "portmap"} ]\n}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def places(value: Any, where: Pointer = ()) -> list[tuple[Pointer, Any]]:
    found = [(where, value)]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        found += places(inner, (*where, step))
    return found


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("name",), (2, 10)),
        (("plugins",), (3, 14)),
        (("plugins", 1), (3, 35)),
        (("plugins", 1, "type"), (3, 45)),
        ((), (1, 1)),
    ],
)
def test_line_and_column_count_from_one(where: Pointer, expected: tuple[int, int]):
    """A tab is one column, and so is every other character."""
    _, span = find(scan(TEXT), where)
    assert position(TEXT, span.start) == expected


def test_a_key_has_a_place_of_its_own():
    """With its quotes, before its value."""
    _, span = find(scan(TEXT), ("plugins", 1, "type"), at_key=True)
    assert TEXT[span.start : span.end] == '"type"'
    assert position(TEXT, span.start) == (3, 36)


def test_of_what_is_not_there_the_object_is_meant_that_should_have_it():
    """A missing key is pointed at where it would be."""
    where, span = find(scan(TEXT), ("plugins", 0, "ipam", "type"))
    assert where == ("plugins", 0)
    assert TEXT[span.start : span.end] == '{"type":"bridge"}'


def test_keys_are_found_in_any_case():
    """As the plugins read them; the exact spelling goes first, and the last of several counts."""
    text = '{"IPAM": 1, "ipam": 2, "Ipam": 3, "MTU": 4, "mTU": 5}'
    assert [find(scan(text), (key,))[0] for key in ("ipam", "mtu")] == [("ipam",), ("mTU",)]


@given(JSON)
def test_every_value_is_found_where_it_stands(value: Any):
    """The text between its offsets decodes to the value, whatever the document."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    root = scan(text)
    for where, inner in places(value):
        _, span = find(root, where)
        assert json.loads(text[span.start : span.end]) == inner


@given(JSON, st.data())
def test_scanner_and_decoder_agree_on_what_is_json(value: Any, data: st.DataObject):
    """What has lost a character, or got one, is JSON for both or for neither."""
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    new = data.draw(st.sampled_from([*'{}[]",:0-.e\\ tn\n\x01', ""]))
    changed = text[:at] + new + text[at + data.draw(st.integers(0, 1)) :]
    try:
        decode(changed)
    except DecodeError as error:
        if error.line:  # else it is about a number, not about the grammar
            with pytest.raises(NotJSON):
                scan(changed)
    else:
        scan(changed)


@pytest.mark.parametrize(
    ("where", "pointer", "path"),
    [
        ((), "", ""),
        (("plugins", 0, "ipam"), "/plugins/0/ipam", "plugins[0].ipam"),
        (("a/b", "c~d"), "/a~1b/c~0d", "a/b.c~d"),
    ],
)
def test_spellings_of_a_place(where: Pointer, pointer: str, path: str):
    """As RFC 6901 escapes it, and as the plugins' messages write it."""
    assert (spelled(where), dotted(where)) == (pointer, path)


def test_a_line_is_without_its_end():
    """Neither a newline nor a carriage return is part of it, nor is there one to miss at the end."""
    text = "one\r\ntwo\nthree"
    assert [line_at(text, at) for at in (0, 3, 5, 8, 9, len(text))] == [
        "one",
        "one",
        "two",
        "two",
        "three",
        "three",
    ]
