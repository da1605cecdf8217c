"""sbr: what must hold after ADD."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.routes import MAIN_TABLE
from cnictl.plugin import interface
from cnictl.spec.address import Prefix

from .sbr_config import read
from .sbr_routing import FIRST_TABLE, Routing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.declare.model import Entity
    from cnictl.netlink.rtnl import KernelRoute
    from cnictl.netlink.rules import KernelRule
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.result import IPConfig, Result

    Way = tuple[Prefix, Address | None, int]
    """Destination, gateway and metric of a route through the interface."""

CONNECTED_METRIC = {4: 0, 6: 256}  # IP6_RT_PRIO_ADDRCONF, linux/ipv6_route.h


def own_addresses(request: Request, result: Result) -> list[IPConfig]:
    """Return the addresses of a Result that are not certainly another interface's."""
    names = [one.name for one in result.interfaces]
    return [
        ip
        for ip in result.ips
        if ip.interface is None or not 0 <= ip.interface < len(names) or names[ip.interface] == request.ifname
    ]


def declare(request: Request) -> list[Expectation]:
    """Return what must hold of the rules and of the tables that they name.

    Which tables those are the rules themselves tell: ADD took what was free.
    """
    config = read(request)
    config.validate(request)
    result = request.previous("This plugin must be called as chained plugin")
    expected = []
    with Routing(request.netns) as inside:
        rules = inside.rules()
        for number, ip in enumerate(own_addresses(request, result)):
            source = Prefix.host(ip.address.address)
            table = config.table or _table(rules, source) or FIRST_TABLE + number
            policy = entities.policy(source.version, source=source, table=table)
            expected.append(Expectation(request.netns, policy))
            if config.table is None:
                gateway = config.static_gateways().get(source.version, ip.gateway)
                ways = _ways(result, ip, gateway, inside.routes(table))
                hint = (ip.address.network, None, 0) if config.add_source_hints else None
                expected += _declare_moved(request, ways, table, hint, inside.routes())
    return expected


def _declare_moved(
    request: Request, ways: list[Way], table: int, hint: Way | None, main: list[KernelRoute]
) -> Iterator[Expectation]:
    """Yield that routes are in an address's table, and not in the main one; a source hint is there."""
    # Of IPv6 the Go plugin leaves those that share destination and metric with another interface's.
    shared = {(one.dst, one.gateway) for one in main if one.multipath}
    for way in ways:
        yield Expectation(request.netns, _route(request, way, table))
    if hint is not None:
        yield Expectation(request.netns, _route(request, hint, MAIN_TABLE), stays=True)
    for way in ways:
        if way != hint and way[:2] not in shared:
            yield Expectation(request.netns, _route(request, way, MAIN_TABLE), absent=True)


def _table(rules: list[KernelRule], source: Prefix) -> int:
    """Return the table that the first rule for a source names, 0 when there is none."""
    return next((rule.table for rule in rules if rule.source == source and rule.table), 0)


def _ways(result: Result, ip: IPConfig, gateway: Address | None, present: list[KernelRoute]) -> list[Way]:
    """Return the routes that ADD put into an address's table, as far as the Result tells."""
    network, version = ip.address.network, ip.address.version
    ways = [
        (route.dst, via, route.priority)
        for route, via in interface.routes_with_gateways(result)
        if route.table in (None, 0, MAIN_TABLE) and (via is None or ip.address.contains(via))
    ]
    default = Prefix.default(version)
    if gateway is not None and not any(dst == default and not metric for dst, _, metric in ways):
        ways.insert(0, (default, None if gateway.is_unspecified else gateway, 0))
    if network.length < network.address.bits:
        # ptp leads even the container's own network through the gateway.
        through = any(one.dst == network and one.gateway == ip.gateway for one in present if one.gateway)
        ways.append((network, ip.gateway, 0) if through else (network, None, CONNECTED_METRIC[version]))
    return ways


def _route(request: Request, way: Way, table: int) -> Entity:
    destination, gateway, metric = way
    return entities.route(destination, device=request.ifname, gateway=gateway, table=table, metric=metric)
