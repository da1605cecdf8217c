"""A DHCP server and daemons on a throwaway node, and what they say."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import GO_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.sandbox.node import Node

TESTDATA = Path(__file__).parents[3] / "testdata" / "dhcp"
SERVER = Path(__file__).with_name("dhcp_server.py")
SOCKET = "/run/cni/dhcp.sock"
QUICK: dict[str, Any] = {"address": "10.44.0.70", "lease": 7, "renew": 1, "rebind": 5}


def within(seconds: float, holds: Callable[[], Any], what: str) -> Any:
    """Return what a function gives when that is true at last."""
    until = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def in_background(node: Node, words: str, log: str, netns: str = "") -> int:
    """Start a command on a node; return its process id there."""
    return int(node.run(["sh", "-c", f"{words} >>{log} 2>&1 & echo $!"], netns=netns).checked().stdout)


class DhcpNetwork:
    """The bridge br0 with a DHCP server: dnsmasq, or with `orders` one that does as it is told."""

    def __init__(self, node: Node, *options: str, orders: dict[str, Any] | None = None) -> None:
        self.node = node
        script = ["sh", str(TESTDATA / "network.sh")]
        node.run([*script, *(["none"] if orders is not None else options)]).checked()
        if orders is not None:
            self.order(**orders)
            in_background(
                node, f"{sys.executable} {SERVER} /run/orders /run/heard", "/run/server.log", "server"
            )
            within(10, lambda: self._path("/run/heard").exists(), "the server")

    def order(self, **orders: Any) -> None:
        """Tell the server what to do from now on."""
        fresh = self._path("/run/orders.new")
        fresh.write_text(json.dumps(orders))
        fresh.rename(self._path("/run/orders"))

    @property
    def heard(self) -> list[dict[str, Any]]:
        """What the server that does as it is told was asked."""
        return [json.loads(line) for line in self._path("/run/heard").read_text().splitlines()]

    def types(self) -> list[str]:
        return [one["type"] for one in self.heard]

    @property
    def leases(self) -> dict[str, list[str]]:
        """Dnsmasq's leases: MAC address, name, and client id by address."""
        path = self._path("/run/dnsmasq.leases")
        lines = path.read_text().splitlines() if path.exists() else []
        rows = (line.split() for line in lines)
        return {address: [mac, name, client] for _, mac, address, name, client in rows}

    @property
    def log(self) -> str:
        """What dnsmasq was asked and what it answered."""
        return self._path("/run/dnsmasq.log").read_text()

    def asked(self, word: str) -> int:
        """How often dnsmasq logged a kind of message."""
        return len(re.findall(rf" {word}\(eth0\)", self.log))

    def _path(self, inside: str) -> Path:
        return Path(self.node.path(inside))


class Daemon:
    """A daemon on a node; it ends with the node, or when it is told to.

    `there` is where its socket appears, if that is not what it is told.
    """

    def __init__(
        self, node: Node, program: str, *options: str, socket: str = SOCKET, there: str = ""
    ) -> None:
        self.node = node
        self.there = there or socket
        self.words = " ".join([program, "daemon", "-socketpath", socket, *options])
        self.socket = socket
        self.pid = 0
        self.start()

    def start(self) -> None:
        before = self.log.count("event=listening")
        self.pid = in_background(self.node, self.words, self._log)

        def listens() -> bool:
            assert self._is_running(), self.log
            says_so = self.log.count("event=listening") > before or self.words.startswith(GO_PLUGINS)
            return says_so and os.path.exists(self.node.path(self.there))

        within(20, listens, f"{self.words}: {self.log}")

    def send(self, number: int) -> None:
        self.node.run(["kill", f"-{number}", str(self.pid)]).checked()

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal that ends the daemon, and wait for its end."""
        self.send(number)
        within(20, lambda: not self._is_running(), "the end of the daemon")

    def restart(self, number: int = signal.SIGTERM) -> None:
        self.end(number)
        self.start()

    def _is_running(self) -> bool:
        return os.path.exists(self.node.path(f"/proc/{self.pid}"))

    @property
    def _log(self) -> str:
        return f"/run/{os.path.basename(self.socket)}.log"

    @property
    def log(self) -> str:
        path = Path(self.node.path(self._log))
        return path.read_text() if path.exists() else ""

    def says(self, event: str, times: int = 1, seconds: float = 20) -> None:
        """Wait until an event is in the log."""
        words = f'event="{event}"' if " " in event else f"event={event}"
        within(seconds, lambda: self.log.count(words) >= times, f"{words} in {self.log}")

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        """The leases that it keeps, by the name of their file."""
        directory = Path(self.node.path(f"{self.there}.leases"))
        files = sorted(directory.iterdir()) if directory.exists() else ()
        return {one.name: json.loads(one.read_text()) for one in files if not one.name.startswith(".")}
