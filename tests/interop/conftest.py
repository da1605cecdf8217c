"""Keeps account of which rows of docs/differences.md explained something, over all workers of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import NEWEST, PACKAGED
from tests.interop.differences import Table

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = "CNICTL_INTEROP_NOTES"
TABLES = {
    (PACKAGED, False): (
        "State after ADD",
        "What the Go plugins' own CHECK and DEL fail at",
        "What a second DEL of the Go plugins fails at",
    ),
    (PACKAGED, True): ("State after ADD, with VLANs",),
    (NEWEST, False): ("What the Go plugins 1.9.1 fail at",),
    (NEWEST, True): ("What the Go plugins 1.9.1 break, with VRFs",),
}
"""Whose rows must explain something: by the release, and whether in scenarios for the virtual machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Let the workers, which inherit the environment, write into one file."""
    if not hasattr(config, "workerinput"):
        notes = Path(config.rootpath) / "build" / f"interop-notes-{os.getpid()}"
        os.environ[NOTES] = str(notes)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each scenario that was run to its end."""
    if report.when == "call" and report.passed and "test_the_two_are_interchangeable" in report.nodeid:
        _note(f"passed {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of all scenarios in which a row explained nothing: it is out of date."""
    if hasattr(session.config, "workerinput") or NOTES not in os.environ:
        return
    file = Path(os.environ[NOTES])
    if not file.exists():
        return
    lines = set(file.read_text(encoding="utf-8").splitlines())
    file.unlink()
    passed = {line for line in lines if line.startswith("passed ")}
    from tests.interop.test_same_as_go import comparable

    idle: list[str] = []
    scenarios = comparable()
    for (release, marked), headings in TABLES.items():
        names = [one.id for one in scenarios if one.values[1] == release and bool(one.marks) == marked]
        if names and all(any(line.endswith(f"[{name}]") for line in passed) for name in names):
            rows = [row for heading in headings for row in Table(heading).patterns]
            idle += [row for row in rows if f"explained {row}" not in lines]
    if idle:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\ndocs/differences.md: these rows explain nothing any more: {idle}")


@pytest.fixture
def explained() -> Callable[[Table, str], str]:
    """Return the row that explains a line, and note that it did."""

    def explain(table: Table, line: str) -> str:
        row = table.explains(line)
        _note(f"explained {row}")
        return row

    return explain


def _note(line: str) -> None:
    path = os.environ.get(NOTES, "")
    if not path:
        return
    Path(path).parent.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
