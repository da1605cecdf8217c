"""The socket that a daemon listens on: made here, or handed over by systemd."""

from __future__ import annotations

import errno
import os
import socket
import stat

from cnictl import durable
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

FIRST_FD = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
QUEUE = 1024
"""Callers that may wait to be taken: all pods of a node start at once when it boots."""


class ListenerError(CnictlError):
    """There is no socket to listen on."""


class Listener:
    """A listening socket; `path` is where it is, `made` whether it was made here and is ours to remove.

    It does not block.  One that is made here is for this user only, and `queue` callers may wait at it.
    What systemd hands over is taken once.  Raises ListenerError.
    """

    def __init__(self, path: str, host_prefix: str = "", *, queue: int = QUEUE) -> None:
        given = _handed_over()
        self.made = given is None
        if given is None:
            self.path = host_prefix + path
            self.socket = _bound(self.path, queue)
        else:
            self.path = host_prefix + str(given.getsockname())
            self.socket = given

    def close(self) -> None:
        """Stop listening, and remove the socket when it was made here."""
        self.socket.close()
        if self.made:
            try:
                os.unlink(self.path)
            except FileNotFoundError:
                pass


def _handed_over() -> socket.socket | None:
    """Return the socket that systemd passed, None when it passed none."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or count == "0":
        return None
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if count != "1":
        raise _refused(f"Too many ({count}) FDs passed through socket activation")
    try:
        found = socket.socket(fileno=FIRST_FD)
    except OSError:
        raise _refused("LISTEN_FDS=1 but no FD found") from None
    if found.family != socket.AF_UNIX or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise _refused("LISTEN_FDS=1 but no FD found", "what was passed is no listening unix socket")
    os.set_inheritable(FIRST_FD, False)
    found.setblocking(False)
    return found


def _bound(path: str, queue: int) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        durable.make_directory(os.path.dirname(path))
        before = os.umask(0o177)
        try:
            _bind(made, path)
        finally:
            os.umask(before)
        made.listen(queue)
    except OSError as error:
        made.close()
        hint = ""
        if error.errno == errno.EADDRINUSE:
            hint = "another daemon answers there" if _is_socket(path) else "what is there is no socket"
        words = errno_text(error.errno) if error.errno else str(error)
        raise _refused(f"listen unix {path}: bind: {words}", hint) from None
    made.setblocking(False)
    return made


def _bind(made: socket.socket, path: str) -> None:
    """Bind it, in the place of a socket that a daemon left behind which was killed."""
    try:
        made.bind(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not _is_socket(path) or _answers(path):
            raise
        os.unlink(path)
        made.bind(path)


def _is_socket(path: str) -> bool:
    return stat.S_ISSOCK(os.lstat(path).st_mode)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        return probe.connect_ex(path) != errno.ECONNREFUSED


def _refused(reason: str, hint: str = "") -> ListenerError:
    return ListenerError(f"Error getting listener: {reason}", hint=hint)
