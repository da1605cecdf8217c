"""CNI309: a gateway that its containers cannot reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.ranges import ranges
from cnictl.spec.address import Address, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI309", "gateway-outside", WARNING)
def gateway_outside(conf: Configuration) -> Iterator[Remark]:
    """A gateway is in the network whose gateway it is, or link-local.

    ## Why it matters
    A container has no route to an address outside of its network before it has the gateway's, so
    the kernel refuses the default route: "network is unreachable".

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "gateway": "10.1.1.1"}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "gateway": "10.1.2.1"}}]}
    """
    for plugin in conf.all_plugins:
        for one in ranges(plugin):
            try:
                network, gateway = Prefix.parse(one.subnet), Address.parse(one.gateway)
            except ValueError:
                continue  # there is none, or CNI301 reports it
            if network.contains(gateway) or gateway.is_link_local:
                continue
            yield Remark(
                (*plugin.where, *one.where, "gateway"),
                f"gateway {gateway} is outside of {network.network}",
                "the container cannot reach it; correct it or the prefix length",
            )
