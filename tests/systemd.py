"""systemd on a throwaway node, with no units but those that a test gives it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cnictl.sandbox.node import Completed, Node
from tests.conftest import unavailable

PROGRAM = "/lib/systemd/systemd"
UNITS = "/run/units"
_TARGETS = ("sysinit", "basic", "sockets", "multi-user", "shutdown")
_BEGIN = f"""
echo $$ >"$1/cgroup.procs"
exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup sh -ec '
  umount --lazy /sys
  mount -t sysfs sysfs /sys
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  container=cnictl SYSTEMD_UNIT_PATH={UNITS} exec {PROGRAM} --log-target=console --show-status=no'
"""


class Systemd:
    """A running systemd, which is the first process of a PID namespace of its own."""

    def __init__(self, node: Node, pid: str) -> None:
        self._node = node
        self._enter = ["nsenter", f"--target={pid}", "--pid", "--mount", "--cgroup"]

    def run(self, argv: Sequence[str], *, stdin: str = "", env: dict[str, str] | None = None) -> Completed:
        """Run a program where the units' programs run."""
        return self._node.run([*self._enter, *argv], stdin=stdin, env=env)

    def ctl(self, *words: str) -> str:
        """Have systemctl do something, or return what it prints."""
        return self.run(["systemctl", "--no-pager", *words]).checked().stdout

    def shows(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.ctl("show", "--value", f"--property={name}", unit).strip()


@contextlib.contextmanager
def started(node: Node) -> Iterator[Systemd]:
    """Run systemd with the units in UNITS of the node."""
    if not os.access(PROGRAM, os.X_OK):
        unavailable(f"no {PROGRAM}: install the package systemd")
    units = Path(node.path(UNITS))
    units.mkdir(exist_ok=True)
    for name in _TARGETS:
        (units / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n", encoding="ascii")
    (units / "default.target").symlink_to("multi-user.target")
    with _control_group() as group:
        argv = ["sh", "-ec", _BEGIN, "sh", str(group)]
        with node.start(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            try:
                yield Systemd(node, _first_process(node))
            finally:
                node.run(["pkill", "-KILL", "-f", f"^{PROGRAM}"])


def _first_process(node: Node) -> str:
    """Wait until systemd takes orders, and return its pid on the node."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = node.run(["pgrep", "-f", f"^{PROGRAM}"]).stdout.split()
        if found and os.path.exists(node.path("/run/systemd/private")):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("systemd did not start")


@contextlib.contextmanager
def _control_group() -> Iterator[Path]:
    """Make a control group for systemd to be the root of: it does not start without one."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    places = [Path(line.split()[1]) for line in mounts if line.split()[2] == "cgroup2"]
    if not places:
        unavailable("no control groups of version 2 (cgroup2) are mounted")
    group = places[0] / f"cnictl-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        end = time.monotonic() + 10
        while group.exists() and time.monotonic() < end:
            for directory, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):  # a process in it has not ended
                    os.rmdir(directory)
