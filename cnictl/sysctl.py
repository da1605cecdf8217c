"""Kernel parameters below /proc/sys, of the network namespace this thread is in."""

from __future__ import annotations

import errno
import os

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

ROOT = "/proc/sys"
_LONGEST = 65536


class SysctlError(CnictlError, OSError):
    """A parameter that cannot be read or written: `open /proc/sys/net/ipv4/nope: no such file or directory`.

    The text is the one Go's os package gives; `reason` is the errno's words alone.
    """

    def __init__(self, operation: str, path: str, number: int) -> None:
        self.reason = errno_text(number)
        self.message = f"{operation} {path}: {self.reason}"
        super().__init__(self.message)
        self.errno = number
        self.strerror = self.reason
        self.filename = path

    def __str__(self) -> str:
        return self.message  # OSError would make up a text of its own


def path_of(name: str, root: str = ROOT) -> str:
    """The file of a parameter named with dots or with slashes, as sysctl(8) reads it.

    The first separator decides: after a dot, dots and slashes change places, so that an
    interface name with a dot can be written with a slash.  Raises SysctlError for a name that
    would leave `root`.
    """
    below = name
    if "." in name.partition("/")[0]:
        below = name.translate({ord("."): "/", ord("/"): "."})
    if not below or below.startswith("/") or "\0" in below or ".." in below.split("/"):
        raise SysctlError("open", f"{root}/{name}", errno.ENOENT)
    return f"{root}/{below}"


def read(name: str, root: str = ROOT) -> str:
    """The value without its final newline.  Raises SysctlError."""
    path = path_of(name, root)
    operation = "open"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        operation = "read"
        try:
            return os.read(fd, _LONGEST).decode(errors="replace").removesuffix("\n")
        finally:
            os.close(fd)
    except OSError as e:
        raise SysctlError(operation, path, e.errno or 0) from None


def write(name: str, value: str, root: str = ROOT) -> str:
    """Write the bare value, and return what the kernel reads back.  Raises SysctlError."""
    path = path_of(name, root)
    operation = "open"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        operation = "write"
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)
    except OSError as e:
        raise SysctlError(operation, path, e.errno or 0) from None
    return read(name, root)


def write_quietly(name: str, value: str, root: str = ROOT) -> bool:
    """Write a value that is welcome but not needed; False when that was not possible."""
    try:
        write(name, value, root)
    except SysctlError:
        return False
    return True
