"""What the configurations of a bundle want of the node."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cnictl.doctor.collect import networks_of
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json


def plugins(bundle: Bundle, *kinds: str) -> Iterator[tuple[NetworkList, Document]]:
    """Yield the plugins of some kinds in the configurations that can be read, with their networks."""
    for network in networks_of(bundle.configurations):
        for plugin in network.plugins:
            if plugin.type in kinds:
                yield network, Document(plugin.members)


def subnets(plugin: Document) -> Iterator[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str]]:
    """Yield the subnets of host-local with their gateways."""
    section = plugin.get("ipam")
    members = Document(section if isinstance(section, dict) else {})
    if members.get("type") != "host-local":
        return
    ranges = members.get("ranges")
    listed: list[Json] = (
        [one[0] for one in ranges if isinstance(one, list) and one] if isinstance(ranges, list) else []
    )
    for one in [*listed, section]:
        each = Document(one if isinstance(one, dict) else {})
        subnet, gateway = each.get("subnet"), each.get("gateway")
        if isinstance(subnet, str):
            try:
                network = ipaddress.ip_network(subnet, strict=False)
                first = network.network_address + 1
            except ValueError:
                continue
            yield network, gateway if isinstance(gateway, str) else str(first)
