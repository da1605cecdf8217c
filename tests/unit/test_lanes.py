"""The last lines of a test run tell the truth about each lane, and the exit status agrees."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import conftest, lanes
from tests.lanes import Lane, Outcome

TWO_PASS = "def test_a(): pass\ndef test_b(): pass\n"
ONE_OF_EACH = (
    "import pytest\n"
    "def test_a(): pass\n"
    "def test_b(): assert 0\n"
    "def test_c(): pytest.skip('no kernel')\n"
    "@pytest.fixture\ndef broken(): raise OSError\n"
    "def test_d(broken): pass\n"
)


@pytest.fixture
def run(tmp_path: Path):
    """Run a lane of the tests in a text, as pytest runs them."""

    def run_lane(text: str = "", argv: Sequence[str] = (), obstacle: str = "", seconds: int = 60) -> Outcome:
        file = tmp_path / "test_given.py"
        file.write_text(text)
        words = (
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--rootdir={tmp_path}",
            str(file),
        )
        lane = Lane("given", tuple(argv or words), lambda: obstacle, seconds)
        return lanes.run(lane, str(tmp_path / "results"))

    return run_lane


def test_a_lane_that_passes(run):
    """Its tests are counted, and nothing is wrong."""
    outcome = run(TWO_PASS)
    assert (outcome.passed, outcome.failed, outcome.skipped, outcome.remark) == (2, 0, 0, "")
    assert not outcome.bad


def test_failures_errors_and_skips_are_counted(run):
    """A test whose set-up breaks has failed, and a skipped one has not passed."""
    outcome = run(ONE_OF_EACH)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 2, 1)
    assert outcome.remark == "skipped: no kernel"
    assert outcome.bad


def test_reasons_to_skip_are_told_once_and_not_without_end(run):
    """The line of a lane is one line."""
    reasons = ["no kernel", "no root", "no kernel", "no browser", "no net", "no time"]
    text = "import pytest\n" + "".join(
        f"def test_{number}(): pytest.skip({reason!r})\n" for number, reason in enumerate(reasons)
    )
    assert run(text).remark == "skipped: no kernel; no root; no browser; and 2 other reasons"


@pytest.mark.parametrize(
    ("ci", "reason", "outcome"),
    [
        ("", "no jq: install the package jq", pytest.skip.Exception),
        ("1", "no jq: install the package jq", pytest.fail.Exception),
        ("1", "no Chromium: install the package chromium", pytest.skip.Exception),
        ("1", "no program 'chromium-shell': install the package chromium-shell", pytest.fail.Exception),
    ],
)
def test_what_is_missing_fails_in_ci_unless_it_was_left_out(
    monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, outcome: type[BaseException]
):
    """A lane says which packages it does without."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(conftest, "SPARED", ("chromium",))
    with pytest.raises(outcome) as caught:
        conftest.unavailable(reason)
    assert str(caught.value) == reason


def test_a_lane_that_cannot_run_says_why(run):
    """What is missing stands in its line, and that is no failure."""
    outcome = run(TWO_PASS, obstacle="no program 'containerd' (package containerd)")
    assert outcome.line() == "given     not run: no program 'containerd' (package containerd)"
    assert not outcome.bad


def test_a_lane_without_tests_says_so(run):
    """An empty lane does not look like one that passed."""
    assert run("").line() == "given     not run: it has no tests"


@pytest.mark.parametrize(
    ("argv", "seconds", "remark"),
    [
        (["sh", "-c", "exit 0"], 60, "no report"),
        (["sh", "-c", "exit 3"], 60, "exit status 3"),
        (["sh", "-c", "kill -9 $$"], 60, "killed by signal 9"),
        (["sh", "-c", "sleep 60"], 1, "stuck, killed after 1 s"),
    ],
)
def test_a_lane_that_breaks_off_has_failed(run, argv: list[str], seconds: int, remark: str):
    """Without a report nothing is known to have passed."""
    outcome = run(argv=argv, seconds=seconds)
    assert outcome.bad
    assert outcome.remark == remark


def test_a_report_with_no_failure_does_not_hide_an_exit_status(run):
    """Where all tests passed but pytest did not end well, the lane has failed."""
    outcome = run(TWO_PASS + "import atexit, os\natexit.register(os._exit, 3)\n")
    assert (outcome.passed, outcome.failed, outcome.remark) == (2, 1, "exit status 3")


def test_the_summary_has_a_line_a_lane_and_a_last_one():
    """Counts are added up, and the closing line reads like pytest's."""
    text = lanes.summary(
        [
            Outcome("unit", passed=412, skipped=2, seconds=12.34),
            Outcome("kernel", passed=88, failed=1, seconds=100),
            Outcome("vm", remark="no program 'qemu-system-x86_64' (package qemu-system-x86)"),
        ]
    )
    assert text.splitlines() == [
        "SUMMARY",
        "unit        412 passed   0 failed   2 skipped    12.3 s",
        "kernel       88 passed   1 failed   0 skipped   100.0 s",
        "vm        not run: no program 'qemu-system-x86_64' (package qemu-system-x86)",
        "=============== 1 failed, 500 passed, 2 skipped in 112.34s ===============".center(80, "="),
    ]


def test_an_unknown_lane_is_named(capsys: pytest.CaptureFixture[str]):
    """A lane that does not exist is a mistake in usage."""
    assert lanes.main(["unit", "units"]) == 2
    assert capsys.readouterr().err == (
        "no lane 'units'; there are unit, protocol, kernel, interop, go-1.9.1, debian-13, vm, runtime, "
        "bench\n"
    )
