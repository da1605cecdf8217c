"""Network namespaces: opening one by its path, and working inside it for a moment."""

from __future__ import annotations

import errno
import os
import sys
from fcntl import ioctl

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

CLONE_NEWNET = 0x40000000  # linux/sched.h
_NS_GET_NSTYPE = 0xB703  # linux/nsfs.h, since Linux 4.11
_NAMESPACE_MAGICS = (0x6E736673, 0x9FA0)  # NSFS_MAGIC and PROC_SUPER_MAGIC, linux/magic.h
_OWN = "/proc/thread-self/ns/net"


class NetnsError(CnictlError):
    """A path that is there but cannot be used as a network namespace."""


class NetnsGone(NetnsError):
    """A path that is empty or leads nowhere: the namespace has been deleted, or never was."""


class Netns:
    """An opened network namespace, which lives on as long as this handle does.

    `path` is as given, `fd` an open descriptor that is not inherited, `inode` the number
    that /proc/PID/ns/net shows.  Raises NetnsGone or NetnsError.
    """

    __slots__ = ("fd", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # O_NONBLOCK: a FIFO in that place must not hold us up.
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as e:
            kind = NetnsGone if e.errno == errno.ENOENT else NetnsError
            raise kind(f'failed to Statfs "{path}": {errno_text(e.errno or 0)}') from None
        except ValueError:  # of a NUL character, which Go passes on
            raise NetnsError(f'failed to Statfs "{path}": {errno_text(errno.EINVAL)}') from None
        try:
            _require_netns(self.fd, path)
        except BaseException:
            os.close(self.fd)
            raise

    @classmethod
    def own(cls) -> Self:
        """The namespace that this thread is in."""
        return cls(_OWN)

    @property
    def inode(self) -> int:
        return os.fstat(self.fd).st_ino

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Netns({self.path!r})"


class entered:  # noqa: N801 - reads as a sentence: `with entered(path):`
    """Run a block inside a namespace, given as a path, a `Netns` or a descriptor, and come back.

    Only this thread moves.  What needs it is writing below /proc/sys/net; for netlink, open an
    `Rtnl` of the namespace instead.  Raises NetnsGone or NetnsError.  When the way back fails the
    process ends there: going on in the wrong namespace would change somebody else's network.
    """

    __slots__ = ("_close", "_home", "_target", "_where")

    def __init__(self, where: str | Netns | int) -> None:
        self._close: Netns | None = None
        if isinstance(where, str):
            self._close = where = Netns(where)
        self._where = where.path if isinstance(where, Netns) else f"/proc/self/fd/{where}"
        self._target = where.fd if isinstance(where, Netns) else where
        self._home = -1

    def __enter__(self) -> None:
        try:
            self._home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
            _setns(self._target)
        except OSError as e:
            self._release()
            raise NetnsError(
                f"error switching to ns {self._where}: Error switching to ns {self._where}: "
                f"{errno_text(e.errno or 0)}",
                hint="run it as root; setns(2) takes CAP_SYS_ADMIN" if e.errno == errno.EPERM else "",
            ) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            _setns(self._home)
        except OSError as e:
            sys.stderr.write(
                f"cannot return from the network namespace {self._where}: {errno_text(e.errno or 0)}; "
                "stopping here, because all further work would be done in the wrong namespace\n"
            )
            sys.stderr.flush()
            os._exit(1)
        self._release()

    def _release(self) -> None:
        if self._home >= 0:
            os.close(self._home)
            self._home = -1
        if self._close is not None:
            self._close.close()


def same_as_own(path: str) -> bool:
    """Whether `path` is the namespace this thread is in; a path that cannot be looked at is not."""
    try:
        there, here = os.stat(path), os.stat(_OWN)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _require_netns(fd: int, path: str) -> None:
    try:
        kind = ioctl(fd, _NS_GET_NSTYPE)
    except OSError:
        magic = _filesystem_magic(fd)
        if magic not in _NAMESPACE_MAGICS:
            raise NetnsError(f'unknown FS magic on "{path}": {magic:x}') from None
        if magic == _NAMESPACE_MAGICS[1]:
            raise NetnsError(f'"{path}" is a file of procfs, but not a network namespace') from None
        return  # a kernel without the ioctl; setns(2) will tell
    if kind != CLONE_NEWNET:
        raise NetnsError(f'"{path}" is a namespace, but not a network namespace')


def _filesystem_magic(fd: int) -> int:
    """What statfs(2) calls f_type, the first word of its answer.  Only errors need it."""
    import ctypes

    answer = ctypes.create_string_buffer(256)
    if ctypes.CDLL(None).fstatfs(fd, answer) != 0:
        return 0
    return ctypes.c_long.from_buffer(answer).value


def _setns_of_libc() -> Callable[[int, int], None]:
    """os.setns for Python 3.11; `_ctypes` without the package around it starts in a tenth of the time."""
    import _ctypes

    class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
        _type_ = "i"

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Int

    function = Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "setns"))  # type: ignore[arg-type]

    def setns(fd: int, kind: int) -> None:
        if function(fd, kind) != 0:
            number = _ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return setns


def _setns(fd: int) -> None:
    if sys.version_info >= (3, 12):
        os.setns(fd, CLONE_NEWNET)
        return
    global _libc_setns  # noqa: PLW0603 - made once, and only by those who enter a namespace
    if _libc_setns is None:
        _libc_setns = _setns_of_libc()
    _libc_setns(fd, CLONE_NEWNET)


_libc_setns: Callable[[int, int], None] | None = None
