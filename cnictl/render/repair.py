"""What a fix changes, what became of it, and whether it healed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from cnictl.render.doctor import INDENT, report_summary
from cnictl.render.table import Cell, facts
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from cnictl.doctor.judge import Report
    from cnictl.doctor.repair import Fix, Step
    from cnictl.render.form import Data


@dataclass(frozen=True, slots=True)
class Fixed:
    """Fixes, each with its steps, and with what became of them where they were tried."""

    fixes: list[Fix]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in self.fixes:
            failure = one.finding.failure
            yield Text.assemble((f"{failure.code} ", "bold"), line(failure.title))
            yield Padding(facts(_facts(one)), (0, 0, 0, INDENT))


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of a journal, and what became of each."""

    steps: list[Step]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield facts((one.result or "would be put back", _said(one)) for one in self.steps)


def fixes_members(fixes: list[Fix], report: Report, journal: str) -> dict[str, Data]:
    """Return the same for `-o json`; `report` is of the node afterwards."""
    return {
        "healthy": report.healthy,
        "journal": journal,
        "fixes": [
            {
                "code": one.finding.failure.code,
                "where": one.finding.where,
                "healed": one.healed,
                "steps": steps_members(one.steps),
            }
            for one in fixes
        ],
        "left": [{"code": one.failure.code, "where": one.where} for one in report.every()],
    }


def steps_members(steps: list[Step]) -> list[Data]:
    """Return the steps for `-o json`."""
    return [
        {"command": one.command, "change": one.told, "result": one.result, "reason": one.reason}
        for one in steps
    ]


def fixes_summary(fixes: list[Fix], report: Report, journal: str) -> str:
    """Return in one line what is left, and how it is done or taken back."""
    left = report_summary(report, heals=False)
    if not fixes:
        return f"{left}; there is no safe fix for it" if report.findings else left
    if not journal:
        return f"{left}; nothing was changed: --yes does it"
    failed = sum(one.healed is False for one in fixes)
    not_healed = f"{failed} did not heal; " if failed else ""
    return f"{not_healed}left: {left}; `cnictl doctor --undo {journal}` takes it back"


def _facts(one: Fix) -> Iterator[tuple[str, Cell]]:
    yield "where", one.finding.where
    for step in one.steps:
        yield step.result or "change", step.told
        yield "", f"$ {step.command}"
        if step.reason:
            yield "", step.reason
    if one.healed is not None:
        yield "healed", "yes" if one.healed else "no, it is still there"


def _said(one: Step) -> str:
    return f"{one.command}: {one.reason}" if one.reason else one.command
