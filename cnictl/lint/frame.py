"""A text within another: where in a YAML document the characters of one of its values stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.lint.locate import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yaml import ScalarNode

LITERAL, FOLDED, DOUBLE, SINGLE = "|", ">", '"', "'"
_ESCAPES = {"x": 4, "u": 6, "U": 10}
"""How long the longer ones of YAML 1.1, 5.7, are with their backslash; others have two characters."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The text of a file, and for each character of an inner text where it stands there, its end included."""

    text: str
    offsets: Sequence[int]

    def outer(self, span: Span) -> Span:
        """Return where a stretch of the inner text stands."""
        last = len(self.offsets) - 1
        start = self.offsets[min(span.start, last)]
        if span.end <= span.start:
            return Span(start, start)
        return Span(start, self.offsets[min(span.end, last) - 1] + 1 if last else start)


def frame(text: str, base: int, node: ScalarNode) -> Frame:
    """Return the frame of a scalar, of a document that begins at the offset `base` of a text."""
    start, end = base + node.start_mark.index, base + node.end_mark.index
    if node.style == LITERAL:
        return Frame(text, list(_literal(text, start, node.value)))
    return Frame(text, list(_flowing(text, start, end, node.value, node.style)))


def _literal(text: str, start: int, value: str) -> Iterator[int]:
    """Yield the offsets of a block whose lines are those of its source, without their indentation."""
    at = _line_end(text, start) + 1
    indent = None
    for line in value.split("\n"):
        end = _line_end(text, at)
        if indent is None and line.strip():
            indent = _blanks(text[at:end]) - _blanks(line)
        first = min(at + (indent or 0), end)
        yield from (min(first + i, end) for i in range(len(line) + 1))
        at = min(end + 1, len(text))


def _flowing(text: str, start: int, end: int, value: str, style: str | None) -> Iterator[int]:
    """Yield the offsets of a scalar whose lines may be folded, and whose characters may be escaped."""
    at = start
    if style == FOLDED:
        at = _line_end(text, start) + 1
    elif style in (DOUBLE, SINGLE):
        at += 1
    for character in value:
        while style == DOUBLE and text[at : at + 1] == "\\" and text[at + 1 : at + 2] in ("\r", "\n"):
            at = _past_blanks(text, at + 1, end)  # a line that goes on
        if text[at : at + 1] != character and text[at : at + 1].isspace():
            found = _past_blanks(text, at, end)
            if character in " \n":
                yield at
                at = found
                continue
            at = found
        yield min(at, end)
        if style == DOUBLE and text[at : at + 1] == "\\":
            at += _ESCAPES.get(text[at + 1 : at + 2], 2)
        elif style == SINGLE and text[at : at + 2] == "''":
            at += 2
        else:
            at += 1
    yield min(at, end)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _past_blanks(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
