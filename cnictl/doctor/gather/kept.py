"""What the runtime and host-local keep in files, and who has their locks."""

from __future__ import annotations

import base64
import os
import time
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.doctor.bundle import CachedAttachment, CachedInterface, HeldLock, ReservationFile
from cnictl.doctor.place import own_path
from cnictl.ipam.store import LOCK, Reservation
from cnictl.leases.directory import read_raw
from cnictl.leases.evidence import processes
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError
from cnictl.spec.mac import canonical_mac

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.place import Place
    from cnictl.spec.document import Json

RESULTS = "/var/lib/cni/results"
NETWORKS = "/var/lib/cni/networks"
XTABLES_LOCK = "/run/xtables.lock"
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
        return CachedAttachment(path, -1, problem=error.strerror or str(error))
    try:
        members = decode(text)
        if not isinstance(members, dict):
            raise CnictlError("no object")
        known = Document(members)
        network = parse(base64.b64decode(known.string("config"), validate=True))
        plugins = tuple(name for one in network.plugins for name in (one.type, one.ipam_type) if name)
        result = known.get("result")
        netns = own_path(known.string("netns") or _sandbox(result))
        version = Document(result).get("cniVersion") if isinstance(result, dict) else ""
        return CachedAttachment(
            path,
            len(text),
            known.string("networkName"),
            known.string("containerId"),
            known.string("ifName"),
            netns,
            bool(netns) and place.there(netns),
            plugins,
            tuple(_addresses(result)),
            tuple(_ports(known.get("capabilityArgs"))),
            version=version if isinstance(version, str) else "",
            unusable=_unusable(result, known.string("ifName"), plugins),
            interfaces=tuple(_interfaces(result)),
        )
    except (CnictlError, ValueError) as error:
        return CachedAttachment(path, len(text), problem=str(error))


def _addresses(result: Json) -> Iterator[str]:
    ips = Document(result).get("ips") if isinstance(result, dict) else None
    for one in ips if isinstance(ips, list) else ():
        address = Document(one).get("address") if isinstance(one, dict) else None
        if isinstance(address, str):
            yield address.partition("/")[0]


def _sandbox(result: Json) -> str:
    """Return the netns that a Result names: containerd 1.6 keeps none beside it."""
    listed = Document(result).get("interfaces") if isinstance(result, dict) else None
    for one in listed if isinstance(listed, list) else ():
        sandbox = Document(one).get("sandbox") if isinstance(one, dict) else None
        if isinstance(sandbox, str) and sandbox:
            return sandbox
    return ""


def _interfaces(result: Json) -> Iterator[CachedInterface]:
    listed = Document(result).get("interfaces") if isinstance(result, dict) else None
    for one in listed if isinstance(listed, list) else ():
        members = Document(one if isinstance(one, dict) else {})
        inside = bool(members.get("sandbox"))
        yield CachedInterface(
            str(members.get("name") or ""), canonical_mac(str(members.get("mac") or "")), inside
        )


def _unusable(result: Json, ifname: str, plugins: tuple[str, ...]) -> str:
    """Return why a runtime, or a plugin of the list, cannot do with a Result; "" when it can."""
    ips = Document(result).get("ips") if isinstance(result, dict) else None
    if not isinstance(ips, list) or not ips:
        return ""
    names = [one.name for one in _interfaces(result)]
    if not names and "bandwidth" in plugins:
        return "it has no interfaces, of which bandwidth needs one"
    places = [Document(one).get("interface") for one in ips if isinstance(one, dict)]
    for one in places:
        if isinstance(one, int) and not 0 <= one < len(names):
            return f"an address is of interface number {one}, and there are {len(names)}"
    known = [names[one] for one in places if isinstance(one, int)]
    if known and len(known) == len(places) and ifname not in known:
        return f"its addresses are of {', '.join(known)}, and none is of {ifname}"
    return ""


def _ports(arguments: Json) -> Iterator[int]:
    mappings = Document(arguments).get("portMappings") if isinstance(arguments, dict) else None
    for one in mappings if isinstance(mappings, list) else ():
        port = Document(one).get("hostPort") if isinstance(one, dict) else None  # containerd's is HostPort
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
        found = read_raw(None, place.at(f"{directory}/{name}"))
        if isinstance(found, str):
            continue  # released since, or no file
        content, modified = found
        kept = Reservation.read(name, content.strip())
        if kept is not None:
            yield ReservationFile(directory, name, kept.container_id, kept.ifname.strip(), modified / 1e9)


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
        if len(words := line.split()) > 5 and words[1] == "FLOCK" and words[3] == "WRITE"
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
            if not place.there(f"/proc/{pid}"):  # who took it has ended, and left it to a child
                pid = next(_having_open(place, about), 0)
            if pid <= 0:
                continue
            status = place.text_or(f"/proc/{pid}/status")
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            found.append(HeldLock(path, pid, facts.get("Name", ""), facts.get("State", "")[:1]))
    return found


def _having_open(place: Place, about: os.stat_result) -> Iterator[int]:
    """Yield the processes that hold a lock on a file, by a descriptor of their own."""
    for pid in place.pids():
        try:
            for number in os.listdir(place.at(f"/proc/{pid}/fd")):
                there = os.stat(place.at(f"/proc/{pid}/fd/{number}"))
                is_same = (there.st_dev, there.st_ino) == (about.st_dev, about.st_ino)
                if is_same and "lock:" in place.text_or(f"/proc/{pid}/fdinfo/{number}"):
                    yield int(pid)
        except OSError:
            continue


def gather_running(place: Place, containers: Iterable[str], *, whole_node: bool) -> list[str]:
    """Return which containers have processes, by the names of their cgroups.  Raises CnictlError."""
    known = processes(place.at("/proc"), whole_node=whole_node or bool(place.root))
    if known.missing:
        raise CnictlError(f"not known: {known.missing}")
    return sorted(known.ids.intersection(containers))
