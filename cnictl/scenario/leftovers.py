"""What is there after DEL and was not before ADD, but for what containers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.declare.model import NODE
from cnictl.scenario.judge import fits
from cnictl.spec.conflist import parse_list
from cnictl.state.difference import difference
from cnictl.state.lines import lines
from cnictl.state.load import load

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnictl.scenario.model import Scenario

SHARED_CHAINS = (
    "node: + chain ip",
    "node: + chain nft bridge nat PREROUTING",
    "node: + chain nft inet cni_plugins_masquerade ",
    "node: + chain nft ip cni_hostport ",
    "node: + chain nft ip6 cni_hostport ",
    "node: + chain nft inet firewalld ",
)
"""Chains that the first container makes and the next one finds; empty or leading to nobody.

Those of one of firewalld's zones are firewalld's own, made when the zone is first used."""


def leftovers(scenario: Scenario, before: str, deleted: str) -> list[str]:
    """Return the lines of what is left; the two states are snapshots as YAML.

    Left on purpose, as by the Go plugins, are bridges with what belongs to them, `lo` set up,
    sysctls, chains that containers share, and host-local's own files.
    """
    after = load(deleted)
    shared: set[str] = set()
    for plugin in parse_list(scenario.network.encode(errors="surrogateescape")).plugins:
        bridge = str(plugin.members.get("bridge", "cni0"))
        shared.add(bridge)
        gateway = after.state.find(NODE, "link", f"{bridge}.{plugin.members.get('vlan', 0)}")
        if gateway is not None:
            shared |= {gateway.key, str(gateway.facts["peer"])}
    return [
        line
        for line in lines(difference(load(before), after))
        if not _is_shared(line, shared) and not any(fits(line, one) for one in scenario.left)
    ]


def _is_shared(line: str, links: Collection[str]) -> bool:
    words = line.split()
    bookkeeping = words[-1].rpartition("/")[2]
    return (
        ": sysctl " in line
        or ": + address lo " in line
        or line.startswith(SHARED_CHAINS)
        or any(word in links for word in words)
        or any(f"/{link}/" in line for link in links)
        or "CNI-HOSTPORT-" in line
        or (line.startswith("node: chain ip") and line.endswith(": rules"))
        or bookkeeping == "lock"
        or bookkeeping.startswith("last_reserved_ip.")
    )
