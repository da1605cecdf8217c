"""The program that stands in for a plugin: made from its C source, or read where it was made elsewhere."""

from __future__ import annotations

import os
import shutil
import tempfile

from cnictl.aside import MARK
from cnictl.child import CannotRun
from cnictl.invoke import run
from cnictl.record.model import RecordError

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_in")
COMPILERS = ("cc", "gcc", "clang")
TIMEOUT = 60.0
"""Seconds for the compiler, which needs one or two."""
_STATIC = ("-static", "")
"""Without libraries to be loaded it starts in half the time; not every system has those to link with."""


def build() -> bytes:
    """Compile the stand-in for machines like this one.  Raises RecordError."""
    found = filter(None, map(shutil.which, COMPILERS))
    compiler = next(found, None)
    if compiler is None:
        raise RecordError(
            f"there is no C compiler here: {', '.join(COMPILERS)}",
            hint="install gcc, or run `cnictl record build FILE` where there is one and use --stand-in FILE",
        )
    sources = sorted(os.path.join(SOURCES, name) for name in os.listdir(SOURCES) if name.endswith(".c"))
    said = ""
    with tempfile.TemporaryDirectory(prefix="cnictl-") as directory:
        made = os.path.join(directory, "stand-in")
        for how in _STATIC:
            options = ("-O2", "-s", *filter(None, [how]), "-o", made)
            done = run(compiler, (*options, *sources), environment=os.environ, timeout=TIMEOUT)
            if done.status == 0:
                with open(made, "rb") as file:
                    return file.read() + MARK
            said = done.stderr.decode(errors="replace").strip()
    raise RecordError(f"{compiler} cannot make the stand-in: {said[-1000:]}")


def load(path: str) -> bytes:
    """Read a stand-in that `build` made.  Raises RecordError for another file."""
    try:
        with open(path, "rb") as file:
            program = file.read()
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    if not program.endswith(MARK):
        raise RecordError(f"{path} is no stand-in", hint=f"make it with `cnictl record build {path}`")
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
