"""sbr: rules and tables in the container, moving routes there, and putting them back."""

from __future__ import annotations

import errno

from cnictl import flock
from cnictl.netlink.routes import KernelRoute
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.netlink.rules import Rules
from cnictl.netns import Netns, NetnsError
from cnictl.plugin import interface
from cnictl.plugin.cleanup import Failures
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netlink.rtnl import Link
    from cnictl.netlink.rules import KernelRule
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.result import IPConfig

    from .sbr_config import SbrConfig

FIRST_TABLE = 100
IPV6 = 6


class Routing(Rtnl, Rules):
    """Links, routes and rules of a container."""


class LockedRouting(Routing):
    """The same, while no other sbr, ours or the Go one, works on the container.

    The lock is a flock(2) on the network namespace itself.  Raises CniError, LockBusy when it is not
    free in time.
    """

    def __init__(self, netns: str, *, patience: float = flock.PATIENCE) -> None:
        try:
            self._opened = Netns(netns)
        except NetnsError as error:
            raise CniError(INTERNAL, f'failed to open netns "{netns}": {error}') from None
        try:
            flock.acquire(self._opened.fd, netns, patience)
            super().__init__(self._opened)
        except BaseException:
            self._opened.close()
            raise

    def close(self) -> None:
        super().close()
        self._opened.close()


class Moved:
    """What a request has made and taken away so far, which is put back when it fails."""

    def __init__(self, netns: str, link: Link | None = None) -> None:
        self._netns = netns
        self._link = link
        self.rules: list[tuple[Prefix, int]] = []
        self.made: list[KernelRoute] = []
        self.originals: list[KernelRoute] = []

    def put_back(self) -> None:
        with LockedRouting(self._netns) as inside, Failures() as each:
            for source, table in self.rules:
                each.run(inside.delete_rule, source, table)
            for route in reversed(self.made):
                each.run(_remove, inside, route)
            present = inside.routes(link=self._link) if self._link is not None else []
            lost = [route for route in self.originals if route not in present]
            # A gateway can only be used when there is a route that leads to it.
            for route in sorted(lost, key=lambda one: one.gateway is not None):
                each.run(inside.write_route, route)


def add_rules(request: Request, inside: Routing, addresses: list[IPConfig], table: int) -> None:
    """Have a table looked up for what comes from the addresses; taken back when the request fails."""
    moved = Moved(request.netns)
    request.undo.push(moved.put_back)
    for ip in addresses:
        _add_rule(inside, moved, Prefix.host(ip.address.address), table, "failed to add rule")
    request.log.info("added rules", table=table, sources=len(addresses))


def move_routes(request: Request, inside: Routing, addresses: list[IPConfig], config: SbrConfig) -> None:
    """Give each address a table with the routes that are for it, and clear the main table of them.

    Taken back when the request fails.  Raises CniError.
    """
    taken = {rule.table for rule in inside.rules()}
    try:
        link = inside.link(request.ifname)
    except NetlinkError as error:
        text = f"Cannot find network interface {request.ifname}: {error.reason}"
        raise CniError(INTERNAL, text) from None
    gateways = config.static_gateways()
    moved = Moved(request.netns, link)
    # Routes of several next hops may lead through other interfaces too; IPv6 has a route for each hop.
    found = inside.routes(link=link)
    moved.originals = [route for route in found if not route.multipath or route.dst.version == IPV6]
    request.undo.push(moved.put_back)
    for ip, table in zip(addresses, _free_tables(taken), strict=False):
        _add_rule(inside, moved, Prefix.host(ip.address.address), table, "Failed to add rule")
        gateway = gateways.get(ip.address.version, ip.gateway)
        if gateway is not None:
            _add_default(inside, moved, link, gateway, table)
        for route in moved.originals:
            if belongs(route, ip.address):
                _copy(inside, moved, route.replace(table=table))
        request.log.info("made table", table=table, source=ip.address.address, gateway=gateway or "none")
    if config.add_source_hints:
        _leave_hints(request, inside, moved, link, addresses)
        return
    for route in moved.originals:
        try:
            inside.remove_route(route)
        except NetlinkError as error:
            raise CniError(INTERNAL, f"Failed to delete route: {error.reason}", str(error)) from None


def delete_rule(inside: Routing, rule: KernelRule) -> None:
    """Delete a rule with a source; nothing when somebody was faster.  Raises CniError."""
    assert rule.source is not None
    try:
        inside.delete_rule(rule.source, rule.table, priority=rule.priority)
    except NetlinkError as error:
        if error.errno != errno.ENOENT:
            raise CniError(INTERNAL, f"Failed to delete rule {error.reason}", str(error)) from None


def belongs(route: KernelRoute, address: Prefix) -> bool:
    """Whether a route is for what comes from an address: its source or gateway is in the same network.

    A route that has neither is for every address.
    """
    gateway = route.gateway if route.gateway and route.gateway.version == route.dst.version else None
    ends = [one for one in (route.source, gateway) if one is not None]
    return not ends or any(address.contains(one) for one in ends)


def _free_tables(taken: set[int]) -> Iterator[int]:
    table = FIRST_TABLE
    while True:
        if table not in taken:
            yield table
        table += 1


def _add_rule(inside: Routing, moved: Moved, source: Prefix, table: int, context: str) -> None:
    try:
        inside.add_rule(source, table)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"{context}: {error.reason}", str(error)) from None
    moved.rules.append((source, table))


def _add_default(inside: Routing, moved: Moved, link: Link, gateway: Address, table: int) -> None:
    destination = Prefix.default(gateway.version)
    try:
        inside.add_route(destination, link=link, gateway=gateway, table=table)
    except NetlinkError as error:
        text = f"Failed to add default route to {gateway}: {error.reason}"
        raise CniError(INTERNAL, text, str(error)) from None
    moved.made.append(KernelRoute(destination, gateway=gateway, device=link.index, table=table))


def _copy(inside: Routing, moved: Moved, route: KernelRoute) -> None:
    try:
        # One hop of several must not take the place of another.
        inside.write_route(route, replace=not route.multipath)
    except NetlinkError as error:
        if route.multipath and error.errno == errno.EEXIST:
            return
        raise CniError(INTERNAL, f"Failed to readd route: {error.reason}", str(error)) from None
    moved.made.append(route)


def _leave_hints(
    request: Request, inside: Routing, moved: Moved, link: Link, addresses: list[IPConfig]
) -> None:
    """Leave in the main table only routes to the addresses' networks, which name the address as source."""
    try:
        interface.settle(inside, link)  # a route that names its source address is refused until then
    except CniError as error:
        request.log.warning("addresses not settled", reason=error.msg)
    for ip in addresses:
        hint = KernelRoute(ip.address.network, device=link.index, source=ip.address.address, scope="link")
        try:
            inside.write_route(hint, replace=True)
            moved.made.append(hint)
        except NetlinkError as error:
            request.log.warning("no source hint", network=hint.dst, reason=str(error))
    for route in moved.originals:
        if route.scope == "link":
            continue
        try:
            inside.remove_route(route)
        except NetlinkError as error:
            request.log.warning("route stays in the main table", route=route.dst, reason=str(error))


def _remove(inside: Routing, route: KernelRoute) -> None:
    try:
        inside.remove_route(route)
    except NetlinkError as error:
        if error.errno != errno.ESRCH:  # another one took its place
            raise
