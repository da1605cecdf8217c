"""Locks on packet filters: ours for read-then-write, and iptables' own when somebody holds it too long."""

from __future__ import annotations

import os

from cnictl import flock
from cnictl.spec.errors import TRY_AGAIN_LATER

PATH = "/run/cni/netfilter.lock"
"""Held by those who read a table and then write what it lacks, so that two do not add the same.

The kernel guards single transactions only, and the nft variant of iptables has no lock."""

WAIT = 30.0
"""Seconds to wait for a lock."""
_XTABLES = "/run/xtables.lock"  # XT_LOCK_NAME, iptables' xshared.h


class Lock(flock.Lock):
    """That lock, or the one on another file, for a `with` block."""

    def __init__(self, path: str = "", wait: float = WAIT) -> None:
        super().__init__(path or PATH, wait)


def xtables_busy(seconds: float) -> flock.LockBusy:
    """The error for the lock that every iptables of the legacy variant takes, and waited for in vain."""
    path = os.environ.get("XTABLES_LOCKFILE", _XTABLES)
    return flock.LockBusy(
        TRY_AGAIN_LATER,
        f"lock {path} was not free within {seconds:g} seconds",
        f"{flock.holder(path) or 'a process that cannot be seen from here'} holds it; see what it is doing"
        " and end it if it hangs, but do not delete the file",
    )
