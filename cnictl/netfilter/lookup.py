"""The chains and rules that CHECK asks about, with one call of a program for each table or nftables chain."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.netfilter import nft
from cnictl.netfilter.iptables import PROGRAMS, USER_CHAIN, Tables
from cnictl.netfilter.rule import Rule, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
    from cnictl.netfilter import nft_text
    from cnictl.netfilter.iptables import Listing, Version

_VERSIONS: dict[str, Version] = {program: version for version, program in PROGRAMS.items()}


def find(wanted: Iterable[Entity]) -> Iterator[Entity]:
    """Those of some chains and rules that are there; what an nftables chain has besides may come too.

    Of an iptables chain the rules are told if rules are stated of the wanted one: reading those of a
    thousand containers takes time.  Raises NetfilterError.
    """
    tables: dict[tuple[str, str], Listing] = {}
    listed: set[str] = set()
    for entity in wanted:
        chain, _, text = entity.key.partition(": ") if entity.kind == "rule" else (entity.key, "", "")
        program, table, *rest = chain.split(" ")
        if program not in _VERSIONS:
            if chain not in listed:
                listed.add(chain)
                yield from _listed(nft.listing("chain", table, *rest))
            continue
        listing = tables.get((program, table))
        if listing is None:
            listing = tables[program, table] = Tables(_VERSIONS[program]).save(table)
        if entity.kind == "rule":
            if listing.has(Rule(rest[0], *split(text))):
                yield entity
        elif listing.has_chain(rest[0]):
            policy = listing.policies[rest[0]]
            texts = [rule.text for rule in listing.rules(rest[0])] if "rules" in entity.facts else None
            built_in = None if policy == USER_CHAIN else policy
            yield entities.chain(program, table, rest[0], texts, policy=built_in)


def _listed(objects: Iterable[nft_text.Object]) -> Iterator[Entity]:
    found = nft_chain(objects)
    if found is not None:
        yield found
        yield from entities.rules_of(found)


def nft_chain(objects: Iterable[nft_text.Object]) -> Entity | None:
    """The chain among objects of libnftables-json(5) and the rules among them; None without a chain."""
    from cnictl.netfilter import nft_text

    chain: nft_text.Object | None = None
    texts = []
    for one in objects:
        if "chain" in one:
            chain = one["chain"]
        elif "rule" in one:
            texts.append(nft_text.rule(one["rule"]))
    if chain is None:
        return None
    return entities.chain(
        f"nft {chain['family']}",
        chain["table"],
        chain["name"],
        texts,
        hook=nft_text.hook(chain) or None,
        policy=chain.get("policy"),
    )
