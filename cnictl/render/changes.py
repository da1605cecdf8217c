"""What would be written into files, as a difference that `patch` reads."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from rich.segment import Segment

from cnictl.render.text import escape, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from cnictl.lint.fix import Mended

STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences of files, one below the other.  No line is wrapped, which would be none for `patch`."""

    mended: Sequence[Mended]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in self.mended:
            for text, style in _lines(one):
                yield Segment(text, console.get_style(style))
                yield Segment.line()


def _lines(one: Mended) -> Iterator[tuple[str, str]]:
    name = line(one.path)
    before, after = (text.removesuffix("\n").split("\n") for text in (one.before, one.after))
    found = unified_diff(before, after, name, name, lineterm="")
    for number, each in enumerate(found):
        yield escape(each, keep="\t"), "bold" if number < 2 else STYLES.get(each[:1], "none")
