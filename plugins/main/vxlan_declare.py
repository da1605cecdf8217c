"""vxlan: what must hold after ADD."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin import interface, masquerade
from cnictl.spec.mac import canonical_mac

from . import vxlan_entries, vxlan_underlay
from .vxlan_config import VxlanConfig
from .vxlan_device import Overlay
from .vxlan_underlay import Underlay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.declare.model import Entity
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

    from .vxlan_entries import Entries


def declare(request: Request) -> list[Expectation]:
    """Return what must hold of the overlay on this node: the VXLAN interface, its entries, and the MTUs."""
    config = VxlanConfig(request.document)
    config.validate(request)
    result = request.previous()
    with Rtnl() as host:
        overlay = Overlay(request.network, config, _underlay(host, config, result))
        expected = [Expectation(NODE, entity) for entity in _interface(overlay)]
        expected += _entries(host, overlay)
    # As ADD made it: only a runtime of spec 1.1.0 remembers, and the underlay's may have changed since.
    mtu = interface.container_interface(request, result).mtu or config.mtu
    if mtu:
        expected.append(Expectation(request.netns, entities.link(request.ifname, mtu=mtu)))
    if config.is_routed and config.ip_masq:
        expected += masquerade.declare(request, config, result.ips, overlay.name)
    return expected


def _underlay(host: Rtnl, config: VxlanConfig, result: Result) -> Underlay:
    """Return the underlay that ADD found, which the MAC address that it made of the address tells.

    The default route may have moved since, and the tunnel's end stays where it is.
    """
    mac = next((canonical_mac(one.mac) for one in result.interfaces if one.name == config.vxlan_name), "")
    if not (config.local or config.master or config.vtep_mac):
        for one in host.addresses():
            if one.prefix.version in config.versions() and config.mac_of(one.prefix.address) == mac:
                return Underlay(host.link_by_index(one.link), one.prefix.address)
    return vxlan_underlay.find(host, config)


def _interface(overlay: Overlay) -> Iterator[Entity]:
    config, underlay = overlay.config, overlay.underlay
    yield entities.link(
        overlay.name,
        kind="vxlan",
        mac=overlay.mac,
        mtu=overlay.mtu,
        up=True,
        master=overlay.bridge,
        parent=underlay.link.name,
        vni=config.vni,
        local=str(underlay.local),
        group=None if config.group is None else str(config.group),
        port=config.port,
        learning=config.learns,
        alias=overlay.alias,
    )
    for prefix in overlay.addresses:
        yield entities.address(overlay.name, prefix)
    if overlay.bridge:
        yield entities.link(overlay.bridge, mtu=overlay.mtu)
    yield entities.link(underlay.link.name, up=True)


def _entries(host: Rtnl, overlay: Overlay) -> Iterator[Expectation]:
    """Yield the entries of all other nodes, and that those of nodes that are gone must not be there."""
    goal, stale = vxlan_entries.look(host, overlay)
    for entries, absent in ((goal, False), (stale, True)):
        for entity in _entities(overlay.name, entries):
            yield Expectation(NODE, entity, absent=absent)


def _entities(name: str, entries: Entries) -> Iterator[Entity]:
    for address, mac in entries.neighbours.items():
        yield entities.neighbour(name, address, mac=mac)
    for mac, destination in entries.tunnel:
        yield entities.fdb(name, mac, destination=destination, state="permanent")
    for prefix, gateway in entries.routes.items():
        yield entities.route(prefix, device=name, gateway=gateway)
