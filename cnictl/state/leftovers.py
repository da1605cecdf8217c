"""What is there after DEL and was not before ADD, but for what containers share."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from cnictl.declare.model import NODE
from cnictl.state.difference import Difference, difference
from cnictl.state.lines import lines

if TYPE_CHECKING:
    from cnictl.spec.conflist import NetworkList
    from cnictl.state.difference import Change
    from cnictl.state.snapshot import Snapshot

BUILT_IN = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
SHARED_CHAINS = ("CNI-HOSTPORT-", "CNI-FORWARD", "CNI-ADMIN", "CNI-ISOLATION-STAGE-")
"""Chains of iptables that the first container makes and the next one finds."""

MARKING = ("CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK")
"""Those among them whose own rules are for all containers."""

FIREWALL = '--comment "CNI firewall plugin '
"""What the rules of firewall have that are for all containers; those of one have no comment."""

SHARED_TABLES = (" cni_plugins_masquerade ", " cni_hostport ", "nft bridge nat ", " firewalld ")
"""The same of tables of nftables, where a rule that is one container's has a comment; those that
firewalld makes for a zone when it is first used are its own."""


def leftovers(network: NetworkList, before: Snapshot, deleted: Snapshot) -> list[str]:
    """Return the lines of what is left of a network's containers.

    Left on purpose, as by the Go plugins, are bridges with what belongs to them, `lo` set up,
    sysctls, chains that containers share with the rules that lead to them, and host-local's own files.
    """
    shared: set[str] = set()
    for plugin in network.plugins:
        bridge = str(plugin.members.get("bridge", "cni0"))
        shared.add(bridge)
        gateway = deleted.state.find(NODE, "link", f"{bridge}.{plugin.members.get('vlan', 0)}")
        if gateway is not None:
            shared |= {gateway.key, str(gateway.facts["peer"])}
    found = difference(before, deleted)
    kept = tuple(one for one in found.changes if not _is_shared(one, shared))
    return [*lines(Difference(kept, found.gone, found.new)), *_rules(kept)]


def _rules(changes: Collection[Change]) -> Iterator[str]:
    """Yield the rules that are one container's, in chains that are not."""
    for change in changes:
        if change.entity.kind == "chain" and _is_shared_chain(change.entity.key):
            for text in _added(change):
                if not _is_shared_rule(change.entity.key, text):
                    yield f"{change.where}: + rule {change.entity.key}: {text}"


def _is_shared(change: Change, links: Collection[str]) -> bool:
    kind, key = change.entity.kind, change.entity.key
    if kind == "chain":
        return _is_shared_chain(key) and all(_is_shared_rule(key, one) for one in _added(change))
    bookkeeping = key.rpartition("/")[2]
    return (
        kind == "sysctl"
        or (kind == "address" and key.startswith("lo "))
        or any(word in links for word in key.split())
        or (kind == "file" and (bookkeeping == "lock" or bookkeeping.startswith("last_reserved_ip.")))
    )


def _is_shared_chain(key: str) -> bool:
    name = key.rpartition(" ")[2]
    if key.startswith("nft "):
        return any(one in key for one in SHARED_TABLES)
    return name in BUILT_IN or name.startswith(SHARED_CHAINS)


def _is_shared_rule(chain: str, text: str) -> bool:
    if chain.startswith("nft "):
        return ' comment "' not in text
    return chain.endswith(MARKING) or FIREWALL in text or any(f"-j {one}" in text for one in SHARED_CHAINS)


def _added(change: Change) -> Iterator[str]:
    """Yield the rules that a chain has got."""
    if change.sign == "+":
        rules = change.entity.facts.get("rules", ())
        yield from rules if isinstance(rules, tuple) else ()
    for fact in change.facts:
        if fact.name == "rules":
            yield from (edit.text for edit in fact.edits() if edit.sign == "+")
