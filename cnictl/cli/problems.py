"""What a user sees when a command cannot do what was asked, and the exit status that goes with it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cnictl.cli.streams import discard
from cnictl.render.text import escape
from cnictl.sandbox.start import NotStarted
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    import typer

    from cnictl.runtime.failure import PluginFailed

HOLDS, NO, USAGE, FAILED = 0, 1, 2, 3
INTERRUPTED = 130

LONGEST = 4000
"""Characters of a message; a plugin's may be as long as it likes."""

_FORBIDDEN = ("permission denied", "operation not permitted")


class UsageProblem(CnictlError):
    """What was asked makes no sense: exit status 2."""


def wrong_usage(error: typer.TyperException) -> int:
    """Say how the command line is wrong and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "cnictl"
    message, _, suggestion = error.format_message().partition(". Did you mean ")
    message = message.replace(": Value error, ", ": ")
    hint = f"did you mean {suggestion}" if suggestion else f"try `{path} --help`"
    _say(message[:1].lower() + message[1:].rstrip("."), hint)
    return USAGE


def failed(error: Exception) -> int:
    """Say why a command failed: one line, and one that says what to do where there is something to do."""
    if isinstance(error, UsageProblem):
        _say(str(error), error.hint)
        return USAGE
    if isinstance(error, CnictlError):
        _say(str(error), error.hint or _root_hint(str(error)), _more(error))
        return error.status if isinstance(error, NotStarted) else FAILED
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        _say(f"{name}{error.strerror or error}", _root_hint(str(error.strerror)))
        return FAILED
    _say(
        f"this should not have happened: {type(error).__name__}: {error}",
        "CNICTL_DEBUG=1 shows where; please report it",
    )
    return FAILED


def answered(error: PluginFailed) -> int:
    """Say why a plugin did not say yes; 1 when no is its answer, 3 when it could not answer."""
    status = failed(error)
    return NO if error.says_no else status


def interrupted(error: BaseException | None = None) -> int:
    """Say that Ctrl-C ended it, and what could not be cleaned up."""
    notes = "".join(f"{escape(note)}\n" for note in getattr(error, "__notes__", ()))
    tell(f"\ninterrupted\n{notes}")
    return INTERRUPTED


def tell(text: str) -> None:
    """Write to stderr.  When that takes no more nobody can be told, and all else is done nevertheless."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        discard(2)


def _say(message: str, hint: str, more: str = "") -> None:
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} [...] {message[-LONGEST // 2 :]}"
    tell(f"error: {_indented(message)}\n{more}" + (f"hint: {_indented(hint)}\n" if hint else ""))


def _indented(text: str) -> str:
    """Return a text whose first line alone begins at the margin, so that it cannot be taken for two."""
    return escape(text).replace("\n", "\n  ")


def _more(error: CnictlError) -> str:
    """What is known of a failed operation beyond its message."""
    notes = "".join(f"  {escape(note)}\n" for note in getattr(error, "__notes__", ()))
    from cnictl.runtime.failure import OperationFailed

    if not isinstance(error, OperationFailed):
        return notes
    from cnictl.render.failure import failure_text

    return failure_text(error) + notes


def _root_hint(message: str) -> str:
    if os.geteuid() and any(words in message.lower() for words in _FORBIDDEN):
        return "are you root?  `cnictl node -- COMMAND` tries things out without"
    return ""
