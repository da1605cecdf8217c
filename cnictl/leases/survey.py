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
            place = self.network.place(one.address)
            if place is not None and place[1].gateway != one.address:
                used[place[0]] += 1
        return [
            Usage(number, ranges, used[number], self.contents.last.get(number, ""))
            for number, ranges in enumerate(self.network.sets)
        ]


def read(networks: Iterable[Network]) -> list[Surveyed]:
    """Return what is in the networks' directories."""
    return [Surveyed(one, directory.read(one.directory)) for one in networks]


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
    for one in judge(network, contents.reservations, evidence):
        if one.verdict in DOUBTFUL:
            path = f"{network.directory}/{one.kept.address}"
            if directory.read_one(None, path) != (one.kept.content, one.kept.made):
                continue
        yield one
