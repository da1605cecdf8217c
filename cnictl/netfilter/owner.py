"""Whose rules and chains these are, told by the comments and names that CNI plugins give them."""

from __future__ import annotations

import re

from cnictl.netfilter.observed import Chain, ObservedRule, Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Long comments are cut, so that what closes them may be missing.
_IPTABLES = re.compile(r'(?:dnat )?name: "(?P<network>[^"]*)" id: "(?P<container_id>[^"]*?)(?:"|\.*$)')
_NFT = re.compile(
    r"[0-9a-f]{16}-[0-9a-f]{16}, net: (?P<network>.*?), if: (?P<ifname>.*?), id: (?P<container_id>.+)"
)
_SPOOFCHECK = re.compile(r"macspoofchk-(?P<container_id>.+)-(?P<ifname>[^-]+)")
_OWN_CHAIN = re.compile(r"CNI-[0-9a-f]{24}|CNI-[DS]N-[0-9a-f]{21}|cni-br-iface-.+")
_PORTMAP_TABLE = "cni_hostport"  # where a comment is nothing but a container id


def of_comment(comment: str, table: str = "") -> Owner | None:
    """The owner that a rule's comment tells, None when it tells none."""
    for form in (_IPTABLES, _NFT, _SPOOFCHECK):
        told = form.fullmatch(comment)
        if told:
            return Owner(**told.groupdict())
    return Owner(comment) if comment and table == _PORTMAP_TABLE else None


def attributed(chains: Iterable[Chain], targets: dict[str, str]) -> tuple[Chain, ...]:
    """The same chains, where those of one container are its own with all that is in them.

    `targets` tells for the text of a rule which chain it goes to; a chain that is named after a
    container without saying which is the container's whose rule leads there.
    """
    chains = list(chains)
    told: dict[tuple[str, str, str], Owner] = {}
    for chain in chains:
        for rule in chain.rules:
            target = targets.get(rule.text, "")
            if rule.owner is not None:
                for name in (chain.name, target):
                    if _OWN_CHAIN.fullmatch(name):
                        told.setdefault((chain.tool, chain.table, name), rule.owner)
    return tuple(_with_owner(chain, told.get((chain.tool, chain.table, chain.name))) for chain in chains)


def _with_owner(chain: Chain, owner: Owner | None) -> Chain:
    if owner is None:
        return chain
    rules = tuple(ObservedRule(rule.text, rule.owner or owner) for rule in chain.rules)
    return Chain(chain.tool, chain.table, chain.name, chain.source, rules, chain.policy, chain.hook, owner)
