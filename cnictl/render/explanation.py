"""Explanations of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from cnictl.render.table import DIM, table
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from cnictl.explanation import Explanation
    from cnictl.render.form import Data

INDENT = 4
WIDEST = 80
"""Columns of prose, however wide the terminal is."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Explanations at full length: headings, prose in lines, examples as they are."""

    found: Sequence[Explanation]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDEST)
        for number, one in enumerate(self.found):
            if number:
                yield Text()
            yield Text.assemble((one.code, "bold"), f" {one.severity}: ", (one.name, "bold"))
            yield from _prose(one.summary, console, width)
            for section in one.sections:
                yield Text()
                yield Text(section.title, style="bold")
                yield from _prose(section.text, console, width)


def explanation_members(one: Explanation) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity,
        "summary": one.summary,
        "sections": [{"title": each.title, "text": each.text} for each in one.sections],
    }


def codes_table(known: Sequence[Explanation]) -> Table:
    """Return one line a code."""
    return table(
        ("CODE", "SEVERITY", "NAME", ""),
        ((one.code, one.severity, one.name, (_flowing(one.summary), DIM)) for one in known),
    )


def _prose(text: str, console: Console, width: int) -> Iterator[Text]:
    for block in text.split("\n\n"):
        if block.startswith(" "):
            yield from (Text(line(one)) for one in block.split("\n"))
            continue
        for part in Text(line(_flowing(block))).wrap(console, width - INDENT):
            part.rstrip()
            yield Text(" " * INDENT) + part


def _flowing(text: str) -> str:
    return " ".join(text.split())
