"""The program that stands in for a plugin: made from its C source, or read where it was made elsewhere."""

from __future__ import annotations

import os

from cnictl.aside import MARK
from cnictl.child import CannotRun
from cnictl.compiler import CompilerError, compiled
from cnictl.invoke import run
from cnictl.record.model import RecordError
from cnictl.runtime import source

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_in")
TIMEOUT = 10.0
"""Seconds for the stand-in to say that it runs."""


def build() -> bytes:
    """Compile the stand-in for machines like this one.  Raises RecordError."""
    sources = sorted(name for name in os.listdir(SOURCES) if name.endswith(".c"))
    try:
        return compiled("the stand-in", [os.path.join(SOURCES, name) for name in sources]) + MARK
    except CompilerError as error:
        elsewhere = "run `cnictl record build FILE` where there is one and use --stand-in FILE"
        raise RecordError(str(error), hint=f"{error.hint}, or {elsewhere}" if error.hint else "") from None


def load(path: str) -> bytes:
    """Read a stand-in that `build` made.  Raises RecordError for another file, and CnictlError."""
    program = source.read(path)
    if not program.endswith(MARK):
        raise RecordError(f"{path} is no stand-in", hint="`cnictl record build FILE` makes one")
    return program


def check(path: str) -> None:
    """See whether a stand-in starts here, where it stands in for nothing and says so.  Raises RecordError."""
    try:
        done = run(path, environment={}, timeout=TIMEOUT)
    except CannotRun as error:
        raise RecordError(
            f"the stand-in does not run here: {error}", hint="build it on a machine like this one"
        ) from None
    if done.status != 1 or b"cnictl record:" not in done.stdout:
        raise RecordError(f"the stand-in does not run here: {done.reason}")
