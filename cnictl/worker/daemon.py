"""`cnictl worker serve`, in an interpreter that has loaded plugins and little else."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import socket
import sys
from typing import TYPE_CHECKING

from cnictl import durable
from cnictl.plugin.log import Log
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError
from cnictl.worker.paths import control_path
from cnictl.worker.pool import Pool
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from types import ModuleType

QUEUE = 32
"""Calls that may wait to be taken; of one more the kernel tells the launcher, which runs it one-shot."""
_FIRST_FD = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)


class WorkerError(CnictlError):
    """The worker cannot serve, or there is none."""


def serve(path: str, spare: int, most: int) -> None:
    """Answer calls until SIGTERM or SIGINT; on SIGHUP begin anew, with the program as it is then.

    Takes the socket that systemd hands over, else makes one at `path`, and for who asks after its
    status another beside it.  Raises WorkerError.
    """
    log = Log("info")
    listener, made = _listener(path)
    control = bound(control_path(path))
    log.info("listening", socket=path)
    load()
    pool = Pool(listener, control, multicall.main, multicall.PROGRAMS.__contains__, spare=spare, most=most)
    asked = pool.run()
    control.close()
    if asked == signal.SIGHUP:
        log.info("beginning anew, as SIGHUP asks")
        os.dup2(listener.fileno(), _FIRST_FD)
        os.set_inheritable(_FIRST_FD, True)
        environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
        os.execve(sys.orig_argv[0], sys.orig_argv, environment)
    log.info("stopped")
    os.unlink(control_path(path))
    if made:
        os.unlink(path)


def load() -> None:
    """Import all that plugins may come to need, and have it shared: no garbage collector writes to it."""
    from cnictl import declare, ipam, netfilter, netlink, plugin, spec

    for package in (spec, declare, netlink, netfilter, ipam, plugin):
        _load_all(package)
    for name in multicall.PROGRAMS:
        multicall.load(name)
    gc.collect()
    gc.disable()
    gc.freeze()


def _load_all(package: ModuleType) -> None:
    for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not one.name.startswith(("cnictl.netlink.observe", "cnictl.netfilter.observe")):
            importlib.import_module(one.name)


def bound(path: str) -> socket.socket:
    """Return a socket that listens at a path, for this user only; one that nobody answers is replaced."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        durable.make_directory(os.path.dirname(path))
        before = os.umask(0o177)
        try:
            if os.path.lexists(path) and not _answers(path):
                os.unlink(path)
            made.bind(path)
        finally:
            os.umask(before)
        made.listen(QUEUE)
    except OSError as error:
        made.close()
        hint = "another worker answers there" if _answers(path) else ""
        raise WorkerError(f"cannot listen at {path}: {errno_text(error.errno or 0)}", hint=hint) from None
    return made


def _listener(path: str) -> tuple[socket.socket, bool]:
    """Return the socket for calls, and whether it was made here."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return bound(path), True
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    try:
        given = socket.socket(fileno=_FIRST_FD)
    except OSError as error:
        raise WorkerError(f"systemd passed no socket: {errno_text(error.errno or 0)}") from None
    os.set_inheritable(_FIRST_FD, False)
    return given, False


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(path)
        except OSError:
            return False
        return True


def main() -> None:
    """Serve as the command line says: the path, how many wait, how many there are at most."""
    path, spare, most = sys.argv[1:]
    try:
        serve(path, int(spare), int(most))
    except CnictlError as error:
        sys.exit(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
