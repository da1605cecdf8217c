"""vxlan: this node's end of the tunnels, and the bridge that it is a port of."""

from __future__ import annotations

from cnictl import sysctl
from cnictl.declare.model import NODE
from cnictl.flock import Lock
from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.plugin import interface
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.value import Value

from . import bridge_device, vxlan_underlay
from .bridge_config import BridgeConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

    from .vxlan_config import VxlanConfig
    from .vxlan_underlay import Underlay

RUN = "/run/cnictl/vxlan"
"""Where there is a lock for each VXLAN interface, and what is remembered of it until the next boot."""


class Overlay(Value):
    """What a network's overlay is on this node, whether it has been made yet or not.

    `alias` is the mark of its owner on the VXLAN interface, `mtu` in bytes, `addresses` those of the
    VXLAN interface: the first of each network of this node's pods, by which other nodes route to it.
    """

    __slots__ = ("network", "name", "bridge", "config", "underlay", "mac", "mtu", "alias", "addresses")

    def __init__(self, network: str, config: VxlanConfig, underlay: Underlay) -> None:
        self.network = network
        self.name = config.vxlan_name
        self.bridge = config.bridge_name
        self.config = config
        self.underlay = underlay
        self.mac = config.own_mac(underlay.local)
        self.mtu = underlay.mtu(config)
        self.alias = alias_of(network)
        networks = config.networks() if config.is_routed else []
        self.addresses = [Prefix.host(one.network_address) for one in networks]


def alias_of(network: str) -> str:
    """Return the alias that says whose a VXLAN interface is."""
    return f"vxlan of network {network}"


def plan(host: Rtnl, config: VxlanConfig, network: str) -> Overlay:
    """Return the overlay that ADD would make, or use if it is there; raises CniError when it could not."""
    device = find(host, config.vxlan_name)
    overlay = Overlay(network, config, vxlan_underlay.find(host, config, device))
    if device is None:
        _refuse_taken(host, overlay)
    else:
        _refuse_other(host, overlay, device)
    return overlay


def lock(name: str) -> Lock:
    """Return the lock under which the VXLAN interface of that name and its entries are changed."""
    return Lock(f"{RUN}/{name}.lock")


def ensure(request: Request, host: Rtnl, overlay: Overlay) -> Link:
    """Return the VXLAN interface, made when it is not there, up and with all that can be changed as wanted.

    One that this call makes is removed again when the request fails, unless it is in use by then.
    Only for who holds the lock.
    """
    if overlay.bridge:
        bridge_device.ensure(request, host, BridgeConfig(overlay.config.attaching(overlay.mtu)))
    device = find(host, overlay.name)
    if device is None:
        device = _make(request, host, overlay)
    else:
        _refuse_other(host, overlay, device)
        if device.alias != overlay.alias:  # an ADD was killed before it could say whose it is
            host.set_alias(device, overlay.alias)
    if device.mtu != overlay.mtu:
        host.set_mtu(device, overlay.mtu)
    if device.mac != overlay.mac:
        host.set_mac(device, overlay.mac)
    if overlay.bridge:
        _connect(host, overlay, device)
    else:
        _address(host, overlay, device)
    if not device.up:
        sysctl.write_quietly(f"net/ipv6/conf/{overlay.name}/accept_ra", "0")
        host.set_up(device)
    return host.link(overlay.name)


def remove_unused(host: Rtnl, config: VxlanConfig, network: str) -> None:
    """Remove the network's VXLAN interface, unless a pod needs it, and the bridge that was named for it."""
    with lock(config.vxlan_name):
        device = find(host, config.vxlan_name)
        if device is not None:
            if device.kind != "vxlan" or device.alias != alias_of(network) or _in_use(host, config, device):
                return
            host.delete_link(device)
        bridge = find(host, config.bridge_name) if config.bridge_name and not config.bridge else None
        if bridge is not None and bridge.kind == "bridge" and not _ports(host, bridge):
            host.delete_link(bridge)


def find(host: Rtnl, name: str) -> Link | None:
    """Return the link of that name, None when there is none."""
    try:
        return host.link(name)
    except LinkGone:
        return None


def _make(request: Request, host: Rtnl, overlay: Overlay) -> Link:
    config, underlay = overlay.config, overlay.underlay
    _refuse_taken(host, overlay)
    info = link_kinds.vxlan(
        config.vni,
        underlay=underlay.link.index,
        local=underlay.local,
        port=config.port,
        learning=config.learns,
        group=config.group,
    )
    try:
        host.add_link(overlay.name, info, mtu=overlay.mtu, mac=overlay.mac)
    except NetlinkError as error:
        raise CniError(
            INTERNAL, f'failed to create vxlan "{overlay.name}": {error.reason}', str(error)
        ) from None
    device = host.link(overlay.name)
    request.undo.push(interface.later, NODE, _take_back, config, device.index)
    host.set_alias(device, overlay.alias)
    request.log.info(
        "made vxlan", name=overlay.name, vni=config.vni, local=underlay.local, underlay=underlay.link.name
    )
    return device


def _take_back(host: Rtnl, config: VxlanConfig, index: int) -> None:
    """Remove a VXLAN interface that this call made, unless a pod of another call needs it by now."""
    with lock(config.vxlan_name):
        device = find(host, config.vxlan_name)
        if device is not None and device.index == index and not _in_use(host, config, device):
            host.delete_link(device)


def _connect(host: Rtnl, overlay: Overlay, device: Link) -> None:
    """Make the VXLAN interface a port of the bridge, whose MTU must not be larger than the tunnel's."""
    bridge = host.link(overlay.bridge)
    if device.master not in (0, bridge.index):
        other = host.link_by_index(device.master).name
        raise CniError(
            INTERNAL,
            f'"{overlay.name}" is a port of {other}, not of {overlay.bridge}',
            f'take it out with `ip link set {overlay.name} nomaster`, or name that bridge in "bridge"',
        )
    if not device.master:
        host.set_master(device, bridge.index)
    if bridge.mtu != overlay.mtu:
        host.set_mtu(bridge, overlay.mtu)


def _address(host: Rtnl, overlay: Overlay, device: Link) -> None:
    """Give the VXLAN interface its addresses, and take any other one."""
    present = [one.prefix for one in host.addresses(device) if not one.prefix.address.is_link_local]
    for prefix in present:
        if prefix not in overlay.addresses:
            host.delete_address(device, prefix)
    for prefix in overlay.addresses:
        if prefix not in present:
            host.add_address(device, prefix)


def _refuse_taken(host: Rtnl, overlay: Overlay) -> None:
    """Raise CniError 7 when another interface has the VNI: packets for it could not be told apart."""
    config = overlay.config
    for link in host.links():
        if link.name != overlay.name and (link.vni, link.udp_port) == (config.vni, config.port):
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"VNI {config.vni} is already in use on port {config.port}, by {link.name}"
                f" ({link.alias or 'which does not say whose it is'})",
                f"give network {overlay.network!r} another VNI, on all of its nodes",
            )


def _refuse_other(host: Rtnl, overlay: Overlay, device: Link) -> None:
    """Raise CniError when the interface of that name is another network's, or is set up in another way."""
    name = overlay.name
    remedy = f'remove it with `ip link delete {name}` if no pod needs it, or choose another name in "vxlan"'
    if device.kind != "vxlan":
        kind = device.kind or "physical"
        raise CniError(INTERNAL, f'"{name}" already exists but is not a vxlan', f"it is a {kind} link")
    if device.alias not in ("", overlay.alias):
        raise CniError(
            INVALID_NETWORK_CONFIG,
            f'"{name}" already exists and is not of this network: it is the {device.alias}',
            f"give network {overlay.network!r} a VNI of its own, on all of its nodes; or {remedy}",
        )
    found, wanted = _settings(host, overlay, device)
    differing = [word for word in wanted if found[word] != wanted[word]]
    if differing:
        here = ", ".join(f"{word} {found[word]}" for word in differing)
        there = ", ".join(f"{word} {wanted[word]}" for word in differing)
        raise CniError(INTERNAL, f'"{name}" already exists with {here}, not {there}', remedy)
    if not device.alias and device.mac != overlay.mac:
        raise CniError(
            INTERNAL,
            f'"{name}" already exists and does not say whose it is',
            f'say that it is this network\'s with `ip link set {name} alias "{overlay.alias}"`; or {remedy}',
        )


def _settings(host: Rtnl, overlay: Overlay, device: Link) -> tuple[dict[str, str], dict[str, str]]:
    """Return what an interface has of what cannot be changed, and what it should have."""
    config, underlay = overlay.config, overlay.underlay
    try:
        through = host.link_by_index(device.parent).name if device.parent else "none"
    except LinkGone:
        through = "none"
    found = {
        "VNI": str(device.vni),
        "port": str(device.udp_port),
        "underlay": through,
        "local": device.local or "none",
        "group": device.group or "none",
        "learning": "on" if device.learning else "off",
    }
    wanted = {
        "VNI": str(config.vni),
        "port": str(config.port),
        "underlay": underlay.link.name,
        "local": str(underlay.local),
        "group": str(config.group or "none"),
        "learning": "on" if config.learns else "off",
    }
    return found, wanted


def _in_use(host: Rtnl, config: VxlanConfig, device: Link) -> bool:
    """Whether a pod is connected: to the bridge, or by a route of its own."""
    if config.bridge_name:
        bridge = find(host, config.bridge_name)
        return bridge is not None and any(port.index != device.index for port in _ports(host, bridge))
    networks = config.networks()
    return any(
        route.dst.length == route.dst.address.bits
        and route.device not in (0, device.index)
        and any(network.contains(route.dst.address) for network in networks)
        for route in host.routes()
    )


def _ports(host: Rtnl, bridge: Link) -> list[Link]:
    return [link for link in host.links() if link.master == bridge.index]
