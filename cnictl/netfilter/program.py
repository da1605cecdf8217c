"""The programs that change packet filters: found in PATH, run with a time limit, their failures in full."""

from __future__ import annotations

import os

from cnictl import invoke
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.invoke import Completed

TIMEOUT = 90.0
"""Seconds that a program may take, all its waiting included."""
_EVERYWHERE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NetfilterError(CnictlError):
    """A packet filter could not be read or changed."""


class Missing(NetfilterError):
    """There is no such program in PATH.  The text is that of Go's os/exec."""

    def __init__(self, name: str, prefix: str = "") -> None:
        super().__init__(
            f'{prefix}exec: "{name}": executable file not found in $PATH',
            hint=f"install {name}, or add its directory to the container runtime's PATH, {search_path()}",
        )


class Failed(NetfilterError):
    """A program ended with another status than 0."""

    def __init__(self, path: str, arguments: Sequence[str], completed: Completed, more: str = "") -> None:
        self.status = completed.status
        self.stderr = completed.stderr.decode(errors="replace")
        command = " ".join((path, *arguments))
        super().__init__(f"running [{command}]: {completed.reason}: {self.stderr.rstrip()}{more}")

    @property
    def transient(self) -> bool:
        """Whether the same may succeed at once: somebody else was in the middle of a change."""
        return "temporarily unavailable" in self.stderr


def search_path() -> str:
    """The PATH of this process, or what a shell would take for it."""
    return os.environ.get("PATH", _EVERYWHERE)


def locate(name: str, prefix: str = "") -> str:
    """The path of a program in PATH.  Raises Missing, its text led by `prefix`."""
    for directory in search_path().split(os.pathsep):
        path = f"{directory}/{name}"
        if directory and os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise Missing(name, prefix)


def run(path: str, arguments: Sequence[str], stdin: str = "", timeout: float = TIMEOUT) -> Completed:
    """Run a program with the environment of this process.  A failing program is not an error here."""
    return invoke.run(
        path,
        arguments,
        environment=os.environ,
        stdin=stdin.encode(errors="surrogateescape"),
        timeout=timeout,
    )
