"""A node to record calls on, as a user of `cnictl record` has it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

Shell = Callable[[str], "Completed"]
"""Runs a script, which ends where a command fails."""


def shell_on(node: Node, stand_in: str, *networks: dict[str, Any]) -> Shell:
    """Return a shell on the node, with no plugins in /run/bin yet, and the networks in /run/net.d."""
    environment = {
        "STAND_IN": stand_in,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CNI_PATH": "/run/bin",
        "NETCONFPATH": "/run/net.d",
        "LANG": "C.UTF-8",
    }
    for name in ("bin", "net.d"):
        os.mkdir(node.path(f"/run/{name}"))
    for network in networks:
        path = Path(node.path(f"/run/net.d/{network['name']}.conflist"))
        path.write_text(json.dumps(network), encoding="utf-8")
    return lambda script: node.run(["sh", "-ec", script], env=environment, timeout=110)
