"""What plugins and the runtime keep in files: reservations, leases, backups, and the cache of attachments."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.declare import entities
from cnictl.declare.entities import MAIN_TABLE
from cnictl.declare.model import NODE
from cnictl.ipam import lease_record
from cnictl.ipam.dhcp_rpc import SOCKET
from cnictl.ipam.store import DATA_DIR, Reservation
from cnictl.runtime.cache import Cache
from cnictl.spec.document import Document
from cnictl.spec.errors import CnictlError
from cnictl.spec.mac import canonical_mac
from cnictl.spec.names import is_absolute
from cnictl.state.snapshot import Unseen

if TYPE_CHECKING:
    from cnictl.declare.model import Entity
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json
    from cnictl.spec.result import Interface, IPConfig, Result, Route

KEPT = {
    "tuning": ("dataDir", "/run/cni/tuning"),
    "flannel": ("dataDir", "/var/lib/cni/flannel"),
    "firewall": ("dataDir", "/run/cni/firewall"),
    "multus": ("cniDir", "/var/lib/cni/multus"),
}
"""Where plugins keep what DEL needs: the key that says it, and where it is when nothing does."""

CONTENT_LIMIT = 1 << 20
"""Bytes read of a file, as in the observer of CHECK."""


def reservations(tops: Iterable[str], unread: list[OSError]) -> Iterator[Entity]:
    """Yield the addresses that host-local keeps below its data directories, and what else it has there."""
    for entity in files(tops, unread):
        directory, _, name = entity.key.rpartition("/")
        kept = Reservation.read(name, str(entity.facts["content"]).strip().encode())
        if kept is None:
            yield entity
        else:
            yield entities.reservation(directory, kept.address, kept.container_id, kept.ifname or None)


def files(tops: Iterable[str], unread: list[OSError]) -> Iterator[Entity]:
    """Yield the regular files below directories, each with its content.

    What is there and cannot be read is added to `unread`.
    """
    for top in tops:
        for where, below, names in os.walk(top, onerror=lambda error: _note(error, unread)):
            below.sort()
            for name in sorted(names):
                yield from file(os.path.join(where, name), unread)


def file(path: str, unread: list[OSError]) -> Iterator[Entity]:
    """Yield a regular file; nothing when it is gone, of another type, or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            content = os.read(descriptor, CONTENT_LIMIT)
        finally:
            os.close(descriptor)
    except OSError as error:
        _note(error, unread)
        return
    yield entities.file(path, content.decode(errors="replace"))


def _note(error: OSError, unread: list[OSError]) -> None:
    """Remember a failure, unless it says that there is nothing, or no file."""
    if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
        unread.append(error)


def directories(cache_dir: str) -> tuple[list[str], list[str]]:
    """Return where host-local keeps reservations, and where other plugins keep what DEL needs.

    That is the usual places, and those that configurations of the runtime's cache name.
    """
    return directories_of(_networks(cache_dir))


def directories_of(networks: Iterable[NetworkList]) -> tuple[list[str], list[str]]:
    """Return the usual places of reservations and backups, and those that networks name."""
    kept: dict[str, None] = {DATA_DIR: None}
    backups: dict[str, None] = dict.fromkeys(directory for _, directory in KEPT.values())
    for plugin in (plugin for network in networks for plugin in network.plugins):
        ipam = Document(plugin.members).get("ipam")
        if plugin.ipam_type == "host-local" and isinstance(ipam, dict):
            kept |= _named(ipam)
        if plugin.type in KEPT:
            backups |= _named(plugin.members, KEPT[plugin.type][0])
    return list(kept), list(backups)


def leases(sockets: Iterable[str], unseen: list[Unseen]) -> Iterator[Entity]:
    """Yield the leases that the DHCP daemons at some sockets have.

    A daemon that is not ours is added to `unseen`.
    """
    for socket in sockets:
        if lease_record.is_held(socket):
            try:
                found, broken = lease_record.read(socket)
            except FileNotFoundError:
                continue  # it ended at this moment, and had none
            now = time.time()
            for one in found:
                if not one.is_over(now):
                    yield entities.lease(socket, one.client_id, str(one.address))
            unseen += [Unseen(NODE, f"file {name}", reason) for name, reason in broken.items()]
        elif os.path.exists(socket):
            unseen.append(Unseen(NODE, f"lease {socket}", "the daemon there does not tell what it has"))


def lease_sockets(cache_dir: str) -> list[str]:
    """Return where DHCP daemons listen: the usual place, and those that the runtime's cache names."""
    sockets: dict[str, None] = {SOCKET: None}
    for plugin in (plugin for network in _networks(cache_dir) for plugin in network.plugins):
        ipam = Document(plugin.members).get("ipam")
        if plugin.ipam_type == "dhcp" and isinstance(ipam, dict):
            named = Document(ipam).get("daemonSocketPath")
            sockets |= {named: None} if isinstance(named, str) and is_absolute(named) else {}
    return list(sockets)


def _networks(cache_dir: str) -> list[NetworkList]:
    """Return the networks of the runtime's cache that can be understood."""
    try:
        listed = Cache(cache_dir).listing().attachments
    except CnictlError:
        return []
    networks: list[NetworkList] = []
    for config in {cached.config for cached in listed}:
        try:
            networks.append(parse(config))
        except CnictlError:
            continue
    return networks


def _named(members: dict[str, Json], key: str = "dataDir") -> dict[str, None]:
    directory = Document(members).get(key)
    return {directory.rstrip("/"): None} if isinstance(directory, str) and is_absolute(directory) else {}


def attachments(cache_dir: str, unread: list[OSError]) -> Iterator[Entity]:
    """Yield what the runtime remembers; files of its cache that cannot be understood come as files.

    Raises CnictlError when the directory cannot be read.
    """
    listing = Cache(cache_dir).listing()
    for cached in listing.attachments:
        yield _attachment(cached)
    for skipped in listing.skipped:
        yield from file(skipped.path, unread)


def _attachment(cached: CachedAttachment) -> Entity:
    result = _result(cached)
    return entities.attachment(
        cached.network,
        cached.attachment.container_id,
        cached.attachment.ifname,
        netns=cached.attachment.netns,
        version=None if cached.result is None else str(cached.result.get("cniVersion", "")),
        plugins=_plugins(cached),
        interfaces=None if result is None else [_interface(one) for one in result.interfaces],
        addresses=None if result is None else [_address(one, result) for one in result.ips],
        routes=None if result is None else [_route(one) for one in result.routes],
        dns=None if result is None else _dns(result),
    )


def _plugins(cached: CachedAttachment) -> list[str] | None:
    try:
        return [plugin.type for plugin in parse(cached.config).plugins]
    except CnictlError:
        return None


def _result(cached: CachedAttachment) -> Result | None:
    try:
        return cached.parsed()
    except CnictlError:
        return None


def _interface(interface: Interface) -> str:
    words = [interface.name, canonical_mac(interface.mac)]
    if interface.mtu:
        words += ["mtu", str(interface.mtu)]
    if interface.sandbox:
        words += ["in", interface.sandbox]
    return " ".join(word for word in words if word)


def _address(ip: IPConfig, result: Result) -> str:
    words = [str(ip.address)]
    if ip.gateway is not None:
        words += ["via", str(ip.gateway)]
    if ip.interface is not None and 0 <= ip.interface < len(result.interfaces):
        words += ["dev", result.interfaces[ip.interface].name]
    return " ".join(words)


def _route(route: Route) -> str:
    table = MAIN_TABLE if route.table is None else route.table
    words = [entities.route(route.dst, gateway=route.gw, table=table, metric=route.priority).key]
    for name, number in (("mtu", route.mtu), ("advmss", route.advmss), ("scope", route.scope)):
        if number:
            words += [name, str(number)]
    return " ".join(words)


def _dns(result: Result) -> list[str]:
    dns = result.dns
    listed = {"nameserver": dns.nameservers, "search": dns.search, "option": dns.options}
    words = [f"{name} {one}" for name, several in listed.items() for one in several]
    return [f"domain {dns.domain}", *words] if dns.domain else words
