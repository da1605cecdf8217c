"""The chains and rules that CHECK asks about: of the kernel, and where it does not know them, of a program.

That is one call for each table of iptables that is not as wanted, and for each of nftables, or each chain
there where a table has many more.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.netfilter import asked, nft
from cnictl.netfilter.iptables import USER_CHAIN, VERSIONS, Tables
from cnictl.netfilter.rule import Rule, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
    from cnictl.netfilter import nft_text
    from cnictl.netfilter.iptables import Listing

UNWANTED = 4
"""So many chains that nobody asks about may be read along with those of their table."""


def find(wanted: Iterable[Entity]) -> Iterator[Entity]:
    """Those of some chains and rules that are there; what an nftables chain has besides may come too.

    Of an iptables chain the rules are told if rules are stated of the wanted one: reading those of a
    thousand containers takes time.  Raises NetfilterError.
    """
    wanted = list(wanted)
    ours = [entity for entity in wanted if entity.key.partition(" ")[0] in VERSIONS]
    if asked.all_there(ours):
        yield from ours
        wanted = [entity for entity in wanted if entity not in ours]
    tables: dict[tuple[str, str], Listing] = {}
    native: dict[tuple[str, str], list[str]] = {}
    for entity in wanted:
        chain, text = asked.chain_of(entity)
        program, table, *rest = chain.split(" ")
        if program not in VERSIONS:
            names = native.setdefault((table, rest[0]), [])
            if rest[1] not in names:
                names.append(rest[1])
            continue
        listing = tables.get((program, table))
        if listing is None:
            listing = tables[program, table] = Tables(VERSIONS[program]).save(table)
        if entity.kind == "rule":
            if listing.has(Rule(rest[0], *split(text))):
                yield entity
        elif listing.has_chain(rest[0]):
            policy = listing.policies[rest[0]]
            texts = [rule.text for rule in listing.rules(rest[0])] if "rules" in entity.facts else None
            built_in = None if policy == USER_CHAIN else policy
            yield entities.chain(program, table, rest[0], texts, policy=built_in)
    for (family, table), names in native.items():
        yield from _native(family, table, names)


def _native(family: str, table: str, names: list[str]) -> Iterator[Entity]:
    """Yield chains of a table of nftables as far as they are there, and their rules."""
    listings: dict[str, list[nft_text.Object]] = {name: [] for name in names}
    if len(names) > 1 and nft.size(family, table) <= len(names) + UNWANTED:
        for one in nft.listing("table", family, table):
            name = one["chain"]["name"] if "chain" in one else one["rule"]["chain"] if "rule" in one else ""
            if name in listings:
                listings[name].append(one)
    else:
        listings = {name: nft.listing("chain", family, table, name) for name in names}
    for objects in listings.values():
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
