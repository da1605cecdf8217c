"""JSON in and out as Go does it, and objects whose keys match in any case."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.document import MAX_DEPTH, DecodeError, Document, decode, decode_object, encode
from cnictl.spec.errors import DECODING_FAILURE, INVALID_NETWORK_CONFIG, CniError

if TYPE_CHECKING:
    from cnictl.spec.document import Json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    TEXTS,
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


def refusal(data: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as refused:
        decode(data)
    assert refused.value.code == DECODING_FAILURE
    return refused.value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b"  \n", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b'{"name":', "unexpected end of JSON input"),
        (b'{"name": "a"', "unexpected end of JSON input"),
        (b'"abc', "unterminated string"),
        (b"asdf", "expecting value"),
        (b"{{{", "expecting property name enclosed in double quotes"),
        (b"{}{}", "more text after the end of the document"),
        (b"{} \0", "more text after the end of the document"),
        (b"\xef\xbb\xbf{}", "the text starts with a byte order mark; save it without"),
        (b"// who?\n{}", "JSON has no comments"),
        (b'{"a": 1, # one\n"b": 2}', "JSON has no comments"),
        (b'{"a": 1 /* one */}', "JSON has no comments"),
        (b"{'name': 1}", "expecting property name enclosed in double quotes"),
        (b"[1,]", "a comma before ]"),
        (b'{"a": 1,\n}', "a comma before }"),
        (b'{"a": {"b": 1,}', "a comma before }"),
        (b'{"a": 1 "b": 2}', "expecting ',' delimiter"),
        (b'"a\tb"', "invalid control character"),
        (b"[01]", "expecting ',' delimiter"),
        (b"NaN", "NaN is no JSON value"),
        (b"[-Infinity]", "-Infinity is no JSON value"),
        (b"[1e400]", "number 1e400 is beyond what a double holds"),
        (b"9" * 5000, "a number has too many digits"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_not_one_json_document_is_refused(data: bytes, message: str):
    """The message says what is wrong; a cut-off file gets the words that Go has for it."""
    assert refusal(data).msg == message


def test_a_refusal_names_the_place():
    """Line and column, both from 1."""
    error = refusal(b'{\n  "name": x\n}')
    assert (error.line, error.column) == (2, 11)
    assert str(error) == "expecting value; line 2 column 11"


@pytest.mark.parametrize("brackets", ["[]", '{"a":}'], ids=["lists", "objects"])
def test_nesting_has_a_bound(brackets: str):
    """A document a thousand levels deep is refused like any other bad one, not by a crash."""
    opening, closing = brackets[:-1], brackets[-1]
    for depth in (MAX_DEPTH + 1, 1000, 100_000):
        deep = f"{opening * depth}{closing * depth}".replace(":}", ":1}", 1)
        assert refusal(deep.encode()).msg == f"nested deeper than {MAX_DEPTH} levels"


def test_what_may_be_read_may_be_written():
    """A document as deep as it may be passes through, in either form."""
    text = f"{'[' * MAX_DEPTH}{']' * MAX_DEPTH}"
    assert encode(decode(text)) == text
    assert "".join(encode(decode(text), indent=4).split()) == text


def test_a_large_document_is_read():
    """Ten megabytes are many plugins, but no reason to fail."""
    data = b'{"plugins":[' + b",".join([b'{"type":"x","data":"%s"}' % (b"y" * 1000)] * 10_000) + b"]}"
    assert len(data) > 10_000_000
    assert len(Document(decode_object(data)).objects("plugins")) == 10_000


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'"a\xffb"', "a\ufffdb"),
        (b'"\\ud800x"', "\ufffdx"),
        (b'"\\uDC00"', "\ufffd"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        ('"é\u2028"'.encode(), "é\u2028"),
    ],
    ids=["no-utf-8", "first-half", "second-half", "both-halves", "a-backslash", "utf-8"],
)
def test_what_is_no_character_is_replaced(data: bytes, value: str):
    """As in Go, so that it can be written again."""
    assert decode(data) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<a>&b", '"\\u003ca\\u003e\\u0026b"'),
        ("\u2028\u2029", '"\\u2028\\u2029"'),
        ("é€\U0001f600", '"é€\U0001f600"'),
        ('a"\\/\n\x01\x7f', '"a\\"\\\\/\\n\\u0001\x7f"'),
        ("\udcff\ud800", '"\ufffd\ufffd"'),
        ({}, "{}"),
        ([], "[]"),
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}'),
        (1500.0, "1500"),
        ({"a": [1e3, 1.5]}, '{"a":[1000,1.5]}'),
        (-0.0, "0"),
        (12345678901234567890, "12345678901234567890"),
        ((1, 2.0), "[1,2]"),
    ],
    ids=["html", "separators", "raw", "escapes", "halves", "empty-object", "empty-list", "compact",
         "whole-double", "doubles-inside", "minus-zero", "large", "tuple"],
)  # fmt: skip
def test_text_is_written_as_go_writes_it(value: object, text: str):
    """Its escapes, no blanks, whole numbers without a fraction."""
    assert encode(value) == text


def test_the_indented_form():
    """Four blanks a level, empty containers closed at once."""
    assert encode({"a": {}, "b": [], "c": [1, {"d": 2}]}, indent=4) == (
        '{\n    "a": {},\n    "b": [],\n'
        '    "c": [\n        1,\n        {\n            "d": 2\n        }\n    ]\n}'
    )


def test_sorted_keys():
    """At every level, by code point, which is the order of their bytes."""
    assert encode({"é": 1, "z": {"b": 1, "B": 2}, "a": 3}, sort=True) == '{"a":3,"z":{"B":2,"b":1},"é":1}'


def test_infinity_cannot_be_written():
    """No reader would take it."""
    with pytest.raises(ValueError):
        encode(float("inf"))


@given(DOCUMENTS, st.sampled_from([None, 4]))
def test_a_document_survives_being_written_and_read(value: Json, indent: int | None):
    """In either form, and the standard library reads the same."""
    text = encode(value, indent=indent)
    assert decode(text) == value
    assert decode(text.encode()) == value
    assert json.loads(text) == value


@given(st.binary(max_size=50))
def test_no_bytes_get_past_the_decoder_with_another_error(data: bytes):
    """What is no document is refused in one way, whatever it is."""
    try:
        decode(data)
    except DecodeError as error:
        assert error.msg  # noqa: PT017 - most of these are refused, and few are not
    else:
        json.loads(data.decode(errors="replace"))


def test_depth_counts_wherever_the_caller_stands():
    """A caller that is deep in its own calls gets the same refusal, not a RecursionError."""

    def descend(levels: int) -> DecodeError:
        return descend(levels - 1) if levels else refusal(b"[" * 500 + b"]" * 500)

    assert descend(sys.getrecursionlimit() // 2).msg == f"nested deeper than {MAX_DEPTH} levels"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"[]", "expected an object, found a list"), (b"5", "expected an object, found number 5"),
     (b'"x"', 'expected an object, found string "x"'), (b"true", "expected an object, found true")],
)  # fmt: skip
def test_an_object_is_wanted(data: bytes, message: str):
    """The message says what was there instead."""
    with pytest.raises(DecodeError) as refused:
        decode_object(data)
    assert refused.value.msg == message


def test_null_is_an_empty_object():
    """Go leaves a struct as it is when it reads null."""
    assert decode_object(b"null") == {}


@pytest.mark.parametrize("key", ["hostPort", "HostPort", "HOSTPORT", "hostport"])
def test_keys_match_in_any_case(key: str):
    """Port mappings come from containerd with capital letters."""
    document = Document({key: 8080})
    assert document.has("hostPort")
    assert document.get("hostPort") == 8080
    assert document.integer("hostPort") == 8080


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"mtu":1,"mtu":2}', 2),
        ('{"mtu":1,"MTU":2}', 2),
        ('{"MTU":2,"mtu":1}', 1),
    ],
    ids=["twice", "capitals-last", "capitals-first"],
)
def test_the_last_of_several_spellings_counts(text: str, value: int):
    """As in Go, which assigns one after the other."""
    assert Document(decode_object(text)).integer("mtu") == value


def test_null_is_absent():
    """For every reader, which then gives its default."""
    keys = ("a", "missing")
    document = Document({"a": None})
    assert document.has("a")
    for key in keys:
        assert document.get(key) is None
        assert document.string(key, "x") == "x"
        assert document.integer(key, 7) == 7
        assert document.unsigned(key, 7) == 7
        assert document.boolean(key, default=True) is True
        assert document.optional_string(key) is None
        assert document.optional_integer(key) is None
        assert document.optional_unsigned(key) is None
        assert document.optional_boolean(key) is None
        assert document.array(key) == []
        assert document.strings(key) == []
        assert document.objects(key) == []
        assert document.object(key) is None


READERS = {
    "string": (lambda d: d.string("k"), "a string"),
    "integer": (lambda d: d.integer("k"), "a whole number"),
    "unsigned": (lambda d: d.unsigned("k"), "a whole number from 0 up"),
    "boolean": (lambda d: d.boolean("k"), "true or false"),
    "array": (lambda d: d.array("k"), "a list"),
    "strings": (lambda d: d.strings("k"), "a list"),
    "object": (lambda d: d.object("k"), "an object"),
    "objects": (lambda d: d.objects("k"), "a list"),
}
VALUES = {
    "string": ('"5"', 'string "5"'),
    "integer": ("5", "number 5"),
    "double": ("1500.5", "number 1500.5"),
    "boolean": ("true", "true"),
    "array": ("[]", "a list"),
    "object": ("{}", "an object"),
}
FITTING = {
    ("string", "string"),
    ("integer", "integer"),
    ("unsigned", "integer"),
    ("boolean", "boolean"),
    ("array", "array"),
    ("strings", "array"),
    ("objects", "array"),
    ("object", "object"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", VALUES)
def test_a_value_of_another_type_is_refused(reader: str, value: str):
    """Nothing is converted: "5" is no number, true is not 1, and the message names the key."""
    read, expected = READERS[reader]
    text, found = VALUES[value]
    document = Document(decode_object(f'{{"K":{text}}}'), "ipam.ranges[0]")
    if (reader, value) in FITTING:
        assert read(document) is not None
        return
    with pytest.raises(CniError) as refused:
        read(document)
    assert refused.value.code == INVALID_NETWORK_CONFIG
    assert refused.value.msg == f'key "ipam.ranges[0].k": expected {expected}, found {found}'


@pytest.mark.parametrize("text", ["1500.0", "1.5e3", "1e3", str(2**63), str(-(2**63) - 1)])
def test_a_whole_number_is_written_as_one(text: str):
    """Without fraction and exponent, and within 64 bits, as Go has it."""
    with pytest.raises(CniError, match="expected a whole number, found number"):
        Document(decode_object(f'{{"mtu":{text}}}')).integer("mtu")


def test_numbers_at_the_bounds():
    """Signed and unsigned."""
    assert Document({"n": -(2**63)}).integer("n") == -(2**63)
    assert Document({"n": 2**64 - 1}).unsigned("n") == 2**64 - 1
    for number in (-1, 2**64):
        with pytest.raises(CniError, match="expected a whole number from 0 up"):
            Document({"n": number}).unsigned("n")


def test_places_within_lists_are_named():
    """A wrong element of a list is found by its index, however deep."""
    document = Document({"ipam": {"ranges": [{"dns": ["a", 5]}]}})
    ipam = document.object("ipam")
    assert ipam is not None
    (inner,) = ipam.objects("ranges")
    assert inner.path == "ipam.ranges[0]"
    with pytest.raises(CniError) as refused:
        inner.strings("dns")
    assert refused.value.msg == 'key "ipam.ranges[0].dns[1]": expected a string, found number 5'
    with pytest.raises(CniError) as refused:
        Document({"ips": [None]}).objects("ips")
    assert refused.value.msg == 'key "ips[0]": expected an object, found null'


def test_a_long_value_is_cut_in_the_message():
    """The key is what a reader needs."""
    with pytest.raises(CniError) as refused:
        Document({"mtu": "x" * 1000}).integer("mtu")
    assert len(refused.value.msg) < 150
