"""Everything about the reservations of a node at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnictl.leases import directory
from cnictl.leases.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.ipam.ranges import RangeSet
    from cnictl.leases.directory import Contents
    from cnictl.leases.evidence import Evidence, Gatherer
    from cnictl.leases.networks import Network
    from cnictl.leases.verdict import Judged

DOUBTFUL = ("orphan", "empty", "duplicate")
"""Verdicts on what may have gone while its owner was looked for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a range set is taken; `last` is the address that was given away last, "" if unknown."""

    number: int
    ranges: RangeSet
    used: int
    last: str

    @property
    def free(self) -> int:
        """How many addresses are left."""
        return max(self.ranges.size - self.used, 0)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A network's directory; `judged` is empty when nobody asked whose the addresses are."""

    network: Network
    contents: Contents
    judged: list[Judged] = field(default_factory=list)

    def usages(self) -> list[Usage]:
        """Return the usage of each range set."""
        used = [0] * len(self.network.sets)
        for one in self.contents.reservations:
            number = self.network.range_set(one.address)
            if number is not None:
                used[number] += 1
        return [
            Usage(i, ranges, used[i], self.contents.last.get(i, ""))
            for i, ranges in enumerate(self.network.sets)
        ]


def read(networks: Iterable[Network], *, owners: bool = True) -> list[Surveyed]:
    """Return what is in the networks' directories, and whose it is only where `owners` are wanted."""
    return [Surveyed(one, directory.read(one.directory, owners=owners)) for one in networks]


def survey(networks: Iterable[Network], gatherer: Gatherer) -> tuple[list[Surveyed], Evidence]:
    """Return the same with a verdict on each reservation, and the evidence.

    No lock is taken.  The files are read first: what has been freed since then is left out, and what
    was made since then is not in it.
    """
    found = read(networks)
    evidence = gatherer.gather()
    return [
        Surveyed(one.network, one.contents, list(_still_there(one.network, one.contents, evidence)))
        for one in found
    ], evidence


def _still_there(network: Network, contents: Contents, evidence: Evidence) -> Iterator[Judged]:
    """Yield the verdicts, those in doubt only when their files are as they were."""
    judged = judge(network, contents.reservations, evidence)
    unchanged = directory.is_unchanged(network.directory, contents)
    for one in judged:
        if one.verdict in DOUBTFUL and not unchanged:
            path = f"{network.directory}/{one.kept.address}"
            if directory.read_one(None, path) != (one.kept.content, one.kept.made):
                continue
        yield one
