"""portmap: forwards ports of the node to a container.

It works on the addresses that an earlier plugin gave the container, for the ports in
`runtimeConfig.portMappings`.  They answer on every address of the node, on localhost too, or on
`hostIP` alone.  Nobody else is kept from a port: of two containers that ask for the same one the
first gets the connections.

`backend` says what forwards.  With iptables what is to be masqueraded is marked with a bit of the
packet mark; `externalSetMarkChain` uses the mark of somebody else, such as kube-proxy.

DEL removes the container's rules of either backend, also when the runtime does not repeat the port
mappings.  The chains that containers share, and the sysctl route_localnet, stay.
"""

from __future__ import annotations

import sys

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import backend, conntrack
from cnictl.netfilter.channel import closed_together
from cnictl.netfilter.program import NetfilterError
from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.links import Links
from cnictl.netlink.routes import Routes
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import current

from . import portmap_iptables, portmap_nftables
from .portmap_config import VERSIONS, PortmapConfig, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netfilter.iptables import Version
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Prefix
    from cnictl.spec.result import AnyResult, Result

    Addresses = dict[Version, Prefix]
    """The container's address of each IP version that it has."""


class _Node(Links, Routes):
    """Where the node's routes lead."""


def add(request: Request) -> AnyResult:
    config = read(request)
    result = request.previous("must be called as chained plugin")
    if config.port_mappings:
        addresses = _container_addresses(request, result)
        _forward(request, config, addresses)
        for version, address in addresses.items():
            _forget_flows(request, config, version, address)
        if config.snat and 4 in addresses:
            _enable_route_localnet(request, addresses[4])
    return request.given_result() or result


def delete(request: Request) -> None:
    config = read(request)
    given = request.given_result()
    addresses = {} if given is None else _container_addresses(request, current(given))
    with Failures() as each, closed_together():
        each.run(portmap_iptables.teardown, request, config)
        each.run(portmap_nftables.teardown, request, config, addresses.values())


def declare(request: Request) -> list[Expectation]:
    config = read(request)
    addresses = _container_addresses(request, request.previous())
    if not (config.port_mappings and addresses):
        return []
    if _backend_in_use(request, config) == backend.NFTABLES:
        expected = portmap_nftables.declare(request, config, addresses)
    else:
        expected = portmap_iptables.declare(request, config, addresses)
    if config.snat and 4 in addresses:
        name = _route_localnet(addresses[4])
        if name:
            expected.append(Expectation(NODE, entities.sysctl(name, "1")))
    return expected


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    containers = {container_id for container_id, _ in valid}
    with Failures() as each:
        each.run(portmap_iptables.gc, request, containers)
        each.run(portmap_nftables.gc, request, containers)


def _container_addresses(request: Request, result: Result) -> Addresses:
    """The first address of each IP version that is not certainly of another interface."""
    found: Addresses = {}
    for ip in result.ips:
        if ip.interface is not None and 0 <= ip.interface < len(result.interfaces):
            interface = result.interfaces[ip.interface]
            if interface.name != request.ifname or not interface.sandbox:
                continue
        found.setdefault(4 if ip.address.version == 4 else 6, ip.address)
    return {version: found[version] for version in VERSIONS if version in found}


def _forward(request: Request, config: PortmapConfig, addresses: Addresses) -> None:
    def with_iptables() -> None:
        portmap_iptables.setup(request, config, addresses)

    def with_nftables() -> None:
        config.check_backend(backend.NFTABLES)
        portmap_nftables.setup(request, config, addresses)

    if config.backend is None:
        backend.default(with_iptables, with_nftables)
    elif config.backend == backend.NFTABLES:
        with_nftables()
    else:
        with_iptables()


def _backend_in_use(request: Request, config: PortmapConfig) -> str:
    """The backend asked for, or that which has rules of the container, or that which would be chosen."""
    if config.backend is not None:
        return config.backend
    return backend.IPTABLES if portmap_iptables.has_chain(request) else backend.probe()


def _forget_flows(request: Request, config: PortmapConfig, version: Version, address: Prefix) -> None:
    """Forget UDP flows to the ports: those from before the rules would go on to miss the container."""
    for mapping in config.port_mappings:
        if mapping.protocol.lower() != "udp":
            continue
        try:
            conntrack.forget_udp(version, mapping.host_port)
        except NetfilterError as error:
            text = f"failed to delete stale UDP conntrack entries for {address.address}: {error}"
            sys.stderr.write(f"{text}\n")
            request.log.warning(text)
            return


def _route_localnet(address: Prefix) -> str:
    """The sysctl that lets the node send from 127.0.0.1 to the container; "" when no route leads there."""
    try:
        with _Node() as host:
            route = host.route_to(address.address)
            return f"net/ipv4/conf/{host.link_by_index(route.device).name}/route_localnet"
    except NetlinkError:
        return ""


def _enable_route_localnet(request: Request, address: Prefix) -> None:
    name = _route_localnet(address)
    if not name:
        return
    try:
        if sysctl.read(name).strip() != "1":
            sysctl.write(name, "1")
            request.log.info("set sysctl", name=name, value="1")
    except sysctl.SysctlError as error:
        raise CniError(INTERNAL, f"unable to enable route_localnet: {error}") from None


PLUGIN = Plugin("portmap", PortmapConfig, add=add, delete=delete, declare=declare, gc=gc)
