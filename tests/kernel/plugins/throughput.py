"""How fast bytes get from one place to another over TCP: run as a program on either side.

`receive ADDRESS` waits for one connection, lets the first second pass, in which a burst may still
help, and prints the bits a second of the three seconds after that; `send ADDRESS` sends until the
other side has had enough.
"""

from __future__ import annotations

import socket
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

PORT = 5001
SETTLING = 1.0
SECONDS = 3.0
PATIENCE = 20.0


def throughput(node: Node, *, sender: str, receiver: str, address: str) -> float:
    """Return the bits a second between two namespaces ("" for the node) to an address of the receiver."""
    program = [sys.executable, __file__]
    with node.start([*program, "receive", address], netns=receiver) as waiting:
        assert waiting.stdout is not None
        ready = waiting.stdout.readline()
        assert ready == b"ready\n", waiting.communicate()
        sent = node.run([*program, "send", address], netns=sender, timeout=PATIENCE)
        told, complaint = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == sent.status == 0, complaint.decode() + sent.stderr
    return float(told)


def receive(address: str) -> None:
    with socket.create_server((address, PORT)) as server:
        server.settimeout(PATIENCE)
        print("ready", flush=True)
        connection, _ = server.accept()
    with connection:
        connection.settimeout(PATIENCE)
        begin = time.monotonic() + SETTLING
        while time.monotonic() < begin:
            connection.recv(1 << 16)
        begin, count = time.monotonic(), 0
        while (now := time.monotonic()) < begin + SECONDS:
            count += len(connection.recv(1 << 16))
    print(count * 8 / (now - begin))


def send(address: str) -> None:
    data = bytes(1 << 14)
    with socket.create_connection((address, PORT), PATIENCE) as connection:
        try:
            while True:
                connection.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            return


if __name__ == "__main__":
    {"receive": receive, "send": send}[sys.argv[1]](sys.argv[2])
