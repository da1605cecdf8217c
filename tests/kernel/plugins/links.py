"""Kinds of links that a kernel may lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import unavailable

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node


def require_kind(node: Node, kind: str) -> None:
    """Go on only where the kernel can make a link of a kind, given as `ip link add type` takes it."""
    tried = node.run(["ip", "link", "add", "probe0", "type", *kind.split()])
    if tried.status:
        unavailable(f"this kernel makes no {kind}: {tried.stderr.strip()}")
    node.run(["ip", "link", "delete", "probe0"]).checked()
