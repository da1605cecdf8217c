"""Real packets: a server that tells every client as whom it appears, and a client that says what it heard."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Serve = Callable[..., None]
"""`serve(netns, version, port, name="pod")` of the fixture with that name."""

SERVER = """
    import select, socket, sys
    family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
    streams = socket.socket(family, socket.SOCK_STREAM)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    for one in (streams, datagrams):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("", int(sys.argv[2])))
    streams.listen()
    print("ready", flush=True)
    while True:
        for ready in select.select([streams, datagrams], [], [])[0]:
            if ready is streams:
                connection, peer = streams.accept()
                connection.sendall(f"{sys.argv[3]} saw {peer[0]}".encode())
                connection.close()
            else:
                _, peer = datagrams.recvfrom(100)
                datagrams.sendto(f"{sys.argv[3]} saw {peer[0]}".encode(), peer)
"""
CLIENT = """
    import socket, sys
    _, host, port, protocols, wait = sys.argv
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    answers = set()
    for protocol in protocols.split():
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        with socket.socket(family, kind) as client:
            client.settimeout(float(wait))
            try:
                client.connect((host, int(port)))
                if protocol == "udp":
                    client.send(b"hello")
                answers.add(client.recv(100).decode())
            except OSError as error:
                answers.add(type(error).__name__)
    print(*answers, sep=" or ")
"""


def python(code: str, *words: str) -> list[str]:
    """Return the words that run a piece of Python."""
    return [sys.executable, "-I", "-S", "-c", textwrap.dedent(code), *words]


def ask(node: Node, host: str, port: int, protocols: str = "tcp", *, netns: str = "", wait: float = 3) -> str:
    """Return what the server said it saw, or how the attempt ended; the same with each protocol."""
    words = python(CLIENT, host, str(port), protocols, str(wait))
    return node.run(words, netns=netns, timeout=30).checked().stdout.strip()
