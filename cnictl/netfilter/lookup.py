"""The chains that CHECK asks about, with one call of a program for each table or nftables chain."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.netfilter import nft
from cnictl.netfilter.iptables import PROGRAMS, Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
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
            (chain,) = rest
            if listing.has_chain(chain):
                yield from _entities(program, table, chain, [rule.text for rule in listing.rules(chain)])
        else:
            family = table
            table, chain = rest
            texts = nft.chain_texts(family, table, chain)
            if texts is not None:
                yield from _entities(f"nft {family}", table, chain, texts)


def _entities(tool: str, table: str, chain: str, texts: list[str]) -> Iterator[Entity]:
    yield entities.chain(tool, table, chain, texts)
    for text in texts:
        yield entities.rule(tool, table, chain, text)
