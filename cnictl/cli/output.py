"""Data to stdout, remarks to stderr, in a form that fits what is at the other end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnictl import durable
from cnictl.cli.problems import UsageProblem, tell
from cnictl.cli.streams import discard
from cnictl.render.form import Form, as_json, as_yaml
from cnictl.render.text import escape, line
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cnictl.render.form import Data

UNBOUNDED = 1 << 16
"""Columns where there is no terminal: one line a row, for grep."""


def show(form: Form, members: Callable[[], Data], table: Callable[[], RenderableType]) -> None:
    """Print data in the form that was asked for; only that one is made."""
    if form is Form.JSON:
        put(as_json(members()))
    elif form is Form.YAML:
        put(as_yaml(members()))
    else:
        put(drawn(table()))


def draw(renderable: RenderableType, *, remark: bool = False) -> None:
    """Print what is meant for people; as a remark it goes to stderr."""
    text = drawn(renderable)
    if remark:
        tell(text)
    else:
        put(text)


def put(text: str) -> None:
    """Print text as it is.  A reader that has seen enough is no error."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with _to_stdout():
        sys.stdout.write(text)
        sys.stdout.flush()


def put_raw(data: bytes) -> None:
    """Print what a program wrote: byte for byte, but escaped on a terminal."""
    if sys.stdout.isatty():
        text = escape(data.decode(errors="backslashreplace"))
        put(text if text.endswith("\n") or not text else text + "\n")
        return
    with _to_stdout():
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def put_line(text: str) -> None:
    """Print a name that somebody gave, such as that of a file, in a line of its own."""
    put_raw(os.fsencode(f"{text}\n"))


@contextmanager
def _to_stdout() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        discard(1)
        if not isinstance(error, BrokenPipeError):
            raise CnictlError(f"cannot write to stdout: {reason_of(error)}") from error


STDOUT = "-"
"""The name of no file, where one is to be written."""


def place(path: str) -> str:
    """Return the name of a file that is to be written; raises UsageProblem where there can be none.

    Directories are not made for it: most likely one of their names is misspelt.
    """
    if path in ("", STDOUT):
        return path
    above = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path) or path.endswith("/"):
        is_there = "it is a directory" if os.path.isdir(path) else "it would be a directory"
        raise UsageProblem(f"cannot write {path}: {is_there}", hint="name a file in it")
    if not os.path.isdir(above):
        raise UsageProblem(
            f"cannot write {path}: there is no directory {above}", hint="make it, or name another file"
        )
    return path


def put_into(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a file of a place(), whole or not at all; a device or a FIFO is not replaced.

    Raises CnictlError, which names it.
    """
    if path == STDOUT:
        put_raw(data)
        return
    path = os.path.realpath(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            durable.replace(path, data)
            os.chmod(path, mode)
    except OSError as error:
        raise CnictlError(f"cannot write {path}: {reason_of(error)}") from error


def note(text: str) -> None:
    """Say something that is no data."""
    remark(line(text) + "\n")


def remark(text: str) -> None:
    """Say something of several lines, which is escaped already."""
    tell(text)


def for_terminal() -> Form:
    """What to print when nobody said: a summary for a person, JSON for a program."""
    return Form.TABLE if sys.stdout.isatty() else Form.JSON


def drawn(renderable: RenderableType, *, into_file: bool = False) -> str:
    """Return what is meant for people as text: in the width of the terminal, unbounded without one."""
    from rich.console import Console
    from rich.table import Table

    if isinstance(renderable, Table) and not renderable.row_count:
        return ""  # headings of nothing
    terminal = sys.stdout.isatty() and not into_file
    console = Console(
        force_terminal=None if terminal else False,
        width=None if terminal else UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    with console.capture() as captured:
        console.print(renderable, crop=False, overflow="fold")
    return "".join(f"{one.rstrip()}\n" for one in captured.get().split("\n")[:-1])
