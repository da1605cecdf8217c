"""dhcp: assigns an address that a DHCP server of the container's network gives.

A daemon on the node talks to the server for all containers: it gets their leases, keeps renewing
them, and gives them back.  `cnictl dhcp daemon` is one, and the Go program `dhcp daemon` another;
this plugin works with either.  Start it before the first container:

    systemctl enable --now cni-dhcp.socket

(`cnictl install --systemd DIR` puts the units there), or let something else run
`/opt/cni/bin/dhcp daemon`.

The Result has the address, the server's first router as the gateway, and routes: those of option 121
if it is requested and given, else those of option 33 and a default route through that router.
Resolver settings are not in it.  Only IPv4 is served.  The interface must be in the network of a
server, so the main plugin is bridge (with a port that leads there), macvlan or the like, and not ptp.

A lease whose renewal the server refuses, or does not answer, is asked for anew; when it expires all
the same the daemon sets the interface down.  `cnictl dhcp ls` shows the leases of our daemon.

DEL gives the lease back, CHECK fails when it is lost or has another address, GC ends the leases of
attachments that the runtime no longer knows (of our daemon), and STATUS says when no daemon answers.
"""

from __future__ import annotations

import os
import sys

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.ipam import dhcp_options, dhcp_rpc, lease_record
from cnictl.ipam.dhcp_options import ProvideConfig, RequestConfig
from cnictl.ipam.dhcp_rpc import Daemon, NoDaemon
from cnictl.ipam.gob import GobError
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.config import IPAMSection, NetworkConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.args import parse_leniently
from cnictl.spec.errors import (
    INTERNAL,
    INVALID_NETWORK_CONFIG,
    PLUGIN_NOT_AVAILABLE,
    CniError,
)
from cnictl.spec.keys import integer, nested_list, optional_nested, string
from cnictl.spec.result import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from cnictl.ipam.gob import Plain
    from cnictl.ipam.lease_record import LeaseRecord
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

    S = TypeVar("S", bound="SocketSection")


class SocketSection(IPAMSection):
    """As much of `ipam` as releasing needs."""

    socket = string("daemonSocketPath", default=dhcp_rpc.SOCKET, text="the daemon's socket")


class DhcpSection(SocketSection):
    """`ipam` as dhcp reads it."""

    provide = nested_list("provide", ProvideConfig, text="options to send to the server")
    request = nested_list(
        "request",
        RequestConfig,
        text="options to ask the server for, before the default ones: `routers` and `subnet-mask`",
    )
    priority = integer("priority", since="1.6.0", text="metric of the routes; 0 for none")


class SocketConfig(NetworkConfig):
    """As much of the configuration as releasing needs: a mistake in an option must not keep a lease."""

    ipam = optional_nested("ipam", SocketSection, text="settings of dhcp")

    @property
    def socket(self) -> str:
        """The daemon's socket; raises CniError without `ipam`."""
        return _present(self.ipam).socket or dhcp_rpc.SOCKET


class DhcpConfig(SocketConfig):
    """Keys of dhcp."""

    ipam = optional_nested("ipam", DhcpSection, text="settings of dhcp")

    @property
    def section(self) -> DhcpSection:
        """The `ipam` object; raises CniError when there is none."""
        return _present(self.ipam)

    def validate(self, request: Request) -> None:
        dhcp_options.provided(self.section.provide, parse_leniently(request.args))
        dhcp_options.requested(self.section.request)


def add(request: Request) -> Result:
    config = DhcpConfig(request.document)
    config.validate(request)
    with Daemon(config.socket) as daemon:
        request.undo.push(_release, request, config.socket)
        reply = daemon.call(dhcp_rpc.ALLOCATE, _arguments(request, request.container_id, request.ifname))
    try:
        result = dhcp_rpc.result_of(reply)
    except GobError as error:
        text = f"error calling {dhcp_rpc.ALLOCATE}: the reply makes no sense: {error}"
        raise CniError(INTERNAL, text) from None
    if config.section.priority:
        for route in result.routes:
            route.priority = config.section.priority
    return result


def delete(request: Request) -> None:
    _release(request, SocketConfig(request.document).socket)


def declare(request: Request) -> list[Expectation]:
    config = DhcpConfig(request.document)
    config.validate(request)
    given = request.given_result()
    addresses = [] if given is None else [ip.address for ip in current(given).ips if ip.address.version == 4]
    client = lease_record.client_id(request.container_id, request.network, request.ifname)
    # With more than one, some are another plugin's.
    address = str(addresses[0]) if len(addresses) == 1 else None
    return [Expectation(NODE, entities.lease(config.socket, client, address))]


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    socket = SocketConfig(request.document).socket
    try:
        kept, _ = lease_record.read(socket)
    except FileNotFoundError:
        return  # the Go daemon does not tell what it has
    with Failures() as each:
        for one in kept:
            if one.network == request.network and (one.container_id, one.ifname) not in valid:
                each.run(_release, request, socket, one)


def status(request: Request) -> None:
    config = DhcpConfig(request.document)
    config.validate(request)
    try:
        with Daemon(config.socket):
            pass
    except CniError as error:
        raise CniError(PLUGIN_NOT_AVAILABLE, error.msg, error.details) from None


def _present(section: S | None) -> S:
    if section is None:
        raise CniError(INVALID_NETWORK_CONFIG, "IPAM config missing 'ipam' key")
    return section


def _release(request: Request, socket: str, record: LeaseRecord | None = None) -> None:
    """Have a lease given back, that of the request by default; without a daemon it is only forgotten."""
    container_id, ifname = (
        (request.container_id, request.ifname) if record is None else (record.container_id, record.ifname)
    )
    client = lease_record.client_id(container_id, request.network, ifname)
    try:
        with Daemon(socket) as daemon:
            daemon.call(dhcp_rpc.RELEASE, _arguments(request, container_id, ifname))
    except NoDaemon as error:
        sys.stderr.write(f"{error.msg}; the lease of {client} is not given back, and will run out\n")
        request.log.warning("lease not given back", client=client, reason=error.msg)
    lease_record.remove(socket, client)


def _arguments(request: Request, container_id: str, ifname: str) -> dict[str, Plain]:
    return {
        "ContainerID": container_id,
        "Netns": os.path.abspath(request.netns) if request.netns else "",
        "IfName": ifname,
        "Args": request.args,
        "Path": request.path,
        "NetnsOverride": request.environment.get("CNI_NETNS_OVERRIDE", ""),
        "StdinData": request.stdin,
    }


PLUGIN = Plugin("dhcp", DhcpConfig, add=add, delete=delete, declare=declare, gc=gc, status=status)
