"""Which rules of a packet filter send ports elsewhere: those of portmap, whoever made them, and others.

portmap has a chain for each container in legacy or nft-compatible iptables, to which
CNI-HOSTPORT-DNAT leads; or rules in the native nftables table `cni_hostport`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cnictl.netfilter.rule import Rule, split
from cnictl.ports.model import Forward
from cnictl.spec.digest import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netfilter.observed import Chain, Filters, ObservedRule

NAT, DISPATCH, OWN = "nat", "CNI-HOSTPORT-DNAT", "CNI-DN-"
NAME_LENGTH = 28  # XT_EXTENSION_MAXNAMELEN, linux/netfilter/x_tables.h, less a zero
NATIVE, ALL, HOSTPORTS = "cni_hostport", "hostports_all", "hostports"

_NFT_PORT = re.compile(r"\b(tcp|udp|sctp) dport (\d+)(?:-(\d+))?(?= |$)")
_NFT_TO = re.compile(r"\bdnat (?:ip6? )?to (\S+)")
_NFT_ADDRESS = re.compile(r"\bip6? daddr ([0-9a-f.:]+)(?= )")
_PLACE = re.compile(r"\[?(?P<address>[0-9a-f.:]*?)\]?(?::(?P<port>\d+)(?:-\d+)?)?")


def chain_name(network: str, container_id: str) -> str:
    """Return the name of a container's chain, one for all its interfaces in a network."""
    return digest(network + container_id, NAME_LENGTH, OWN)


def forwards(filters: Filters) -> list[Forward]:
    """Return every rule that changes the destination of ports, in the order in which they stand."""
    entries = _Entries(filters)
    found: list[Forward] = []
    for chain in filters.chains:
        if chain.source == "native":
            found += _native(chain, filters)
        elif chain.table == NAT:
            found += _iptables(chain, entries)
    return found


def empty_chains(filters: Filters) -> list[Chain]:
    """Return the containers' chains that lead nowhere."""
    return [
        one
        for one in filters.chains
        if one.table == NAT
        and one.name.startswith(OWN)
        and not any(" DNAT " in f" {rule.text} " for rule in one.rules)
    ]


def _iptables(chain: Chain, entries: _Entries) -> Iterator[Forward]:
    for observed in chain.rules:
        rule = Rule(chain.name, *split(observed.text))
        if rule.target != "DNAT" or not rule.value("--dport"):
            continue
        first, _, last = rule.value("--dport").partition(":")
        to, to_port = _place(rule.value("--to-destination"))
        if not (first.isdigit() and to):
            continue
        address = rule.value("-d").removesuffix("/32").removesuffix("/128")
        made = Forward(
            chain.tool,
            chain.table,
            chain.name,
            chain.source,
            observed.text,
            rule.value("-p"),
            address,
            int(first),
            int(last) if last.isdigit() else int(first),
            to,
            to_port,
            observed.owner,
            ours=chain.name.startswith(OWN),
        )
        yield replace(made, gap=entries.gap(made)) if made.ours else made


class _Entries:
    """What leads to the chains of containers, of each variant of iptables."""

    def __init__(self, filters: Filters) -> None:
        self._entered: set[str] = set()
        self._dispatched: set[tuple[str, str, str, str]] = set()
        for chain in filters.chains:
            if chain.table != NAT:
                continue
            if chain.name == "PREROUTING":
                if any(rule.text.endswith(f"-j {DISPATCH}") for rule in chain.rules):
                    self._entered.add(chain.tool)
            elif chain.name == DISPATCH:
                for observed in chain.rules:
                    rule = Rule(DISPATCH, *split(observed.text))
                    for port in rule.value("--dports").split(","):
                        self._dispatched.add((chain.tool, rule.target, rule.value("-p").lower(), port))

    def gap(self, forward: Forward) -> str:
        """Return why nothing comes to a rule in a container's chain, "" when something does."""
        if forward.tool not in self._entered:
            return f"PREROUTING does not lead to {DISPATCH}"
        key = (forward.tool, forward.chain, forward.protocol.lower(), str(forward.port))
        return "" if key in self._dispatched else f"no rule of {DISPATCH} leads there"


def _native(chain: Chain, filters: Filters) -> Iterator[Forward]:
    for observed in chain.rules:
        port, to = _NFT_PORT.search(observed.text), _NFT_TO.search(observed.text)
        if port is None or to is None:
            continue
        address, to_port = _place(to[1])
        if not address:
            continue
        host = _NFT_ADDRESS.search(observed.text)
        ours = chain.table == NATIVE
        yield Forward(
            chain.tool,
            chain.table,
            chain.name,
            chain.source,
            observed.text,
            port[1],
            host[1] if host else "",
            int(port[2]),
            int(port[3] or port[2]),
            address,
            to_port,
            observed.owner,
            ours=ours,
            gap=_native_gap(chain, filters) if ours else "",
        )


def _native_gap(chain: Chain, filters: Filters) -> str:
    for source, target in (("prerouting", ALL), (ALL, chain.name)):
        found = filters.find(chain.tool, NATIVE, source)
        if found is None or not any(_jumps(rule, target) for rule in found.rules):
            return f"{source} does not lead to {target}"
    return ""


def _jumps(rule: ObservedRule, target: str) -> bool:
    return rule.text == f"jump {target}" or rule.text.endswith(f" jump {target}")


def _place(text: str) -> tuple[str, int]:
    """Return address and port of `10.0.0.2:80`, `[fd00::2]:80`, or an address alone; ("", 0) for others."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, 0
    told = _PLACE.fullmatch(text)
    return (told["address"], int(told["port"] or 0)) if told else ("", 0)
