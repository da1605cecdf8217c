"""ptp: a veth pair between the container and the node, routed, with no bridge in between.

The node's end carries the gateway address, and a host route leads to each of the container's
addresses; inside, everything but the gateway itself is reached through the gateway, so that
all traffic passes the node's routing and filtering.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.forwarding import enable_forwarding
from cnictl.netfilter.channel import closed_together
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin import interface, ipam, masquerade
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.config import MainConfig
from cnictl.plugin.masquerade import MasqueradeConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.keys import integer
from cnictl.spec.result import Interface, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.result import IPConfig

SCOPE_LINK, SCOPE_HOST = 253, 254  # RT_SCOPE_*, linux/rtnetlink.h


class PtpConfig(MainConfig, MasqueradeConfig):
    """Keys of ptp; `ipam` is needed."""

    mtu = integer("mtu", unit="bytes", text="MTU of both ends of the veth pair; 0 for the kernel's default")

    def validate(self, _request: Request) -> None:
        self.check_backend()


def add(request: Request) -> Result:
    config = PtpConfig(request.document)
    config.validate(request)
    result = ipam.add(request, config.ipam.type)
    for ip in result.ips:
        _require_gateway(ip)
    for version in sorted({ip.address.version for ip in result.ips}):
        enable_forwarding(version)
    with Rtnl() as host, request.inside(Rtnl) as inside:
        outer, inner = interface.add_veth(request, host, inside, request.ifname, mtu=config.mtu)
        result.interfaces = [
            Interface(outer.name, mac=outer.mac),
            Interface(inner.name, mac=inner.mac, sandbox=request.netns),
        ]
        for ip in result.ips:
            ip.interface = 1
        interface.configure(request, inside, request.ifname, result)
        for ip in result.ips:
            _route_inside(inside, inner, ip)
        for ip in result.ips:
            _route_outside(host, outer, ip)
    if config.ip_masq:
        masquerade.setup(request, config, result.ips)
    result.dns = config.dns if config.dns is not None else result.dns
    return result


def delete(request: Request) -> None:
    config = PtpConfig(request.document)
    with Failures() as each, closed_together():
        if config.ip_masq:
            each.run(masquerade.teardown_interface, request)
        each.run(interface.delete_container_interface, request)
        each.run(ipam.delete, request, config.ipam.type)


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    if PtpConfig(request.document).ip_masq:
        masquerade.gc(request, valid)


def declare(request: Request) -> list[Expectation]:
    config = PtpConfig(request.document)
    result = request.previous("ptp: Required prevResult missing")
    container = interface.container_interface(request, result)
    host = next((one for one in result.interfaces if not one.sandbox), None)
    if host is None:
        raise CniError(
            INTERNAL, "prevResult names no interface of the node", "it should list the veth's host end"
        )
    expected = interface.declare_veth(request, container, host.name, host.mac)
    expected += interface.declare_addressing(request, result, request.ifname, connected=False)
    for ip in result.ips:
        if ip.gateway is None:
            continue
        source = ip.address.address
        gateway = entities.route(Prefix.host(ip.gateway), device=request.ifname, source=source)
        network = entities.route(ip.address, device=request.ifname, gateway=ip.gateway, source=source)
        expected += [
            Expectation(request.netns, gateway),
            Expectation(request.netns, network),
            Expectation(NODE, entities.address(host.name, Prefix.host(ip.gateway))),
            Expectation(NODE, entities.route(Prefix.host(ip.address.address), device=host.name)),
        ]
    if config.ip_masq:
        expected += masquerade.declare(request, config, result.ips)
    return expected


def _route_inside(inside: Rtnl, link: Link, ip: IPConfig) -> None:
    """Lead the container's network through the gateway, in place of the kernel's connected route."""
    gateway = _require_gateway(ip)
    network = ip.address.network
    try:
        inside.delete_route(network, link=link)
    except NetlinkError as error:
        text = f"failed to delete route {network} dev {link.name}: {error.reason}"
        raise CniError(
            INTERNAL, text, f"ptp needs a network with room for a gateway, not {ip.address}"
        ) from None
    hops = ((Prefix.host(gateway), None, SCOPE_LINK), (network, gateway, 0))
    for destination, via, scope in hops:
        try:
            inside.add_route(destination, link=link, gateway=via, scope=scope, source=ip.address.address)
        except NetlinkError as error:
            raise CniError(
                INTERNAL, f"failed to add route {destination}: {error.reason}", str(error)
            ) from None


def _route_outside(host: Rtnl, link: Link, ip: IPConfig) -> None:
    """Put the gateway address on the host end and lead the container's address to it."""
    gateway = Prefix.host(_require_gateway(ip))
    try:
        host.add_address(link, gateway)
    except NetlinkError as error:
        raise CniError(
            INTERNAL, f"failed to add IP addr ({gateway}) to veth: {error.reason}", str(error)
        ) from None
    try:
        host.add_route(Prefix.host(ip.address.address), link=link, scope=SCOPE_HOST)
    except NetlinkError as error:
        if error.reason != "file exists":
            raise CniError(INTERNAL, f"failed to add route on host: {error.reason}", str(error)) from None


def _require_gateway(ip: IPConfig) -> Address:
    if ip.gateway is None:
        raise CniError(
            INTERNAL,
            f"address {ip.address} has no gateway",
            "ptp puts the gateway on the node; set it in the IPAM plugin",
        )
    return ip.gateway


PLUGIN = Plugin("ptp", PtpConfig, add=add, delete=delete, declare=declare, gc=gc, ipam="required")
