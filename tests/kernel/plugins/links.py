"""Kinds of links that a kernel may lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import unavailable

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node


STACKED = ("ipvlan", "vlan")
"""Kinds of links that sit on another one."""


def require_kind(node: Node, kind: str) -> None:
    """Go on only where the kernel can make a link of a kind, given as `ip link add type` takes it."""
    below = ["link", "probe1"] if kind.split(maxsplit=1)[0] in STACKED else []
    node.run("ip link add probe1 type veth peer name probe2".split()).checked()
    tried = node.run(["ip", "link", "add", *below, "name", "probe0", "type", *kind.split()])
    if tried.status:
        unavailable(f"this kernel makes no {kind}: {tried.stderr.strip()}")
    for name in ("probe0", "probe1"):
        node.run(["ip", "link", "delete", name]).checked()
