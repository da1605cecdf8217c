"""bridge: the gateway addresses on the bridge and the default routes to them."""

from __future__ import annotations

from cnictl.declare.model import NODE
from cnictl.forwarding import enable_forwarding
from cnictl.netlink.routes import MAIN_TABLE
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin import interface
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import Interface, Result, Route

from . import bridge_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

    from .bridge_config import BridgeConfig

NO_MAC = "00:00:00:00:00:00"
IPV6 = 6
IPV6_METRIC = 1024
"""What the kernel gives an IPv6 route without a metric: IP6_RT_PRIO_USER, net/ip6_route.h."""
CONTAINER = 2
"""Index of the container's interface among those of the Result."""


def complete(config: BridgeConfig, result: Result) -> None:
    """Fill in what the IPAM plugin left open: interface index, gateway, default routes."""
    done: set[int] = set()
    for ip in result.ips:
        ip.interface = CONTAINER
        if ip.gateway is None and config.is_gateway:
            ip.gateway = ip.address.network_address + 1
        version = ip.address.version
        if config.is_default_gateway and version not in done:
            done.add(version)
            if not any(_is_default(route, version) for route in result.routes):
                result.routes.append(Route(Prefix.default(version), gw=ip.gateway))


def assign(request: Request, host: Rtnl, bridge: Link, config: BridgeConfig, result: Result) -> None:
    """Put the gateway addresses on the bridge, or on its VLAN interface, and turn on forwarding."""
    for version in (4, 6):
        gateways = [
            Prefix(ip.gateway, ip.address.length)
            for ip in result.ips
            if ip.gateway is not None and ip.address.version == version
        ]
        for gateway in gateways:
            _assign_one(request, host, bridge, config, result, gateway)
        if gateways:
            try:
                enable_forwarding(version)
            except OSError as error:
                raise CniError(
                    INTERNAL, f"failed to enable forwarding: {error.strerror}", str(error)
                ) from None


def _is_default(route: Route, version: int) -> bool:
    """Whether isDefaultGateway has nothing to add to a route.

    One with a gateway of its own counts wherever it is, as with the Go plugin.  One without gets the same
    gateway, and counts if the kernel takes the two for one.
    """
    if route.dst != Prefix.default(version):
        return False
    if route.gw is not None:
        return True
    unstated = (0, IPV6_METRIC) if version == IPV6 else (0,)
    scoped = version != IPV6 and bool(route.scope)
    return route.priority in unstated and (route.table or MAIN_TABLE) == MAIN_TABLE and not scoped


def _assign_one(
    request: Request, host: Rtnl, bridge: Link, config: BridgeConfig, result: Result, gateway: Prefix
) -> None:
    target, prefix = bridge, "failed to set bridge addr: "
    if config.vlan:
        prefix = "failed to set vlan interface for bridge with addr: "
        target = bridge_device.ensure_vlan_gateway(request, host, bridge, config)
        if all(one.name != target.name for one in result.interfaces):
            result.interfaces.append(Interface(target.name, mac=target.mac))
    try:
        _ensure_address(request, host, target, gateway, force=config.force_address)
    except CniError as error:
        raise CniError(error.code, prefix + error.msg, error.details) from None


def _ensure_address(request: Request, host: Rtnl, link: Link, wanted: Prefix, *, force: bool) -> None:
    """Give the link an address, and pin the link's MAC address.

    A bridge without a MAC address of its own takes its lowest port's, and changes it when ports
    come and go: the containers' neighbour entries for their gateway would go stale.
    """
    try:
        present = [one.prefix for one in host.addresses(link) if one.prefix.version == wanted.version]
    except NetlinkError as error:
        raise CniError(INTERNAL, f"could not get list of IP addresses: {error.reason}", str(error)) from None
    if wanted in present:
        return
    for other in present:
        if other.version == 4 or other.overlaps(wanted):
            if not force:
                raise CniError(
                    INTERNAL,
                    f'"{link.name}" already has an IP address different from {wanted}',
                    f"it has {other}; is another network using {link.name}? forceAddress replaces it",
                )
            try:
                host.delete_address(link, other)
            except NetlinkError as error:
                text = f'could not remove IP address from "{link.name}": {error.reason}'
                raise CniError(INTERNAL, text, str(error)) from None
            request.undo.push(interface.later, NODE, Rtnl.add_address, link, other)
    try:
        host.add_address(link, wanted)
        request.undo.push(interface.later, NODE, Rtnl.delete_address, link, wanted)
    except NetlinkError as error:
        if error.reason != "file exists":
            text = f'could not add IP address {wanted} to "{link.name}": {error.reason}'
            raise CniError(INTERNAL, text, str(error)) from None
    # A bridge that lost all its ports before it was pinned has no MAC address to keep.
    mac = link.mac if link.mac != NO_MAC else host.link(link.name).mac
    try:
        host.set_mac(link, mac)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"could not set bridge's mac: {error.reason}", str(error)) from None
