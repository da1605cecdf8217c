"""bridge: connects containers to one another, and to the node, through a Linux bridge.

Every container gets a veth pair whose node end is a port of the bridge.  With `isGateway` the
bridge carries the gateway address and the node routes; with `ipMasq` what leaves the network
wears the node's address.  With `vlan` or `vlanTrunk` the ports are separated by VLAN.  Without
`ipam` the network is a plain layer 2 segment.

DEL leaves the bridge, its addresses and its VLAN interfaces: other containers may use them.
"""

from __future__ import annotations

import time

from cnictl.netfilter.channel import closed_together
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin import interface, ipam, masquerade, spoofcheck
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import Interface, Result

from . import bridge_device, bridge_gateway
from .bridge_config import BridgeConfig
from .bridge_declare import declare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

PORT_PAUSES = (0.0, 0.05, 0.5, 1.0, 1.0)
"""Seconds to sleep before each look at the port's state."""


def add(request: Request) -> Result:
    config = BridgeConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside, Rtnl() as host:
        bridge = bridge_device.ensure(request, host, config)
        outer, inner = interface.add_veth(
            request, host, inside, request.ifname, mtu=config.mtu, mac=config.container_mac(request)
        )
        bridge_device.connect(host, bridge, outer, config)
        if config.mac_spoof_check:
            request.undo.push(spoofcheck.teardown, request)
            spoofcheck.setup(request, outer.name, inner.mac)
        result = Result(
            interfaces=[
                Interface(bridge.name, mac=bridge.mac),
                Interface(outer.name, mac=outer.mac),
                Interface(inner.name, mac=inner.mac, sandbox=request.netns),
            ]
        )
        if config.ipam.type:
            _add_layer3(request, config, host, inside, bridge, result)
        elif not config.disable_container_interface:
            inside.set_up(inner)
        if not config.disable_container_interface:
            _wait_for_port(host, outer.name)
        # Both may have changed since: a bridge without an address takes its lowest port's MAC address.
        result.interfaces[0].mac = host.link(bridge.name).mac
        result.interfaces[1].mac = host.link(outer.name).mac
    if config.dns is not None:
        result.dns = config.dns
    return result


def delete(request: Request) -> None:
    config = BridgeConfig(request.document)
    config.validate(request)
    with Failures() as each, closed_together():
        first = config.ipam.type in ipam.THROUGH_INTERFACE
        if first:
            each.run(ipam.delete, request, config.ipam.type)
        if config.ipam.type and config.ip_masq:
            each.run(masquerade.teardown_interface, request)
        each.run(interface.delete_container_interface, request)
        if not first:
            each.run(ipam.delete, request, config.ipam.type)
        if config.mac_spoof_check:
            each.run(spoofcheck.teardown, request)


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    config = BridgeConfig(request.document)
    with Failures() as each:
        if config.ip_masq:
            each.run(masquerade.gc, request, valid)
        if config.mac_spoof_check:
            each.run(spoofcheck.gc, request, valid)


def _add_layer3(
    request: Request, config: BridgeConfig, host: Rtnl, inside: Rtnl, bridge: Link, result: Result
) -> None:
    addressing = ipam.add(request, config.ipam.type)
    result.ips, result.routes, result.dns = addressing.ips, addressing.routes, addressing.dns
    bridge_gateway.complete(config, result)
    bridge_device.prepare_container(request, config.enable_dad)
    interface.configure(request, inside, request.ifname, result)
    if config.is_gateway:
        bridge_gateway.assign(request, host, bridge, config, result)
    if config.ip_masq:
        masquerade.setup(request, config, result.ips)


def _wait_for_port(host: Rtnl, name: str) -> None:
    state = ""
    for pause in PORT_PAUSES:
        time.sleep(pause)
        try:
            state = host.link(name).operstate
        except NetlinkError as error:
            raise CniError(INTERNAL, f'failed to lookup "{name}": {error.reason}') from None
        if state == "up":
            return
    raise CniError(
        INTERNAL,
        f"bridge port in error state: {state}",
        f"port {name}; is the container's end, or the bridge, down?",
    )


PLUGIN = Plugin("bridge", BridgeConfig, add=add, delete=delete, declare=declare, gc=gc, ipam="optional")
