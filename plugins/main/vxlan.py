"""vxlan: an overlay network, in which pods of many nodes reach one another through tunnels.

Every node of the network has a VXLAN interface with the same VNI, its end of the tunnels.  In mode
`bridge` it is a port of a bridge, and so are the pods: one layer 2 network across all nodes, with
pods attached as bridge does it.  Give each node its own part of the addresses and, with
`isGateway`, a gateway of its own: one that another node has is refused.  In mode `routed`
every node has networks of its own for its pods, as flannel has it: pods are attached as ptp does
it, and for each other node there are a neighbour, a forwarding entry and routes.

The other nodes are named in `remotes`, or by files in `remotesDir` that another program puts there
and renames into their place, called NODE.json: `cnictl vxlan self` prints the one of this node.
Every ADD takes note of what has changed there, and so does `cnictl vxlan sync`, with `--watch` at
once; a file that cannot be used keeps nobody but its node away.  Or nodes find one another by a
multicast `group` on the underlay.

    {"vtep": "192.0.2.2", "vtepMAC": "96:73:05:f0:87:ae", "podCIDRs": ["10.244.2.0/24"]}

A node that is not said to have another MAC address has the first six bytes of the SHA-512 of `VNI
ADDRESS` (`4096 192.0.2.2`), the first made `& 0xfc | 0x02`: it stays the same, and all nodes can
tell it.  What leaves through the tunnel is never masqueraded.

DEL leaves the VXLAN interface and the bridge to the next pod.  GC removes them when no attachment
is valid and nothing is connected, and before that the entries of nodes that are gone.  STATUS
says whether there is an underlay and whether all files make sense.
"""

from __future__ import annotations

from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin import masquerade
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import (
    INVALID_NETWORK_CONFIG,
    LIMITED_CONNECTIVITY,
    PLUGIN_NOT_AVAILABLE,
    CniError,
)
from cnictl.spec.result import Interface, current

from . import vxlan_declare, vxlan_device, vxlan_entries, vxlan_gateway, vxlan_remotes
from .vxlan_config import PodConfig, VxlanConfig
from .vxlan_stamp import Stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

    from .vxlan_device import Overlay


def add(request: Request) -> Result:
    config = VxlanConfig(request.document)
    config.validate(request)
    with Rtnl() as host:
        overlay = vxlan_device.plan(host, config, request.network)
        device = _ready(request, host, overlay)
        pod = request.again("ADD", config.attaching(overlay.mtu))
        pod.undo = request.undo
        before = vxlan_gateway.present(host, overlay.bridge) if config.is_gateway else []
        result = current(_attaching(config).add(pod))
        if config.is_routed:
            _require_own(config, result)
        elif config.is_gateway:
            vxlan_gateway.refuse_shared(host, overlay.bridge, before)
        # Until now nobody could see that it is in use: another ADD that failed may have taken it back.
        device = _ready(request, host, overlay, device)
    if config.is_routed and config.ip_masq:
        masquerade.setup(request, config, result.ips, overlay.name)
    result.interfaces.append(Interface(device.name, mac=device.mac))
    for one in result.interfaces:
        one.mtu = overlay.mtu
    return result


def delete(request: Request) -> None:
    config = PodConfig(request.document)
    _attaching(config).delete(request.again("DEL", config.of_pods()))


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    config = VxlanConfig(request.document)
    attaching = _attaching(config)
    assert attaching.gc is not None
    with Failures() as each, Rtnl() as host:
        each.run(attaching.gc, request.again("GC", config.of_pods()), valid)
        if valid:
            each.run(_forget, request, host, config)
        else:
            each.run(vxlan_device.remove_unused, host, config, request.network)


def status(request: Request) -> None:
    config = VxlanConfig(request.document)
    config.validate(request)
    try:
        with Rtnl() as host:
            overlay = vxlan_device.plan(host, config, request.network)
        remotes = vxlan_remotes.read(config, overlay.underlay.local)
    except CniError as error:
        raise CniError(PLUGIN_NOT_AVAILABLE, error.msg, error.details) from None
    if remotes.problems:
        first, *others = remotes.problems
        raise CniError(LIMITED_CONNECTIVITY, f"a node cannot be reached: {first}", "; ".join(others))


def declare(request: Request) -> list[Expectation]:
    config = VxlanConfig(request.document)
    expected = vxlan_declare.declare(request)
    return [*expected, *_attaching(config).declare(request.again("CHECK", config.attaching()))]


def _attaching(config: PodConfig) -> Plugin:
    """Return the plugin that attaches pods in the mode of the network."""
    if config.is_routed:
        from . import ptp

        return ptp.PLUGIN
    from . import bridge

    return bridge.PLUGIN


def _ready(request: Request, host: Rtnl, overlay: Overlay, before: Link | None = None) -> Link:
    """Return the VXLAN interface, with its entries, unless it is the one from before, which has them."""
    with vxlan_device.lock(overlay.name):
        device = vxlan_device.ensure(request, host, overlay)
        stamp = Stamp(overlay, device)
        if (before is None or device.index != before.index) and not stamp.holds():
            report = vxlan_entries.converge(host, overlay, device)
            for change in report.changes:
                request.log.info("changed entry", entry=change)
            for problem in report.problems:
                request.log.warning("remote node left out", reason=problem)
            if not report.problems:
                stamp.set()
    return device


def _forget(request: Request, host: Rtnl, config: VxlanConfig) -> None:
    """Remove the entries of nodes that are gone."""
    overlay = vxlan_device.plan(host, config, request.network)
    with vxlan_device.lock(overlay.name):
        device = vxlan_device.find(host, overlay.name)
        if device is not None:
            vxlan_entries.converge(host, overlay, device)


def _require_own(config: VxlanConfig, result: Result) -> None:
    """Raise CniError when an address is in none of this node's networks: no other node would find it."""
    networks = config.networks()
    for ip in result.ips:
        if not any(network.contains(ip.address.address) for network in networks):
            known = ", ".join(map(str, networks))
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"IPAM plugin returned {ip.address}, which is in none of this node's networks {known}",
                'other nodes would not find it; say in "podCIDRs" where the IPAM plugin takes addresses from',
            )


PLUGIN = Plugin(
    "vxlan",
    VxlanConfig,
    add=add,
    delete=delete,
    declare=declare,
    gc=gc,
    status=status,
    ipam="optional",
)
