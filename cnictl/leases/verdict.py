"""Whether a reservation is somebody's, and how that is known.

The first of these that fits:

    empty      the file names no container
    foreign    the address is in no range of any configuration of the network
    duplicate  its container is known, and that interface has another address of the range set instead
    live       the address is in a network namespace, or its container is known
    unknown    a source could not be asked, or not long enough has passed
    orphan     every source says that nobody has it

docs/ipam.md says what the sources are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.leases.directory import Kept
    from cnictl.leases.evidence import Attached, Evidence
    from cnictl.leases.networks import Network

Verdict = Literal["live", "orphan", "empty", "foreign", "duplicate", "unknown"]
VERDICTS: tuple[Verdict, ...] = ("live", "orphan", "empty", "foreign", "duplicate", "unknown")

_MARGIN = 60.0
"""Seconds by which the clock may have been wrong at boot."""


class Fact(NamedTuple):
    """What one source says: that somebody has the address, that nobody has, or None for not known."""

    source: str
    holds: bool | None
    words: str


class Judged(NamedTuple):
    """A reservation, what it is, and why.  `in_use` is None when that cannot be told."""

    kept: Kept
    verdict: Verdict
    in_use: bool | None
    facts: tuple[Fact, ...]


_NOWHERE = Fact("address", False, "in no network namespace")
_NOT_SEEN = Fact("address", None, "not all network namespaces are seen")
_NO_SANDBOX = Fact("sandbox", False, "no sandbox of CRI")
_NO_CRI = Fact("sandbox", False, "no CRI on this node")
_NOT_ASKED = Fact("sandbox", None, "the sandboxes of CRI are not known")
_LATER = Fact("sandbox", None, "made when sandboxes were listed, or later")
_STOPPED = Fact("sandbox", None, "a sandbox of CRI that is not ready, and has yet to be torn down")
_NO_PROCESS = Fact("process", False, "no process in its cgroup")
_NO_CGROUPS = Fact("process", None, "not all processes are seen")
_PROCESS = Fact("process", True, "processes in its cgroup")
_SANDBOX = Fact("sandbox", True, "a sandbox of CRI")
_NOT_CACHED = Fact("cache", False, "not cached")
_NO_CACHE = Fact("cache", None, "not all of the cache can be read")
_CACHED = Fact("cache", True, "cached, and its netns is there")
_STALE = Fact("cache", False, "cached, but its netns is gone")
_ELSEWHERE = Fact("cache", None, "cached without a netns")
_BEFORE_BOOT = Fact("age", False, "older than the last boot")
_OLD = Fact("age", False, "made since the last boot")
_YOUNG = Fact("age", None, "so young that an ADD may be under way")
_FUTURE = Fact("age", None, "made in the future: the clock was changed")
_UNSOUND = Fact("file", None, "does not say container and interface")


def judge(network: Network, reservations: Iterable[Kept], evidence: Evidence) -> list[Judged]:
    """Return each reservation of a network with its verdict."""
    judging = _Judging(network, evidence)
    found = [judging.first(one) for one in reservations]
    having = {key for one in found if _has_address(one) for key in judging.keys(one.kept)}
    return [_duplicate(one, having, judging) for one in found]


def is_free(one: Judged) -> bool:
    """Whether every source says that nobody has the address."""
    return one.in_use is False and all(fact.holds is False for fact in one.facts)


class _Judging:
    def __init__(self, network: Network, evidence: Evidence) -> None:
        self._network = network
        self._evidence = evidence
        self._nowhere = _NOT_SEEN if evidence.sightings.unseen else _NOWHERE
        self._no_process = _NO_CGROUPS if evidence.processes.missing else _NO_PROCESS
        self._not_cached = _NO_CACHE if evidence.cache.missing else _NOT_CACHED

    def first(self, kept: Kept) -> Judged:
        """Return the verdict on a reservation as such, without a look at the others."""
        facts = tuple(self._facts(kept))
        says = [fact.holds for fact in facts]
        in_use = True if True in says else None if None in says else False
        return Judged(kept, self._verdict(kept, in_use), in_use, facts)

    def keys(self, kept: Kept) -> Iterator[tuple[int, bytes]]:
        """Yield what two reservations of one interface have in common: range set and content."""
        number = self._network.range_set(kept.address)
        if number is not None and kept.content:
            yield number, kept.content

    def _verdict(self, kept: Kept, in_use: bool | None) -> Verdict:
        if kept.is_empty:
            return "empty"
        if self._network.is_foreign(kept.address):
            return "foreign"
        if in_use is None:
            return "unknown"
        return "live" if in_use else "orphan"

    def _facts(self, kept: Kept) -> Iterator[Fact]:
        evidence = self._evidence
        seen = evidence.sightings.addresses.get(kept.address)
        yield Fact("address", True, ", ".join(map(str, seen))) if seen else self._nowhere
        if kept.content is None:
            yield Fact("file", None, kept.problem)
        elif kept.is_empty:
            yield self._cached_address(kept)
        elif not kept.is_sound:
            yield _UNSOUND
        else:
            container_id = kept.container_id
            yield self._sandbox(container_id, kept)
            yield _PROCESS if container_id in evidence.processes.ids else self._no_process
            yield self._cached(container_id, kept.ifname)
        yield self._age(kept)

    def _sandbox(self, container_id: str, kept: Kept) -> Fact:
        sandboxes = self._evidence.sandboxes
        if container_id in sandboxes.ids:
            return _SANDBOX
        if container_id in sandboxes.stopped:
            return _STOPPED
        if not sandboxes.applies:
            return _NO_CRI
        if sandboxes.missing:
            return _NOT_ASKED
        return _LATER if kept.age(sandboxes.as_of) < self._evidence.grace else _NO_SANDBOX

    def _cached(self, container_id: str, ifname: str) -> Fact:
        attached = self._evidence.cache.attached
        if ifname:
            entries = attached.get((container_id, ifname), [])
        else:
            entries = [one for key, several in attached.items() if key[0] == container_id for one in several]
        own = [one for one in entries if one.network == self._network.name]
        return self._entries(own or entries, container_id, ifname)

    def _cached_address(self, kept: Kept) -> Fact:
        return self._entries(self._evidence.cache.addresses.get(str(kept.address), []), "", "")

    def _entries(self, entries: list[Attached], container_id: str, ifname: str) -> Fact:
        if any(one.netns_exists for one in entries):
            return _CACHED
        broken = self._evidence.cache.broken_file(self._network.name, container_id, ifname)
        if broken:
            return Fact("cache", None, f"the cache's file {broken} is broken")
        if not entries:
            return self._not_cached
        return _STALE if all(one.netns for one in entries) else _ELSEWHERE

    def _age(self, kept: Kept) -> Fact:
        age = kept.age(self._evidence.now)
        if age < 0:
            return _FUTURE
        if age < self._evidence.grace:
            return _YOUNG
        boot = self._evidence.boot
        return _BEFORE_BOOT if boot is not None and kept.age(boot) > _MARGIN else _OLD


def _duplicate(one: Judged, having: set[tuple[int, bytes]], judging: _Judging) -> Judged:
    """Return a reservation as a duplicate when its interface has another address of the set instead."""
    address = one.facts[0]
    if one.verdict == "live" and address.holds is False and having.intersection(judging.keys(one.kept)):
        return one._replace(verdict="duplicate")
    return one


def _has_address(one: Judged) -> bool:
    return one.facts[0].holds is True
