"""What other people's programs see on a node: iproute2, iptables, nft and conntrack share no code with us.

Every function takes the node and, for what is inside a pod, the name its namespace was made with.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node


def ip(node: Node, *words: str, netns: str = "") -> Any:
    """Give the objects that `ip WORDS` lists, with details: `ip(node, "addr", "show", "dev", "eth0")`."""
    return _objects(node, ["ip", "-j", "-d", *words], netns)


def bridge(node: Node, *words: str, netns: str = "") -> Any:
    """Give the objects that `bridge WORDS` lists: `bridge(node, "vlan", "show")`."""
    return _objects(node, ["bridge", "-j", "-d", *words], netns)


def tc(node: Node, *words: str, netns: str = "") -> Any:
    """Give the objects that `tc WORDS` lists: `tc(node, "qdisc", "show", "dev", "eth0")`."""
    return _objects(node, ["tc", "-j", "-d", *words], netns)


def nft(node: Node, netns: str = "") -> list[dict[str, Any]]:
    """Give every table, chain, set and rule, in the form of libnftables-json(5)."""
    entries = _objects(node, ["nft", "-j", "list", "ruleset"], netns)["nftables"]
    return [entry for entry in entries if "metainfo" not in entry]


def iptables(
    node: Node,
    table: str,
    *,
    version: Literal[4, 6] = 4,
    variant: Literal["", "nft", "legacy"] = "",
    netns: str = "",
) -> list[str]:
    """Give the lines of one table as `iptables-save` writes them, without comments and counters.

    Without `variant` the host's own choice is asked, as plugins do.
    """
    program = ("iptables" if version == 4 else "ip6tables") + (f"-{variant}" if variant else "") + "-save"
    lines = node.run([program, "-t", table], netns=netns).checked().stdout.splitlines()
    kept = [line for line in lines if not line.startswith(("#", "*", "COMMIT"))]
    return [line.partition(" [")[0] if line.startswith(":") else line for line in kept]


def conntrack(node: Node, *, version: Literal[4, 6] = 4, netns: str = "") -> list[str]:
    """Give the connections the kernel keeps track of, one line each."""
    family = "ipv4" if version == 4 else "ipv6"
    return node.run(["conntrack", "-L", "-f", family], netns=netns).checked().stdout.splitlines()


def sysctl(node: Node, name: str, netns: str = "") -> str:
    """Give a setting's value; `name` has slashes, for a link's name may have dots."""
    return node.run(["cat", f"/proc/sys/{name}"], netns=netns).checked().stdout.rstrip("\n")


def files(node: Node, directory: str) -> dict[str, bytes]:
    """Give the content of each regular file below a directory of the node, by its path from there."""
    top = node.path(directory)
    found: dict[str, bytes] = {}
    for where, _, names in os.walk(top):
        for name in names:
            path = os.path.join(where, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def _objects(node: Node, argv: list[str], netns: str) -> Any:
    text = node.run(argv, netns=netns).checked().stdout
    return json.loads(text) if text.strip() else []  # iproute2 says nothing when there is nothing
