"""What validation found: lines that point at the place, for people, and members for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from cnictl.lint.model import ERROR, INFO, SEVERITIES, WARNING
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from cnictl.lint.engine import Report
    from cnictl.lint.model import Diagnostic
    from cnictl.render.form import Data

STYLES = {ERROR: "bold red", WARNING: "yellow", INFO: "cyan"}
INDENT = 4
MOST = 80
"""Columns of a line of source that are shown; there are files of one line."""
CUT = "…"
BEFORE = 24
"""Characters shown before the place in a line that has to be cut."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """A report's diagnostics, each with the line it is about and a caret below the place."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in self.report.diagnostics:
            yield from _diagnostic(one, console, options.max_width)


def report_members(report: Report) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "files": list(report.files),
        **{f"{severity}s" if severity != INFO else INFO: report.count(severity) for severity in SEVERITIES},
        "diagnostics": [_members(one) for one in report.diagnostics],
        "silenced": [{**_members(one), "reason": reason} for one, reason in report.silenced],
    }


def report_summary(report: Report) -> str:
    """Return one line: how many files, and what was found in them."""
    count = len(report.files)
    counted = [
        f"{found} {severity}{'s' if found != 1 and severity != INFO else ''}"
        for severity in SEVERITIES
        if (found := report.count(severity))
    ]
    silenced = f"; {len(report.silenced)} silenced" if report.silenced else ""
    return f"{count} file{'s' if count != 1 else ''}: {', '.join(counted) or 'nothing to remark'}{silenced}"


def _members(one: Diagnostic) -> dict[str, Data]:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "pointer": one.pointer,
        "code": one.code,
        "rule": one.rule,
        "severity": one.severity,
        "message": one.message,
        "hint": one.hint,
    }


def _diagnostic(one: Diagnostic, console: Console, width: int) -> Iterator[Text]:
    style = STYLES[one.severity]
    head = Text.assemble(
        (line(f"{one.file}:{one.line}:{one.column}: "), "bold"),
        (f"{one.code} {one.severity}: ", style),
        line(one.message),
    )
    yield from _wrapped(head, console, width, 0)
    source, before, marked = _excerpt(one, min(width, MOST) - INDENT)
    if source.strip():
        yield Text(" " * INDENT + source, style="dim")
        yield Text(" " * (INDENT + before) + "^" * marked, style=style)
    if one.hint:
        yield from _wrapped(Text(f"hint: {line(one.hint)}"), console, width, INDENT)


def _wrapped(text: Text, console: Console, width: int, indent: int) -> Iterator[Text]:
    """Yield the text's lines; those after the first are indented by so much, and at least by INDENT."""
    room = max(width - max(indent, INDENT), 20)
    if len(text) <= room and text.plain.isascii():
        yield Text(" " * indent) + text
        return
    first = True
    for part in text.wrap(console, room, overflow="fold"):
        part.rstrip()
        yield Text(" " * (indent if first else max(indent, INDENT))) + part
        first = False


def _excerpt(one: Diagnostic, room: int) -> tuple[str, int, int]:
    """Return what is shown of a line, the columns before the place, and how many columns it takes."""
    start, end = one.column - 1, one.column - 1 + one.length
    lead = len(one.source) - len(one.source.lstrip())
    lead = min(lead, start)
    shown = [_drawn(part) for part in (one.source[lead:start], one.source[start:end], one.source[end:])]
    if sum(map(len, shown)) > room and len(shown[0]) > BEFORE:
        shown[0] = CUT + shown[0][-BEFORE:]
    text = "".join(shown)
    if len(text) > room:
        text = text[: room - 1] + CUT
    return text, len(shown[0]), max(1, min(len(shown[1]), len(text) - len(shown[0])))


def _drawn(text: str) -> str:
    return line(text.replace("\t", "  "))
