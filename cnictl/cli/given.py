"""What somebody gives on the command line: what cannot be read or understood is wrong usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cnictl.cli import output
from cnictl.cli.problems import NO, UsageProblem
from cnictl.runtime import source
from cnictl.runtime.cache import CannotRead
from cnictl.runtime.source import MOST
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError


def data(path: str) -> bytes:
    """What is in a file, `-` for stdin; raises UsageProblem when it cannot be read, or is too long."""
    with understood():
        return source.read(path)


def text(path: str) -> str:
    """The same as text, whatever bytes there are."""
    return data(path).decode(errors="replace")


def end(path: str) -> str:
    """As much of the end of a log as can be kept; raises UsageProblem when it cannot be read."""
    if path == "-":
        return text(path)
    try:
        with open(path, "rb") as file:
            if file.seekable():
                file.seek(-min(MOST, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return file.read(MOST).decode(errors="replace")
    except OSError as error:
        raise UsageProblem(f"cannot read {path}: {reason_of(error)}") from error


@contextmanager
def understood(lead: str = "", hint: str = "") -> Iterator[None]:
    """Make wrong usage of what the block cannot make sense of; `hint` is for errors that have none.

    A cache that cannot be read is nobody's wrong usage, and stays what it is.
    """
    try:
        yield
    except CannotRead:
        raise
    except CnictlError as error:
        raise UsageProblem(f"{lead}{error}", hint=error.hint or hint) from error


def confirm(question: str, *, hint: str, refused: str) -> None:
    """Have a person say yes; else `refused` is told, and the exit status is 1.

    Raises UsageProblem with `hint` where nobody is there.
    """
    if not sys.stdin.isatty():
        raise UsageProblem(f"{question[:-1]}: nobody is there to confirm it", hint=hint)
    if not typer.confirm(question, err=True):
        output.note(refused)
        raise typer.Exit(NO)
