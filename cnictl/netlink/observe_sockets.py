"""Who listens on this node, as sock_diag(7) tells it to pyroute2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pyroute2 import DiagSocket  # type: ignore[import-untyped]
from pyroute2.netlink.exceptions import NetlinkError as Pyroute2Error  # type: ignore[import-untyped]

from cnictl.netlink.errors import NetlinkError
from cnictl.netns import entered
from cnictl.spec.errno_text import errno_text

if TYPE_CHECKING:
    from collections.abc import Collection

_FAMILIES = (2, 10)  # AF_INET, AF_INET6
_STATES = {"tcp": (6, 1 << 10), "udp": (17, 1 << 7)}
"""Protocol number, and the state of a socket that waits: TCP_LISTEN, TCP_CLOSE (net/tcp_states.h)."""


class Listener(NamedTuple):
    """A socket that waits for anybody; `address` is `0.0.0.0` or `::` for all, `inode` tells whose it is."""

    protocol: str
    address: str
    port: int
    inode: int


class Process(NamedTuple):
    """A process that has a socket open."""

    pid: int
    name: str


def listeners(netns: str | None = None) -> list[Listener]:
    """Return the TCP and UDP sockets that listen in the namespace at that path, or in this thread's.

    Raises NetnsGone, NetnsError and NetlinkError.
    """
    try:
        if netns is None:
            return _listeners()
        with entered(netns):
            return _listeners()
    except Pyroute2Error as error:
        raise NetlinkError("list listening sockets", error.code, reason=errno_text(error.code)) from None


def _listeners() -> list[Listener]:
    with DiagSocket() as socket:
        socket.bind()
        return [
            Listener(protocol, one["idiag_src"], one["idiag_sport"], one["idiag_inode"])
            for protocol, (number, states) in _STATES.items()
            for family in _FAMILIES
            for one in socket.get_sock_stats(family=family, states=states, protocol=number)
            if one["idiag_sport"]
        ]


def processes(inodes: Collection[int]) -> dict[int, Process]:
    """Return which process has each socket open, as far as we may see; of several the first."""
    found: dict[int, Process] = {}
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    if not wanted:
        return found
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            descriptors = os.listdir(f"/proc/{pid}/fd")
        except OSError:  # ended, or somebody else's
            continue
        for descriptor in descriptors:
            try:
                inode = wanted.get(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
            except OSError:
                continue
            if inode is not None:
                found.setdefault(inode, Process(pid, _name(pid)))
    return found


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="backslashreplace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "?"
