"""Which networks have reservations on this node, where they are, and from which ranges they come."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from cnictl import configuration
from cnictl.ipam.store import DATA_DIR, LAST, LOCK
from cnictl.plugin.request import Request
from cnictl.spec.address import Address
from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.names import is_name
from cnictl.spec.request import for_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.ipam.ranges import RangeSet
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json

_GIVEN = "ipRanges"
"""The capability with which a runtime says the ranges."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration that reserves in a directory; `sets` is None when `problem` keeps them unknown."""

    path: str
    sets: tuple[RangeSet, ...] | None
    problem: str = ""


class Span(NamedTuple):
    """A range, by the first and last of its addresses and its gateway as bytes, and the number of its set."""

    first: bytes
    last: bytes
    gateway: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Network:
    """A directory of reservations, and the configurations that it is for: none when it was left behind.

    `sets` are the range sets in their order, those of the first configuration that says them.
    """

    name: str
    directory: str
    sources: tuple[Source, ...] = ()
    sets: tuple[RangeSet, ...] = field(init=False, compare=False)
    _own: list[Span] = field(init=False, compare=False, repr=False)
    _all: list[Span] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Laid out for sixty thousand addresses to be looked up.
        known = [one.sets for one in self.sources if one.sets]
        complete = self.sources and all(one.sets is not None for one in self.sources)
        spans = [list(_spans(sets)) for sets in known]
        object.__setattr__(self, "sets", known[0] if known else ())
        object.__setattr__(self, "_own", spans[0] if spans else [])
        object.__setattr__(self, "_all", [one for several in spans for one in several] if complete else None)

    def is_foreign(self, address: Address) -> bool:
        """Whether an address is in no range of any configuration, and all of them are known."""
        return self._all is not None and _find(self._all, address) is None

    def range_set(self, address: Address) -> int | None:
        """Return the number of the range set that has an address to give away."""
        found = _find(self._own, address)
        return None if found is None or found.gateway == address.packed else found.number

    def is_gateway(self, address: Address) -> bool:
        """Whether an address is in a range and its gateway, which is never given away."""
        found = _find(self._own, address)
        return found is not None and found.gateway == address.packed


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks, by name, and what could not be found out about others."""

    found: tuple[Network, ...]
    problems: tuple[str, ...] = ()


def networks(
    conf_dir: str, cached: Iterable[CachedAttachment] = (), data_dirs: Iterable[str] = ()
) -> Networks:
    """Return the networks of host-local that are configured, and those whose directories are still there.

    They are looked for in the files of `conf_dir`, in what attachments were made with, and below
    `data_dirs`, the usual directory, and those that the former name.
    """
    looking = _Looking()
    try:
        for candidate in configuration.survey(conf_dir):
            if candidate.network is None:
                looking.problems.append(f"{candidate.path}: {candidate.reason}")
            else:
                looking.add(candidate.network, candidate.path)
    except CnictlError as error:
        looking.problems.append(str(error))
    current = set(looking.found)
    for config, path in {one.config: one.path for one in cached}.items():
        try:
            looking.add(configuration.parse(config), path, spare=current)
        except CnictlError:
            continue  # whoever looks at the cache is told of it
    tops = {DATA_DIR: None, **{one.rpartition("/")[0]: None for one in looking.found}}
    for top in {**tops, **dict.fromkeys(one.rstrip("/") or "/" for one in data_dirs)}:
        looking.leftovers(top)
    ordered = sorted(looking.found.values(), key=lambda one: (one.name, one.directory))
    return Networks(tuple(ordered), tuple(dict.fromkeys(looking.problems)))


def configured(lists: Iterable[tuple[NetworkList, str]]) -> Networks:
    """Return the networks of some configurations, each given with the path that it is from."""
    looking = _Looking()
    for network, path in lists:
        looking.add(network, path)
    return Networks(tuple(looking.found.values()), tuple(looking.problems))


class _Looking:
    def __init__(self) -> None:
        self.found: dict[str, Network] = {}
        self.problems: list[str] = []

    def add(self, network: NetworkList, path: str, spare: Iterable[str] = ()) -> None:
        """Take note of a network, unless its directory is one to `spare`."""
        try:
            documents = list(_documents(network))
        except CnictlError as error:
            self.problems.append(f"{path}: {error}")
            return
        for document in documents:
            try:
                name, directory, source = _source(document, path)
            except CnictlError as error:
                self.problems.append(f"{path}: {error}")
                continue
            if directory not in spare:
                known = self.found.setdefault(directory, Network(name, directory))
                if source.sets is None or source.sets not in [one.sets for one in known.sources]:
                    self.found[directory] = replace(known, sources=(*known.sources, source))

    def leftovers(self, top: str) -> None:
        """Take note of the directories of host-local below one that no configuration names."""
        try:
            with os.scandir(top) as entries:
                names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.problems.append(f"cannot read {top}: {errno_text(error.errno or 0)}")
            return
        for name in names:
            directory = f"{top}/{name}"
            if directory not in self.found and _is_kept(directory):
                self.found[directory] = Network(name, directory)


def _spans(sets: Iterable[RangeSet]) -> Iterator[Span]:
    for number, ranges in enumerate(sets):
        for one in ranges.ranges:
            yield Span(one.start.packed, one.end.packed, one.gateway.packed, number)


def _find(spans: Iterable[Span], address: Address) -> Span | None:
    packed = address.packed
    size = len(packed)
    for one in spans:
        if one.first <= packed <= one.last and len(one.first) == size:
            return one
    return None


def _documents(network: NetworkList) -> Iterator[Document]:
    """Yield the configurations that host-local is called with, under whichever plugin."""
    from cnictl_plugins.meta import flannel_config, flannel_subnet

    for plugin in network.plugins:
        document = Document(decode_object(for_status(network, plugin)))
        if plugin.type == "flannel":
            config = flannel_config.read(Request("STATUS", document))
            try:
                lease = flannel_subnet.read(config.subnet_file)
            except CniError:
                lease = None  # and the ranges are not known
            yield from _if_host_local(Document(config.for_delegate(lease)))
        elif plugin.type == "multus":
            for delegate in document.array("delegates"):
                if isinstance(delegate, dict):
                    yield from _documents(_delegate(delegate, network))
        else:
            yield from _if_host_local(document)


def _if_host_local(document: Document) -> Iterator[Document]:
    section = document.object("ipam")
    if section is not None and section.get("type") == "host-local":
        yield document


def _delegate(members: dict[str, Json], network: NetworkList) -> NetworkList:
    """Return a network of multus, which has the name of the whole unless it has one of its own."""
    named = {"name": network.name, "cniVersion": network.cni_version, **members}
    return configuration.parse(encode(named).encode())


def _source(document: Document, path: str) -> tuple[str, str, Source]:
    """Return a network's name and directory, and the ranges that a configuration says."""
    from cnictl_plugins.ipam.host_local_config import StoreConfig, Wanted

    name, directory = document.string("name"), StoreConfig(document).directory
    if not is_name(name):
        raise CnictlError(f"a network called {name!r} cannot have a directory")
    if not directory.startswith("/"):
        raise CnictlError(f"dataDir of {name} is not an absolute path: {directory}")
    try:
        return name, directory, Source(path, tuple(Wanted(Request("STATUS", document)).sets))
    except CniError as error:
        capabilities = document.object("capabilities")
        given = capabilities is not None and capabilities.get(_GIVEN) is True
        problem = f"the runtime says the ranges (capability {_GIVEN})" if given else str(error)
        return name, directory, Source(path, None, problem)


def _is_kept(directory: str) -> bool:
    """Whether host-local has been in a directory; one that cannot be read counts."""
    try:
        with os.scandir(directory) as entries:
            return any(
                one.name == LOCK or one.name.startswith(LAST) or _is_address(one.name) for one in entries
            )
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_address(name: str) -> bool:
    try:
        Address.parse(name)
    except ValueError:
        return False
    return True
