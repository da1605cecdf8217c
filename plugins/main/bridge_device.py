"""bridge: the bridge itself, its ports, and their VLANs."""

from __future__ import annotations

import os

from cnictl import sysctl
from cnictl.declare.model import NODE
from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.netns import entered
from cnictl.plugin import interface
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

    from .bridge_config import BridgeConfig

_MULTICAST, _LOCAL = 0x01, 0x02
"""Bits of the first octet of a MAC address (IEEE 802)."""


def ensure(request: Request, host: Rtnl, config: BridgeConfig) -> Link:
    """Return the bridge, made when it is not there; one that is there keeps its MTU and VLAN filtering."""
    name = config.bridge
    prefix = f'failed to create bridge "{name}": '
    try:
        mac = _random_mac() if config.is_gateway and not config.vlan else None
        host.add_bridge(name, mtu=config.mtu, mac=mac, vlan_filtering=config.vlan_filtering)
    except NetlinkError as error:
        if error.reason != "file exists":
            raise CniError(INTERNAL, f'{prefix}could not add "{name}": {error.reason}', str(error)) from None
    else:
        request.undo.push(interface.later, NODE, _delete_unused, name)
        request.log.info("made bridge", bridge=name, vlan_filtering=config.vlan_filtering)
    try:
        link = host.link(name)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'{prefix}could not lookup "{name}": {error.reason}') from None
    if link.kind != "bridge":
        raise CniError(
            INTERNAL,
            f'{prefix}"{name}" already exists but is not a bridge',
            f"it is a {link.kind or 'physical'} link",
        )
    if config.promisc_mode:
        try:
            host.set_promiscuous(link, True)
        except NetlinkError as error:
            text = f'{prefix}could not set promiscuous mode on "{name}": {error.reason}'
            raise CniError(INTERNAL, text, str(error)) from None
    sysctl.write_quietly(f"net/ipv6/conf/{name}/accept_ra", "0")
    host.set_up(link)
    return link


def connect(host: Rtnl, bridge: Link, port: Link, config: BridgeConfig) -> None:
    """Make a link a port of the bridge, with the flags and VLANs that the configuration asks for."""
    _enslave(host, bridge, port, hairpin=config.hairpin_mode, isolated=config.port_isolation)
    trunk = config.trunk()
    if not (config.vlan or trunk):
        return
    if not config.preserve_default_vlan:
        remove_vlans(host, port)
    vlans = [(config.vlan, True)] if config.vlan else []
    vlans += [(vid, False) for vid in trunk]
    for vid, untagged in vlans:
        _add_vlan(
            host, port, vid, untagged=untagged, error=f'failed to setup vlan tag on interface "{port.name}"'
        )
    if not config.vlan:
        error = f'failed to setup default native vlan tag on interface "{port.name}"'
        _add_vlan(host, port, 1, untagged=True, error=error)


def ensure_vlan_gateway(request: Request, host: Rtnl, bridge: Link, config: BridgeConfig) -> Link:
    """Return the link through which the node itself takes part in the VLAN, made when it is not there.

    It is called BRIDGE.VLAN and is one end of a veth pair whose other end is a port of the bridge.
    """
    name = f"{bridge.name}.{config.vlan}"
    try:
        return host.link(name)
    except LinkGone:
        pass
    prefix = "failed to create vlan interface: "
    try:
        outer, _ = interface.add_veth(request, host, host, name, mtu=bridge.mtu)
        _enslave(host, bridge, outer, hairpin=False, isolated=False)
        if not config.preserve_default_vlan:
            remove_vlans(host, outer)
        _add_vlan(
            host, outer, config.vlan, untagged=True, error=f'failed to setup vlan tag on "{outer.name}"'
        )
        host.set_up(host.link(name))
    except CniError as error:
        raise CniError(
            error.code, f'{prefix}failed to create vlan gateway "{name}": {error.msg}', error.details
        ) from None
    except NetlinkError as error:
        raise CniError(INTERNAL, f'{prefix}failed to up "{name}": {error.reason}', str(error)) from None
    return host.link(name)


def remove_vlans(host: Rtnl, port: Link) -> None:
    """Take a port out of all its VLANs; a new port is in the bridge's default one."""
    try:
        for vlan in host.bridge_vlans(port):
            host.delete_bridge_vlan(port, vlan.vid)
    except NetlinkError as error:
        text = f'failed to remove default vlan on interface "{port.name}": {error.reason}'
        raise CniError(INTERNAL, text, str(error)) from None


def prepare_container(request: Request, detect_duplicates: bool) -> None:
    """Set the container's sysctls that must stand before it gets addresses.

    Without `enabledad` there is nothing to wait for; arp_notify makes the kernel announce the
    address as soon as the interface comes up.
    """
    ifname = request.ifname
    with entered(request.netns):
        if detect_duplicates:
            sysctl.write_quietly(f"net/ipv6/conf/{ifname}/enhanced_dad", "1")
        sysctl.write_quietly(f"net/ipv6/conf/{ifname}/accept_dad", "1" if detect_duplicates else "0")
        sysctl.write_quietly(f"net/ipv4/conf/{ifname}/arp_notify", "1")


def _enslave(host: Rtnl, bridge: Link, port: Link, *, hairpin: bool, isolated: bool) -> None:
    try:
        host.set_master(port, bridge.index)
    except NetlinkError as error:
        text = f'failed to connect "{port.name}" to bridge {bridge.name}: {error.reason}'
        raise CniError(INTERNAL, text, str(error)) from None
    try:
        host.set_hairpin(port, hairpin)
    except NetlinkError as error:
        raise CniError(
            INTERNAL, f"failed to setup hairpin mode for {port.name}: {error.reason}", str(error)
        ) from None
    try:
        host.set_isolated(port, isolated)
    except NetlinkError as error:
        raise CniError(
            INTERNAL, f"failed to set isolated on for {port.name}: {error.reason}", str(error)
        ) from None


def _add_vlan(host: Rtnl, port: Link, vid: int, *, untagged: bool, error: str) -> None:
    try:
        host.add_bridge_vlan(port, vid, pvid=untagged, untagged=untagged)
    except NetlinkError as failure:
        raise CniError(INTERNAL, f"{error}: {failure.reason}", f"VLAN {vid}: {failure}") from None


def _random_mac() -> str:
    """Return a MAC address for a bridge that is a gateway, which keeps it from its first moment on.

    Were it pinned later only, several first containers could each be told another one.
    """
    first, *others = os.urandom(6)
    return bytes([first & ~_MULTICAST | _LOCAL, *others]).hex(":")


def _delete_unused(host: Rtnl, name: str) -> None:
    """Remove a bridge that this call made, unless another container has joined it meanwhile."""
    link = host.link(name)
    if not any(port.master == link.index for port in host.links()):
        host.delete_link(link)
