"""One operation at a time for a container, and none beside GC for its network, between processes of ours.

The specification asks that of every runtime, and libcni leaves it to its callers.  The locks are
byte ranges of one file next to the cache's `results` directory: libcni reads that directory and
nothing beside it, no file is left behind for every container, and the kernel frees them when a process dies.
Two names may fall on the same byte; then one waits although it need not.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import struct
import time
from typing import TYPE_CHECKING, Self

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LOCK_FILE = "cnictl.lock"
PATIENCE = 60.0
"""Seconds to wait for somebody else's operation."""

_PAUSE = 0.02
_REGION = 1 << 60
_NETWORKS, _CONTAINERS = 0, _REGION


class Locked(CnictlError):
    """Somebody else's operation did not end in time."""


class Lock:
    """Held as a context: a network, shared with others or for collecting alone, and a container alone.

    Where the file cannot be written nothing is locked and `warn` is told why: an operation is
    better done without the lock than not at all, and other runtimes have locks of their own anyway.
    """

    def __init__(
        self,
        directory: str,
        *,
        network: str = "",
        collecting: bool = False,
        container_id: str = "",
        patience: float = PATIENCE,
        warn: Callable[[str], object] | None = None,
    ) -> None:
        self._path = os.path.join(directory, LOCK_FILE)
        self._network = network
        self._kind = fcntl.F_WRLCK if collecting else fcntl.F_RDLCK
        self._container_id = container_id
        self._patience = patience
        self._warn = warn
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return self  # no cache yet: no attachment of ours to be careful with
        except OSError as error:
            words = errno_text(error.errno or 0)
            if self._warn is not None:
                self._warn(f"not locked against other operations: {self._path}: {words}")
            return self
        until = time.monotonic() + self._patience
        try:
            if self._network:
                self._take(self._kind, _NETWORKS, "network", self._network, until)
            if self._container_id:
                self._take(fcntl.F_WRLCK, _CONTAINERS, "container", self._container_id, until)
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let others go on."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self, kind: int, region: int, what: str, name: str, until: float) -> None:
        digest = hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=7).digest()
        start = region + int.from_bytes(digest, "big")
        wanted = struct.pack("@hhqqi4x", kind, os.SEEK_SET, start, 1, 0)
        while True:
            try:
                fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, wanted)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise CnictlError(f"cannot lock {self._path}: {errno_text(error.errno or 0)}") from error
            else:
                return
            if time.monotonic() >= until:
                holders = ", ".join(_holders(self._path)) or "nobody that can be seen"
                raise Locked(
                    f"another operation on {what} {name} did not end within {self._patience:g} seconds",
                    hint=f"processes that have {self._path} open: {holders}",
                )
            time.sleep(_PAUSE)


def _holders(path: str) -> list[str]:
    """The other processes with that file open, as "name (pid)": the kernel does not tell whose lock it is."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) == os.getpid():
            continue
        try:
            open_files = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
            if os.path.realpath(path) in open_files:
                with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                    found.append(f"{comm.read().strip()} ({pid})")
        except OSError:
            continue  # it ended, or is not ours to look into
    return found
