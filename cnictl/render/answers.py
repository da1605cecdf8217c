"""What the plugins of a network answered to CHECK or STATUS."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from cnictl.render.execution import answer_members, milliseconds, outcome
from cnictl.render.table import BAD, GOOD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.plugin import Execution


def answers_table(executions: Iterable[Execution], yes: str) -> Table:
    """Return one line a plugin; `yes` is what one that is content is said to be."""
    return table(("PLUGIN", "ANSWER", "TIME"), (_row(one, yes) for one in executions))


def answers_members(executions: Iterable[Execution]) -> list[Data]:
    """Return the same for `-o json`."""
    return [answer_members(one) for one in executions]


def verdict(executions: Collection[Execution], *, failed: bool) -> bool | None:
    """Return whether all said yes, None where nobody was asked."""
    return False if failed else True if executions else None


def _row(one: Execution, yes: str) -> tuple[Cell, ...]:
    if one.error is None:
        answer: Cell = (yes, GOOD)
    elif one.error.code:
        answer = (f"no: {one.error}", BAD)
    else:
        answer = (f"none: {outcome(one)}", BAD)
    return one.plugin, answer, milliseconds(one.seconds)
