"""Network namespaces with a name: files below /run/netns, as `ip netns` makes them."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from fcntl import LOCK_EX, flock

from cnictl.netns import CLONE_NEWNET, Netns, NetnsError, NetnsGone, entered
from cnictl.spec.errno_text import errno_text

DIRECTORY = "/run/netns"

# sys/mount.h
_MS_BIND, _MS_REC, _MS_SHARED = 0x1000, 0x4000, 0x100000
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def create_named(path: str) -> None:
    """Make a network namespace that lives until the file `path` is unmounted; its directory is made too.

    The directory becomes a shared mount, so that processes in other mount namespaces see what is
    added and, above all, do not keep alive what is removed.  Raises NetnsError.
    """
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        _share(directory)
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except OSError as e:
        raise NetnsError(f'cannot create namespace file "{path}": {errno_text(e.errno or 0)}') from None
    try:
        with Netns.own() as home, entered(home):
            _call("unshare", CLONE_NEWNET)
            # The thread's own entry: /proc/self belongs to the first thread.
            _mount("/proc/thread-self/ns/net", path, _MS_BIND)
    except OSError as e:
        os.unlink(path)
        raise NetnsError(f'cannot make the network namespace "{path}": {errno_text(e.errno or 0)}') from None


def delete_named(path: str) -> None:
    """Unmount and remove `path`; the namespace goes with the last process or handle that uses it.

    An empty file without a namespace, as a restart of the machine leaves it, is removed too.
    Raises NetnsGone when there is no such file, and NetnsError.
    """
    try:
        Netns(path).close()
    except NetnsGone:
        raise
    except NetnsError:
        if not _is_leftover(path):
            raise
    else:
        _attempt(path, _call, "umount2", path.encode(), _MNT_DETACH)
    _attempt(path, os.unlink, path)


def names(directory: str = DIRECTORY) -> list[str]:
    """The names in use, sorted; none when the directory is missing."""
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []


def _share(directory: str) -> None:
    """Make the directory a shared mount, of its own if it is part of another."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flock(fd, LOCK_EX)  # `ip netns add` takes it as well
        try:
            _mount("", directory, _MS_SHARED | _MS_REC)
        except OSError as e:
            if e.errno != errno.EINVAL:
                raise
            _mount(directory, directory, _MS_BIND | _MS_REC)
            _mount("", directory, _MS_SHARED | _MS_REC)
    finally:
        os.close(fd)


def _is_leftover(path: str) -> bool:
    status = os.lstat(path)
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


def _attempt(path: str, step: Callable[..., None], *arguments: object) -> None:
    try:
        step(*arguments)
    except OSError as e:
        raise NetnsError(f'cannot remove namespace file "{path}": {errno_text(e.errno or 0)}') from None


def _mount(source: str, target: str, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None)


def _call(function: str, *arguments: object) -> None:
    if _libc[function](*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
