"""Tables and lists of facts, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table
    from rich.text import Text

Cell = str | tuple[str, str]
"""Text that may come from anywhere, and perhaps its style."""

GOOD, BAD, DIM = "green", "red", "dim"


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """Return a table; every row has a cell for every column."""
    from rich.table import Table  # 40 ms, which programs that want JSON need not wait for

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(_text(cell) for cell in row))
    return made


def facts(pairs: Iterable[tuple[str, Cell]]) -> Table:
    """Return one line a fact, its name first; those that say nothing are left out."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style=DIM)
    made.add_column(overflow="fold")
    for name, cell in pairs:
        if cell:
            made.add_row(name, _text(cell))
    return made


def _text(cell: Cell) -> Text:
    from rich.text import Text

    text, style = cell if isinstance(cell, tuple) else (cell, "")
    return Text(line(text), style=style)
