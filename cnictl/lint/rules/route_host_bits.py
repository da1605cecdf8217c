"""CNI314: a route to a network that is written as an address in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.ranges import routes
from cnictl.spec.address import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI314", "route-host-bits")
def route_host_bits(conf: Configuration) -> Iterator[Remark]:
    """The destination of a route has no bits behind its prefix length.

    ## Why it matters
    The kernel refuses such a route for IPv4, "invalid prefix for given prefix length", so that ADD
    fails.  For IPv6 it drops the bits.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "10.9.0.1/16"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "10.9.0.0/16"}]}}]}
    """
    for plugin in conf.all_plugins:
        for route in routes(plugin):
            try:
                destination = Prefix.parse(route.destination)
            except ValueError:
                continue  # CNI301 reports it
            if destination.address != destination.network_address:
                yield Remark(
                    (*plugin.where, *route.where, "dst"),
                    f"{destination} has bits behind its prefix length",
                    f"write {destination.network}, or {destination.address}/{destination.address.bits}"
                    " for the one address",
                    severity=None if destination.version == 4 else WARNING,
                )
