"""Everything that is to be known of a node's host ports, read once; nothing is changed by looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnictl.leases.namespaces import look
from cnictl.netfilter import observe
from cnictl.netlink.rtnl import Rtnl
from cnictl.ports.claims import claims
from cnictl.ports.forwards import empty_chains, forwards
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.leases.namespaces import Sighting
    from cnictl.netfilter.observe_conntrack import Flow
    from cnictl.netfilter.observed import Chain, Filters
    from cnictl.netlink.observe_sockets import Listener, Process
    from cnictl.ports.model import Claim, Forward
    from cnictl.runtime.cache import Cache, CachedAttachment
    from cnictl.spec.address import Prefix

CRI_HOLDERS = ("conmon", "crio", "docker-proxy", "rootlessport")
"""Programs that open a host port to keep it from others, and expect nothing on it."""


@dataclass(slots=True)
class Facts:
    """What the sources say; `unseen` are those that said nothing, each with the reason.

    `attachments` are those of the cache, `containers` their network and container id, `addresses` theirs
    with the prefix, `local` those of the node, and `sightings` where an address is that a rule leads to
    and no attachment has.
    """

    claims: list[Claim] = field(default_factory=list)
    attachments: list[CachedAttachment] = field(default_factory=list)
    containers: set[tuple[str, str]] = field(default_factory=set)
    addresses: list[Prefix] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    empty: list[Chain] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    processes: dict[int, Process] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    local: set[str] = field(default_factory=set)
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    cache_read: bool = True
    rules_read: bool = True
    namespaces_read: bool = True
    unseen: list[str] = field(default_factory=list)


def gather(
    cache: Cache, filters: Filters | None = None, *, traffic: bool = True, whole_node: bool = False
) -> Facts:
    """Return what the sources say of the namespace that this thread is in, and its packet filter.

    Without `traffic` nobody looks at listening sockets, tracked connections, and who has which address.
    In a PID namespace of one's own one sees the containers that run there and no others, which is told
    unless that is known to be the `whole_node`.
    """
    facts = Facts(namespaces_read=traffic)
    _attachments(facts, cache)
    _rules(facts, observe.observe() if filters is None else filters)
    if traffic:
        _sockets(facts)
        if facts.claims or any(one.ours for one in facts.forwards):
            _flows(facts)
        _sightings(facts, whole_node)
    return facts


def _attachments(facts: Facts, cache: Cache) -> None:
    try:
        listing = cache.listing()
    except CnictlError as error:
        facts.cache_read = False
        facts.unseen.append(f"attachments: {error}")
        return
    for one in listing.skipped:
        facts.cache_read = False
        facts.unseen.append(f"an attachment: {one.path}: {one.reason}")
    facts.attachments = listing.attachments
    for cached in facts.attachments:
        facts.containers.add((cached.network, cached.attachment.container_id))
        try:
            facts.addresses += _prefixes(cached)
            facts.claims += claims(cached)
        except CnictlError as error:
            facts.unseen.append(f"the ports of an attachment: {cached.path}: {error}")


def _prefixes(cached: CachedAttachment) -> Iterator[Prefix]:
    result = cached.parsed()
    if result is not None:
        yield from (ip.address for ip in result.ips)


def _rules(facts: Facts, filters: Filters) -> None:
    facts.forwards = forwards(filters)
    facts.empty = empty_chains(filters)
    for tool, reason in filters.unread.items():
        facts.rules_read = False
        facts.unseen.append(f"rules of {tool}: {reason}")


def _sockets(facts: Facts) -> None:
    wanted = {one.port for one in facts.claims}
    for forward in facts.forwards:
        wanted |= set(range(forward.port, forward.last + 1)) if forward.ours else set()
    if not wanted:
        return
    known: list[Claim | Forward] = [*facts.claims, *facts.forwards]
    if any(one.protocol.lower() == "sctp" for one in known):
        facts.unseen.append("listening sockets of SCTP: only those of TCP and UDP are read")
    from cnictl.netlink import observe_sockets  # pyroute2 takes long to load, and the map needs none of it

    try:
        facts.listeners = [one for one in observe_sockets.listeners() if one.port in wanted]
    except CnictlError as error:
        facts.unseen.append(f"listening sockets: {error}")
    facts.processes = observe_sockets.processes({one.inode for one in facts.listeners})


def _flows(facts: Facts) -> None:
    from cnictl.netfilter import observe_conntrack  # as above

    known: list[Claim | Forward] = [*facts.claims, *facts.forwards]
    udp = {one.port for one in known if one.protocol.lower() == "udp"}
    try:
        with Rtnl() as node:
            facts.local = {str(one.prefix.address) for one in node.addresses()}
        facts.flows, unread = observe_conntrack.flows(udp)
    except CnictlError as error:
        facts.unseen.append(f"tracked connections: {error}")
        return
    if unread:
        facts.unseen.append(f"tracked connections: {unread}")


def _sightings(facts: Facts, whole_node: bool) -> None:
    known = {str(one.address) for one in facts.addresses}
    unknown = {one.to for one in facts.forwards if one.ours and one.to not in known}
    if unknown:
        seen = look(whole_node=whole_node)
        facts.namespaces_read = not seen.unseen
        facts.unseen += [f"namespaces: {one}" for one in seen.unseen]
        facts.sightings = {str(a): found for a, found in seen.addresses.items() if str(a) in unknown}
