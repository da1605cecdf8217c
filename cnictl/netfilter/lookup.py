"""The chains that CHECK asks about, with one call of a program for each table or nftables chain."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.netfilter import nft
from cnictl.netfilter.iptables import PROGRAMS, USER_CHAIN, Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
    from cnictl.netfilter import nft_text
    from cnictl.netfilter.iptables import Listing, Version

_VERSIONS: dict[str, Version] = {program: version for version, program in PROGRAMS.items()}


def chains(keys: Iterable[str]) -> Iterator[Entity]:
    """The chains of those keys (`iptables nat POSTROUTING`, `nft inet filter input`) and their rules.

    A chain that is not there is left out.  Raises NetfilterError.
    """
    tables: dict[tuple[str, str], Listing] = {}
    for key in keys:
        program, table, *rest = key.split(" ")
        if program in _VERSIONS:
            listing = tables.get((program, table))
            if listing is None:
                listing = tables[program, table] = Tables(_VERSIONS[program]).save(table)
            found = iptables_chain(program, table, listing, rest[0])
        else:
            found = nft_chain(nft.listing("chain", table, *rest))
        if found is not None:
            yield found
            yield from entities.rules_of(found)


def iptables_chain(program: str, table: str, listing: Listing, chain: str) -> Entity | None:
    """A chain of an iptables table, None when it is not there."""
    policy = listing.policies.get(chain)
    if policy is None:
        return None
    texts = [rule.text for rule in listing.rules(chain)]
    return entities.chain(program, table, chain, texts, policy=None if policy == USER_CHAIN else policy)


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
