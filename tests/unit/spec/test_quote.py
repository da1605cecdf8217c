"""Texts in messages, quoted as Go quotes them."""

from __future__ import annotations

import pytest

from cnictl.spec.quote import go_quote, go_quote_list


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("eth0", '"eth0"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("\a\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'),
        ("\0\x1b\x7f", '"\\x00\\x1b\\x7f"'),
        ("é€\U0001f600", '"é€\U0001f600"'),
        ("\u200b\u2028", '"\\u200b\\u2028"'),
        ("\U000e0001", '"\\U000e0001"'),
        (b"\xff\xe9".decode(errors="surrogateescape"), '"\\xff\\xe9"'),
    ],
    ids=["empty", "plain", "quotes", "named", "control", "printable", "invisible", "beyond", "no-utf-8"],
)
def test_a_text_is_quoted(text: str, quoted: str):
    """What prints stays, what does not is escaped by its number."""
    assert go_quote(text) == quoted


def test_texts_in_a_row():
    """Separated by blanks, in brackets, each quoted."""
    assert go_quote_list(["A=1", 'b"']) == '["A=1" "b\\""]'
    assert go_quote_list([]) == "[]"
