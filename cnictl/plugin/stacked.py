"""Links that sit on another one, their master: how macvlan, ipvlan and vlan make, check and remove theirs.

A new link appears in the container's netns under a temporary name and is renamed there: the kernel
compares the name of a link that is made from outside with those of the master's netns as well.
"""

from __future__ import annotations

import errno
import time

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.netns import entered
from cnictl.plugin import interface, tuned
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.config import MainConfig
from cnictl.spec.errors import (
    INTERNAL,
    INVALID_NETWORK_CONFIG,
    PLUGIN_NOT_AVAILABLE,
    CnictlError,
    CniError,
)
from cnictl.spec.keys import boolean, dns, integer, string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

ABANDONED = 1.0
"""Seconds after which a link with a temporary name is nobody's: renaming it is the next step of an ADD."""


class StackedConfig(MainConfig):
    """Keys of the plugins that stack a link of a `kind` on a master."""

    kind = ""
    master = string("master", text="the link to sit on; the device of the default route when absent")
    mtu = integer("mtu", minimum=0, unit="bytes", text="MTU, at most the master's; 0 for the master's")
    link_in_container = boolean(
        "linkInContainer", since="1.3.0", text="look for the master in the container instead of on the node"
    )
    dns = dns("dns", text="resolver settings for the Result; those of the IPAM plugin are not passed on")

    def check_mtu(self, master: Link | None = None) -> None:
        """Raise CniError for an MTU that no master, or not this one, can carry."""
        if self.mtu < 0 or (master is not None and self.mtu > master.mtu):
            limit = "" if master is None else f"({master.mtu})"
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"invalid MTU {self.mtu}, must be [0, master MTU{limit}]",
                "" if master is None else f"the master is {master.name}",
            )


def add(
    request: Request, config: StackedConfig, inside: Rtnl, info: bytes, *, master: str = "", mac: str = ""
) -> Link:
    """Make CNI_IFNAME, of the kind that `info` describes, and return it; it is down.

    `master` is the name of a link where the configuration has it looked for, "" for the device of the
    default route there.  The link is removed again when the request fails later.
    """
    kind, temporary = config.kind, interface.random_name()
    with request.inside(Rtnl) if config.link_in_container else Rtnl() as outside:
        lower = _find_master(outside, master, request.netns if config.link_in_container else "")
        config.check_mtu(lower)
        try:
            outside.add_link(
                temporary,
                info,
                parent=lower.index,
                mtu=config.mtu,
                mac=mac or None,
                netns_fd=inside.netns_fd,
            )
        except NetlinkError as error:
            details = "; ".join(filter(None, (str(error), _advice(kind, lower, error))))
            raise CniError(INTERNAL, f"failed to create {kind}: {error.reason}", details) from None
    request.undo.push(interface.later, request.netns, interface.delete_link, temporary)
    try:
        inside.rename(inside.link(temporary), request.ifname)
    except NetlinkError as error:
        details = str(error)
        if error.errno == errno.EEXIST:
            details = f"{request.ifname} is already in {request.netns}; DEL the attachment that has it first"
        text = f'failed to rename {kind} to "{request.ifname}": {error.reason}'
        raise CniError(INTERNAL, text, details) from None
    request.undo.push(interface.delete_container_interface, request)
    try:
        link = inside.link(request.ifname)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to refetch {kind} "{request.ifname}": {error.reason}') from None
    request.log.info("made link", kind=kind, name=link.name, master=lower.name, mtu=link.mtu, mac=link.mac)
    return link


def announce(request: Request) -> None:
    """Have the kernel announce the container's addresses as soon as its interface comes up."""
    with entered(request.netns):
        sysctl.write_quietly(f"net/ipv4/conf/{request.ifname}/arp_notify", "1")
        sysctl.write_quietly(f"net/ipv6/conf/{request.ifname}/ndisc_notify", "1")


def delete(request: Request, config: StackedConfig) -> None:
    """Remove CNI_IFNAME, and what an ADD left under its temporary name when it broke off.

    The Go plugins leave such a link when CNI_IFNAME is taken; it keeps its VLAN, or a master in
    passthru mode, from the next container.
    """
    if not request.netns:
        return
    with Rtnl(request.netns) as inside, Failures() as each:
        each.run(interface.delete_link, inside, request.ifname)
        each.run(_delete_abandoned, inside, config.kind)


def declare(
    request: Request,
    config: StackedConfig,
    result: Result,
    *,
    mode: str | None = None,
    vlan_id: int | None = None,
    bcqueuelen: int | None = None,
) -> list[Expectation]:
    """Return what must hold of the container's interface, and of the master that the configuration names.

    One that was found by the default route is not held to: the route may lead elsewhere by now.
    """
    where = request.netns if config.link_in_container else NODE
    master = _name_of_parent(where, config)
    link = entities.link(
        request.ifname,
        kind=config.kind,
        mac=interface.container_interface(request, result).mac,
        mtu=tuned.mtu_to_hold(request, config.mtu),
        up=True,
        parent=master or None,
        mode=mode,
        vlan_id=vlan_id,
        bcqueuelen=bcqueuelen,
    )
    expected = [Expectation(where, entities.link(master))] if master else []
    return [*expected, Expectation(request.netns, link)]


def require_master(config: StackedConfig) -> None:
    """Raise CniError for STATUS when the node has no master that ADD could use."""
    if config.link_in_container:
        return
    try:
        with Rtnl() as node:
            config.check_mtu(_find_master(node, config.master, ""))
    except CniError as error:
        raise CniError(PLUGIN_NOT_AVAILABLE, error.msg, error.details) from None


def _find_master(outside: Rtnl, name: str, netns: str) -> Link:
    place = f"in {netns}" if netns else "on the node"
    if name:
        try:
            return outside.link(name)
        except NetlinkError as error:
            text = f'failed to lookup master "{name}": {error.reason}'
            raise CniError(INTERNAL, text, f"it was looked for {place}") from None
    for route in outside.routes():
        if route.dst.length == 0 and route.device:
            return outside.link_by_index(route.device)
    raise CniError(
        INTERNAL, "no default route interface found", f'name a "master", or add a default route {place}'
    )


def _advice(kind: str, master: Link, error: NetlinkError) -> str:
    if error.errno == errno.EEXIST and kind == "vlan":
        return f"each VLAN can be on {master.name} only once, in whichever container"
    if error.errno == errno.EBUSY:
        return f"{master.name} carries links of another kind, or is a port of a bridge or bond"
    return ""


def _name_of_parent(where: str, config: StackedConfig) -> str:
    """Return what observers call the link that the container's sits on, "" when none is configured.

    The master may be configured by one of its alternative names.  A macvlan on a macvlan the kernel puts on
    the master of that one, an ipvlan on an ipvlan likewise.
    """
    if not config.master:
        return ""
    try:
        with Rtnl(where or None) as netns:
            link = netns.link(config.master)
            if link.kind == config.kind != "vlan" and link.parent and link.link_netnsid is None:
                link = netns.link_by_index(link.parent)
            return link.name
    except CnictlError:
        return config.master


def _delete_abandoned(inside: Rtnl, kind: str) -> None:
    suspects = _temporary(inside, kind)
    if not suspects:
        return
    time.sleep(ABANDONED)
    for index in suspects & _temporary(inside, kind):
        try:
            inside.delete_link(inside.link_by_index(index))
        except LinkGone:
            continue  # another DEL of the same container was faster


def _temporary(inside: Rtnl, kind: str) -> set[int]:
    return {
        link.index
        for link in inside.links()
        if link.kind == kind and not link.up and interface.is_random_name(link.name)
    }
