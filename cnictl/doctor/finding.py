"""What a check is, what it saw, and what becomes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnictl.doctor.failure import Failure, Severity, catalogue

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Seen:
    """Evidence of a class of failure: the object that it is about, and the lines or values themselves.

    `facts` are for the places in the catalogue's commands; `severity` is for a case that weighs less.
    """

    code: str
    where: str
    lines: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A class that could not be looked for, and why."""

    code: str
    reason: str


if TYPE_CHECKING:
    Run = Callable[[Bundle], Iterator[Seen] | Iterator[Seen | Unchecked]]


@dataclass(frozen=True, slots=True)
class Check:
    """A function of a bundle, the classes that it can see, and the sources that it needs for that.

    `partial` are those that can be at work without it seeing that, so that messages are heard as well.
    """

    name: str
    codes: tuple[str, ...]
    needs: tuple[str, ...]
    run: Run
    partial: tuple[str, ...] = ()


@dataclass(slots=True)
class Finding:
    """A class of failure that is at work, where, and what comes of it."""

    failure: Failure
    severity: Severity
    where: str
    lines: list[str]
    facts: Mapping[str, str]
    consequences: list[Finding] = field(default_factory=list)


CHECKS: list[Check] = []
"""Every check that was imported."""


def check(
    *codes: str, needs: tuple[str, ...], partial: bool | tuple[str, ...] = False
) -> Callable[[Run], Run]:
    """Enter a function into CHECKS; raises KeyError for a code that the catalogue does not have.

    It yields what it saw, and what it could not tell although all sources are there.  `partial` are some
    of the codes, or says that all of them are.
    """

    def enter(run: Run) -> Run:
        for code in codes:
            catalogue()[code]
        of_some = partial if isinstance(partial, tuple) else codes if partial else ()
        CHECKS.append(Check(run.__name__, codes, needs, run, of_some))
        return run

    return enter
