"""Packets that are really sent: ping, TCP and UDP between namespaces, with a server where one is needed.

A socket stays in the namespace it was made in, so servers and clients need no process of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from cnictl import invoke
from cnictl.child import CannotRun, Stopped
from cnictl.netns import entered
from cnictl.spec.address import Address

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from cnictl.scenario.model import Protocol

PATIENCE = 2.0
"""Seconds for an answer; a refusal may take as long."""

DATAGRAMS = 3
"""How often a datagram is sent again within PATIENCE."""

WORD = b"cnictl reach\n"


class Server:
    """Answers what it is sent, on every address of a namespace ("" for this one), while the block lasts."""

    def __init__(self, netns: str, protocol: Protocol, port: int) -> None:
        self._netns = netns
        self._kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        self._port = port
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        made = _made(self._netns, socket.AF_INET6, self._kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            made.bind(("::", self._port))
            if self._kind == socket.SOCK_STREAM:
                made.listen()
        except OSError:
            made.close()
            raise
        self._socket = made
        threading.Thread(target=self._serve, args=(made,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            # Closing alone does not wake who waits in accept or recvfrom.
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._socket.close()

    def _serve(self, made: socket.socket) -> None:
        try:
            while True:
                if self._kind == socket.SOCK_STREAM:
                    with made.accept()[0] as connection:
                        connection.settimeout(PATIENCE)
                        connection.sendall(connection.recv(len(WORD)))
                else:
                    data, sender = made.recvfrom(len(WORD))
                    made.sendto(data, sender)
        except OSError:
            return  # the block is over, or its client went away and says so itself


def ping(netns: str, target: str, size: int = 0) -> str:
    """Send echo requests from a namespace; return why none was answered, "" when one was.

    With `size` bytes of payload the packet may not be fragmented on its way.
    """
    program = shutil.which("ping")
    if program is None:
        return "no program 'ping' in PATH; it is part of iputils"
    arguments = ["-n", "-c", "1", "-W", "1", "-w", "3"]
    if size:
        arguments += ["-M", "do", "-s", str(size)]
    with ExitStack() as stack:
        if netns:
            stack.enter_context(entered(netns))
        try:
            done = invoke.run(program, [*arguments, target], environment=os.environ, timeout=10)
        except (CannotRun, Stopped) as error:
            return str(error)
    if done.status == 0:
        return ""
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    telling = [one for one in said if "ping statistics" not in one and "rtt" not in one and one]
    return telling[-1] if telling else "no answer"


def connect(netns: str, target: str, port: int, protocol: Protocol) -> str:
    """Send a word from a namespace and have it back; return why it did not come, "" when it did."""
    family = socket.AF_INET if Address.parse(target).version == 4 else socket.AF_INET6
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    try:
        with _made(netns, family, kind) as client:
            if protocol == "tcp":
                client.settimeout(PATIENCE)
                client.connect((target, port))
                client.sendall(WORD)
                answer = client.recv(len(WORD))
            else:
                client.settimeout(PATIENCE / DATAGRAMS)
                client.connect((target, port))
                answer = _answer(client)
    except TimeoutError:
        return f"no answer from {target} port {port} within {PATIENCE:g} s"
    except OSError as error:
        return f"{target} port {port}: {error.strerror or error}"
    return "" if answer == WORD else f"{target} port {port} answered something else"


def _answer(client: socket.socket) -> bytes:
    for attempt in range(DATAGRAMS):
        client.send(WORD)
        try:
            return client.recv(len(WORD))
        except TimeoutError:
            if attempt == DATAGRAMS - 1:
                raise
    return b""


def _made(netns: str, family: int, kind: int) -> socket.socket:
    with ExitStack() as stack:
        if netns:
            stack.enter_context(entered(netns))
        return socket.socket(family, kind)
