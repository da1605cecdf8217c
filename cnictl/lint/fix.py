"""Mending files: what is certainly meant is written, and nothing else is touched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl import durable
from cnictl.configuration import LISTS, SINGLES
from cnictl.lint import engine
from cnictl.lint.manifest import EXTENSIONS
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.lint.model import Edit
    from cnictl.lint.silence import Silences

READ = (*LISTS, *SINGLES, *EXTENSIONS)
ROUNDS = 100
"""How often a text is judged again, as one mistake may hide the next."""


class NotMended(CnictlError):
    """A file could not be written, or somebody else has written it meanwhile."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A file's text as it is and as it should be, and how many mistakes that heals."""

    path: str
    before: str
    after: str
    count: int


def mend(paths: Sequence[str], silences: Silences, *, embedded: bool = False) -> Iterator[Mended]:
    """Yield the files in which something can be mended; nothing is written.  Raises as `engine.validate`.

    What is silenced is left, and so are files that are no UTF-8, or that no runtime looks at unless
    they are named.
    """
    listed = engine.validate(paths, embedded=embedded).files
    chosen = {os.path.realpath(path): path for path in listed if path in paths or path.endswith(READ)}
    for path in chosen.values():
        before = _text(path)
        after, count = mended_text(path, before, silences, embedded=embedded)
        if after != before:
            yield Mended(path, before, after, count)


def mended_text(path: str, text: str, silences: Silences, *, embedded: bool = False) -> tuple[str, int]:
    """Return a text with all mended that can be, and how much that was."""
    count = 0
    for _ in range(ROUNDS):
        edits = _edits(path, text, silences, embedded=embedded)
        if not edits:
            break
        text, count = _applied(text, edits), count + len(edits)
    return text, count


def write(one: Mended) -> None:
    """Write a file, keeping its mode and owner; raises NotMended."""
    path = os.path.realpath(one.path)
    try:
        with open(path, "rb") as file:
            if file.read() != one.before.encode():
                raise NotMended(f"{one.path} has changed meanwhile", hint="nothing was written; try again")
        durable.rewrite(path, one.after.encode())
    except OSError as error:
        raise NotMended(f"cannot write {one.path}: {errno_text(error.errno or 0)}") from error


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(engine.MOST).decode()
    except (OSError, UnicodeDecodeError):
        return ""


def _edits(path: str, text: str, silences: Silences, *, embedded: bool) -> list[Edit]:
    """Return what heals the text, from the front to the back; of what overlaps the first."""
    report = engine.Report((path,), tuple(engine.examine_text(path, text, embedded=embedded)))
    found = {one.edit for one in silences.applied(report).diagnostics if one.edit is not None}
    chosen: list[Edit] = []
    for one in sorted(found, key=lambda one: (one.start, one.end)):
        if not chosen or one.start >= chosen[-1].end:
            chosen.append(one)
    return chosen


def _applied(text: str, edits: Sequence[Edit]) -> str:
    for one in reversed(edits):
        text = text[: one.start] + one.text + text[one.end :]
    return text
