"""The thin observer of CHECK: reads what expectations ask about, and no more.

`cnictl snapshot` reads everything through other libraries; both report the entities of
`cnictl.declare.entities`, so that the same expectation holds in both or in neither.
"""

from __future__ import annotations

import os
import stat

from cnictl.declare import entities
from cnictl.declare.model import NODE, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity, Expectation
    from cnictl.netlink.link import Link
    from cnictl.netlink.links import Links
    from cnictl.netlink.routes import KernelRoute
    from cnictl.netlink.rtnl import Rtnl

CONTENT_LIMIT = 1 << 20
"""Bytes read of a file that an expectation is about; more than that is not one of ours."""

NETLINK_KINDS = {"link", "address", "route", "connected", "vlan", "neighbour", "fdb"}
ROUTE_KINDS = {"route", "connected"}


def observe(expectations: Iterable[Expectation]) -> State:
    """Return the state of all that the expectations name.

    Raises CnictlError when a namespace cannot be opened or a program that lists rules fails.
    """
    by_place: dict[str, list[Entity]] = {}
    for expectation in expectations:
        by_place.setdefault(expectation.where, []).append(expectation.entity)
    state = State()
    for where, wanted in by_place.items():
        kinds = {entity.kind for entity in wanted}
        if kinds & NETLINK_KINDS:
            state.extend(where, _netlink(where, wanted))
        if kinds & {"qdisc", "filter"}:
            state.extend(where, _traffic_control(where, wanted))
        if "policy" in kinds or (where != NODE and _lacks_a_route(state, where, wanted)):
            state.extend(where, _policies(where))
        if "sysctl" in kinds:
            state.extend(where, _sysctls(where, [one.key for one in wanted if one.kind == "sysctl"]))
        if kinds & {"chain", "rule"}:
            state.extend(where, _netfilter([one for one in wanted if one.kind in ("chain", "rule")]))
        if "source" in kinds:
            state.extend(where, _sources())
        if "file" in kinds:
            state.extend(where, _files(one.key for one in wanted if one.kind == "file"))
        if kinds & {"reservation", "holder"}:
            state.extend(where, _reservations(wanted))
        if "lease" in kinds:
            state.extend(where, _leases(one for one in wanted if one.kind == "lease"))
    return state


def link_entity(link: Link, master: str = "", peer: str = "", parent: str = "") -> Entity:
    """Return a link as the entity that it is compared as."""
    return entities.link(
        link.name,
        kind=link.kind,
        mac=link.mac,
        mtu=link.mtu,
        up=link.up,
        master=master,
        peer=peer,
        parent=parent or None,
        mode=link.mode,
        vlan_id=link.vlan_id,
        bcqueuelen=link.bcqueuelen,
        table=link.table,
        promiscuous=link.promiscuity > 0,
        all_multicast=link.all_multicast,
        txqlen=link.txqlen,
        hairpin=link.hairpin,
        isolated=link.isolated,
        vlan_filtering=link.vlan_filtering,
        vni=link.vni,
        local=link.local,
        group=link.group,
        port=link.udp_port,
        learning=link.learning,
        owner=link.owner,
        owner_group=link.owner_group,
        multi_queue=link.multi_queue,
        alias=link.alias or None,
    )


def _netlink(where: str, wanted: list[Entity]) -> Iterator[Entity]:
    if all(entity.kind == "link" for entity in wanted if entity.kind in NETLINK_KINDS):
        from cnictl.netlink.links import Links

        with Links(where or None) as netns:
            yield from _links(where, netns, _named(netns, wanted), wanted)
        return
    from cnictl.netlink.rtnl import Rtnl

    kinds = {entity.kind for entity in wanted}
    with Rtnl(where or None) as netns:
        links = _named(netns, wanted)
        yield from _links(where, netns, links, wanted)
        for link in links.values():
            if "vlan" in kinds:
                for vlan in netns.bridge_vlans(link):
                    yield entities.bridge_vlan(link.name, vlan.vid, pvid=vlan.pvid, untagged=vlan.untagged)
            if "address" in kinds:
                for one in netns.addresses(link):
                    yield entities.address(link.name, one.prefix, scope=one.scope)
            if "neighbour" in kinds:
                for neighbour in netns.neighbours(link):
                    yield entities.neighbour(link.name, neighbour.address, mac=neighbour.mac)
            if "fdb" in kinds and link.kind == "vxlan":
                for entry in netns.tunnel_entries(link):
                    if entry.permanent:
                        yield entities.fdb(
                            link.name, entry.mac, destination=entry.destination, state="permanent"
                        )
        if kinds & ROUTE_KINDS:
            yield from _routes(netns, links, {one.key for one in wanted if one.kind in ROUTE_KINDS})


def _named(netns: Links, wanted: list[Entity]) -> dict[str, Link]:
    """Return the links that are asked about, or something of theirs, as far as they are there."""
    from cnictl.netlink.errors import LinkGone

    links: dict[str, Link] = {}
    for name in {one.key.split(" ")[0] for one in wanted if one.kind in NETLINK_KINDS - ROUTE_KINDS}:
        try:
            links[name] = netns.link(name)
        except LinkGone:
            continue
    return links


def _links(where: str, netns: Links, links: dict[str, Link], wanted: list[Entity]) -> Iterator[Entity]:
    peers_wanted, parents_wanted = (
        {entity.key for entity in wanted if entity.kind == "link" and fact in entity.facts}
        for fact in ("peer", "parent")
    )
    for link in links.values():
        master = netns.link_by_index(link.master).name if link.master else ""
        peer = _peer(link) if link.name in peers_wanted else ""
        parent = _parent(where, netns, link) if link.name in parents_wanted else ""
        yield link_entity(link, master, peer, parent)


def _routes(netns: Rtnl, links: dict[str, Link], keys: set[str]) -> Iterator[Entity]:
    """Yield the routes that are asked about, or all and the VRFs besides where one of them is not there.

    A node has a route for each pod, and a link, which only say where a route is instead.
    """
    from cnictl.netlink.rtnl import LinkGone

    near: list[Entity] = []
    for name in {_device(key) for key in keys}:
        try:
            link = links.get(name) or netns.link(name)
        except LinkGone:
            continue
        for route in netns.routes(link=link):
            near += _route(route, {link.index: name})
    if keys <= {one.key for one in near}:
        yield from near
        return
    all_links = netns.links()
    yield from (link_entity(link) for link in all_links if link.kind == "vrf")
    device = {link.index: link.name for link in all_links}
    for route in netns.routes(None):
        yield from _route(route, device)


def _device(key: str) -> str:
    """Return the link of a route or connected network."""
    words = key.split(" ")
    return words[words.index("dev") + 1] if "dev" in words else words[0]


def _route(route: KernelRoute, device: dict[int, str]) -> Iterator[Entity]:
    if route.gateway is None:
        yield entities.connected(device.get(route.device, ""), route.dst)
    yield entities.route(
        route.dst,
        device=device.get(route.device) or None,
        gateway=route.gateway,
        table=route.table,
        metric=route.metric,
        scope=route.scope,
        source=route.source,
    )


def _traffic_control(where: str, wanted: list[Entity]) -> Iterator[Entity]:
    from cnictl.plugin import observe_traffic

    kinds = ("qdisc", "filter")
    links = {entity.key.split(" ")[0] for entity in wanted if entity.kind in kinds}
    return observe_traffic.traffic_control(where, links)


def _policies(where: str) -> Iterator[Entity]:
    from cnictl.plugin import observe_traffic

    return observe_traffic.policies(where)


def _lacks_a_route(state: State, where: str, wanted: list[Entity]) -> bool:
    """Whether a route is not where it is expected: rules then tell `compare` where it may be instead."""
    return any(one.kind == "route" and state.find(where, one.kind, one.key) is None for one in wanted)


def _peer(link: Link) -> str:
    """Return the name of a veth's other end when it is in the node, and the two know one another."""
    from cnictl.netlink.errors import LinkGone
    from cnictl.netlink.links import Links

    if link.kind != "veth" or not link.peer:
        return ""
    with Links() as node:
        try:
            other = node.link_by_index(link.peer)
        except LinkGone:
            return ""
    return other.name if other.kind == "veth" and other.peer == link.index else ""


def _parent(where: str, netns: Links, link: Link) -> str:
    """Return the name of what a stacked link sits on, in its own namespace or on the node."""
    from cnictl.netlink.errors import LinkGone
    from cnictl.netlink.links import Links

    if not link.parent:
        return ""
    try:
        if link.link_netnsid is None:
            return netns.link_by_index(link.parent).name
        if where == NODE:
            return ""
        with Links() as node:
            return node.link_by_index(link.parent).name
    except LinkGone:
        return ""


def _sysctls(where: str, names: list[str]) -> list[Entity]:
    from cnictl import sysctl

    def read() -> list[Entity]:
        found = []
        for name in names:
            try:
                found.append(entities.sysctl(name, sysctl.read(name)))
            except OSError:
                continue
        return found

    if where == NODE:
        return read()
    from cnictl.netns import entered

    with entered(where):
        return read()


def _netfilter(wanted: list[Entity]) -> Iterator[Entity]:
    from cnictl.netfilter import lookup

    return lookup.find(wanted)


def _sources() -> Iterator[Entity]:
    from cnictl import firewalld

    for zone, sources in firewalld.sources().items():
        for source in sources:
            yield entities.source(zone, source)


def _files(paths: Iterable[str]) -> Iterator[Entity]:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield entities.file(path, os.read(descriptor, CONTENT_LIMIT).decode(errors="replace"))
        finally:
            os.close(descriptor)


def _reservations(wanted: list[Entity]) -> Iterator[Entity]:
    from cnictl.ipam import store
    from cnictl.spec.address import Address

    for entity in wanted:
        if entity.kind == "reservation":
            directory, _, address = entity.key.rpartition("/")
            found = store.read_one(directory, Address.parse(address))
            if found is not None:
                yield entities.reservation(directory, found.address, found.container_id, found.ifname or None)
        elif entity.kind == "holder":
            directory, container_id, ifname = entity.key.rsplit(" ", 2)
            if any(one.may_be_of(container_id, ifname) for one in store.read(directory)):
                yield entity


def _leases(wanted: Iterable[Entity]) -> Iterator[Entity]:
    """Yield the leases that our daemon has; of another one, which tells nobody, those that are asked for."""
    import time

    from cnictl.ipam import dhcp_rpc, lease_record

    for entity in wanted:
        socket, _, client = entity.key.rpartition(" ")
        with dhcp_rpc.Daemon(socket):
            pass  # without a daemon nobody renews it
        if not lease_record.is_held(socket):
            yield entities.lease(socket, client)
            continue
        record = lease_record.read_one(socket, client)
        if record is not None and not record.is_over(time.time()):
            yield entities.lease(socket, client, str(record.address))
