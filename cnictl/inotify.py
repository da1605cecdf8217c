"""Waiting until something changes in a directory, as inotify(7) tells."""

from __future__ import annotations

import ctypes
import os
import select
from typing import Self

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

# sys/inotify.h
_CLOSE_WRITE, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _ONLYDIR = 0x400, 0x800, 0x01000000
_EVENTS = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_ROOM = 1 << 16


class WatchError(CnictlError):
    """A directory that cannot be watched."""


class Watch:
    """A directory that is watched from now on.  Raises WatchError."""

    def __init__(self, directory: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0 or libc.inotify_add_watch(self._fd, os.fsencode(directory), _EVENTS | _ONLYDIR) < 0:
            number = ctypes.get_errno()
            self.close()
            raise WatchError(f"cannot watch {directory}: {errno_text(number)}")

    def wait(self, seconds: float) -> bool:
        """Wait until something changes, at most so long; return whether it did.

        Changes that have come together count as one.
        """
        changed = bool(select.select([self._fd], [], [], seconds)[0])
        while changed:
            try:
                os.read(self._fd, _ROOM)
            except BlockingIOError:
                break
        return changed

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
