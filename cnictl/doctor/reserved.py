"""Whose the reservations of a bundle are, by the verdicts of `cnictl ipam`."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from cnictl.doctor.collect import networks_of
from cnictl.ipam.store import Reservation
from cnictl.leases import verdict
from cnictl.leases.directory import Kept, parse
from cnictl.leases.evidence import Attached, CacheEvidence, Evidence, Known, Sandboxes
from cnictl.leases.namespaces import Sighting, Sightings
from cnictl.leases.networks import Network, configured

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Bundle, Namespace
    from cnictl.leases.verdict import Judged
    from cnictl.spec.address import Address

SOURCES = ("reservations", "namespaces", "cache", "sandboxes", "running")
"""What has to be known before anybody can say that an address is free."""
PLAIN_FILE = "unknown FS magic"
"""How the problem of a namespace begins that is none."""


def judged(bundle: Bundle, evidence: Evidence) -> dict[str, list[Judged]]:
    """Return the reservations with their verdicts, by the directory that they are in."""
    # The ranges of flannel's networks stand in a file, and it is the bundle's node that has it.
    lists = [
        one
        for one in networks_of(bundle.configurations)
        if not any(plugin.type in ("flannel", "multus") for plugin in one.plugins)
    ]
    known = {one.directory: one for one in configured((one, "") for one in lists).found}
    kept: dict[str, list[Kept]] = defaultdict(list)
    for one in bundle.reservations:
        address = parse(one.address)
        if address is not None:
            content = Reservation(address, one.container, one.ifname).content if one.container else b""
            made = int(one.modified * 1_000_000_000)
            kept[one.directory].append(Kept(address, content, made, one.container, one.ifname))
    return {
        directory: verdict.judge(
            known.get(directory) or Network(os.path.basename(directory), directory), several, evidence
        )
        for directory, several in kept.items()
    }


def evidence_of(bundle: Bundle) -> Evidence:
    """Return what a bundle tells about the owners of addresses; a source that it lacks is a gap."""
    unseen = bundle.unseen
    return Evidence(
        Sightings(_sighted(bundle), len(bundle.namespaces), tuple(_unseen_namespaces(bundle))),
        Sandboxes(
            frozenset(one.id for one in bundle.sandboxes if one.state != "stopped"),
            bundle.taken,
            unseen.get("sandboxes", ""),
            applies=bool(bundle.sandboxes) or "sandboxes" in unseen,
            stopped=frozenset(one.id for one in bundle.sandboxes if one.state == "stopped"),
        ),
        Known(frozenset(bundle.running), unseen.get("running", "")),
        _cached(bundle),
        bundle.kernel.boot or None,
        bundle.taken,
    )


def _unseen_namespaces(bundle: Bundle) -> list[str]:
    found = [bundle.unseen["namespaces"]] if "namespaces" in bundle.unseen else []
    return found + [
        f"{one.path or 'the namespace of the node'}: {one.problem}"
        for one in bundle.namespaces
        if one.problem and PLAIN_FILE not in one.problem
    ]


def _sighted(bundle: Bundle) -> dict[Address, list[Sighting]]:
    found: dict[Address, list[Sighting]] = {}
    for space in bundle.namespaces:
        for one in space.addresses:
            address = parse(one.address)
            if address is not None:
                found.setdefault(address, []).append(Sighting(_path(space), one.link))
    return found


def _path(space: Namespace) -> str:
    return space.path or "/proc/self/ns/net"


def _cached(bundle: Bundle) -> CacheEvidence:
    attached: dict[tuple[str, str], list[Attached]] = {}
    addresses: dict[str, list[Attached]] = {}
    broken: dict[str, str] = {}
    for one in bundle.cache:
        if one.problem:
            broken[os.path.basename(one.path)] = one.problem
            continue
        entry = Attached(one.network, one.netns, one.netns_there)
        attached.setdefault((one.container, one.ifname), []).append(entry)
        for address in one.addresses:
            addresses.setdefault(address, []).append(entry)
    return CacheEvidence(attached, addresses, bundle.unseen.get("cache", ""), broken)
