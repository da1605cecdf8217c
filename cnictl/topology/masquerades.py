"""Which sources a packet filter hides behind the node's address: ipMasq of plugins, and others' rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnictl.netfilter.rule import Rule, split
from cnictl.topology.model import Masquerade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netfilter.observed import Chain, Filters, ObservedRule

_SOURCE = re.compile(r"\bip6? saddr (\S+)")
_BEYOND = re.compile(r"\bip6? daddr != (\S+)")
_PORTMAP_TABLE = "cni_hostport"
_MASQ_CHAIN = "CNI-HOSTPORT-MASQ"
"""Where portmap masquerades what comes for host ports, which is part of forwarding them."""


def masquerades(filters: Filters) -> list[Masquerade]:
    """Return the rules that masquerade, those of iptables with the source that leads to their chain."""
    found: list[Masquerade] = []
    for chain in filters.chains:
        for observed in chain.rules:
            if chain.source == "native":
                if " masquerade" in f" {observed.text}" and chain.table != _PORTMAP_TABLE:
                    found.append(_native(chain, observed))
            elif chain.table == "nat" and chain.name != _MASQ_CHAIN:
                found += _iptables(chain, observed, filters)
    return found


def _native(chain: Chain, observed: ObservedRule) -> Masquerade:
    source, beyond = _SOURCE.search(observed.text), _BEYOND.search(observed.text)
    owner = observed.owner
    return Masquerade(
        source[1] if source else "",
        beyond[1] if beyond else "",
        chain.tool,
        chain.name,
        owner.container_id if owner else "",
        owner.ifname if owner else "",
    )


def _iptables(chain: Chain, observed: ObservedRule, filters: Filters) -> Iterator[Masquerade]:
    rule = Rule(chain.name, *split(observed.text))
    if rule.target == "MASQUERADE" and chain.owner is None:
        yield Masquerade(rule.value("-s"), _excluded(rule), chain.tool, chain.name)
    elif chain.name == "POSTROUTING" and observed.owner is not None:
        own = filters.find(chain.tool, chain.table, rule.target)
        rules = [Rule(own.name, *split(each.text)) for each in own.rules] if own is not None else []
        if any(each.target == "MASQUERADE" for each in rules):
            beyond = [each.value("-d") for each in rules if each.target == "ACCEPT"]
            yield Masquerade(
                rule.value("-s").removesuffix("/32").removesuffix("/128"),
                ", ".join(beyond),
                chain.tool,
                rule.target,
                observed.owner.container_id,
                observed.owner.ifname,
            )


def _excluded(rule: Rule) -> str:
    return rule.value("-d") if "!" in rule.words else ""
