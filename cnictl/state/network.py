"""What `cnictl.netlink.observe` reads, as entities, without what the kernel makes of itself.

The kernel's own are left out by what it says of them: routes of protocol `kernel` that mirror
addresses (all but those to the address's network), link-local addresses and their routes, the
policy rules and queueing disciplines that are there from the start, a bridge's entries for its
own MAC addresses, and multicast filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.declare import entities
from cnictl.declare.entities import MAIN_TABLE
from cnictl.declare.model import NODE
from cnictl.netlink.names import KERNEL_HANDLES, mirred_words, protocol_name, u32_handle_name
from cnictl.spec.document import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.declare.model import Entity
    from cnictl.netlink.observed import (
        FdbEntry,
        Filter,
        Link,
        LinkAddress,
        Network,
        Plain,
        Qdisc,
        Route,
        Rule,
    )

UNREAD = {
    "links": "link",
    "addresses": "address",
    "routes": "route",
    "rules": "policy",
    "neighbours": "neighbour",
    "fdb": "fdb",
    "vlans": "vlan",
    "qdiscs": "qdisc",
    "classes": "class",
    "filters": "filter",
}
"""The kind of entity that each field of a Network gives."""

_LINK_LOCAL_BITS = 10  # fe80::/10, RFC 4291


def entities_of(where: str, network: Network, node: Network) -> Iterator[Entity]:
    """Yield what there is in a place; `node` is the network of the node, for the other ends of veths."""
    by_name = {link.name: link for link in network.links}
    on_node = {link.index: link for link in node.links}
    here = {link.index: link for link in network.links}
    for link in network.links:
        yield _link(link, _peer(link, on_node), _parent(link, here, on_node if where != NODE else {}))
    for address in network.addresses:
        if not _is_kernels_address(address, by_name.get(address.link)):
            yield entities.address(address.link, address.prefix, scope=address.scope)
    for route in network.routes:
        if not _is_kernels_route(route, by_name):
            yield from _routes(route)
    for rule in network.rules:
        if rule.protocol != "kernel":
            yield _policy(rule)
    for neighbour in network.neighbours:
        if "permanent" in neighbour.state:
            yield entities.neighbour(neighbour.link, neighbour.address, mac=neighbour.mac)
    for entry in network.fdb:
        if _is_made(entry, by_name):
            yield entities.fdb(
                entry.link, entry.mac, vlan=entry.vlan, destination=entry.remote, state=entry.state
            )
    for vlan in network.vlans:
        yield entities.bridge_vlan(vlan.link, vlan.vid, pvid=vlan.pvid, untagged=vlan.untagged)
    for qdisc in network.qdiscs:
        yield _qdisc(qdisc)
    for one in network.classes:
        if one.options:
            yield entities.traffic_class(
                one.link, one.handle, kind=one.kind, parent=one.parent, options=encode(one.options, sort=True)
            )
    for filter_ in network.filters:
        yield _filter(filter_)


def _link(link: Link, peer: str, parent: str) -> Entity:
    tunnel = link.data if link.kind == "vxlan" else {}
    return entities.link(
        link.name,
        kind=link.kind,
        mac=link.mac,
        mtu=link.mtu,
        up=link.up,
        master=link.master,
        peer=peer,
        parent=parent or None,
        mode=_text(link.data.get("mode")),
        vlan_id=_number(link.data.get("id")) if link.kind == "vlan" else None,
        bcqueuelen=_number(link.data.get("bcqueuelen")),
        table=_number(link.data.get("table")),
        promiscuous=link.promiscuity > 0,
        all_multicast=link.all_multicast,
        txqlen=link.txqlen,
        hairpin=_switch(link.port.get("hairpin")),
        isolated=_switch(link.port.get("isolated")),
        vlan_filtering=_switch(link.data.get("vlan_filtering")),
        vni=_number(tunnel.get("id")),
        local=_text(tunnel.get("local")),
        group=_text(tunnel.get("group")),
        port=_number(tunnel.get("port")),
        learning=_switch(tunnel.get("learning")),
        owner=_number(link.data.get("owner")),
        owner_group=_number(link.data.get("group")) if link.kind == "tun" else None,
        multi_queue=_switch(link.data.get("multi_queue")),
        alias=link.alias or None,
    )


def _peer(link: Link, on_node: dict[int, Link]) -> str:
    other = on_node.get(link.lower) if link.kind == "veth" else None
    return other.name if other is not None and other.kind == "veth" and other.lower == link.index else ""


def _parent(link: Link, here: dict[int, Link], on_node: dict[int, Link]) -> str:
    """Return the name of what a stacked link sits on, in its own namespace or on the node."""
    if not link.lower or link.kind == "veth":
        return ""
    other = (here if link.netnsid is None else on_node).get(link.lower)
    return other.name if other is not None else ""


def _is_kernels_address(address: LinkAddress, link: Link | None) -> bool:
    if address.prefix.version == 4 or not address.prefix.address.is_link_local:
        return False
    if address.protocol:
        return address.protocol == "kernel_ll"
    # Before Linux 5.18 nothing tells but the address itself (RFC 4291, appendix A; RFC 7217).
    return "stable-privacy" in address.flags or (
        link is not None and address.prefix.address.packed[8:] == _interface_identifier(link.mac)
    )


def _interface_identifier(mac: str) -> bytes:
    octets = bytes.fromhex(mac.replace(":", ""))
    return bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:] if len(octets) == 6 else b""


def _is_kernels_route(route: Route, by_name: dict[str, Link]) -> bool:
    if route.protocol != "kernel":
        return False
    if route.kind != "unicast":
        return True
    if route.dst.version == 4 or not route.dst.address.is_link_local or route.dst.length < _LINK_LOCAL_BITS:
        return False
    return all(route.table in (MAIN_TABLE, _table(hop.link, by_name)) for hop in route.hops)


def _table(name: str, by_name: dict[str, Link]) -> int:
    """Return the table in which the kernel puts routes of a link: the one of its VRF, else the main one."""
    link = by_name.get(name)
    master = by_name.get(link.master) if link is not None else None
    return (_number(master.data.get("table")) if master is not None else None) or MAIN_TABLE


def _routes(route: Route) -> Iterator[Entity]:
    for hop in route.hops or (None,):
        yield entities.route(
            route.dst,
            device=None if hop is None else hop.link or None,
            gateway=None if hop is None else hop.gateway,
            table=route.table,
            metric=route.metric,
            scope=route.scope,
            source=route.source,
            kind=None if route.kind == "unicast" else route.kind,
        )


def _policy(rule: Rule) -> Entity:
    return entities.policy(
        rule.version,
        source=rule.source,
        destination=rule.dst,
        tos=rule.tos,
        mark=rule.mark,
        incoming=rule.incoming,
        outgoing=rule.outgoing,
        inverted=rule.inverted,
        action=rule.action,
        table=rule.table,
        priority=rule.priority,
    )


def _is_made(entry: FdbEntry, by_name: dict[str, Link]) -> bool:
    """Whether somebody made the entry: it is to stay, and is no address of the bridge or its port itself."""
    if entry.state not in ("static", "permanent"):
        return False
    if entry.master:
        own = {by_name[name].mac for name in (entry.link, entry.master) if name in by_name}
        return entry.mac not in own
    link = by_name.get(entry.link)
    if link is not None and link.kind == "bridge":
        return "self" not in entry.flags and entry.mac != link.mac
    return entry.remote is not None


def _qdisc(qdisc: Qdisc) -> Entity:
    major = int(qdisc.handle.partition(":")[0], 16)
    options = qdisc.options if isinstance(qdisc.options, dict) else {}
    tbf = options.get("TCA_TBF_PARMS") if qdisc.kind == "tbf" else None
    parameters = tbf if isinstance(tbf, dict) else {}
    rate = options.get("TCA_TBF_RATE64", parameters.get("rate"))
    return entities.qdisc(
        qdisc.link,
        qdisc.kind if qdisc.kind == "clsact" else qdisc.parent,
        kind=qdisc.kind,
        handle=None if major in KERNEL_HANDLES else qdisc.handle,
        rate=_number(rate),
        limit=_number(parameters.get("limit")),
        buffer=_number(parameters.get("buffer")),
        options=encode(options, sort=True) if options and not parameters else None,
    )


def _filter(filter_: Filter) -> Entity:
    options = dict(filter_.options) if isinstance(filter_.options, dict) else {}
    found = [options.pop(name) for name in list(options) if name.endswith("_ACT")]
    actions = found[0] if found and isinstance(found[0], dict) else {}
    return entities.traffic_filter(
        filter_.link,
        filter_.parent,
        priority=filter_.priority,
        protocol=protocol_name(filter_.protocol),
        handle=u32_handle_name(filter_.handle) if filter_.kind == "u32" else f"{filter_.handle:#x}",
        kind=filter_.kind,
        options=encode(options, sort=True) if options else None,
        actions=[_action(one) for one in actions.values()],
    )


def _action(action: Plain) -> str:
    """Return an action in tc's words; of kinds that plugins do not make, with its options as JSON."""
    if not isinstance(action, dict):
        return str(action)
    kind, options = str(action.get("TCA_ACT_KIND", "")), action.get("TCA_ACT_OPTIONS")
    parameters = options.get("TCA_MIRRED_PARMS") if isinstance(options, dict) else None
    if not isinstance(parameters, dict):
        return f"{kind} {encode(options, sort=True)}"
    verb, verdict = _number(parameters.get("eaction")), _number(parameters.get("action"))
    return mirred_words(verb or 0, str(parameters.get("link", "")), verdict or 0)


def _text(fact: object) -> str | None:
    return fact if isinstance(fact, str) else None


def _number(fact: object) -> int | None:
    return fact if isinstance(fact, int) and not isinstance(fact, bool) else None


def _switch(fact: object) -> bool | None:
    return fact if isinstance(fact, bool) else None
