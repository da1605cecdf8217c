"""Removes rules and chains of iptables by the kernel itself: no program is run.

iptables-restore reads all rules of a chain to find the one to remove.  The kernel removes it by its handle.
Only what is there in the very words of iptables 1.8 is found so (see `asked`).
"""

from __future__ import annotations

from cnictl.netfilter import nft
from cnictl.netfilter.asked import Chain
from cnictl.netfilter.expressions import translate
from cnictl.netfilter.iptables import FAMILIES, may_be_legacy
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.netfilter.iptables import Version
    from cnictl.netfilter.rule import Rule


def remove(version: Version, table: str, rules: Iterable[Rule], chain: str = "") -> bool:
    """Remove rules, each once, and a chain with all of its rules, all or nothing; whether it was done."""
    family = FAMILIES[version]
    chains: dict[str, Chain] = {}
    try:
        if may_be_legacy(table, version):
            return False
        for rule in rules:
            parts = translate(version, list(rule.words))
            if not parts:
                return False
            if rule.chain not in chains:
                chains[rule.chain] = Chain(family, table, rule.chain)
            chains[rule.chain].rules.append(parts)
        handles: dict[str, list[bytes]] = {}
        for name, wanted in chains.items():
            found = wanted.handles()
            if found is None:
                return False
            handles[name] = found
        nft.remove_together(family, table, handles, chain)
    except CnictlError:
        return False
    return True
