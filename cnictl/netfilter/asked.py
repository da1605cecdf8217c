"""Whether iptables' chains and rules are there, asked of the kernel itself: no program is run.

iptables-save prints a table, and all that the other containers have there.  The kernel gives one chain at a
time, and only what mentions all that a rule consists of is taken apart.  A yes is certain.  A no is none
yet: iptables may be the legacy one, or of a release that puts the same rule otherwise.
"""

from __future__ import annotations

from cnictl.netfilter import nft
from cnictl.netfilter.channel import NetfilterChannel
from cnictl.netfilter.expressions import alike, is_whole_address, translate
from cnictl.netfilter.iptables import FAMILIES, VERSIONS, may_be_legacy
from cnictl.netfilter.rule import split
from cnictl.netfilter.translated import parts_of
from cnictl.netlink import message
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
    from cnictl.netfilter.translated import Part

    Parts = list[Part]

_WORDS = ("match", "target", "verdict")
"""The parts of a rule that every iptables puts alike, but for ports."""


class Chain:
    """What is wanted of one chain."""

    __slots__ = ("everything", "family", "name", "rules", "table")

    def __init__(self, family: str, table: str, name: str) -> None:
        self.family = family
        self.table = table
        self.name = name
        self.rules: list[Parts] = []
        self.everything: list[Parts] | None = None

    def is_there(self) -> bool:
        """Raises NetlinkError."""
        if self.everything is not None:
            found = self._read()
            if found != self.everything or not all(one in found for one in self.rules):
                return False
        elif self.rules:
            return self._has_rules()
        return bool(self.everything) or nft.has_chain(self.family, self.table, self.name)

    def _read(self) -> list[Parts]:
        """All rules of the chain, in order."""
        with NetfilterChannel(whole=True) as channel:
            what = f"list rules of {self.family} {self.table} {self.name}"
            answers = channel.read(nft.GET_RULE, self._question(), what, dump=True)
        return [parts for one in answers if (parts := self._parts(one)) is not None]

    def _has_rules(self) -> bool:
        """Whether the chain has the rules, told before all of it is read if they stand in front."""
        missing = self.rules
        for parts, _ in self._alike():
            missing = [one for one in missing if one != parts]
            if not missing:
                return True
        return False

    def handles(self) -> list[bytes] | None:
        """The handles of the rules, each the first that is not taken; None where one is not there.

        Raises NetlinkError.
        """
        missing, found = list(self.rules), []
        for parts, handle in self._alike() if missing else ():
            if parts in missing:
                missing.remove(parts)
                found.append(handle)
            if not missing:
                break
        return None if missing else found

    def _alike(self) -> Iterator[tuple[Parts, bytes]]:
        """Yield what rules of the chain that are wanted consist of, and their handles, in order."""
        needles = [_needles(self.family, parts) for parts in self.rules]
        with NetfilterChannel() as channel:
            what = f"find rules of {self.family} {self.table} {self.name}"
            for datagram, _ in channel.datagrams(nft.GET_RULE, self._question(), what):
                if not any(_mentions(datagram, one) for one in needles):
                    continue
                for answer in message.messages(datagram):
                    if any(_mentions(answer.body, one) for one in needles):
                        parts = self._parts(answer.body)
                        if parts in self.rules:
                            yield parts, message.attributes(answer.body, 4)[nft.RULE_HANDLE]

    def _question(self) -> bytes:
        return nft.rules_of(self.family, self.table, self.name)

    def _parts(self, answer: bytes) -> Parts | None:
        """What a rule of this chain consists of; a comment of nft's is nothing that iptables writes."""
        rule = message.attributes(answer, 4)
        if not nft.is_of(rule, self.table, self.name):
            return None
        return [("", "", b"")] if nft.RULE_USERDATA in rule else alike(list(parts_of(rule)))


def all_there(wanted: Iterable[Entity]) -> bool:
    """Whether all chains and rules of iptables are surely there, with all that is stated of them."""
    chains: dict[str, Chain] = {}
    try:
        for entity in wanted:
            key, text = chain_of(entity)
            program, table, name = key.split(" ")
            version = VERSIONS[program]
            chain = chains.get(key)
            if chain is None:
                chain = chains[key] = Chain(FAMILIES[version], table, name)
            if entity.kind == "rule":
                chain.rules.append(translate(version, split(text)))
            else:
                facts = dict(entity.facts)
                texts = facts.pop("rules", None)
                if facts:
                    return False
                if isinstance(texts, tuple):
                    chain.everything = [translate(version, split(one)) for one in texts]
        known = all(all((*one.rules, *(one.everything or ()))) for one in chains.values())
        tables = {(one.family, one.table) for one in chains.values()}
        return (
            known
            and not any(may_be_legacy(table, 4 if family == "ip" else 6) for family, table in tables)
            and all(one.is_there() for one in chains.values())
        )
    except (CnictlError, ValueError, KeyError):
        return False


def chain_of(entity: Entity) -> tuple[str, str]:
    """The key of the chain that an entity is, or that a rule is in, and the rule's text."""
    key, _, text = entity.key.partition(": ") if entity.kind == "rule" else (entity.key, "", "")
    return key, text


def _needles(family: str, parts: Parts) -> list[bytes]:
    """The bytes that a rule has somewhere if it consists of these parts, whichever iptables made it.

    Of what is compared only whole addresses: ports and networks it may put in other words.
    """
    words = [part for part in parts if part[0] in _WORDS or is_whole_address(family, part)]
    return [one for part in words for one in (part[2], part[1].encode()) if one]


def _mentions(text: bytes, needles: Iterable[bytes]) -> bool:
    return all(one in text for one in needles)
