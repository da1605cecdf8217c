"""Lines of a tree with a sign each: coloured and wrapped on a terminal, plain and whole elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from cnictl.render.text import line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Sign = Literal["+", "-", "~", " ", ""]

INDENT = 2
STYLES: dict[str, str] = {"+": "green", "-": "red", "~": "yellow", " ": "dim", "": "bold"}
"""Of a sign and its line; "" is for headings, " " for what is there for orientation only."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the tree; `text` may come from anywhere and is escaped here."""

    depth: int
    sign: Sign
    text: str

    @property
    def head(self) -> str:
        """Return what stands before the text: indentation and the sign."""
        return " " * (INDENT * self.depth) + (f"{self.sign} " if self.sign else "")


@dataclass(frozen=True, slots=True)
class Tree:
    """Lines for a rich console, which wraps them below their own beginning; `str` is for files and pipes."""

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return "".join(f"{one.head}{line(one.text)}".rstrip() + "\n" for one in self.lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in self.lines:
            style = STYLES[one.sign]
            room = max(options.max_width - len(one.head), 20)
            text = Text(line(one.text), style=style)
            for number, part in enumerate(text.wrap(console, room, overflow="fold")):
                part.rstrip()
                head = one.head if number == 0 else " " * len(one.head)
                yield Text(head, style=style) + part


def tree(lines: Iterable[Line]) -> Tree:
    """Return the lines as a tree."""
    return Tree(tuple(lines))
