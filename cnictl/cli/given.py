"""Files that somebody names on the command line: what cannot be read or understood is wrong usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cnictl.cli.problems import UsageProblem
from cnictl.runtime.source import called
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError

MOST = 64 << 20
"""Bytes of a file that is given."""


def data(path: str) -> bytes:
    """What is in a file, `-` for stdin; raises UsageProblem when it cannot be read, or is too long."""
    try:
        if path == "-":
            read = sys.stdin.buffer.read(MOST + 1)
        else:
            with open(path, "rb") as file:
                read = file.read(MOST + 1)
    except OSError as error:
        raise UsageProblem(f"cannot read {called(path)}: {reason_of(error)}") from error
    if len(read) > MOST:
        raise UsageProblem(f"cannot read {called(path)}: it has more than {MOST >> 20} MiB")
    return read


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
    """Make wrong usage of what the block cannot make sense of; `hint` is for errors that have none."""
    try:
        yield
    except CnictlError as error:
        raise UsageProblem(f"{lead}{error}", hint=error.hint or hint) from error
