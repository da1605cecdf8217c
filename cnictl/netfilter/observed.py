"""What there is of packet filters in a namespace, whoever made it and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Source = Literal["legacy", "compat", "native"]
"""legacy: kept by ip_tables; compat: by nf_tables for iptables; native: by nf_tables for nft."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The container that a rule or chain belongs to, as far as its comment or name tells."""

    container_id: str
    network: str = ""
    ifname: str = ""


@dataclass(frozen=True, slots=True)
class ObservedRule:
    """A rule in canonical text."""

    text: str
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain and its rules in order.

    `tool` is what an expectation calls it: `iptables` or `ip6tables` for the variant that the
    host's iptables is, with `-legacy` or `-nft` behind it for the other one, `nft FAMILY` for
    native tables.  `hook` is in nft's words, `policy` that of a built-in or base chain.
    """

    tool: str
    table: str
    name: str
    source: Source
    rules: tuple[ObservedRule, ...] = ()
    policy: str = ""
    hook: str = ""
    owner: Owner | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The rules' texts, in order."""
        return tuple(rule.text for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Filters:
    """All chains of a namespace.  `unread` tells for which tools what there is could not be read, and why."""

    chains: tuple[Chain, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def find(self, tool: str, table: str, name: str) -> Chain | None:
        """The chain of that name, if it is there."""
        key = (tool, table, name)
        return next((one for one in self.chains if (one.tool, one.table, one.name) == key), None)

    def of_container(self, container_id: str) -> Iterator[tuple[Chain, ObservedRule]]:
        """Yield every rule of a container with the chain it is in."""
        for chain in self.chains:
            for rule in chain.rules:
                if rule.owner is not None and rule.owner.container_id == container_id:
                    yield chain, rule

    def sources(self) -> set[Source]:
        """Which kinds of tables have rules."""
        return {chain.source for chain in self.chains if chain.rules}
