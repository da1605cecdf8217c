"""vxlan: whether a look at the other nodes would find what the last one found.

Reading the files of a thousand nodes and listing as many entries takes some 300 ms.  A writer
that renames its files changes the directory's modification time, and an ADD that finds the same
time, VXLAN interface and configuration as the one before leaves it at that: for a minute at most,
after which entries that somebody removed by hand are made again as well.
"""

from __future__ import annotations

import os
import time

from cnictl.spec.digest import digest
from cnictl.spec.document import encode

from .vxlan_device import RUN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link

    from .vxlan_device import Overlay

LONGEST = 60.0
"""Seconds that a look is good for."""

_SETTLED = 1_000_000_000
"""Nanoseconds.  The clock of file systems stands still for some milliseconds, in which two changes look
like one; what is younger than this may have been followed by another change of the same time."""


class Stamp:
    """What a look at the other nodes depends on, as it is now."""

    __slots__ = ("_path", "_settled", "_text")

    def __init__(self, overlay: Overlay, device: Link) -> None:
        config = overlay.config
        modified = 0
        self._path = f"{RUN}/{overlay.name}.stamp"
        self._settled = True
        if config.remotes_dir:
            try:
                modified = os.stat(config.remotes_dir).st_mtime_ns
            except OSError:
                self._settled = False  # reading it says why
            self._settled &= not 0 <= time.time_ns() - modified < _SETTLED
        # Whatever the wanted entries are made of; the rest of a configuration differs from pod to pod.
        networks = [str(network) for network in config.networks()]
        settings = encode(
            [overlay.mac, config.mode, config.remotes_dir, config.document.get("remotes"), networks]
        )
        self._text = f"{device.index} {modified} {digest(settings, 32)}\n".encode()

    def holds(self) -> bool:
        """Whether the last look was at the same, not long ago."""
        if not self._settled:
            return False
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            age = time.time() - os.fstat(descriptor).st_mtime
            return 0 <= age < LONGEST and os.read(descriptor, 2 * len(self._text)) == self._text
        finally:
            os.close(descriptor)

    def set(self) -> None:
        """Note down that a look has been taken and all entries are there.  One that fails does without."""
        if not self._settled:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, self._text)
            finally:
                os.close(descriptor)
        except OSError:
            return
