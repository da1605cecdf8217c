"""CNI313: a route through an address that is not in the container's networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.ranges import ranges, routes
from cnictl.spec.address import Address, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI313", "unreachable-gateway", WARNING)
def unreachable_gateway(conf: Configuration) -> Iterator[Remark]:
    """The gateway of a route is in a network from which the container has an address.

    ## Why it matters
    The kernel takes a route only through an address that the container can reach at once, and so ADD
    fails: "network is unreachable".

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24",
            "routes": [{"dst": "10.9.0.0/16", "gw": "10.1.1.1"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24",
            "routes": [{"dst": "10.9.0.0/16", "gw": "10.1.2.1"}]}}]}
    """
    for plugin in conf.all_plugins:
        if plugin.asks_for("ipRanges") or plugin.asks_for("ips"):
            continue
        networks = [network for one in ranges(plugin) if (network := _prefix(one.subnet)) is not None]
        gateways = {one.gateway for one in ranges(plugin)}
        for route in routes(plugin) if networks else ():
            gateway = _address(route.gateway)
            if gateway is None or gateway.is_link_local or route.gateway in gateways:
                continue  # CNI309 speaks of the gateway of a network
            destination = _prefix(route.destination)
            if destination is not None and destination.version != gateway.version:
                continue  # as CNI319 does of the other family
            if not any(network.contains(gateway) for network in networks):
                yield Remark(
                    (*plugin.where, *route.where, "gw"),
                    f"gateway {gateway} is in no network of the container",
                    f"its networks are {', '.join(str(one.network) for one in networks)}",
                )


def _prefix(text: str) -> Prefix | None:
    try:
        return Prefix.parse(text)
    except ValueError:
        return None


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except ValueError:
        return None
