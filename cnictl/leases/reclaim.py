"""Freeing addresses that nobody has, under the lock of the plugins, so that it can be undone.

What is free is found out twice: first without the lock, to have candidates, and then with it.  The
second time decides: while the lock is held nobody reserves or releases, all sources are asked again,
and each file is removed only if it is what it was.  A turn holds the lock for some tenths of a second
and then lets the plugins go on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cnictl.ipam.store import Reservation, Store
from cnictl.leases import directory
from cnictl.leases.directory import Kept
from cnictl.leases.journal import Entry
from cnictl.leases.verdict import Judged, is_free, judge
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from cnictl.leases.evidence import Gatherer
    from cnictl.leases.journal import Journal
    from cnictl.leases.networks import Network
    from cnictl.leases.survey import Surveyed
    from cnictl.leases.verdict import Verdict
    from cnictl.spec.address import Address

TURN = 256
"""Reservations that are freed while the lock is held once."""
PATIENCE = 30.0
"""Seconds to wait for the lock."""


class Refused(CnictlError):
    """The evidence is incomplete: nobody can say that an address is free."""


class Outcome(NamedTuple):
    """What became of a reservation; `done` is False when it is kept."""

    network: str
    address: Address
    container_id: str
    ifname: str
    done: bool
    words: str


def candidates(surveyed: Surveyed, wanted: Collection[Verdict]) -> list[Judged]:
    """Return the reservations of a network that seem to be free and have one of the verdicts."""
    return [one for one in surveyed.judged if one.verdict in wanted and is_free(one)]


def refuse(gaps: Sequence[str]) -> None:
    """Raise Refused when something is not known."""
    if gaps:
        reasons = "\n".join(gaps)
        raise Refused(f"nothing is freed, because this is not known:\n{reasons}")


def reclaim(
    network: Network,
    addresses: Sequence[Address],
    gatherer: Gatherer,
    journal: Journal,
    wanted: Collection[Verdict],
    *,
    patience: float = PATIENCE,
) -> Iterator[Outcome]:
    """Free addresses of a network, and yield what became of each.

    Raises Refused, `cnictl.flock.LockBusy`, and CnictlError when the journal cannot be written; what was
    yielded before that is done.
    """
    for start in range(0, len(addresses), TURN):
        if not _is_directory(network.directory):
            return  # and nothing is made in its place
        with Store(network.directory, patience=patience) as store:
            turn = addresses[start : start + TURN]
            yield from list(_turn(network, turn, gatherer, journal, wanted, store))


def reclaim_all(
    surveyed: Iterable[Surveyed],
    gatherer: Gatherer,
    journal: Journal,
    wanted: Collection[Verdict],
    *,
    patience: float = PATIENCE,
) -> Iterator[Outcome]:
    """Free what seems to be free in some networks, one network after the other; raises as `reclaim`."""
    for one in surveyed:
        addresses = [each.kept.address for each in candidates(one, wanted)]
        yield from reclaim(one.network, addresses, gatherer, journal, wanted, patience=patience)


def planned(surveyed: Iterable[Surveyed], wanted: Collection[Verdict]) -> Iterator[Outcome]:
    """Yield what `reclaim_all` would do."""
    for one in surveyed:
        for each in candidates(one, wanted):
            kept = each.kept
            words = f"would be freed: {each.verdict}"
            yield Outcome(one.network.name, kept.address, kept.container_id, kept.ifname, True, words)


def undo(entries: Iterable[Entry], *, patience: float = PATIENCE) -> Iterator[Outcome]:
    """Put reservations back whose addresses are still free, and yield what became of each.

    Raises `cnictl.flock.LockBusy`.
    """
    by_directory: dict[str, list[Entry]] = {}
    for one in entries:
        by_directory.setdefault(one.directory, []).append(one)
    for place, several in by_directory.items():
        if not _is_directory(place):
            yield from (_restored(one, False, f"{place} is not there any more") for one in several)
            continue
        with Store(place, patience=patience) as store:
            outcomes = [_restore(store, one) for one in several]
        yield from outcomes


def preview(entries: Iterable[Entry]) -> Iterator[Outcome]:
    """Yield what `undo` would do."""
    for one in entries:
        if not _is_directory(one.directory):
            yield _restored(one, False, f"{one.directory} is not there any more")
        elif os.path.lexists(f"{one.directory}/{one.address}"):
            yield _restored(one, False, "reserved again")
        else:
            yield _restored(one, True, "would be put back")


def _is_directory(path: str) -> bool:
    """Whether it is one, and no link that leads to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def _turn(
    network: Network,
    turn: Sequence[Address],
    gatherer: Gatherer,
    journal: Journal,
    wanted: Collection[Verdict],
    store: Store,
) -> Iterator[Outcome]:
    entries = dict(_entries(network, turn))
    evidence = gatherer.gather()
    refuse(evidence.gaps)
    judged = judge(network, list(entries), evidence)
    free = [one for one in judged if one.verdict in wanted and is_free(one)]
    if free:
        journal.write(entries[one.kept]._replace(why=tuple(fact.words for fact in one.facts)) for one in free)
    freed = {one.kept.address for one in free if store.remove(_reservation(one.kept))}
    for one in judged:
        done = one.kept.address in freed
        words = "freed" if done else f"{one.verdict} by now: {_reason(one)}"
        yield Outcome(network.name, one.kept.address, one.kept.container_id, one.kept.ifname, done, words)
    there = {kept.address for kept in entries}
    for address in turn:
        if address not in there:
            yield Outcome(network.name, address, "", "", False, "gone by now, or no file")


def _entries(network: Network, turn: Iterable[Address]) -> Iterator[tuple[Kept, Entry]]:
    """Yield the files as they are, with what it takes to make them again."""
    for address in turn:
        found = directory.read_raw(None, f"{network.directory}/{address}")
        if not isinstance(found, str):
            content, modified = found
            kept = Kept.of(address, content.strip(), modified)
            yield (
                kept,
                Entry(network.directory, address, content, modified, kept.container_id, kept.ifname),
            )


def _reservation(kept: Kept) -> Reservation:
    return Reservation(kept.address, kept.container_id, kept.ifname)


def _reason(one: Judged) -> str:
    return "; ".join(fact.words for fact in one.facts if fact.holds is not False) or "it has changed"


def _restore(store: Store, one: Entry) -> Outcome:
    done = store.restore(one.address, one.content, one.modified)
    return _restored(one, done, "put back" if done else "reserved again")


def _restored(one: Entry, done: bool, words: str) -> Outcome:
    kept = Kept.of(one.address, one.content.strip(), one.modified)
    name = os.path.basename(one.directory)
    return Outcome(name, one.address, kept.container_id, kept.ifname, done, words)
