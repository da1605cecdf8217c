"""What a rule is, what it says, and what becomes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration

Severity = Literal["error", "warning", "info"]
ERROR: Severity = "error"
"""ADD fails, or does on every runtime that reads the file."""
WARNING: Severity = "warning"
"""It works, but hardly as it was meant."""
INFO: Severity = "info"
"""Worth knowing."""
SEVERITIES: tuple[Severity, ...] = (ERROR, WARNING, INFO)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says of a place: keys and indexes that lead there, () for the whole document.

    With `at_key` the key is meant, not its value.  `offset` and `length` are for texts that have no
    places, because they do not decode.  `hint` says what to do, "" when the message does.
    `severity` is for a remark that weighs less, or more, than its rule.  `fix` is what to write in the
    place, "" to take it out, where that is all that can have been meant and nothing else changes by it.
    """

    where: Pointer
    message: str
    hint: str = ""
    at_key: bool = False
    offset: int | None = None
    length: int = 1
    severity: Severity | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code and name, how much its remarks weigh, and the function that makes them.

    `listed` says which files of a directory it is for: those that a runtime reads, or the others.
    """

    code: str
    name: str
    severity: Severity
    run: Callable[[Configuration], Iterator[Remark]]
    listed: bool = True

    @property
    def doc(self) -> str:
        """What the rule says about itself; sections begin with `##`."""
        return self.run.__doc__ or ""


@dataclass(frozen=True, slots=True)
class Edit:
    """What to write in place of the characters from one offset of a file's text to another."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A remark in its place: a file, a line and a column, both from 1, and the line's text.

    `pointer` is a JSON pointer (RFC 6901), "" for the whole document.  `length` counts the
    characters that are meant, at most to the end of the line.  `edit` heals it, where that is safe.
    """

    code: str
    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    pointer: str
    message: str
    hint: str
    source: str
    length: int
    edit: Edit | None = None


RULES: dict[str, Rule] = {}
"""Every rule that was imported, by its code."""


def rule(
    code: str, name: str, severity: Severity = ERROR, *, listed: bool = True
) -> Callable[[Callable[[Configuration], Iterator[Remark]]], Rule]:
    """Make a rule of a function, and enter it in RULES; raises ValueError for a code that is taken."""

    def make(run: Callable[[Configuration], Iterator[Remark]]) -> Rule:
        if code in RULES:
            raise ValueError(f"{code} is already {RULES[code].name}")
        RULES[code] = Rule(code, name, severity, run, listed)
        return RULES[code]

    return make
