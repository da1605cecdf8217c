"""An exclusive flock(2) that is not waited for without end, and whose holder can be named."""

from __future__ import annotations

import errno
import os
import time
from fcntl import LOCK_EX, LOCK_NB, flock

from cnictl.spec.errors import TRY_AGAIN_LATER, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import TracebackType
else:
    import _signal as signal  # without the enums around it, which take 4 ms to import

PATIENCE = 60.0
"""Seconds to wait for a lock."""

_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


class Lock:
    """An flock(2) on a file, for a `with` block; the file is made when it is missing.

    Raises LockBusy, naming the holder.  Where the file cannot be made, as without root, the block
    runs unlocked.
    """

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._fd = -1

    def __enter__(self) -> None:
        self._fd = _open(self._path)
        if self._fd >= 0:
            try:
                acquire(self._fd, self._path, self._patience)
            except BaseException:
                os.close(self._fd)
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class LockBusy(CniError):
    """Somebody held a lock for longer than one cares to wait."""


def acquire(descriptor: int, path: str, patience: float = PATIENCE) -> None:
    """Lock an opened file, until its descriptor is closed.  Raises LockBusy, naming the holder.

    On a file system that has no locks nothing is locked, as with the Go plugins.
    """
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        return
    except BlockingIOError:
        pass
    except OSError as error:
        if error.errno in _WITHOUT_LOCKS:
            return
        raise
    if not _wait(descriptor, patience):
        raise LockBusy(
            TRY_AGAIN_LATER,
            f"lock {path} was not free within {patience:g} seconds",
            f"{holder(path) or 'a process that cannot be seen from here'} holds it; see what it is doing and"
            " end it if it hangs, but do not delete the file: others would then lock another one",
        )


def holder(path: str) -> str:
    """Return who holds the flock(2) on a file, as /proc/locks tells: `process 123 (host-local)`.

    Empty when nobody does, or when the holder is outside of this PID namespace.
    """
    try:
        about = os.stat(path)
    except OSError:
        return ""
    holding = [pid for pid, waits in records(about) if not waits]
    return f"process {holding[0]} ({_name(holding[0])})" if holding else ""


def records(about: os.stat_result) -> list[tuple[int, bool]]:
    """Return the processes that have, or wait for, an flock(2) on a file, as /proc/locks tells.

    That is the process and whether it waits; those outside of this PID namespace are left out.
    """
    try:
        with open("/proc/locks", encoding="ascii") as locks:
            lines = [line.split()[1:] for line in locks]
    except OSError:
        return []
    wanted = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    found = []
    for words in lines:  # "FLOCK ADVISORY WRITE 708 00:1a:1234 0 EOF", behind a "->" for one that waits
        waits = words[:1] == ["->"]
        rest = words[1:] if waits else words
        if len(rest) > 4 and rest[0] == "FLOCK" and rest[4] == wanted and int(rest[3]) > 0:
            found.append((int(rest[3]), waits))
    return found


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError as e:
        if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return -1
        raise


def _wait(descriptor: int, patience: float) -> bool:
    """Wait in the kernel's queue, in which everybody gets the lock in the order of asking."""
    waiting = True

    def give_up(_signum: int, _frame: object) -> None:
        if waiting:
            raise TimeoutError

    try:
        before = signal.signal(signal.SIGALRM, give_up)
    except ValueError:  # signals are the main thread's
        return _poll(descriptor, patience)
    began = time.monotonic()
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    try:
        # 0 would be no alarm at all.
        signal.setitimer(signal.ITIMER_REAL, max(min(patience, left or patience), _PAUSES[0]))
        flock(descriptor, LOCK_EX)
        waiting = False
    except TimeoutError:
        return False
    finally:
        waiting = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm, which the time spent here has brought nearer
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), _PAUSES[0]), interval)
    return True


def _poll(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    attempt = 0
    while time.monotonic() < until:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1
    return False


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "just ended"
