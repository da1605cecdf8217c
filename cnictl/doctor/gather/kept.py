"""What the runtime and host-local keep in files, and who has their locks."""

from __future__ import annotations

import base64
import os
import time
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.doctor.bundle import CachedAttachment, HeldLock, ReservationFile
from cnictl.ipam.store import LOCK, Reservation
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.place import Place
    from cnictl.spec.document import Json

RESULTS = "/var/lib/cni/results"
NETWORKS = "/var/lib/cni/networks"
XTABLES_LOCK = "/run/xtables.lock"
_LONGEST = 1024
A_MOMENT = 1.0
"""Seconds for which a healthy process never holds a lock."""


def gather_cache(place: Place) -> list[CachedAttachment]:
    """Return what each file of the runtime's cache says."""
    names = (name for name in place.names(RESULTS) if not name.startswith("."))
    return [_cached(place, f"{RESULTS}/{name}") for name in names]


def _cached(place: Place, path: str) -> CachedAttachment:
    try:
        text = place.text(path)
    except OSError as error:
        return CachedAttachment(path, 0, problem=error.strerror or str(error))
    try:
        members = decode(text)
        if not isinstance(members, dict):
            raise CnictlError("no object")
        known = Document(members)
        network = parse(base64.b64decode(known.string("config"), validate=True))
        plugins = tuple(name for one in network.plugins for name in (one.type, one.ipam_type) if name)
        result = known.get("result")
        return CachedAttachment(
            path,
            len(text),
            known.string("networkName"),
            known.string("containerId"),
            known.string("ifName"),
            known.string("netns"),
            bool(known.string("netns")) and place.there(known.string("netns")),
            plugins,
            tuple(_addresses(result)),
            tuple(_ports(known.get("capabilityArgs"))),
        )
    except (CnictlError, ValueError) as error:
        return CachedAttachment(path, len(text), problem=str(error))


def _addresses(result: Json) -> Iterator[str]:
    ips = Document(result).get("ips") if isinstance(result, dict) else None
    for one in ips if isinstance(ips, list) else ():
        address = Document(one).get("address") if isinstance(one, dict) else None
        if isinstance(address, str):
            yield address.partition("/")[0]


def _ports(arguments: Json) -> Iterator[int]:
    mappings = arguments.get("portMappings") if isinstance(arguments, dict) else None
    for one in mappings if isinstance(mappings, list) else ():
        port = one.get("hostPort") if isinstance(one, dict) else None
        if isinstance(port, int) and port:
            yield port


def gather_reservations(place: Place, tops: Iterable[str] = ()) -> list[ReservationFile]:
    """Return the reservations below host-local's directory and the other ones that configurations name."""
    return [
        one
        for top in dict.fromkeys([NETWORKS, *tops])
        for network in place.names(top)
        for one in _reservations(place, f"{top}/{network}")
    ]


def _reservations(place: Place, directory: str) -> Iterator[ReservationFile]:
    for name in place.names(directory):
        try:
            with open(place.at(f"{directory}/{name}"), "rb") as file:
                content, about = file.read(_LONGEST), os.fstat(file.fileno())
        except OSError:
            continue  # released since, or a directory
        kept = Reservation.read(name, content.strip())
        if kept is not None:
            yield ReservationFile(directory, name, kept.container_id, kept.ifname.strip(), about.st_mtime)


def gather_locks(place: Place, directories: Iterable[str]) -> list[HeldLock]:
    """Return the locks of reservations and of iptables that a process does not let go of.  Raises OSError."""
    stores = list(dict.fromkeys(directories))
    found = _held(place, stores)
    if found:
        time.sleep(A_MOMENT)
        still = {(one.path, one.pid) for one in _held(place, stores)}
        found = [one for one in found if (one.path, one.pid) in still]
    return found


def _held(place: Place, directories: Iterable[str]) -> list[HeldLock]:
    holders = {
        words[5]: int(words[4])
        for line in place.text("/proc/locks").splitlines()
        if len(words := line.split()) > 5
        and words[1] == "FLOCK"
        and words[3] == "WRITE"
        and int(words[4]) > 0
    }
    found = []
    for path in [*(f"{one}/{LOCK}" for one in directories), XTABLES_LOCK]:
        try:
            about = os.stat(place.at(path))
        except OSError:
            continue
        inode = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
        if inode in holders:
            pid = holders[inode]
            status = place.text_or(f"/proc/{pid}/status")
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            found.append(HeldLock(path, pid, facts.get("Name", ""), facts.get("State", "")[:1]))
    return found
