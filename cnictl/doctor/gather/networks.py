"""Every network namespace of the node: its links, addresses and routes, and whether anybody is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.doctor.bundle import AddressFact, LinkFact, Namespace, RouteFact
from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import Netns, NetnsError, NetnsGone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.place import Place
    from cnictl.netlink.link import Link

DIRECTORIES = ("/run/netns", "/run/docker/netns")
MOST = 5000


def gather(place: Place) -> list[Namespace]:
    """Return the node's own namespace first, then those with a name, then those that only processes keep."""
    processes = _processes(place)
    with Netns(place.netns) if place.netns else Netns.own() as own:
        found = [_looked_at("", own, processes)]
    seen = {found[0].inode}
    for path in _named(place):
        try:
            with Netns(place.at(path)) as there:
                if there.inode not in seen:
                    seen.add(there.inode)
                    found.append(_looked_at(path, there, processes))
        except NetnsGone:
            continue  # since its directory was read
        except NetnsError as error:
            found.append(Namespace(path, problem=_without(place, error)))
    for inode in [one for one in processes if one not in seen][:MOST]:
        found += _kept(place, inode, processes)
    return found


def _kept(place: Place, inode: int, processes: dict[int, list[int]]) -> list[Namespace]:
    """Return a namespace that only processes keep; none when they have ended since."""
    problem = ""
    for pid in processes[inode]:
        path = f"/proc/{pid}/ns/net"
        try:
            with Netns(place.at(path)) as there:
                if there.inode == inode:
                    return [_looked_at(path, there, processes)]
        except NetnsGone:
            continue
        except NetnsError as error:
            if place.there(f"/proc/{pid}"):  # else it has ended, which the kernel calls forbidden
                problem = _without(place, error)
    return [Namespace(f"/proc/{processes[inode][0]}/ns/net", inode, problem=problem)] if problem else []


def _without(place: Place, error: NetnsError) -> str:
    """Return what an error says by the node's own paths."""
    return str(error).replace(place.root or "\0", "")


def _named(place: Place) -> Iterator[str]:
    for directory in DIRECTORIES:
        try:
            yield from (f"{directory}/{name}" for name in place.names(directory)[:MOST])
        except OSError:
            continue


def _processes(place: Place) -> dict[int, list[int]]:
    """Return the processes that are in each namespace, by its inode; of which we may not look at some."""
    found: dict[int, list[int]] = {}
    for pid in place.pids():
        try:
            target = os.readlink(place.at(f"/proc/{pid}/ns/net"))
        except OSError:
            continue
        found.setdefault(int(target[5:-1]), []).append(int(pid))
    return found


def _looked_at(path: str, netns: Netns, processes: dict[int, list[int]]) -> Namespace:
    inode = netns.inode
    inside = len(processes.get(inode, ()))
    try:
        with Rtnl(netns) as kernel:
            links = kernel.links()
            addresses = kernel.addresses()
            routes = kernel.routes()
    except (NetlinkError, NetnsError) as error:
        return Namespace(path, inode, inside, problem=str(error))
    names = {one.index: one.name for one in links}
    return Namespace(
        path,
        inode,
        inside,
        os.fstat(netns.fd).st_ctime if path else 0.0,
        "",
        tuple(_link(one, names) for one in links),
        tuple(AddressFact(names.get(one.link, ""), str(one.prefix), one.dad_failed) for one in addresses),
        tuple(RouteFact(str(one.dst), names.get(one.device, ""), str(one.gateway or "")) for one in routes),
    )


def _link(one: Link, names: dict[int, str]) -> LinkFact:
    parent = names.get(one.parent, "") if one.link_netnsid is None else ""
    return LinkFact(
        one.name,
        one.kind,
        one.mac,
        one.mtu,
        one.up,
        names.get(one.master, ""),
        parent,
        one.altnames,
        one.index,
        one.operstate,
    )
