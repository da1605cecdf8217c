"""Locks on packet filters: ours for read-then-write, and who holds one that somebody waits for."""

from __future__ import annotations

import errno
import fcntl
import os
import time

from cnictl.netfilter.program import NetfilterError

PATH = "/run/cni/netfilter.lock"
"""Held by those who read a table and then write what it lacks, so that two do not add the same.

The kernel guards single transactions only, and the nft variant of iptables has no lock."""

WAIT = 30.0
"""Seconds to wait for a lock."""
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)


class LockBusy(NetfilterError):
    """Somebody held a lock for longer than one cares to wait."""

    def __init__(self, path: str, seconds: float) -> None:
        held = holder(path) or "a process that cannot be seen from here"
        super().__init__(
            f"lock {path} was not free within {seconds:g} seconds; {held} holds it",
            hint="see what that process is doing; if it hangs, end it, but do not delete the file",
        )


class Lock:
    """An flock(2) on a file, for a `with` block.  Raises LockBusy, naming the holder.

    Where the file cannot be made, as without root, the block runs unlocked.
    """

    def __init__(self, path: str = "", wait: float = WAIT) -> None:
        self._path = path or PATH
        self._wait = wait
        self._fd = -1

    def __enter__(self) -> None:
        self._fd = _open(self._path)
        if self._fd < 0:
            return
        deadline = time.monotonic() + self._wait
        attempt = 0
        while not self._take():
            if time.monotonic() >= deadline:
                self.__exit__()
                raise LockBusy(self._path, self._wait)
            time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1

    def _take(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as e:
            if e.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
                raise
        return True

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def holder(path: str) -> str:
    """The process that holds an flock(2) on a file, as /proc/locks tells: `process 123 (iptables)`.

    Empty when nobody does, or when the holder is outside of this PID namespace.
    """
    try:
        inode = os.stat(path).st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            lines = [line.split() for line in locks]
    except OSError:
        return ""
    for words in lines:  # "1: FLOCK ADVISORY WRITE 708 00:1a:1234 0 EOF"; waiting ones have a "->"
        if len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(f":{inode}") and int(words[4]) > 0:
            return f"process {words[4]} ({_name(words[4])})"
    return ""


def _name(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "just ended"


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError as e:
        if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return -1
        raise
