"""The node's packet filter, in both variants of iptables and in nftables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.bundle import ChainFact
from cnictl.netfilter import observe

if TYPE_CHECKING:
    from cnictl.doctor.place import Place


def gather(place: Place) -> tuple[list[ChainFact], dict[str, str]]:
    """Return all chains, and for which tools what there is could not be read, and why."""
    filters = observe.observe(place.netns or None)
    chains = [
        ChainFact(
            one.tool,
            one.table,
            one.name,
            one.source,
            one.policy,
            one.hook,
            one.texts,
            tuple(
                sorted(
                    {rule.owner.container_id for rule in one.rules if rule.owner}
                    | ({one.owner.container_id} if one.owner else set())
                )
            ),
        )
        for one in filters.chains
    ]
    return chains, dict(filters.unread)
