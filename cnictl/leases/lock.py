"""Who holds the lock of a directory of reservations, found out without taking it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl import flock
from cnictl.ipam.store import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

_STUCK = "D"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock; `state` is a letter of proc_pid_stat(5)."""

    pid: int
    command: str
    state: str

    @property
    def is_stuck(self) -> bool:
        """Whether it waits for a disk, or a file system on a network, and cannot even be killed."""
        return self.state.startswith(_STUCK)


@dataclass(frozen=True, slots=True)
class LockState:
    """Who holds a lock and how many wait for it; that the file is there says nothing."""

    path: str
    holders: tuple[Holder, ...] = ()
    waiting: int = 0


def state(directory: str) -> LockState:
    """Return who holds the lock of a directory, as far as this PID namespace shows it."""
    path = f"{directory}/{LOCK}"
    try:
        about = os.stat(path, follow_symlinks=False)
    except OSError:
        return LockState(path)
    records = flock.records(about)
    pids = {pid for pid, waits in records if not waits}
    if pids and not any(os.path.exists(f"/proc/{pid}") for pid in pids):
        # The process that took it has ended; one that it left the open file to has it.
        pids = set(_having_open(about))
    holders = tuple(_holder(pid) for pid in sorted(pids))
    return LockState(path, holders, sum(waits for _, waits in records))


def _having_open(about: os.stat_result) -> Iterator[int]:
    for pid in (name for name in os.listdir("/proc") if name.isdigit()):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                link = f"/proc/{pid}/fd/{fd}"
                if os.readlink(link).endswith(f"/{LOCK}") and os.path.samestat(os.stat(link), about):
                    yield int(pid)
                    break
        except OSError:
            continue


def _holder(pid: int) -> Holder:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            command = file.read().replace("\0", " ").strip()
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return Holder(pid, command, file.read().rpartition(")")[2].split()[0])
    except (OSError, IndexError):
        return Holder(pid, "a process that has ended since", "")
