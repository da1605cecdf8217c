"""vrf: the VRF itself, and an interface's way into it and out again."""

from __future__ import annotations

from cnictl.netlink import link_kinds, route_copies
from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.plugin import interface
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.route_copies import RouteCopy
    from cnictl.netlink.rtnl import Link, LinkAddress
    from cnictl.plugin.request import Request

KIND = "vrf"
IPV6 = 6
MAIN_TABLE = 254  # RT_TABLE_MAIN, linux/rtnetlink.h


def ensure(request: Request, inside: Rtnl, name: str, table: int) -> Link:
    """Return the container's VRF of that name, made if it is not there; table 0 is for any.

    One that is made is removed again when the request fails later.
    """
    try:
        found = inside.link(name)
    except LinkGone:
        return _make(request, inside, name, table or _free_table(inside))
    if found.kind != KIND:
        raise CniError(
            INVALID_NETWORK_CONFIG,
            f"Netlink {name} is not a VRF",
            f"it is {found.kind or 'hardware'}; choose another name for the VRF",
        )
    if table and found.table != table:
        raise CniError(
            INVALID_NETWORK_CONFIG,
            f"VRF {name} already exist with different routing table {found.table}",
            f"the configuration wants {table}; leave it out to join the VRF that is there",
        )
    return found


def join(request: Request, inside: Rtnl, vrf: Link) -> None:
    """Make CNI_IFNAME a port of the VRF, and have its addresses and its routes of the main table there.

    Routes of other tables stay.  All is put back when the request fails later.
    """
    ifname = request.ifname
    try:
        link = inside.link(ifname)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"could not get link by name {ifname}", str(error)) from None
    if link.master:
        raise CniError(
            INTERNAL,
            f"interface {ifname} has already a master set: {inside.link_by_index(link.master).name}",
            f"take it out first: ip link set {ifname} nomaster",
        )
    addresses = _global_addresses(inside, link)
    routes = route_copies.read(inside, link)
    request.undo.push(interface.later, request.netns, _put_back, link, vrf, addresses, routes)
    try:
        inside.set_master(link, vrf.index)
    except NetlinkError as error:
        text = f"could not set vrf {vrf.name} as master of {ifname}: {error.reason}"
        raise CniError(INTERNAL, text, str(error)) from None
    try:
        _restore(inside, link, addresses)
    except NetlinkError as error:
        text = f"could not {error.request} @ {vrf.name}: {error.reason}"
        raise CniError(INTERNAL, text, str(error)) from None
    if addresses:
        interface.settle(inside, link)  # a route that names its source address is refused until then
    try:
        for table, copies in routes.items():
            there = vrf.table if table == MAIN_TABLE else table
            route_copies.write(inside, link, copies, there or MAIN_TABLE)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"could not {error.request}: {error.reason}", str(error)) from None
    moved = ",".join(str(one.route.dst) for one in routes[MAIN_TABLE])
    request.log.info("joined vrf", vrf=vrf.name, table=vrf.table, routes=moved)


def leave(inside: Rtnl, name: str, table: int, ifname: str) -> None:
    """Take a link out of the VRF of that name, and remove the VRF when no other is in it.

    Nothing to do when there is no such VRF; other masters of the link stay, and so does a VRF that
    the link was not in if it has another table, unless `table` is 0.
    """
    try:
        vrf = inside.link(name)
    except LinkGone:
        return
    if vrf.kind != KIND:
        return
    ports = [link for link in inside.links() if link.name == ifname and link.master == vrf.index]
    for link in ports:
        try:
            inside.set_master(link, 0)
        except NetlinkError as error:
            text = f"resetMaster: could reset master to {ifname}: {error.reason}"
            raise CniError(INTERNAL, text, str(error)) from None
    if ports or table in (0, vrf.table):
        _delete_unused(inside, vrf)


def _make(request: Request, inside: Rtnl, name: str, table: int) -> Link:
    try:
        inside.add_link(name, link_kinds.vrf(table))
    except NetlinkError as error:
        raise CniError(INTERNAL, f"could not add VRF {name}: {error.reason}", str(error)) from None
    vrf = inside.link(name)
    request.undo.push(interface.later, request.netns, _delete_unused, vrf)
    try:
        inside.set_up(vrf)
    except NetlinkError as error:
        text = f"could not set link up for VRF {name}: {error.reason}"
        raise CniError(INTERNAL, text, str(error)) from None
    request.log.info("made vrf", name=name, table=table)
    return vrf


def _free_table(inside: Rtnl) -> int:
    taken = {link.table for link in inside.links() if link.kind == KIND}
    table = 1
    while table in taken:
        table += 1
    return table


def _global_addresses(inside: Rtnl, link: Link) -> list[LinkAddress]:
    """Return the link's IPv6 addresses that it may lose with a new master, which sets it down and up."""
    found = inside.addresses(link)
    return [one for one in found if one.prefix.version == IPV6 and one.scope == "global"]


def _restore(inside: Rtnl, link: Link, addresses: list[LinkAddress]) -> None:
    kept = {one.prefix for one in _global_addresses(inside, link)}
    for address in addresses:
        if address.prefix not in kept:
            inside.restore_address(link, address)


def _put_back(
    inside: Rtnl, link: Link, vrf: Link, addresses: list[LinkAddress], routes: dict[int, list[RouteCopy]]
) -> None:
    if inside.link_by_index(link.index).master == vrf.index:
        inside.set_master(link, 0)
    _restore(inside, link, addresses)
    for table, copies in routes.items():
        route_copies.write(inside, link, copies, table)


def _delete_unused(inside: Rtnl, vrf: Link) -> None:
    if any(link.master == vrf.index for link in inside.links()):
        return
    try:
        inside.delete_link(vrf)
    except LinkGone:
        pass
