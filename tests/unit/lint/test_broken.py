"""What is said of a text that is not JSON: the mistake, its place, and a runtime's words for it."""

from __future__ import annotations

import pytest

from tests.unit.lint.texts import marked, only

MISTAKES = [
    # comments
    ('{"a": 1, // one\n"b": 2}', "JSON has no comments", "// one"),
    ('{"a": 1 # one\n}', "JSON has no comments", "# one"),
    ('/* a\nb */ {"a": 1}', "JSON has no comments", "/* a"),
    # commas and brackets
    ('{"a": 1,\n}', "a comma before }", ","),
    ('{"a": [1, 2,]}', "a comma before ]", ","),
    ('{"a": 1,, "b": 2}', "a comma with nothing before it", ","),
    ('{"a": "x" "b": 2}', "no comma behind this", '"'),
    ('{"a": {"b": 1}\n"c": 2}', "no comma behind this", "}"),
    ('{"a": [1 2]}', "no comma behind this", "1"),
    ('{"a": 1;\n"b": 2}', "a ';' where a comma belongs", ";"),
    ('{"a": 1}}', "a } without a bracket to close", "}"),
    ('{"a": [1, 2}', "a }, but the [ of line 1 is not closed yet", "}"),
    ('{"a": [{"b": 1]}', "a ], but the { of line 1 is not closed yet", "]"),
    ('{"a": {"b": 1, {"c": 2}}', "no key before this value", "{"),
    ('{"a" 1}', "no colon between a key and its value", "1"),
    ('{"a": }', "a key without a value", "}"),
    ('{"plugins": ["type": "bridge"]}', "a key in a list", ":"),
    # cut off
    ('{"a": [{"b": 1}', "the text ends here, and 2 brackets are not closed", "}"),
    ('{"a": "bri', "the text ends within this string", '"'),
    ("", "the file is empty", ""),
    (" \n\n", "the file is empty", " "),
    # words and quotes
    ('{"a": primary}', "primary is not quoted", "primary"),
    ('{"a": 0.3.1}', "0.3.1 is not quoted", "0.3.1"),
    ('{"a": 10.1.0.0/16}', "10.1.0.0/16 is not quoted", "10.1.0.0/16"),
    ('{"a": [2001:db8::/64]}', "2001:db8::/64 is not quoted", "2001:db8::/64"),
    ('{name: "web"}', "the key name is not quoted", "name"),
    ('{"a": True}', "JSON has no True", "True"),
    ('{"a": yes}', "JSON has no yes", "yes"),
    ('{"a": NaN}', "NaN is no JSON value", "NaN"),
    ('{"a": 0644}', "JSON does not write a number as 0644", "0644"),
    ('{"a": +1}', "JSON does not write a number as +1", "+1"),
    ("{'a': 1}", "JSON has no single quotes", "'"),
    ("{\u201ca\u201d: 1}", "the quote \u201c is not the one of JSON", "\u201c"),
    ('{"a": 1, <--- the first\n"b": 2}', "text that is no JSON: '<--- the first'", "<--- the first"),
    ('{"a": 1, ... (snip)\n}', "text that is no JSON: '... (snip)'", "... (snip)"),
    ('{"a": 1} and more', "text behind the document: 'and more'", "and more"),
    ('{"a": 1}\n{"b": 2}', "a second document behind the first", "{"),
    # strings
    ('{"a": "bridge,\n"b": 1}', "the string is not closed", '"bridge,'),
    ('{"a": "C:\\cni\\bin"}', "\\c is no escape", "\\c"),
    ('{"a": "x\ty"}', "a tab cannot stand in a string", "\t"),
    ('{"a": "\x1b[m"}', "the control character \\x1b cannot stand in a string", "\x1b"),
    # placeholders
    ('{"mtu": __CNI_MTU__}', "the placeholder __CNI_MTU__ was not replaced", "__CNI_MTU__"),
    ('{"mtu": {{ .MTU }}}', "the placeholder {{ .MTU }} was not replaced", "{{ .MTU }}"),
    ('{"a": "{{getenv "X"}}"}', 'the placeholder {{getenv "X"}} was not replaced', '{{getenv "X"}}'),
    ('{"mtu": ${MTU:-1500}}', "the placeholder ${MTU:-1500} was not replaced", "${MTU:-1500}"),
    ('{"mtu": $MTU}', "the placeholder $MTU was not replaced", "$MTU"),
    ('{"mtu": <mtu>}', "the placeholder <mtu> was not replaced", "<mtu>"),
    # other things
    ("cniVersion: 1.0.0\nname: web\n", "this is YAML", "cniVersion:"),
    ("---\nname: web\n", "this is YAML", "---"),
    ('\ufeff{"a": 1}', "the text starts with a byte order mark", "\ufeff"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "place"), MISTAKES)
def test_the_mistake_is_named_where_it_was_made(text: str, message: str, place: str):
    """Not where the decoder gave up: the comma, not the bracket behind it; the whole word, not its tail."""
    one = only(text)
    assert (one.code, one.severity) == ("CNI101", "error")
    assert (one.message, marked(one)) == (message, place)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"a": 1,}', "take the comma out"),
        ('{"a": True}', "write true"),
        ('{"a": primary}', 'write "primary"'),
        ('{"a": ["x", ', "{ of line 1, [ of line 1 are open; is the file cut off?"),
        ('{"a": "x\\y"}', r"a backslash is written \\"),
    ],
)
def test_the_hint_is_something_to_do(text: str, hint: str):
    """And it ends with what a runtime logs, for whoever looks for that."""
    assert only(text).hint.startswith(f"{hint} (runtimes say: ")


def test_depth_is_no_crash():
    """A text of brackets only is refused like any other."""
    one = only("[" * 100_000)
    assert (one.code, one.message) == ("CNI101", "nested deeper than 200 levels")
