"""CNI319: a route whose gateway is of the other address family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.lint.ranges import routes
from cnictl.spec.address import Address, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI319", "gateway-family")
def gateway_family(conf: Configuration) -> Iterator[Remark]:
    """The gateway of a route is of the address family of its destination.

    ## Why it matters
    The plugins refuse such a route, "gateway, source, and destination ip are not the same IP
    family", so that ADD fails.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24",
            "routes": [{"dst": "0.0.0.0/0", "gw": "fd00::1"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24",
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1"}]}}]}
    """
    for plugin in conf.all_plugins:
        for route in routes(plugin):
            try:
                destination, gateway = Prefix.parse(route.destination), Address.parse(route.gateway)
            except ValueError:
                continue  # there is none, or CNI301 reports it
            if destination.version != gateway.version:
                yield Remark(
                    (*plugin.where, *route.where, "gw"),
                    f"gateway {gateway} is IPv{gateway.version}, {destination} is IPv{destination.version}",
                    "name one of the family of the destination, or leave it out for that of the address",
                )
