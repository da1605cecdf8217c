"""What is wrong with a node: causes with their consequences for people, members for programs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from cnictl.doctor.failure import filled
from cnictl.render.table import DIM, Cell, facts
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from cnictl.doctor.bundle import Bundle
    from cnictl.doctor.finding import Finding
    from cnictl.doctor.judge import Report
    from cnictl.render.form import Data

STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
INDENT = 4
SHOWN = 8
"""Lines of evidence that are shown; `-o json` has them all."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Every cause with what was seen and what to do, what comes of it, and what was not looked for."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in self.report.findings:
            yield from _finding(one, 0)
        by_reason: dict[str, list[str]] = defaultdict(list)
        for each in self.report.unchecked:
            by_reason[each.reason].append(each.code)
        for reason, codes in by_reason.items():
            yield Text(f"not checked: {line(reason)}", style="bold")
            yield Padding(Text(", ".join(codes), style=DIM), (0, 0, 0, INDENT))


def report_members(bundle: Bundle, report: Report) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "node": bundle.node,
        "taken": round(bundle.taken, 3),
        "healthy": report.healthy,
        "findings": [_members(one) for one in report.findings],
        "unchecked": [{"code": one.code, "reason": one.reason} for one in report.unchecked],
    }


def report_summary(report: Report, *, heals: bool = True) -> str:
    """Return one line: how much was found, how much could not be looked for, and whether --fix `heals` it."""
    every = report.every()
    counts = [
        f"{count} {severity}{'s' if count != 1 and severity != 'info' else ''}"
        for severity in STYLES
        if (count := sum(one.severity == severity for one in every))
    ]
    count = len(report.unchecked)
    not_checked = f"; {count} class{'es' if count != 1 else ''} not checked" if count else ""
    safe = heals and any(one.failure.safe for one in every)
    fix = "; --fix heals what can be healed safely" if safe else ""
    return f"{', '.join(counts) or 'nothing found'}{not_checked}{fix}"


def _members(one: Finding) -> dict[str, Data]:
    return {
        "code": one.failure.code,
        "title": one.failure.title,
        "severity": one.severity,
        "where": one.where,
        "evidence": list(one.lines),
        "cause": one.failure.cause,
        "fix": one.failure.fix,
        "commands": [filled(each, one.facts) for each in one.failure.run],
        "avoid": one.failure.avoid,
        "verify": filled(one.failure.verify, one.facts),
        "consequences": [_members(each) for each in one.consequences],
    }


def _finding(one: Finding, depth: int) -> Iterator[Text | Padding]:
    indent = depth * INDENT
    head = Text.assemble(
        (f"{one.failure.code} ", "bold"), (f"{one.severity}: ", STYLES[one.severity]), line(one.failure.title)
    )
    yield Padding(head, (0, 0, 0, indent))
    yield Padding(facts(_facts(one)), (0, 0, 0, indent + INDENT))
    for each in one.consequences:
        yield Padding(Text("of which comes", style=DIM), (0, 0, 0, indent + INDENT))
        yield from _finding(each, depth + 1)


def _facts(one: Finding) -> Iterator[tuple[str, Cell]]:
    yield "where", one.where
    for number, each in enumerate(one.lines[:SHOWN]):
        yield "seen" if not number else "", each
    if len(one.lines) > SHOWN:
        yield "", f"and {len(one.lines) - SHOWN} more"
    yield "cause", one.failure.cause
    yield "fix", one.failure.fix
    for each in one.failure.run:
        yield "", f"$ {filled(each, one.facts)}"
    yield "avoid", one.failure.avoid
    yield "verify", f"$ {filled(one.failure.verify, one.facts)}"
