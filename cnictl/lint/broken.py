"""Why a text is no JSON: the mistake that a person made, and where, rather than where a decoder gave up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.lint.locate import NotJSON, position, scan
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Expected, Span

PLACEHOLDER = re.compile(
    r"\{\{-?\s*[^\s\"{}].*?\}\}"  # Go templates, Jinja, Helm, confd
    r"|\{%.*?%\}"
    r"|\$\{[^}\n]*\}"  # shell, envsubst
    r"|\$\([^)\n]*\)"
    r"|\$[A-Za-z_][A-Za-z0-9_]*"
    r"|__[A-Za-z0-9][A-Za-z0-9_]*?__"  # what the installers of calico and others replace
    r"|<[A-Za-z/][\w ./-]*>"
    r"|%[A-Za-z]\w*%"
    r"|@[A-Za-z]\w*@"
)
"""What stands in a template for a value that is yet to come."""

# What Go's decoder says of a character, by what it expected.
_GO: dict[Expected, str] = {
    "value": "looking for beginning of value",
    "first value": "looking for beginning of value",
    "key": "looking for beginning of object key string",
    "first key": "looking for beginning of object key string",
    "colon": "after object key",
    "object end": "after object key:value pair",
    "array end": "after array element",
    "end": "after top-level value",
    "string": "in string literal",
}
_LITERALS = {"t": "true", "f": "false", "n": "null", "-": "-"}
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*", re.DOTALL)
_WORD = re.compile(r"[^\s,{}\[\]\"'#]+")
_KEY_WORD = re.compile(r"[^\s,:{}\[\]\"'#]+")
_LOOSE = re.compile(r"[^\n,{}\[\]\"]+|[^\n]+")
_NUMBER = re.compile(r"[+-]?[0-9]+|[+-]?[0-9]*\.[0-9]*|0[xX][0-9a-fA-F]+")
_YAML = re.compile(r"(?:---|%YAML|[A-Za-z][\w.-]*:(?:\s|$))")
_SPELT = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false",
          "none": "null", "nil": "null", "null": "null", "undefined": "null"}  # fmt: skip
_CURLY = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_BLANK = "null"
_CLOSES = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, from where on and for how many characters, and what to do about it."""

    offset: int
    length: int
    message: str
    hint: str
    fix: str | None = None


def trouble(text: str, found: NotJSON) -> Trouble:
    """Return what somebody probably did who wrote this text; Go's own words close the hint."""
    one = next(_causes(text, found))
    hint = f"{one.hint} (runtimes say: {go_words(text, found)})".lstrip()
    return Trouble(one.offset, max(one.length, 1), one.message, hint, one.fix)


def blank_placeholders(text: str) -> str:
    """Return a template as long as before, with null for every placeholder that keeps it from being JSON."""
    while True:
        try:
            scan(text)
        except NotJSON as found:
            cause = next(_placeholder(text, found), None)
            if cause is None or found.expected not in ("value", "first value"):
                return text
            end = cause.offset + cause.length
            text = f"{text[: cause.offset]}{_BLANK[: cause.length].ljust(cause.length)}{text[end:]}"
        except RecursionError:
            return text
        else:
            return text


def go_words(text: str, found: NotJSON) -> str:
    """Return what Go's decoder, and so the log of a runtime, says of the text."""
    at, context = found.offset, _GO[found.expected]
    inner = ""
    if found.expected == "string" and text[at : at + 1] == "\\":
        at, inner = at + 1, "in string escape code"
    elif found.expected in ("value", "first value") and text[at : at + 1] in _LITERALS:
        literal = _LITERALS[text[at]]
        same = 1
        while same < len(literal) and text[at + same : at + same + 1] == literal[same]:
            same += 1
        at, inner = at + same, f"in literal {literal} (expecting '{literal[same : same + 1]}')"
        if literal == "-":
            inner = "in numeric literal"
    if not inner and not text[at:].strip(" \t\r\n"):
        return "unexpected end of JSON input"
    character = chr(
        (text[at : at + 1] or " ").encode(errors="replace")[0]
    )  # Go looks at bytes, and at one more
    shown = {"'": r"\'", '"': '"'}.get(character) or go_quote(character)[1:-1]
    return f"invalid character '{shown}' {inner or context}"


def _causes(text: str, found: NotJSON) -> Iterator[Trouble]:
    """Yield what may be the cause, the likeliest first; the last always is one."""
    at, expected = found.offset, found.expected
    yield from _whole_text(text, found)
    yield from _placeholder(text, found)
    yield from _comment(text, at)
    yield from _cut_off(text, found)
    if expected == "string":
        yield _string(text, found)
    yield from _brackets(text, found)
    yield from _commas(text, found)
    yield from _glued(text, found)
    yield from _quotes(text, at)
    yield from _words(text, found)
    word = _token(text, at)
    yield Trouble(at, len(word), f"{word!r} cannot stand here", _wanted(expected))


def _whole_text(text: str, found: NotJSON) -> Iterator[Trouble]:
    if not text.strip():
        yield Trouble(0, 1, "the file is empty", "is it still being written?")
    elif text.startswith("\ufeff"):
        yield Trouble(0, 1, "the text starts with a byte order mark", "save it as UTF-8 without one", "")
    elif found.previous is None and _YAML.match(text, found.offset):
        word = _token(text, found.offset)
        yield Trouble(found.offset, len(word), "this is YAML", "a network configuration is JSON")


def _placeholder(text: str, found: NotJSON) -> Iterator[Trouble]:
    """Look for a template's placeholder where reading stopped, or one whose quotes stopped it."""
    start = text.rfind("\n", 0, found.offset) + 1
    for match in PLACEHOLDER.finditer(text, start):
        if match.start() > found.offset:
            return
        if match.end() > found.offset:
            yield Trouble(
                match.start(),
                len(match[0]),
                f"the placeholder {match[0]} was not replaced",
                "this is a template: put a value there, or have its installer do it",
            )


def _comment(text: str, at: int) -> Iterator[Trouble]:
    match = _COMMENT.match(text, at)
    if match is not None:
        yield Trouble(at, len(match[0].partition("\n")[0]), "JSON has no comments", "take it out")


def _cut_off(text: str, found: NotJSON) -> Iterator[Trouble]:
    if text[found.offset :].strip(" \t\r\n"):
        return
    end = len(text.rstrip(" \t\r\n"))
    if found.expected == "string":
        assert found.previous is not None
        yield Trouble(found.previous.start, 1, "the text ends within this string", "is the file cut off?")
    elif found.open:
        count = len(found.open)
        are = "bracket is" if count == 1 else "brackets are"
        message = f"the text ends here, and {count} {are} not closed"
        yield Trouble(end - 1, 1, message, f"{_listed(text, found.open)}; is the file cut off?")


def _string(text: str, found: NotJSON) -> Trouble:
    """Say why a string is none: reading stopped within it, at a character that must be escaped."""
    string, character = found.previous, text[found.offset]
    assert string is not None
    if character in "\r\n":
        return Trouble(
            string.start, found.offset - string.start, "the string is not closed", 'put a " at its end'
        )
    if character == "\\":
        bad = text[found.offset : found.offset + 2]
        return Trouble(found.offset, 2, f"{bad} is no escape", r"a backslash is written \\")
    escaped = character.encode("unicode_escape").decode()
    name = "a tab" if character == "\t" else f"the control character {escaped}"
    spelt = r"\t" if character == "\t" else f"\\u{ord(character):04x}"
    return Trouble(found.offset, 1, f"{name} cannot stand in a string", f"write {spelt}")


def _brackets(text: str, found: NotJSON) -> Iterator[Trouble]:
    character = text[found.offset]
    if character not in "]}":
        return
    if not found.open:
        yield Trouble(found.offset, 1, f"a {character} without a bracket to close", "take it out")
        return
    last = found.open[-1]
    if _CLOSES[text[last]] != character:
        line, _ = position(text, last)
        yield Trouble(
            found.offset,
            1,
            f"a {character}, but the {text[last]} of line {line} is not closed yet",
            f"put a {_CLOSES[text[last]]} before it",
        )
    elif _previous(text, found.previous) == ",":
        assert found.previous is not None
        yield Trouble(found.previous.start, 1, f"a comma before {character}", "take the comma out", "")
    elif _previous(text, found.previous) == ":":
        yield Trouble(found.offset, 1, "a key without a value", "put its value before the bracket")


def _commas(text: str, found: NotJSON) -> Iterator[Trouble]:
    at, character, previous = found.offset, text[found.offset], found.previous
    if character == "," and found.expected in ("key", "first key", "value", "first value"):
        yield Trouble(at, 1, "a comma with nothing before it", "take it out")
    if character in "{[" and found.expected in ("key", "first key"):
        line, _ = position(text, found.open[-1])
        yield Trouble(
            at, 1, "no key before this value", f"put a key before it, or close the {{ of line {line}"
        )
    if found.expected not in ("object end", "array end") or previous is None:
        return
    if character in '"{[-0123456789' and at > previous.end:
        yield Trouble(previous.end - 1, 1, "no comma behind this", "put one before what follows")
    elif character in ".;" and text[at + 1 : at + 2].isspace():
        yield Trouble(at, 1, f"a {character!r} where a comma belongs", "put a comma there")
    elif character == ":" and found.expected == "array end" and text[previous.start] == '"':
        yield Trouble(at, 1, "a key in a list", "put { before the key and } behind its value")


def _quotes(text: str, at: int) -> Iterator[Trouble]:
    if text[at] == "'":
        yield Trouble(at, 1, "JSON has no single quotes", 'put " in place of every one')
    elif text[at] in _CURLY:
        yield Trouble(at, 1, f"the quote {text[at]} is not the one of JSON", 'put " in place of every one')


def _glued(text: str, found: NotJSON) -> Iterator[Trouble]:
    """Look for something like 0.3.1 or 10.1.0.0/16, of which the beginning is a number."""
    previous = found.previous
    if previous is not None and previous.end == found.offset and text[previous.start] not in '"{}[],:':
        yield _unquoted(_matched(_WORD, text, previous.start), previous.start)


def _words(text: str, found: NotJSON) -> Iterator[Trouble]:
    at, expected = found.offset, found.expected
    if expected in ("key", "first key"):
        word = _matched(_KEY_WORD, text, at)
        if word and text[at + len(word) :].lstrip().startswith(":"):
            yield Trouble(at, len(word), f"the key {word} is not quoted", f'write "{word}"')
    elif expected in ("value", "first value"):
        word = _matched(_WORD, text, at)
        if word and not _is_note(word):
            yield _unquoted(word, at)
    if expected == "colon":
        yield Trouble(at, 1, "no colon between a key and its value", "put one")
    loose = _matched(_LOOSE, text, at).rstrip()
    where = "behind the document" if expected == "end" else "that is no JSON"
    if loose and loose[0] not in '"{[,:':
        yield Trouble(at, len(loose), f"text {where}: {loose!r}", "take it out")
    elif expected == "end":
        yield Trouble(at, 1, "a second document behind the first", "a file holds one network configuration")


def _unquoted(word: str, at: int) -> Trouble:
    known = _SPELT.get(word.lower())
    if known is not None:
        return Trouble(at, len(word), f"JSON has no {word}", f"write {known}")
    if word.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return Trouble(at, len(word), f"{word} is no JSON value", "write a number")
    if _NUMBER.fullmatch(word):
        return Trouble(
            at, len(word), f"JSON does not write a number as {word}", "no leading zeros, no plus sign"
        )
    return Trouble(at, len(word), f"{word} is not quoted", f'write "{word}"')


def _is_note(word: str) -> bool:
    return not any(character.isalnum() for character in word)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    match = pattern.match(text, at)
    return match[0] if match is not None else ""


def _token(text: str, at: int) -> str:
    return _matched(_WORD, text, at) or text[at : at + 1]


def _previous(text: str, previous: Span | None) -> str:
    return "" if previous is None else text[previous.start : previous.end]


def _listed(text: str, offsets: tuple[int, ...]) -> str:
    brackets = [f"{text[one]} of line {position(text, one)[0]}" for one in offsets[-4:]]
    return f"{', '.join(brackets)} {'is' if len(offsets) == 1 else 'are'} open"


def _wanted(expected: Expected) -> str:
    words = {
        "value": "a value belongs here",
        "first value": "a value or ] belongs here",
        "key": "a key in double quotes belongs here",
        "first key": "a key in double quotes or } belongs here",
        "colon": "a colon belongs here",
        "object end": "a comma or } belongs here",
        "array end": "a comma or ] belongs here",
    }
    return words.get(expected, "")
