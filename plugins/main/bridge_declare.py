"""bridge: what must hold after ADD."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.plugin import interface, masquerade, spoofcheck
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, CniError

from .bridge_config import BridgeConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Interface, Result


def declare(request: Request) -> list[Expectation]:
    """Return what must hold of the bridge, the port, the container's interface, and the rules."""
    config = BridgeConfig(request.document)
    config.validate(request)
    result = request.previous()
    container = interface.container_interface(request, result)
    bridge = _node_interface(result, config.bridge)
    port = _port(config, result)
    # Without a gateway address the bridge takes the MAC address of its lowest port, whichever comes or goes.
    pinned_mac = bridge.mac if config.is_gateway and config.ipam.type and not config.vlan else None
    expected = [
        Expectation(
            NODE,
            entities.link(
                config.bridge,
                kind="bridge",
                mac=pinned_mac,
                up=True,
                promiscuous=config.promisc_mode or None,
            ),
        ),
        *interface.declare_veth(
            request, container, port.name, port.mac, up=not config.disable_container_interface
        ),
        Expectation(
            NODE,
            entities.link(
                port.name, master=config.bridge, hairpin=config.hairpin_mode, isolated=config.port_isolation
            ),
        ),
        *_vlans(config, port.name),
    ]
    if config.mac_spoof_check:
        expected += spoofcheck.declare(request, port.name, container.mac)
    if config.ipam.type:
        expected += interface.declare_addressing(request, result, request.ifname)
        expected += _gateways(config, result)
        if config.ip_masq:
            expected += masquerade.declare(request, config, result.ips)
    return expected


def _gateways(config: BridgeConfig, result: Result) -> list[Expectation]:
    if not config.is_gateway:
        return []
    target = f"{config.bridge}.{config.vlan}" if config.vlan else config.bridge
    expected: list[Expectation] = []
    gateways = [Prefix(ip.gateway, ip.address.length) for ip in result.ips if ip.gateway is not None]
    if config.force_address:
        # Each IPv4 gateway replaced the one before, on purpose.
        last = [one for one in gateways if one.version == 4][-1:]
        gateways = last + [one for one in gateways if one.version == 6]
    for gateway in gateways:
        expected += interface.declare_address(NODE, target, gateway)
    switches = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}
    versions = sorted({gateway.version for gateway in gateways})
    expected += [Expectation(NODE, entities.sysctl(switches[version], "1")) for version in versions]
    return expected


def _vlans(config: BridgeConfig, port: str) -> list[Expectation]:
    trunk = config.trunk()
    native = config.vlan or (1 if trunk else 0)
    if not native:
        return []
    if config.vlan in trunk:
        native = 0  # the trunk has the last word
    expected = [
        Expectation(NODE, entities.bridge_vlan(port, vid, pvid=False, untagged=False))
        for vid in trunk
        if vid != native
    ]
    if native:
        expected.insert(0, Expectation(NODE, entities.bridge_vlan(port, native, pvid=True, untagged=True)))
    return expected


def _node_interface(result: Result, name: str) -> Interface:
    for one in result.interfaces:
        if one.name == name:
            if one.sandbox:
                raise CniError(
                    INTERNAL, f"Interface {name} should not be in sandbox", f"prevResult says {one.sandbox}"
                )
            return one
    raise CniError(
        INTERNAL, f"CNI created bridge {name} in host namespace was not found", "prevResult does not list it"
    )


def _port(config: BridgeConfig, result: Result) -> Interface:
    """Return the node's end of the veth pair: the Result lists it behind the bridge."""
    gateway = f"{config.bridge}.{config.vlan}" if config.vlan else ""
    for one in result.interfaces:
        if not one.sandbox and one.name not in (config.bridge, gateway):
            return one
    raise CniError(
        INTERNAL,
        f"CNI veth created for bridge {config.bridge} was not found",
        "prevResult lists no host interface for it",
    )
