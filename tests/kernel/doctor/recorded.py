"""What the laboratory found, kept in testdata/laboratory for the docs and for tests without root.

CNICTL_LABORATORY=record .venv/bin/python -m pytest -q -n 0 tests/kernel/doctor/test_laboratory.py
.venv/bin/python docs/generate.py
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cnictl.doctor.archive import archive

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Bundle
    from cnictl.doctor.judge import Report
    from tests.kernel.doctor.laboratory import Fault

DIRECTORY = Path(__file__).parents[3] / "testdata" / "laboratory"
RESULTS = DIRECTORY / "results.json"


def is_recording() -> bool:
    """Whether results are to be written."""
    return os.environ.get("CNICTL_LABORATORY") == "record"


def digest(fault: Fault) -> str:
    """Return what changes with anything of a fault."""
    return hashlib.sha256(json.dumps(asdict(fault)).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Result:
    """A fault, and the classes that were named: as causes, in their order, and below these.

    `healed` is by what: the commands that were printed, or the repair of the laboratory.
    """

    code: str
    name: str
    digest: str
    causes: list[str]
    consequences: list[str]
    healed: str

    @classmethod
    def of(cls, fault: Fault, report: Report) -> Self:
        """Return what a report says of a fault."""
        causes = [one.failure.code for one in report.findings]
        every = [one.failure.code for one in report.every()]
        for code in causes:
            every.remove(code)
        healed = "the repair" if fault.repair else "what was printed"
        return cls(fault.code, fault.name, digest(fault), causes, sorted(set(every)), healed)

    @property
    def file(self) -> Path:
        """The bundle that was judged."""
        return DIRECTORY / f"{'-'.join([self.code, *self.name.split()]).replace('.', '')}.tar.gz"


def read() -> list[Result]:
    """Return what was recorded."""
    return [Result(**one) for one in json.loads(RESULTS.read_text())]


class Record:
    """Results as they come; written at the end when all faults were tried."""

    def __init__(self) -> None:
        self.found: list[tuple[Result, bytes]] = []

    def add(self, fault: Fault, report: Report, taken: Bundle) -> None:
        """Take down a fault that was named and healed."""
        taken.node = "laboratory"
        self.found.append((Result.of(fault, report), archive(taken)))

    def write(self) -> None:
        """Replace what was recorded before."""
        DIRECTORY.mkdir(exist_ok=True)
        for path in DIRECTORY.glob("*.tar.gz"):
            path.unlink()
        for one, data in self.found:
            one.file.write_bytes(data)
        RESULTS.write_text(json.dumps([asdict(one) for one, _ in self.found], indent=1) + "\n")
