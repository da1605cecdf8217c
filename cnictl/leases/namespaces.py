"""Which addresses there are in the network namespaces of a node, in all that can be found.

A namespace is found by a process or thread in it, or by a file that it is mounted on, in whatever
mount namespace: /run/netns is one such place, and runtimes have others.  One that only an open
descriptor keeps is not found; nothing runs there.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import Netns, NetnsError, NetnsGone
from cnictl.netns_named import DIRECTORY, names
from cnictl.spec.errno_text import errno_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from cnictl.spec.address import Address

OWN = "/proc/self/ns/net"
FIRST_PID_NAMESPACE = 0xEFFFFFFC  # PID_NS_INIT_INO, linux/nsfs.h
_OUTSIDE = "the processes outside of this PID namespace: run it on the node, or say --whole-node"
_TRIES = 3
_GONE = (errno.ENOENT, errno.ESRCH)
_MOUNTED = b" - nsfs "


class Sighting(NamedTuple):
    """Where an address is: a path of the namespace, and the interface as far as the kernel names it."""

    netns: str
    link: str

    def __str__(self) -> str:
        where = "the node itself" if self.netns == OWN else self.netns
        return f"on {self.link} in {where}" if self.link else f"in {where}"


@dataclass(frozen=True, slots=True)
class Sightings:
    """The addresses of all namespaces, and why some may be missing."""

    addresses: dict[Address, list[Sighting]]
    namespaces: int
    unseen: tuple[str, ...] = ()


def look(*, whole_node: bool = False) -> Sightings:
    """Return the addresses in all network namespaces.

    In a PID namespace of its own one sees the containers that run there and no others, which is told
    unless that is known to be the `whole_node`.
    """
    looking = _Looking()
    if not whole_node and not sees_all_processes():
        looking.unseen[_OUTSIDE] = None
    pending = looking.round()
    for _ in range(_TRIES):
        pending = pending and looking.round(pending)
    if pending:
        looking.unseen["namespaces whose processes ended while they were looked at"] = None
    return Sightings(looking.addresses, looking.seen, tuple(looking.unseen))


def sees_all_processes() -> bool:
    """Whether /proc has the processes of the whole machine."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == FIRST_PID_NAMESPACE
    except OSError:
        return False


class _Looking:
    def __init__(self) -> None:
        self.addresses: dict[Address, list[Sighting]] = {}
        self.seen = 0
        self.unseen: dict[str, None] = {}

    def round(self, pending: Container[int] | None = None) -> set[int]:
        """Look into all namespaces, or those `pending`; return those whose ways in had ended.

        One that is not there in the next round is gone, and one that is new was made since.
        """
        paths: dict[int, list[str]] = {}
        for inode, path in self._found():
            if pending is None or inode in pending:
                paths.setdefault(inode, []).append(path)
        ended = set()
        for inode, ways in paths.items():
            problem = self._enter(inode, ways)
            if problem is None:
                ended.add(inode)
            elif problem:
                self.unseen[problem] = None
        return ended

    def _enter(self, inode: int, ways: list[str]) -> str | None:
        """Note the addresses of a namespace; "" when it is done, None when all ways to it have ended."""
        problem: str | None = None
        for path in ways:
            try:
                with Netns(path) as netns:
                    if netns.inode != inode:
                        continue  # the process ended, and another one has its number
                    with Rtnl(netns, whole=True) as inside:
                        found = inside.addresses()
            except NetnsGone:
                continue
            except (NetnsError, NetlinkError) as error:
                if not _has_ended(path):
                    problem = f"{path}: {error}"
                continue
            for one in found:
                self.addresses.setdefault(one.prefix.address, []).append(Sighting(path, one.label))
            self.seen += 1
            return ""
        return problem

    def _found(self) -> Iterator[tuple[int, str]]:
        """Yield inodes of namespaces and paths to them, the ones that people know first."""
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
        if error.errno in _GONE or error.errno == errno.EINVAL or _has_ended(path):
            return
        if error.errno in (errno.EACCES, errno.EPERM):
            self.unseen["the namespaces of other users' processes: run it as root"] = None
        else:
            self.unseen[f"{path}: {errno_text(error.errno or 0)}"] = None


def _names() -> list[str]:
    try:
        return names()
    except OSError:
        return []  # the processes' own list of mounts has them as well


def _has_ended(path: str) -> bool:
    """Whether a path below /proc is that of a process or thread that has ended, which may look forbidden."""
    owner = path.partition("/ns/")[0].partition("/root/")[0].removesuffix("/mountinfo")
    return owner.startswith("/proc/") and not os.path.exists(owner)


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
