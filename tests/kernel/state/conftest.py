"""A node that can be looked at from inside."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from cnictl.sandbox.node import ROOT, Node
from cnictl.state.load import load
from cnictl.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Observed:
    """A node, and what our program on it says."""

    node: Node

    def ask(self, what: str, **asked: Any) -> Any:
        """Run a function of `on_node` there."""
        argv = [sys.executable, "-m", "tests.kernel.state.on_node", what]
        done = self.node.run(argv, stdin=json.dumps(asked), cwd=ROOT, timeout=100)
        return json.loads(done.checked().stdout)

    def sh(self, command: str) -> None:
        """Have a shell do something on the node."""
        self.node.run(["sh", "-ec", command]).checked()

    def snapshot(self, **pods: str) -> Snapshot:
        """Give the state of the node and of pods by name and path, after a trip through YAML."""
        return load(self.ask("snapshot", pods=pods))

    def attach(self, network: dict[str, Any], plugins_dir: str, container: str = "c1", **more: Any) -> None:
        """Attach a container to a network; its namespace is made where it is missing."""
        netns = f"/run/netns/{container}"
        if not os.path.exists(self.node.path(netns)):
            self.node.new_netns(container)
        self.ask("add", network=network, plugins_dir=plugins_dir, container=container, netns=netns, **more)


@pytest.fixture
def observed(node: Node) -> Observed:
    """A throwaway node."""
    return Observed(node)
