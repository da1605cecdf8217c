"""What a user sees when a command cannot do what was asked, and the exit status that goes with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cnictl.render.text import escape
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    import typer

HOLDS, NO, USAGE, FAILED = 0, 1, 2, 3
INTERRUPTED = 130


class UsageProblem(CnictlError):
    """What was asked makes no sense: exit status 2."""


def wrong_usage(error: typer.TyperException) -> int:
    """Say how the command line is wrong and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "cnictl"
    _say(error.format_message(), f"try `{path} --help`")
    return USAGE


def failed(error: Exception) -> int:
    """Say why a command failed: one line, and one that says what to do where there is something to do."""
    if isinstance(error, UsageProblem):
        _say(str(error), error.hint)
        return USAGE
    if isinstance(error, CnictlError):
        _say(str(error), error.hint)
        return FAILED
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        _say(
            f"{name}{error.strerror or error}", "are you root?" if isinstance(error, PermissionError) else ""
        )
        return FAILED
    _say(
        f"this should not have happened: {type(error).__name__}: {error}",
        "CNICTL_DEBUG=1 shows where; please report it",
    )
    return FAILED


def interrupted() -> int:
    """Say that Ctrl-C ended it."""
    sys.stderr.write("\ninterrupted\n")
    return INTERRUPTED


def _say(message: str, hint: str) -> None:
    sys.stderr.write(f"error: {escape(message)}\n")
    if hint:
        sys.stderr.write(f"hint: {escape(hint)}\n")
