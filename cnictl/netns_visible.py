"""Ways into all network namespaces of a node that can be found, whoever made them.

A namespace is found by a process or thread in it, or by a file that it is mounted on, in whatever
mount namespace: /run/netns is one such place, and runtimes have others.  One that only an open
descriptor keeps is not found; nothing runs there.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, TypeVar

from cnictl.netlink.errors import NetlinkError
from cnictl.netns import Netns, NetnsError, NetnsGone
from cnictl.netns_named import DIRECTORY, names
from cnictl.spec.errno_text import errno_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

OWN = "/proc/self/ns/net"
FIRST_PID_NAMESPACE = 0xEFFFFFFC  # PID_NS_INIT_INO, linux/nsfs.h
OUTSIDE = "the processes outside of this PID namespace: run it on the node, or say --whole-node"
FORBIDDEN = "the namespaces of other users' processes: run it as root"
FORBIDDEN_TO_ROOT = (
    "the namespaces of processes that may do more than this one: run it outside of its container"
)
_GONE = (errno.ENOENT, errno.ESRCH)
_MOUNTED = b" - nsfs "


class NoWay(Exception):
    """None of the ways leads into a namespace; `reason` is "" when whatever was there has ended."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


def inside(inode: int, ways: Iterable[str], look: Callable[[str, Netns], T]) -> T:
    """Return what `look` makes of a namespace, by the first way that leads there.

    Raises NoWay, with the last way that did not although it should.
    """
    closed = NoWay("", "")
    for path in ways:
        try:
            with Netns(path) as netns:
                if netns.inode == inode:  # else the process ended, and another one has its number
                    return look(path, netns)
        except NetnsGone:
            continue
        except (NetnsError, NetlinkError) as error:
            if not has_ended(path):
                closed = NoWay(path, str(error))
    raise closed


class Visible:
    """Looks for namespaces; `unseen` says, once each, what could not be looked at."""

    def __init__(self) -> None:
        self.unseen: dict[str, None] = {}

    def ways(self) -> Iterator[tuple[int, str]]:
        """Yield inodes of namespaces and paths to them, this one first, then the ones that people know."""
        yield from self._at(OWN)
        device = os.stat(OWN).st_dev
        for name in _names():
            path = f"{DIRECTORY}/{name}"
            if _device(path) == device:  # else a file on which nothing is mounted any more
                yield from self._at(path)
        mounted: set[int] = set()
        for pid in (name for name in os.listdir("/proc") if name.isdigit()):
            yield from self._of_process(pid)
            yield from self._mounted(pid, mounted)

    def _at(self, path: str) -> Iterator[tuple[int, str]]:
        try:
            yield os.stat(path).st_ino, path
        except OSError as error:
            self._note(path, error)

    def _of_process(self, pid: str) -> Iterator[tuple[int, str]]:
        """Yield the namespaces of a process and of its threads, which may be elsewhere, or outlive it."""
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError as error:
            self._note(f"/proc/{pid}", error)
            return
        found: set[int] = set()
        for thread in threads:
            path = f"/proc/{pid}/ns/net" if thread == pid else f"/proc/{pid}/task/{thread}/ns/net"
            for inode, _ in self._at(path):
                if inode not in found:
                    found.add(inode)
                    yield inode, path

    def _mounted(self, pid: str, known: set[int]) -> Iterator[tuple[int, str]]:
        """Yield the namespaces that are mounted on files, in the mount namespace of a process."""
        try:
            inode = os.stat(f"/proc/{pid}/ns/mnt").st_ino
            if inode in known:
                return
            known.add(inode)
            with open(f"/proc/{pid}/mountinfo", "rb") as file:
                mounts = file.read()
        except OSError as error:
            self._note(f"/proc/{pid}/mountinfo", error)
            return
        if _MOUNTED not in mounts:
            return
        for line in mounts.splitlines():
            words = line.split()  # "36 35 0:4 net:[4026532280] /run/netns/pod rw - nsfs nsfs rw"
            if _MOUNTED in line and words[3].startswith(b"net:["):
                yield int(words[3][5:-1]), f"/proc/{pid}/root{_unescaped(words[4])}"

    def _note(self, path: str, error: OSError) -> None:
        """Remember what cannot be looked at, unless it has ended."""
        if error.errno in _GONE or error.errno == errno.EINVAL or has_ended(path):
            return
        if error.errno in (errno.EACCES, errno.EPERM):
            self.unseen[FORBIDDEN if os.geteuid() else FORBIDDEN_TO_ROOT] = None
        else:
            self.unseen[f"{path}: {errno_text(error.errno or 0)}"] = None


def sees_all_processes() -> bool:
    """Whether /proc has the processes of the whole machine."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == FIRST_PID_NAMESPACE
    except OSError:
        return False


def has_ended(path: str) -> bool:
    """Whether a path below /proc is that of a process or thread that has ended, which may look forbidden."""
    owner = path.partition("/ns/")[0].partition("/root/")[0].removesuffix("/mountinfo")
    return owner.startswith("/proc/") and not os.path.exists(owner)


def _names() -> list[str]:
    try:
        return names()
    except OSError:
        return []  # the processes' own list of mounts has them as well


def _device(path: str) -> int:
    try:
        return os.stat(path).st_dev
    except OSError:
        return -1


def _unescaped(path: bytes) -> str:
    r"""Return a path of mountinfo, in which \040 is a blank."""
    parts = path.split(b"\\")
    whole = parts[0] + b"".join(bytes([int(one[:3], 8)]) + one[3:] for one in parts[1:])
    return os.fsdecode(whole)
