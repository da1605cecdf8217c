"""Run the lanes of the tests one after the other, and end with one line about each.

usage: python -m tests.lanes [LANE ...]

A lane that cannot run here says why, and the others go on.  The exit status is 1 when a test
failed or a lane broke off, and 2 for a lane that does not exist.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cnictl.sandbox.node import Node, SandboxError
from tests.conftest import GO_DIRECTORIES, NEWEST, PACKAGED
from tests.debian.lane import obstacle as no_debian
from tests.vm.lane import obstacle as no_machine

RESULTS = "build/lanes"
REASONS = 3
"""So many reasons to skip a test the line of a lane has room for."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Tests that need the same things."""

    name: str
    argv: tuple[str, ...]
    obstacle: Callable[[], str]
    """Says what is missing for the lane to run, or nothing."""
    seconds: int
    """After that the lane is stuck."""
    go_release: str = PACKAGED
    """Which Go plugins run beside ours."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a lane."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    remark: str = ""
    """Why it did not run, how it broke off, or why tests were skipped."""

    @property
    def bad(self) -> bool:
        return bool(self.failed)

    def line(self) -> str:
        if not self.passed + self.failed + self.skipped:
            return f"{self.name:9} not run: {self.remark}"
        counts = f"{self.passed:5} passed {self.failed:3} failed {self.skipped:3} skipped"
        remark = f"  ({self.remark})" if self.remark else ""
        return f"{self.name:9} {counts} {self.seconds:7.1f} s{remark}"


def pytest_lane(name: str, *options: str, obstacle: Callable[[], str], seconds: int) -> Lane:
    """Make a lane of the tests in the directory of its name, but those for the virtual machine."""
    words = (sys.executable, "-m", "pytest", "-q", "-m", "not kernel_lane", *options, f"tests/{name}")
    return Lane(name, words, obstacle, seconds)


def nothing() -> str:
    return ""


def no_node() -> str:
    try:
        with Node():
            return ""
    except SandboxError as error:
        return f"{error}; {error.hint}"


def no_go_plugins(release: str = PACKAGED) -> str:
    directory = GO_DIRECTORIES[release]
    if not os.access(f"{directory}/bridge", os.X_OK):
        return f"make setup put no Go plugins {release} into {directory}"
    return no_node()


def no_runtime() -> str:
    for program in ("containerd", "podman", "runc"):
        if not shutil.which(program):
            return f"no program {program!r} (package {program})"
    return "only root can run containerd" if os.geteuid() else no_node()


PARALLEL = ("-n", "2")
LANES = (
    pytest_lane("unit", *PARALLEL, obstacle=nothing, seconds=600),
    pytest_lane("protocol", *PARALLEL, obstacle=nothing, seconds=600),
    pytest_lane("kernel", *PARALLEL, obstacle=no_node, seconds=1500),
    pytest_lane("interop", *PARALLEL, obstacle=no_go_plugins, seconds=1200),
    replace(
        pytest_lane("interop", *PARALLEL, obstacle=partial(no_go_plugins, NEWEST), seconds=1200),
        name=f"go-{NEWEST}",
        go_release=NEWEST,
    ),
    Lane("debian-13", (sys.executable, "-m", "tests.debian.lane"), no_debian, 1200),
    Lane("vm", (sys.executable, "-m", "tests.vm.lane"), no_machine, 2100),
    pytest_lane("runtime", obstacle=no_runtime, seconds=600),
    pytest_lane("bench", "-s", obstacle=no_go_plugins, seconds=600),
)


def run(lane: Lane, results: str = RESULTS) -> Outcome:
    """Run one lane, its output going to ours, and count what came of it."""
    obstacle = lane.obstacle()
    if obstacle:
        return Outcome(lane.name, remark=obstacle)
    os.makedirs(results, exist_ok=True)
    report = f"{results}/{lane.name}.xml"
    if os.path.exists(report):
        os.unlink(report)
    print(f"==== {lane.name} ====", flush=True)
    start = time.monotonic()
    environment = {**os.environ, "CNICTL_GO_RELEASE": lane.go_release}
    status = status_of([*lane.argv, f"--junitxml={report}"], lane.seconds, environment)
    return outcome(lane, status, report, time.monotonic() - start)


def status_of(
    argv: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None
) -> int | None:
    """Run a program and give its exit status, or nothing after killing it and its children for being late."""
    with subprocess.Popen(argv, env=environment, start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def outcome(lane: Lane, status: int | None, report: str, seconds: float) -> Outcome:
    """Judge a lane by its report; without a whole one it has failed, whatever its status."""
    broken = "" if status in {0, 1, 5} else f"exit status {status}"
    if status is None:
        broken = f"stuck, killed after {lane.seconds} s"
    elif status < 0:
        broken = f"killed by signal {-status}"
    try:
        counts = counted(report)
    except (FileNotFoundError, ET.ParseError):
        return Outcome(lane.name, failed=1, seconds=seconds, remark=broken or "no report")
    passed, failed, skipped = counts
    if status == 5 and not any(counts):
        return Outcome(lane.name, remark="it has no tests")
    if broken or (status and not failed):
        failed += 1
        broken = broken or f"exit status {status}"
    return Outcome(lane.name, passed, failed, skipped, seconds, broken or skips(report))


def counted(report: str) -> tuple[int, int, int]:
    """Count what passed, failed and was skipped in a JUnit report."""
    suites = ET.parse(report).getroot().findall("testsuite")
    total, failed, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites)
        for key in ("tests", "failures", "errors", "skipped")
    )
    return total - failed - errors - skipped, failed + errors, skipped


def skips(report: str) -> str:
    """Say why tests were skipped, the first reasons of many, or nothing when none was."""
    found = {each.get("message", ""): None for each in ET.parse(report).getroot().iter("skipped")}
    reasons = list(found)
    more = [f"and {len(reasons) - REASONS} other reasons"] if len(reasons) > REASONS else []
    return "skipped: " + "; ".join([*reasons[:REASONS], *more]) if reasons else ""


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line a lane, and a last one about them all."""
    sums = {word: sum(getattr(each, word) for each in outcomes) for word in ("failed", "passed", "skipped")}
    counts = ", ".join(f"{count} {word}" for word, count in sums.items() if count) or "nothing ran"
    closing = f" {counts} in {sum(each.seconds for each in outcomes):.2f}s "
    return "\n".join(["SUMMARY", *(each.line() for each in outcomes), closing.center(80, "=")])


def main(names: Sequence[str]) -> int:
    """Run the lanes named, or all."""
    known = {lane.name: lane for lane in LANES}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no lane {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    outcomes = [run(known[name]) for name in names or known]
    print(summary(outcomes))
    return int(any(each.bad for each in outcomes))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # a lane must not outlive us
    sys.exit(main(sys.argv[1:]))
