"""A throwaway node whose programs can write nowhere but into what vanishes with it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from struct import Struct

from cnictl.sandbox.namespaces import STATE_DIRECTORIES, Refused, mount

_MOUNT_SETATTR = 442  # the same number on every architecture; Linux 5.12
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_RDONLY = 0x1  # MOUNT_ATTR_RDONLY, linux/mount.h
_ATTRIBUTES = Struct("=QQQQ")  # struct mount_attr: set, clear, propagation, user namespace
_BIND, _RECURSIVE = 0x1000, 0x4000

OWN = ("/run", *STATE_DIRECTORIES)
"""What a throwaway node has for itself from the start."""

_libc = ctypes.CDLL(None, use_errno=True)


def protect(private: Iterable[str] = ()) -> None:
    """Make every file that this mount namespace shares with the machine read-only.

    Each directory of `private` that exists becomes an empty one in memory; one that does not exist
    cannot be made.  Temporary files go to /run.  Of the sysctls only those of the network can be
    written.  Raises Refused, also where the kernel cannot do this (before Linux 5.12).
    """
    writable = [*OWN, "/proc/sys/net"]
    for path in dict.fromkeys(private):
        if os.path.isdir(path) and not is_own(path):
            mount("private", path, "tmpfs", 0, "mode=755")
            writable.append(path)
    for path in ("/proc/sys", "/proc/sys/net"):
        mount(path, path, flags=_BIND | _RECURSIVE)
    _set("/", recursive=True, readonly=True)
    for path in writable:
        _set(path, readonly=False)
    os.environ["TMPDIR"] = "/run"


def is_own(path: str) -> bool:
    """Whether a path is below a directory that a throwaway node has for itself."""
    return any(path == one or path.startswith(f"{one}/") for one in OWN)


def _set(path: str, *, readonly: bool, recursive: bool = False) -> None:
    attributes = _ATTRIBUTES.pack(_RDONLY if readonly else 0, 0 if readonly else _RDONLY, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    if _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), _AT_FDCWD, path.encode(), flags, attributes, len(attributes)
    ):
        number = ctypes.get_errno()
        word = "read-only" if readonly else "writable"
        raise Refused(f"make {path} {word}", OSError(number, os.strerror(number)))
