"""The daemon: a socket, the leases behind it, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.dhcp.server import Server
from cnictl.dhcp.table import Table
from cnictl.ipam import lease_record
from cnictl.ipam.dhcp_rpc import SOCKET
from cnictl.listener import Listener, ListenerError
from cnictl.plugin.log import Log
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from cnictl.dhcp.table import Policy


class PidfileError(CnictlError):
    """The pid cannot be written down."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the daemon listens, unless systemd hands it a socket, and writes its pid, "" for nowhere."""

    socket: str = SOCKET
    pidfile: str = ""


def run(places: Places, policy: Policy) -> None:
    """Serve plugins until SIGTERM or SIGINT; leases stay as they are then.

    Raises ListenerError and PidfileError.
    """
    asyncio.run(_run(places, policy))


async def _run(places: Places, policy: Policy) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with contextlib.ExitStack() as at_end:
        listener = Listener(places.socket, policy.host_prefix)
        at_end.callback(listener.close)
        held = _hold(listener.path)
        at_end.callback(lease_record.remove_directory, listener.path)
        at_end.callback(os.close, held)
        if places.pidfile:  # not before it is certain that no other daemon has written its own there
            _write_pid(places.pidfile)
            at_end.callback(_remove, places.pidfile)
        table = Table(listener.path, policy)
        table.take_over()
        server = await asyncio.start_server(Server(table).serve, sock=listener.socket)
        Log("info").info("listening", socket=listener.path)
        await stop.wait()
        server.close()
        Log("info").info("stopping, leases are kept for the next daemon")


def _hold(path: str) -> int:
    try:
        return lease_record.hold(path)
    except BlockingIOError:
        raise ListenerError(
            f"another daemon has the leases in {lease_record.directory(path)}", hint="stop it first"
        ) from None
    except OSError as error:
        raise ListenerError(f"{lease_record.directory(path)}: {errno_text(error.errno or 0)}") from None


def _write_pid(path: str) -> None:
    if not os.path.isabs(path):
        raise PidfileError(f'Error writing pidfile "{path}": path not absolute')
    try:
        with open(path, "w", encoding="ascii", opener=_with_mode) as file:
            file.write(str(os.getpid()))
    except OSError as error:
        raise PidfileError(f'Error writing pidfile "{path}": {errno_text(error.errno or 0)}') from None


def _with_mode(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
