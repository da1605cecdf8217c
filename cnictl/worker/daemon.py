"""`cnictl worker serve`, in an interpreter that has loaded plugins and little else."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import sys
from typing import TYPE_CHECKING

from cnictl.listener import FIRST_FD, Listener
from cnictl.plugin.log import Log
from cnictl.spec.errors import CnictlError
from cnictl.worker.paths import control_path
from cnictl.worker.pool import Pool
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from types import ModuleType

_FAILED = 3  # what every command exits with when the kernel does not do its part
QUEUE = 32
"""Calls that may wait to be taken; of one more the kernel tells the launcher, which runs it one-shot."""


def serve(path: str, spare: int, most: int) -> None:
    """Answer calls until SIGTERM or SIGINT; on SIGHUP begin anew, with the program as it is then.

    Takes the socket that systemd hands over, else makes one at `path`, and for who asks after its
    status another beside it.  Raises ListenerError.
    """
    log = Log("info")
    listener = Listener(path, queue=QUEUE)
    control = Listener(control_path(path))
    log.info("listening", socket=path)
    load()
    pool = Pool(
        listener.socket,
        control.socket,
        multicall.main,
        multicall.PROGRAMS.__contains__,
        spare=spare,
        most=most,
    )
    asked = pool.run()
    control.close()
    if asked == signal.SIGHUP:
        log.info("beginning anew, as SIGHUP asks")
        os.dup2(listener.socket.fileno(), FIRST_FD)
        os.set_inheritable(FIRST_FD, True)
        environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
        os.execve(sys.orig_argv[0], sys.orig_argv, environment)
    log.info("stopped")
    listener.close()


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


def main() -> None:
    """Serve as the command line says: the path, how many wait, how many there are at most."""
    path, spare, most = sys.argv[1:]
    try:
        serve(path, int(spare), int(most))
    except CnictlError as error:
        sys.stderr.write(f"error: {error}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        sys.exit(_FAILED)
