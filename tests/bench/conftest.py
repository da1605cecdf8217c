"""What was measured beside what is aimed at, printed at the end of the lane and kept in build/bench.json."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cnictl.bench.model import Timing

FULL = bool(os.environ.get("CNICTL_BENCH_FULL"))
"""Whether all of it is measured, as `make bench` does, or as much as shows a gross regression."""
ROUNDS = 25 if FULL else 11
REPORT = "build/bench.json"
GROSS = 2.0
"""Times the aim, or what is known to be reached instead: more than a busy machine explains."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, the most that it should be, and what docs/performance.md says of it where that is more."""

    what: str
    number: float
    aim: float
    known: float = 0.0

    @property
    def met(self) -> bool:
        return self.number <= self.aim

    @property
    def gross(self) -> bool:
        return self.number > max(self.aim, self.known) * GROSS

    def __str__(self) -> str:
        known = f", {self.known:g} is known" if self.known else ""
        verdict = "" if self.met else f"  missed{known}"
        return f"{self.what:58} {self.number:7.2f}  aim {self.aim:5.2f}{verdict}"


class Aims:
    """Collects what was measured, and has a test fail for gross regressions only."""

    def __init__(self) -> None:
        self.measured: list[Measured] = []
        self.timings: list[Timing] = []

    def hold(self, what: str, number: float, aim: float, *, known: float = 0.0) -> None:
        """Take down a number; raises AssertionError when it has gone far beyond its aim."""
        one = Measured(what, number, aim, known)
        self.measured.append(one)
        assert not one.gross, one


AIMS = Aims()


@pytest.fixture
def aims() -> Aims:
    """Where numbers and their aims are taken down."""
    return AIMS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not AIMS.measured:
        return
    met = sum(one.met for one in AIMS.measured)
    terminalreporter.section(f"{met} of {len(AIMS.measured)} aims met")
    for one in AIMS.measured:
        terminalreporter.write_line(str(one))
    report = config.rootpath / REPORT
    report.parent.mkdir(exist_ok=True)
    found = {
        "aims": [{**asdict(one), "met": one.met} for one in AIMS.measured],
        "timings": [asdict(one) for one in AIMS.timings],
    }
    report.write_text(json.dumps(found, indent=1), encoding="utf-8")
