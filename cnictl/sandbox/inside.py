"""One command inside a network namespace, in the foreground: what `cnictl run` and `netns exec` start."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

from cnictl.netns import Netns, NetnsError, entered
from cnictl.sandbox import namespaces
from cnictl.sandbox.node import SandboxError
from cnictl.sandbox.start import NotStarted, become, outcome, told, usual_signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIGURATION = "/etc/netns"
"""Below it, per name, the files that take the place of those in /etc; see ip-netns(8)."""

# sys/mount.h
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000

_libc = ctypes.CDLL(None, use_errno=True)


def exec_inside(netns: str, argv: Sequence[str], files: Mapping[str, str] | None = None) -> int:
    """Run a command in a netns and give its exit status as a shell would.

    The command has this process's terminal, standard streams, directory and environment, sees the
    namespace's links in /sys, and finds each of `files` (path to path) in the place of another.
    It gets the signals sent to this process.  Raises NotStarted when that command cannot be started,
    and NetnsError or SandboxError when the namespace cannot be entered.
    """
    Netns(netns).close()  # so that its absence is told as such
    sys.stdout.flush()
    sys.stderr.flush()
    answers, answer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(answers)
        os._exit(_become(netns, argv, files or {}, answer))
    os.close(answer)
    status, reason = outcome(pid, answers)
    if reason:
        raise SandboxError(reason)
    return status


def configured_files(name: str) -> dict[str, str]:
    """The files that somebody wants in /etc for a namespace of that name: their places and where they are."""
    directory = os.path.join(CONFIGURATION, name)
    try:
        return {
            os.path.join("/etc", one): os.path.join(directory, one) for one in sorted(os.listdir(directory))
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _become(netns: str, argv: Sequence[str], files: Mapping[str, str], answer: int) -> int:
    usual_signals()
    try:
        with entered(netns):
            _furnish(files)
            become(argv)
    except NotStarted as error:
        os.write(answer, told(error))
        return error.status
    except (NetnsError, namespaces.Refused, OSError) as error:
        os.write(answer, str(error).encode(errors="surrogateescape"))
    return 1


def _furnish(files: Mapping[str, str]) -> None:
    """Show the namespace in /sys, and the files in their places, to this process alone."""
    if _libc.unshare(namespaces.NEW_MOUNT):
        number = ctypes.get_errno()
        raise namespaces.Refused("make a mount namespace", OSError(number, os.strerror(number)))
    namespaces.mount("none", "/", flags=_MS_REC | _MS_SLAVE)
    try:
        namespaces.own_sys()
    except (namespaces.Refused, OSError):
        pass  # some containers forbid it; /sys then shows the caller's links, as without us
    for target, source in files.items():
        if os.path.exists(target):
            namespaces.mount(source, target, flags=_MS_BIND)
