"""Run every test marked `kernel_lane` in one virtual machine, for the kernel here may lack what they need.

usage: python -m tests.vm.lane [PYTEST_OPTION ...]

Those that compare with the Go plugins do so with every release.  Booting takes five seconds, and
everything after it ten to forty times as long as outside: keep these tests few, and free of loops
that start an interpreter.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.vm import kernel, machine

ROOT = Path(__file__).parents[2]
SECONDS = 2000
MARK = "kernel_lane"


def obstacle() -> str:
    """Say why there can be no machine here, or nothing."""
    if platform.machine() != "x86_64":
        return f"no kernel to boot for {platform.machine()}"
    if os.geteuid():
        return "only root can share its files with a virtual machine"
    missing = machine.missing_program()
    if missing:
        return missing
    try:
        kernel.ready()
    except kernel.NoKernel as error:
        return str(error)
    return ""


def marked_files() -> list[str]:
    """Give the test files that have such tests; collecting all the others would take the guest a minute."""
    found = (path for path in (ROOT / "tests").rglob("test_*.py") if MARK in path.read_text())
    return sorted(str(path.relative_to(ROOT)) for path in found)


def main(options: Sequence[str]) -> int:
    """Run the tests in the machine and give pytest's exit status."""
    shared = ROOT / "build/lanes"
    shared.mkdir(parents=True, exist_ok=True)
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        MARK,
        "-p",
        "no:cacheprovider",
        "--timeout=300",
        "-n",
        str(machine.PROCESSORS),
        "--dist",
        "loadfile",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8", "CI": os.environ.get("CI", "")}
    try:
        status = machine.run(
            kernel.ready(),
            [*argv, *options, *marked_files()],
            shared=shared, cwd=str(ROOT), env=env, seconds=SECONDS,
        )  # fmt: skip
    except machine.Crashed as error:
        print(error, file=sys.stderr)
        status = 3  # pytest's own "internal error"
    output = shared / "vm-output"
    if output.exists():
        sys.stdout.write(output.read_text(errors="replace"))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
