"""A worker on a throwaway node."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cnictl.sandbox.node import Node
from cnictl.worker import client

CNICTL = str(Path(sys.executable).with_name("cnictl"))
SOCKET = "/run/cnictl/worker.sock"


@contextlib.contextmanager
def serving(node: Node, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker, which waits for calls then; /run/worker has its pid on the node."""
    words = ["sh", "-c", 'echo $$ >/run/worker; exec "$@"', "sh"]
    argv = [*words, CNICTL, "worker", "serve", "--socket", SOCKET, *options]
    with node.start(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: waiting(node) > 0)
            yield process
        finally:
            node.run(["sh", "-c", "kill $(cat /run/worker) 2>/dev/null; true"])


def status(node: Node) -> client.Status:
    return client.status(node.path(SOCKET))


def waiting(node: Node) -> int:
    try:
        return status(node).waiting
    except client.NoWorker:
        return 0


def calls(node: Node) -> dict[str, int]:
    """Return how many calls the worker has answered, by plugin and command."""
    return {f"{one.plugin} {one.command}": one.calls for one in status(node).calls}


def wait_for(claim: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
