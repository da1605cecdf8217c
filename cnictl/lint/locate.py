"""Where things stand in a JSON text: every value and key with its offsets, or where it stops being JSON.

The scanner knows the grammar of RFC 8259 and nothing else: what a text holds, the one decoder
says (cnictl.spec.document).  This says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cnictl.spec.errors import CnictlError

Pointer = tuple[str | int, ...]
"""Keys and indexes that lead from the document to a value."""

Expected = Literal[
    "value", "first value", "key", "first key", "colon", "object end", "array end", "end", "string"
]
"""What the grammar allows where a text stops being JSON."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_GOOD_PART = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, its end not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object, with the span of its quoted text, and its value."""

    name: str
    key: Span
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands; the members of an object in their order, repeated ones too."""

    span: Span
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()

    def member(self, name: str) -> Member | None:
        """Return the member of that name, or else one that differs in case; the last of several."""
        same = [one for one in self.members if one.name.casefold() == name.casefold()]
        return next((one for one in reversed(same) if one.name == name), same[-1] if same else None)

    def objects(self, where: Pointer = ()) -> Iterator[tuple[Pointer, Node]]:
        """Yield this value and all below it that have members, with the way to them."""
        if self.members:
            yield where, self
        for member in self.members:
            yield from member.node.objects((*where, member.name))
        for i, item in enumerate(self.items):
            yield from item.objects((*where, i))


class NotJSON(CnictlError):
    """The text is JSON up to `offset`; `expected` is what could stand there.

    `previous` is the token before, None at the start; `open` are the brackets not yet closed.
    """

    def __init__(
        self, offset: int, expected: Expected, previous: Span | None, still_open: tuple[int, ...]
    ) -> None:
        super().__init__(f"no JSON from character {offset} on: expected {expected}")
        self.offset = offset
        self.expected = expected
        self.previous = previous
        self.open = still_open


def scan(text: str) -> Node:
    """Return the document's places; raises NotJSON, and RecursionError for nesting that nobody wrote."""
    scanner = _Scanner(text)
    node = scanner.value("value")
    scanner.skip()
    if scanner.at != len(text):
        raise scanner.broken("end")
    return node


def find(root: Node, where: Pointer, *, at_key: bool = False) -> tuple[Pointer, Span]:
    """Return a place as it is spelled in the text, and where its value stands there, or its key.

    Of a place that is not there this is the innermost object or list that is.
    """
    node, key, way = root, None, list[str | int]()
    for step in where:
        if isinstance(step, int):
            if step >= len(node.items):
                return tuple(way), node.span
            node, key = node.items[step], None
            way.append(step)
        else:
            member = node.member(step)
            if member is None:
                return tuple(way), node.span
            node, key = member.node, member.key
            way.append(member.name)
    return tuple(way), key if at_key and key is not None else node.span


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both from 1; a column is a character, whatever its width."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def line_at(text: str, offset: int) -> str:
    """Return the line that an offset is in."""
    end = text.find("\n", offset)
    return text[text.rfind("\n", 0, offset) + 1 : len(text) if end < 0 else end].rstrip("\r")


def spelled(where: Pointer) -> str:
    """Return the place as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in where)


def dotted(where: Pointer) -> str:
    """Return the place as the plugins' messages spell it: `ipam.ranges[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")


class _Scanner:
    """A reader that remembers where it is, what it read last, and which brackets are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.previous: Span | None = None
        self.open: list[int] = []

    def skip(self) -> str:
        """Pass over blanks; return the character behind them, "" at the end."""
        match = _BLANKS.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def broken(self, expected: Expected) -> NotJSON:
        return NotJSON(self.at, expected, self.previous, tuple(self.open))

    def value(self, expected: Expected) -> Node:
        first = self.skip()
        if first == "{":
            return self.object()
        if first == "[":
            return self.array()
        if first == '"':
            return Node(self.string())
        match = _SCALAR.match(self.text, self.at)
        if match is None:
            raise self.broken(expected)
        return Node(self.token(match.end()))

    def token(self, end: int) -> Span:
        self.previous = Span(self.at, end)
        self.at = end
        return self.previous

    def string(self) -> Span:
        match = _STRING.match(self.text, self.at)
        if match is None:
            good = _GOOD_PART.match(self.text, self.at)
            assert good is not None
            self.token(good.end())
            raise self.broken("string")
        return self.token(match.end())

    def object(self) -> Node:
        start = self.bracket()
        members: list[Member] = []
        while self.skip() != "}" or members:
            if self.skip() != '"':
                raise self.broken("key" if members else "first key")
            key = self.string()
            name: str = json.loads(self.text[key.start : key.end])
            if self.skip() != ":":
                raise self.broken("colon")
            self.token(self.at + 1)
            members.append(Member(name, key, self.value("value")))
            following = self.skip()
            if following == "}":
                break
            if following != ",":
                raise self.broken("object end")
            self.token(self.at + 1)
        return Node(self.closed(start), members=tuple(members))

    def array(self) -> Node:
        start = self.bracket()
        items: list[Node] = []
        while self.skip() != "]" or items:
            items.append(self.value("value" if items else "first value"))
            following = self.skip()
            if following == "]":
                break
            if following != ",":
                raise self.broken("array end")
            self.token(self.at + 1)
        return Node(self.closed(start), items=tuple(items))

    def bracket(self) -> int:
        self.open.append(self.at)
        return self.token(self.at + 1).start

    def closed(self, start: int) -> Span:
        self.open.pop()
        return Span(start, self.token(self.at + 1).end)
