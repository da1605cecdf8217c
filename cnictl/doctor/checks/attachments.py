"""What the runtime's cache says of attachments, compared with what is on the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.collect import MULTUS_RECORDS, networks_of
from cnictl.doctor.finding import Seen, check
from cnictl.doctor.place import own_path
from cnictl.spec.versions import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle, CachedAttachment, Namespace

PATIENCE = 300.0
"""Seconds that an ADD may take, until which its namespace has no place in the cache."""
_RENAMED = ("veth", "macvlan", "ipvlan")
"""Kinds whose MAC address is written down by the plugin that made them, and stays."""


@check("cache-empty", needs=("cache",))
def empty_cache(bundle: Bundle) -> Iterator[Seen]:
    seen = not {"sandboxes", "running", "namespaces"} & bundle.unseen.keys()
    alive = {*(one.id for one in bundle.sandboxes), *bundle.running}
    for one in bundle.cache:
        if not one.size:
            gone = seen and not any(container in one.path for container in alive)
            facts = {"file": one.path} if gone else {}
            yield Seen("cache-empty", one.path, (f"{one.path} is empty",), facts)


@check("result-interface-mismatch", needs=("cache",), partial=True)
def unusable_result(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.cache:
        if one.unusable:
            line = f"{one.path}: the Result is of no use to the runtime: {one.unusable}"
            yield Seen("result-interface-mismatch", one.path, (line,), _facts(one))


@check("cache-version", needs=("cache", "configurations"), partial=True)
def other_version(bundle: Bundle) -> Iterator[Seen]:
    wanted = {network.name: network.cni_version for network in networks_of(bundle.configurations)}
    for one in bundle.cache:
        if one.version and one.version not in SUPPORTED:
            line = (
                f"{one.path}: the Result is of version {one.version}, which nothing converts"
                f" to {wanted.get(one.network, 'another')}"
            )
            yield Seen("cache-version", one.path, (line,), _facts(one))


@check("netns-gone", needs=("cache", "sandboxes", "running"), partial=True)
def without_namespace(bundle: Bundle) -> Iterator[Seen]:
    alive = {*(one.id for one in bundle.sandboxes), *bundle.running}
    for one in bundle.cache:
        if one.problem or not one.netns or one.netns_there or one.container in alive:
            continue
        line = f"{one.path}: container {one.container} was in {one.netns}, which is not there"
        yield Seen("netns-gone", f"container {one.container}", (line,), _facts(one), "warning")


@check("if-exists", needs=("cache", "namespaces"), partial=True)
def half_made(bundle: Bundle) -> Iterator[Seen]:
    known = [one for one in bundle.cache if not one.problem]
    if not known:
        return  # whoever makes pods here keeps no cache
    cached = {own_path(one.netns) for one in known}
    addresses = {address for one in known for address in one.addresses}
    for space in bundle.namespaces:
        names = [one.name for one in space.links if one.name != "lo"]
        if (
            space.path.startswith("/run/netns/cni-")
            and space.path not in cached
            # Older releases of libcni do not write down the namespace.
            and not addresses.intersection(each.address for each in space.addresses)
            and space.processes
            and names
            and bundle.taken - space.since > PATIENCE
        ):
            line = f"{space.path} has {', '.join(names)}, and no attachment in the cache is in it"
            facts = {"netns": space.path, "interface": names[0]}
            yield Seen("if-exists", space.path, (line,), facts)


@check("udev-mac", needs=("cache", "namespaces"))
def other_mac(bundle: Bundle) -> Iterator[Seen]:
    spaces = {one.path: one for one in bundle.namespaces}
    for one in bundle.cache:
        inside = spaces.get(own_path(one.netns))
        for interface in one.interfaces:
            space = inside if interface.inside else bundle.own
            link = space.link(interface.name) if space else None
            if link is None or link.kind not in _RENAMED or not interface.mac:
                continue
            if link.mac.lower() != interface.mac:
                lines = (
                    f"{interface.name} in {_called(space)} has the MAC address {link.mac}",
                    f"{one.path} has {interface.mac}",
                )
                yield Seen("udev-mac", interface.name, lines, _facts(one) | {"interface": interface.name})


@check("route-exists", needs=("cache", "namespaces"), partial=True)
def route_elsewhere(bundle: Bundle) -> Iterator[Seen]:
    in_use = {each.address for space in bundle.namespaces if space.path for each in space.addresses}
    for one in bundle.cache:
        own = {interface.name for interface in one.interfaces if not interface.inside}
        for address in in_use.intersection(one.addresses) if own else ():
            whole = f"{address}/{128 if ':' in address else 32}"
            for route in bundle.own.routes:
                if route.destination == whole and route.link not in own:
                    lines = (
                        f"{address} is of container {one.container}, behind {', '.join(sorted(own))}",
                        f"the node has a route to {whole} through {route.link}",
                    )
                    facts = _facts(one) | {"address": address, "interface": route.link}
                    yield Seen("route-exists", address, lines, facts)


@check("multus-del-cache", needs=("cache", "agents"), partial=True)
def lost_records(bundle: Bundle) -> Iterator[Seen]:
    records = {one.path.rpartition("/")[2]: one for one in bundle.agents if _is_record(bundle, one.path)}
    for one in bundle.cache:
        record = records.get(one.container)
        if "multus" in one.plugins and record and not record.there and not _is_thick(one):
            line = f"{one.path} is of multus, and {record.path} is not there"
            yield Seen("multus-del-cache", f"container {one.container}", (line,), _facts(one))


def _is_record(bundle: Bundle, path: str) -> bool:
    directory, _, name = path.rpartition("/")
    return directory.startswith(MULTUS_RECORDS) or any(
        name == one.container and "multus" in one.plugins for one in bundle.cache
    )


def _is_thick(one: CachedAttachment) -> bool:
    return "multus-shim" in one.plugins


def _facts(one: CachedAttachment) -> dict[str, str]:
    return {
        "container": one.container,
        "network": one.network,
        "interface": one.ifname,
        "netns": one.netns,
        "file": one.path,
    }


def _called(space: Namespace | None) -> str:
    return space.path if space and space.path else "the node"
