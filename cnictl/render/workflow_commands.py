"""What validation found as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.engine import STDIN
from cnictl.lint.model import ERROR, INFO, WARNING
from cnictl.render.text import escape

if TYPE_CHECKING:
    from cnictl.lint.engine import Report
    from cnictl.lint.model import Diagnostic

COMMANDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}


def workflow_commands(report: Report) -> str:
    """Return a line for each diagnostic."""
    return "".join(f"{_command(one)}\n" for one in report.diagnostics)


def _command(one: Diagnostic) -> str:
    properties = {
        "file": one.file,
        "line": str(one.line),
        "col": str(one.column),
        "endColumn": str(one.column + one.length),
        "title": f"{one.code} {one.rule}",
    }
    if one.file == STDIN:
        properties = {"title": properties["title"]}  # there is no file to show it beside
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = f"{one.message}\n{one.hint}" if one.hint else one.message
    return f"::{COMMANDS[one.severity]} {named}::{_data(message)}"


def _data(text: str) -> str:
    """Return a text as a command holds it: a line break would end the command, and begin another's."""
    shown = escape(text, keep="\r\n")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
