"""Reading how a node is wired: one pass over all namespaces that can be found; nothing is changed."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnictl.netfilter import observe as netfilter
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import Netns
from cnictl.netns_visible import OUTSIDE, OWN, NoWay, Visible, inside, sees_all_processes
from cnictl.ports.gather import gather
from cnictl.ports.judge import judge
from cnictl.topology.masquerades import masquerades
from cnictl.topology.model import NODE, Attached, End, Link, Namespace, Route, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnictl.netlink import rtnl
    from cnictl.ports.model import HostPort
    from cnictl.runtime.cache import Cache, CachedAttachment
    from cnictl.topology.model import Masquerade

_UNICAST = 1  # RTN_UNICAST, linux/rtnetlink.h
_PAIRED = ("veth", "netkit", "vxcan")


@dataclass(slots=True)
class _Read:
    """What one namespace's kernel says, in its own indexes; `node_id` is what it calls the node's."""

    path: str
    inode: int
    links: list[rtnl.Link]
    addresses: dict[int, list[str]]
    routes: list[rtnl.KernelRoute]
    id_on_node: int | None = None
    node_id: int | None = None
    problem: str = ""


def observe(cache: Cache, *, whole_node: bool = False) -> Topology:
    """Return how the node is wired, the namespace of this thread being its own.

    In a PID namespace of one's own one sees what runs there and nothing else, which is told unless that
    is known to be the `whole_node`.
    """
    visible = Visible()
    if not whole_node and not sees_all_processes():
        visible.unseen[OUTSIDE] = None
    read = _read_all(visible)
    unseen = [f"namespaces: {one}" for one in visible.unseen]
    filters = netfilter.observe()
    facts = gather(cache, filters, traffic=False)
    report = judge(facts)
    hiding = masquerades(filters)
    attached = _attached(facts.attachments)
    namespaces = _namespaces(read, attached)
    namespaces, ports, rest = _forwarded(namespaces, report.ports, hiding)
    inodes = {one.inode for one in read}
    gone = [one for inode, each in attached.items() for one in each if inode not in inodes]
    unseen += report.unseen
    return Topology(
        os.uname().nodename, time.time(), tuple(namespaces), ports, rest, tuple(gone), tuple(unseen)
    )


def _read_all(visible: Visible) -> list[_Read]:
    """Return what every namespace's kernel says, the node's own first."""
    ways: dict[int, list[str]] = defaultdict(list)
    for inode, path in visible.ways():
        ways[inode].append(path)
    found = []
    with Netns.own() as own, Rtnl() as node:
        found.append(_read(own.path, own.inode, node))
        for inode, paths in ways.items():
            if inode != own.inode:
                one = _entered(inode, paths, own, node)
                if one is not None:
                    found.append(one)
    return found


def _entered(inode: int, paths: Iterable[str], own: Netns, node: Rtnl) -> _Read | None:
    """Return what a namespace says; None when it is gone."""

    def look(path: str, netns: Netns) -> _Read:
        id_on_node = node.netns_id(netns.fd)
        with Rtnl(netns) as kernel:
            read = _read(path, inode, kernel)
            read.node_id, read.id_on_node = kernel.netns_id(own.fd), id_on_node
            return read

    try:
        return inside(inode, paths, look)
    except NoWay as closed:
        return _Read(closed.path, inode, [], {}, [], problem=closed.reason) if closed.reason else None


def _read(path: str, inode: int, kernel: Rtnl) -> _Read:
    addresses: dict[int, list[str]] = defaultdict(list)
    for one in kernel.addresses():
        if not (one.prefix.version == 6 and one.prefix.address.is_link_local):
            addresses[one.link].append(str(one.prefix))
    routes = [
        one
        for one in kernel.routes()
        if one.kind == _UNICAST and not (one.dst.version == 6 and one.dst.address.is_link_local)
    ]
    return _Read(path, inode, kernel.links(), addresses, routes)


def _attached(attachments: Iterable[CachedAttachment]) -> Mapping[int, list[Attached]]:
    """Return the attachments by the inode of their namespace, under negative numbers where it is gone."""
    found: dict[int, list[Attached]] = defaultdict(list)
    device = os.stat(OWN).st_dev
    for number, cached in enumerate(attachments, 1):
        one, netns = cached.attachment, cached.netns
        try:
            about = os.stat(netns)
        except OSError:
            inode, there = -number, False
        else:
            there = about.st_dev == device  # else a file on which nothing is mounted any more
            inode = about.st_ino if there else -number
        found[inode].append(Attached(cached.network, one.container_id, one.ifname, one.pod, netns, there))
    return found


def _namespaces(read: list[_Read], attached: Mapping[int, list[Attached]]) -> list[Namespace]:
    ends = _Ends(read)
    found = []
    for number, one in enumerate(read):
        of_it = tuple(attached.get(one.inode, ()))
        names = {link.index: link.name for link in one.links}
        found.append(
            Namespace(
                number,
                "node" if number == NODE else _name(one, of_it),
                "" if number == NODE else one.path,
                one.inode,
                tuple(_link(link, names, one, ends, number) for link in one.links),
                tuple(
                    Route(
                        "default" if route.dst.is_default else str(route.dst),
                        str(route.gateway or ""),
                        names.get(route.device, ""),
                    )
                    for route in one.routes
                ),
                of_it,
                problem=one.problem,
            )
        )
    return found


def _name(one: _Read, attached: tuple[Attached, ...]) -> str:
    """Return what people call a namespace."""
    for each in attached:
        if each.pod or each.container_id:
            return each.pod or each.container_id
    parts = one.path.split("/")
    if parts[1:2] == ["proc"] and parts[-2:] == ["ns", "net"]:
        try:
            with open(f"/proc/{parts[2]}/comm", encoding="utf-8", errors="backslashreplace") as file:
                return f"{file.read().strip()} ({parts[2]})"
        except OSError:
            return f"process {parts[2]}"
    return parts[-1]


class _Ends:
    """Finds the other ends of links, as far as the numbers that namespaces give one another tell."""

    def __init__(self, read: list[_Read]) -> None:
        self._read = read
        self._by_id = {one.id_on_node: n for n, one in enumerate(read) if one.id_on_node is not None}
        self._names = [{link.index: link.name for link in one.links} for one in read]
        self._pairs: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, one in enumerate(read):
            for link in one.links:
                if link.peer:
                    self._pairs[link.index, link.peer].append(number)

    def find(self, number: int, index: int, link: rtnl.Link) -> End | None:
        """Return the link of that index, which a link of a namespace says is its other end."""
        there = self._namespace(number, index, link)
        name = None if there is None else self._names[there].get(index)
        return End(there, name) if there is not None and name else None

    def _namespace(self, number: int, index: int, link: rtnl.Link) -> int | None:
        if link.link_netnsid is None:
            return number
        if number == NODE:
            return self._by_id.get(link.link_netnsid)
        if link.link_netnsid == self._read[number].node_id:
            return NODE
        among = [one for one in self._pairs[index, link.index] if one not in (number, NODE)]
        return among[0] if link.peer and len(among) == 1 else None


def _link(link: rtnl.Link, names: Mapping[int, str], one: _Read, ends: _Ends, number: int) -> Link:
    other = link.peer or link.parent
    end = ends.find(number, other, link) if other else None
    paired = link.kind in _PAIRED
    return Link(
        link.name,
        link.kind,
        link.mac,
        link.mtu,
        link.up,
        names.get(link.master, ""),
        end if paired else None,
        None if paired else end,
        bool(other) and link.link_netnsid is not None,
        link.alias,
        tuple(_facts(link)),
        tuple(one.addresses.get(link.index, ())),
    )


def _facts(link: rtnl.Link) -> Iterable[str]:
    if link.vni is not None:
        yield f"vni {link.vni}"
    if link.kind == "vlan":
        yield f"id {link.vlan_id}"
    if link.kind in ("macvlan", "macvtap", "ipvlan", "tun") and link.mode:
        yield f"mode {link.mode}"
    if link.table is not None:
        yield f"table {link.table}"
    if link.vlan_filtering:
        yield "vlan filtering"
    if link.hairpin:
        yield "hairpin"
    if link.isolated:
        yield "isolated"


def _forwarded(
    namespaces: list[Namespace], ports: Iterable[HostPort], hiding: Iterable[Masquerade]
) -> tuple[list[Namespace], tuple[HostPort, ...], tuple[Masquerade, ...]]:
    """Return the namespaces with the ports and masquerading of their addresses, and what is left of both."""
    owners: dict[str, int] = {}
    for one in namespaces[1:]:
        for link in one.links:
            for address in link.hosts:
                owners.setdefault(address, one.number)
    of_ports: dict[int, list[HostPort]] = defaultdict(list)
    of_hiding: dict[int, list[Masquerade]] = defaultdict(list)
    for port in ports:
        of_ports[owners.get(port.to, NODE)].append(port)
    for each in hiding:
        of_hiding[owners.get(each.source.partition("/")[0], NODE)].append(each)
    made = [
        replace(one, ports=tuple(of_ports[one.number]), masqueraded=tuple(of_hiding[one.number]))
        if one.number != NODE
        else one
        for one in namespaces
    ]
    return made, tuple(of_ports[NODE]), tuple(of_hiding[NODE])
