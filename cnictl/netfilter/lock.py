"""Locks on packet filters: ours for read-then-write, and iptables' own when somebody holds it too long."""

from __future__ import annotations

import errno
import os

from cnictl import flock
from cnictl.spec.errors import TRY_AGAIN_LATER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

PATH = "/run/cni/netfilter.lock"
"""Held by those who read a table and then write what it lacks, so that two do not add the same.

The kernel guards single transactions only, and the nft variant of iptables has no lock."""

WAIT = 30.0
"""Seconds to wait for a lock."""
_XTABLES = "/run/xtables.lock"  # XT_LOCK_NAME, iptables' xshared.h


class Lock:
    """An flock(2) on a file, for a `with` block.  Raises `flock.LockBusy`, naming the holder.

    Where the file cannot be made, as without root, the block runs unlocked.
    """

    def __init__(self, path: str = "", wait: float = WAIT) -> None:
        self._path = path or PATH
        self._wait = wait
        self._fd = -1

    def __enter__(self) -> None:
        self._fd = _open(self._path)
        if self._fd >= 0:
            try:
                flock.acquire(self._fd, self._path, self._wait)
            except BaseException:
                os.close(self._fd)
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def xtables_busy(seconds: float) -> flock.LockBusy:
    """The error for the lock that every iptables of the legacy variant takes, and waited for in vain."""
    path = os.environ.get("XTABLES_LOCKFILE", _XTABLES)
    return flock.LockBusy(
        TRY_AGAIN_LATER,
        f"lock {path} was not free within {seconds:g} seconds",
        f"{flock.holder(path) or 'a process that cannot be seen from here'} holds it; see what it is doing"
        " and end it if it hangs, but do not delete the file",
    )


def _open(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError as e:
        if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return -1
        raise
