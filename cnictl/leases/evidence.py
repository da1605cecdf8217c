"""What a node tells about its containers: each source says what it knows, or why it does not know."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnictl.cri.client import Client, NoAnswer, NoCri
from cnictl.cri.sockets import KUBELET, find
from cnictl.leases.namespaces import Sightings, look
from cnictl.netns_visible import sees_all_processes
from cnictl.runtime.cache import Cache
from cnictl.runtime.source import MOST
from cnictl.spec.document import Document, decode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.runtime.cache import CachedAttachment
    from cnictl.spec.address import Address
    from cnictl.spec.document import Json

GRACE = 600.0
"""Seconds in which an ADD may still be under way: kubelet gives a whole pod 240, and tries again."""
PROGRAMS = ("kubelet", "crio", "k3s", "k3s-server", "k3s-agent", "k0s", "kubelite")
"""Processes of these names say that pods may be made over CRI, as kubelet's configuration does."""

_TRIES, _PAUSE = 2, 0.05
_SEPARATORS = re.compile(r"[/:]")
_ENDINGS = (".scope", ".slice", ".service")


class Known(NamedTuple):
    """Ids of containers, or why they are not known."""

    ids: frozenset[str] = frozenset()
    missing: str = ""


class Sandboxes(NamedTuple):
    """The ids of the pod sandboxes of CRI as of a time, or why they are not known.

    `stopped` are those that are not ready, whose DEL has yet to come or to succeed.  `applies` is False where
    there is no CRI, and so nothing to know.
    """

    ids: frozenset[str] = frozenset()
    as_of: float = 0.0
    missing: str = ""
    applies: bool = True
    stopped: frozenset[str] = frozenset()


class Attached(NamedTuple):
    """What the runtime's cache says of a container's interface."""

    network: str
    netns: str
    netns_exists: bool


@dataclass(frozen=True, slots=True)
class CacheEvidence:
    """Attachments of the runtime's cache by container and interface, and by address; or what is missing.

    `broken` are the names of files that cannot be understood, and what is wrong with each.
    """

    attached: Mapping[tuple[str, str], list[Attached]]
    addresses: Mapping[str, list[Attached]]
    missing: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)

    def broken_file(self, network: str, container_id: str, ifname: str) -> str:
        """Return the name of a broken file that would be an attachment's, "" for none.

        Without `ifname` any of the container's will do, and without `container_id` any at all.
        """
        if not self.broken:
            return ""
        if ifname:
            name = f"{network}-{container_id}-{ifname}"
            return name if name in self.broken else ""
        part = f"-{container_id}-" if container_id else ""
        return next((name for name in self.broken if part in name), "")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All sources at one moment; `boot` in seconds since 1970, None when it is not known."""

    sightings: Sightings
    sandboxes: Sandboxes
    processes: Known
    cache: CacheEvidence
    boot: float | None
    now: float
    grace: float = GRACE

    @property
    def gaps(self) -> list[str]:
        """What is not known, and would have to be before anybody can say that an address is free."""
        found = list(self.sightings.unseen)
        found += [one for one in (self.sandboxes.missing, self.processes.missing, self.cache.missing) if one]
        return found


Provider = Callable[[], Sandboxes]
"""Asks for the sandboxes of this moment."""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Asks every source, as often as it is wanted."""

    sandboxes: Provider
    cache: Cache = field(default_factory=Cache)
    grace: float = GRACE
    whole_node: bool = False

    def gather(self) -> Evidence:
        """Return what the sources say at this moment."""
        return Evidence(
            sightings=look(whole_node=self.whole_node),
            sandboxes=self.sandboxes(),
            processes=processes(whole_node=self.whole_node),
            cache=cached(self.cache),
            boot=boot_time(),
            now=time.time(),
            grace=self.grace,
        )


LISTS = "one id a line, or what `crictl pods -o json` prints"
"""What sandboxes_in() takes."""


def sandboxes_asked(socket: str = "") -> Sandboxes:
    """Return the sandboxes of every runtime of this node, or of the one at a socket.

    One that does not answer may have any; one that knows nothing of CRI has none, unless pods are made here.
    """
    now = time.time()
    ready: set[str] = set()
    stopped: set[str] = set()
    without: list[str] = []
    paths = find(socket)
    for path in paths:
        try:
            with Client(path) as runtime:
                for one in runtime.sandboxes():
                    (ready if one.ready else stopped).add(one.id)
        except NoCri as error:
            without.append(str(error))
        except NoAnswer as error:
            return Sandboxes(missing=f"the pod sandboxes: {error}; --sandboxes takes a list of them")
    if len(without) < len(paths):
        return Sandboxes(frozenset(ready), now, stopped=frozenset(stopped))
    signs = [path for path in (KUBELET,) if os.path.lexists(path)] or list(_programs()) or [socket]
    if not signs[0]:
        return Sandboxes(applies=False)
    reason = without[0] if without else "name them with --sandboxes, or the runtime with --cri-socket"
    return Sandboxes(missing=f"the pod sandboxes, of which {signs[0]} tells: {reason}")


def sandboxes_in(text: str, as_of: float) -> Sandboxes:
    """Return the sandboxes of a list, one id a line or as `crictl pods -o json` prints them.

    Raises CnictlError for what is neither, and for an empty text, which a program that failed leaves.
    """
    if not text.strip():
        hint = "if there are none: `crictl pods -o json` says that"
        raise CnictlError("the list is empty", hint=hint)
    if text.lstrip().startswith(("{", "[")):
        members = decode(text)
        items = Document(members).get("items") if isinstance(members, dict) else members
        if not isinstance(items, list):
            raise CnictlError('no list of sandboxes: the key "items" is missing')
        ids = [Document(one).string("id") if isinstance(one, dict) else one for one in items]
        stopped = [
            id_ for id_, one in zip(ids, items, strict=True) if isinstance(one, dict) and _is_stopped(one)
        ]
    else:
        stopped = []
        ids = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for one in ids:
        if not isinstance(one, str) or not one or not one.isprintable() or " " in one:
            raise CnictlError(f"no id of a sandbox: {one!r}")
    known = frozenset(map(str, ids)).difference(stopped)
    return Sandboxes(known, as_of, stopped=frozenset(map(str, stopped)))


def sandboxes_of(path: str) -> Sandboxes:
    """Return the sandboxes of a file, as of its modification; raises CnictlError."""
    try:
        with open(path, "rb") as file:
            data, as_of = file.read(MOST + 1), os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise CnictlError(errno_text(error.errno or 0)) from error
    if len(data) > MOST:
        raise CnictlError(f"it has more than {MOST >> 20} MiB")
    return sandboxes_in(data.decode(errors="replace"), as_of)


def processes(proc: str = "/proc", *, whole_node: bool = False) -> Known:
    """Return the words of all processes' cgroups, among which are the ids of their containers."""
    if not whole_node and not sees_all_processes():
        return Known(missing="the cgroups of processes outside of this PID namespace")
    words: set[str] = set()
    known: set[str] = set()
    for pid in (name for name in os.listdir(proc) if name.isdigit()):
        try:
            with open(f"{proc}/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError as error:
            return Known(missing=f"the cgroups of processes: {errno_text(error.errno or 0)}")
        if text not in known:
            known.add(text)
            words |= _words(text)
    return Known(frozenset(words))


def cached(cache: Cache) -> CacheEvidence:
    """Return what the runtime's cache says.

    libcni does not write its files whole or not at all, so that a broken one is looked at again.
    """
    attached: dict[tuple[str, str], list[Attached]] = {}
    addresses: dict[str, list[Attached]] = {}
    try:
        listing = cache.listing()
        for _ in range(_TRIES):
            if not listing.skipped:
                break
            time.sleep(_PAUSE)
            listing = cache.listing()
    except CnictlError as error:
        return CacheEvidence({}, {}, f"the runtime's cache: {error}")
    for one in listing.attachments:
        netns = one.netns
        entry = Attached(one.network, netns, bool(netns) and os.path.exists(netns))
        attached.setdefault(one.attachment.key, []).append(entry)
        for address in _addresses(one):
            addresses.setdefault(str(address), []).append(entry)
    broken = {os.path.basename(one.path): one.reason for one in listing.skipped}
    return CacheEvidence(attached, addresses, broken=broken)


def boot_time() -> float | None:
    """Return when the machine was started, in seconds since 1970."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return next((float(line.split()[1]) for line in file if line.startswith("btime ")), None)
    except OSError:
        return None


def _programs() -> Iterator[str]:
    for pid in (name for name in os.listdir("/proc") if name.isdigit()):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                name = file.read().rstrip("\n")
        except OSError:
            continue
        if name in PROGRAMS:
            yield f"process {pid} ({name})"


def _is_stopped(members: dict[str, Json]) -> bool:
    return Document(members).get("state") == "SANDBOX_NOTREADY"


def _words(text: str) -> set[str]:
    """Return the parts of a cgroup's path, and what is behind each hyphen: "cri-containerd-0123….scope"."""
    found: set[str] = set()
    for part in _SEPARATORS.split(text.replace("\n", "/")):
        for ending in _ENDINGS:
            part = part.removesuffix(ending)  # noqa: PLW2901 - one name, less its ending
        while part:
            found.add(part)
            part = part.partition("-")[2]  # noqa: PLW2901 - and so on
    return found


def _addresses(one: CachedAttachment) -> list[Address]:
    try:
        result = one.parsed()
    except CnictlError:
        return []
    return [ip.address.address for ip in result.ips] if result else []
