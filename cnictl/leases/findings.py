"""What is wrong with the reservations of a node, what it comes of, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cnictl.leases import directory, lock
from cnictl.leases.forecast import outlooks
from cnictl.netns_visible import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnictl.leases.evidence import Evidence
    from cnictl.leases.forecast import MaxPods
    from cnictl.leases.namespaces import Sightings
    from cnictl.leases.survey import Surveyed
    from cnictl.leases.verdict import Judged, Verdict
    from cnictl.spec.address import Address

Severity = Literal["error", "warning", "info"]
SHOWN = 3
"""Addresses that a finding names; `show` lists all."""
PAUSE = 1.0
"""Seconds until what looks wrong is looked at again: as long as a plugin takes between two steps."""
_FEW = 0.1
"""Part of a range set that should be free."""

RECLAIM = (
    "`cnictl ipam reclaim` frees them one by one; do not delete the directory:"
    " containers would keep their addresses, and others get the same"
)


_DELETED = "somebody deleted its file: delete the container, and make it again"


class Finding(NamedTuple):
    """Something that is wrong; `info` is for what one may want to know, and wrong is not."""

    code: str
    severity: Severity
    network: str
    message: str
    hint: str = ""


def check(
    surveyed: Sequence[Surveyed],
    evidence: Evidence,
    pods: MaxPods | None,
    look_again: Callable[[], Sightings],
) -> list[Finding]:
    """Return what is wrong, by network.

    What seems to be in use without a reservation is looked for once more with `look_again`, as it
    may be on its way in or out.
    """
    found: list[Finding] = []
    for one in surveyed:
        found += _directory(one)
        found += _lock(one)
        found += _verdicts(one)
        found += _room(one, pods)
    found += _unreserved(surveyed, evidence, look_again)
    found += _twice(surveyed, evidence.sightings)
    found += _broken(evidence)
    return found


def is_wrong(found: Iterable[Finding]) -> bool:
    """Whether any finding is more than information."""
    return any(one.severity != "info" for one in found)


def _directory(one: Surveyed) -> Iterator[Finding]:
    name = one.network.name
    if one.contents.problem:
        yield Finding("unreadable", "error", name, one.contents.problem)
    for source in one.network.sources:
        if source.problem and source.sets is None:
            text = f"its ranges are not known: {source.problem}; in {source.path}"
            yield Finding("ranges-unknown", "info" if "capability" in source.problem else "error", name, text)
    if len(one.network.sources) > 1:
        paths = " and ".join(source.path for source in one.network.sources)
        text = f"{one.network.directory} is used with different ranges by {paths}"
        yield Finding("shared-directory", "warning", name, text, "give one of them another name, or dataDir")
    count = len(one.contents.reservations)
    if not one.network.sources:
        number = f"{count} reservation{'s' if count != 1 else ''}"
        text = f"{one.network.directory} has no configuration, and {number}"
        hint = "left of a network that was removed, or its configuration is elsewhere: see --conf-dir"
        yield Finding("no-configuration", "warning" if count else "info", name, text, hint)
    for other in one.contents.others:
        text = f"{one.network.directory}/{other.name}: {other.reason}"
        if other.unread:
            yield Finding("unreadable", "error", name, text)
            continue
        yield Finding(
            "not-a-reservation", "warning", name, text, "host-local makes no such thing; look what it is"
        )
    yield from _last_reserved(one)
    unsound = [kept for kept in one.contents.reservations if kept.content and not kept.is_sound]
    if unsound:
        text = f"{_listed(unsound)}: what is in there is no container id and interface"
        yield Finding("corrupt", "warning", name, text, "no DEL can find it; see whose note it is")
    unread = [kept for kept in one.contents.reservations if kept.content is None]
    if unread:
        yield Finding("unreadable", "error", name, f"{_listed(unread)}: {unread[0].problem}")
    gateways = [kept for kept in one.contents.reservations if one.network.is_gateway(kept.address)]
    if gateways:
        text = f"{_listed(gateways)}: reserved, and the gateway of its range"
        yield Finding("gateway", "warning", name, text, "the gateway was changed under reservations")


def _last_reserved(one: Surveyed) -> Iterator[Finding]:
    sets = one.network.sets
    for number, text in one.contents.last.items():
        address = directory.parse(text)
        if number >= len(sets) > 0:
            words = f"last_reserved_ip.{number} is of a range set that is not there any more"
            yield Finding("last-reserved", "info", one.network.name, words)
        elif address and sets and not sets[number].find(address):
            words = f"last_reserved_ip.{number} is {text}, which is not in {sets[number]}"
            hint = "the ranges were changed; the search begins at the start"
            yield Finding("last-reserved", "info", one.network.name, words, hint)


def _lock(one: Surveyed) -> Iterator[Finding]:
    found = lock.state(one.network.directory)
    for holder in found.holders:
        waiting = f", {found.waiting} wait for it" if found.waiting else ""
        stuck = "; it waits for a disk or a network file system" if holder.is_stuck else ""
        text = f"{found.path} is held by process {holder.pid} ({holder.command}){waiting}{stuck}"
        hint = (
            "if that lasts, see what the process is doing and end it if it hangs; do not delete the file:"
            " others would then lock another one"
        )
        serious = holder.is_stuck or found.waiting
        yield Finding("lock-held", "warning" if serious else "info", one.network.name, text, hint)


def _verdicts(one: Surveyed) -> Iterator[Finding]:
    by_verdict: dict[Verdict, list[Judged]] = {}
    for judged in one.judged:
        by_verdict.setdefault(judged.verdict, []).append(judged)
    for verdict, (severity, words, hint) in _WORDS.items():
        several = by_verdict.get(verdict, [])
        if not several:
            continue
        text = f"{_listed([each.kept for each in several])}: {words}"
        if verdict in ("empty", "foreign"):
            used = sum(each.in_use is True for each in several)
            text += f"; {used} of {len(several)} in use" if used else ""
        yield Finding(verdict, severity, one.network.name, text, hint)


def _room(one: Surveyed, pods: MaxPods | None) -> Iterator[Finding]:
    for outlook in outlooks(one):
        usage, name = outlook.usage, one.network.name
        size, lost = usage.ranges.size, outlook.lost
        where = f"range set {usage.number} ({usage.ranges})"
        leaks = f", {lost} of them nobody's" if lost else ""
        if not usage.free:
            hint = (
                RECLAIM if lost else "all are in use: give the network a larger range, or the node fewer pods"
            )
            text = f"{where}: all {size} addresses are reserved{leaks}"
            yield Finding("exhausted", "error", name, text, hint)
        elif usage.free < size * _FEW:
            text = f"{where}: {usage.free} of {size} addresses are free{leaks}"
            yield Finding("nearly-exhausted", "warning", name, text, RECLAIM if lost else "")
        if pods is not None and outlook.room < pods.number:
            text = (
                f"{where}: has room for {outlook.room} pods, {size} addresses less {lost} that are nobody's,"
                f" and there may be {pods.number} ({pods.source})"
            )
            hint = "lower maxPods, or give new nodes larger ranges" if size < pods.number else RECLAIM
            yield Finding("max-pods", "warning", name, text, hint)


def _unreserved(
    surveyed: Sequence[Surveyed], evidence: Evidence, look_again: Callable[[], Sightings]
) -> Iterator[Finding]:
    """Yield addresses that a container has and no file reserves, though they are in a network's ranges."""
    reserved = {kept.address for one in surveyed for kept in one.contents.reservations}
    suspects = [found for found in _candidates(surveyed, evidence) if found[1] not in reserved]
    there = look_again().addresses if suspects else {}
    for one, address, known in suspects:
        inside = [seen for seen in there.get(address, ()) if seen.netns != OWN]
        if not inside or directory.read_one(None, f"{one.network.directory}/{address}"):
            continue  # it was on its way in, or out
        text = f"{address} is {inside[0]}, and not reserved: it will be given to another container as well"
        severity: Severity = "error" if known else "warning"
        hint = _DELETED if known else "unless it is of another network that has the same addresses"
        yield Finding("unreserved", severity, one.network.name, text, hint)


def _candidates(surveyed: Sequence[Surveyed], evidence: Evidence) -> Iterator[tuple[Surveyed, Address, bool]]:
    """Yield addresses of ranges that some pod has, and whether the cache says that they are the network's."""
    for address, several in evidence.sightings.addresses.items():
        if all(seen.netns == OWN for seen in several):
            continue
        cached = {one.network for one in evidence.cache.addresses.get(str(address), ())}
        for one in surveyed:
            if one.network.range_set(address) is None or one.contents.problem:
                continue
            known = one.network.name in cached
            if known or one.contents.reservations:
                yield one, address, known


def _twice(surveyed: Sequence[Surveyed], sightings: Sightings) -> Iterator[Finding]:
    """Yield addresses in use that two networks have reserved, and those that two namespaces have."""
    names: dict[Address, list[str]] = {}
    for one in surveyed:
        for each in one.judged:
            if each.in_use:
                names.setdefault(each.kept.address, []).append(one.network.name)
    for address, several in names.items():
        if len(several) > 1:
            text = f"{address} is reserved by {' and '.join(several)}"
            hint = "the networks have ranges in common, so that two containers may get the same address"
            yield Finding("two-networks", "warning", several[0], text, hint)
        places = list({seen.netns: seen for seen in sightings.addresses.get(address, ())}.values())
        if len(places) > 1:
            text = f"{address} is {' and '.join(map(str, places[:SHOWN]))}"
            hint = (
                "delete one of the containers and make it again; a reservation may have been deleted by hand"
            )
            yield Finding("two-namespaces", "error", several[0], text, hint)


def _broken(evidence: Evidence) -> Iterator[Finding]:
    """Yield the files of the runtime's cache that cannot be understood."""
    for name, reason in evidence.cache.broken.items():
        text = f"the file {name} of the runtime's cache is broken: {reason}"
        hint = (
            "left by a full disk or a loss of power: remove it once the container is gone, so that DEL works"
        )
        yield Finding("cache-broken", "warning", "", text, hint)


_WORDS: dict[Verdict, tuple[Severity, str, str]] = {
    "orphan": ("warning", "no container has it any more", RECLAIM),
    "empty": (
        "warning",
        "does not say whose it is, so that no DEL frees it",
        (
            "left by a plugin that was killed or a loss of power, or made by hand;"
            " `cnictl ipam reclaim --empty` frees those that nobody uses"
        ),
    ),
    "foreign": (
        "warning",
        "in no range of the configuration",
        "the ranges were changed under reservations; DEL frees them all the same",
    ),
    "duplicate": (
        "warning",
        "its interface has another address of the range set",
        "DEL of the container frees both",
    ),
    "unknown": (
        "info",
        "whether it is in use is not known",
        "`cnictl ipam show` says for each what is missing",
    ),
}


def _listed(several: Sequence[directory.Kept]) -> str:
    shown = ", ".join(str(one.address) for one in several[:SHOWN])
    return shown + (f" and {len(several) - SHOWN} more" if len(several) > SHOWN else "")
