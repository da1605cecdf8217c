"""What plugins that make an interface share: veth pairs, addresses, routes, and what must hold of them.

What is sent to the kernel, and the words of the errors, are those of the Go plugins.
"""

from __future__ import annotations

import os
import sys
import time

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.netns import entered
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec

    from cnictl.netlink.links import Links
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address, Prefix
    from cnictl.spec.result import Interface, Result, Route

    P = ParamSpec("P")

NAME_ATTEMPTS = 10
RANDOM_DIGITS = 8
HEXADECIMAL = frozenset("0123456789abcdef")
DAD_PAUSE = 0.05
DAD_LIMIT = 5.0
"""Seconds to wait for duplicate address detection."""

IPV6 = 6
IPV6_LEAST_MTU = 1280
"""Bytes (RFC 8200, 5); with less the kernel has no IPv6 on a link."""


def random_name() -> str:
    """Return a name for the host's end of a veth pair, or for a link that is renamed later."""
    return "veth" + os.urandom(RANDOM_DIGITS // 2).hex()


def is_random_name(name: str) -> bool:
    """Whether a name looks like one of `random_name`, or of the Go plugins, which make theirs alike."""
    prefix, digits = name[:4], name[4:]
    return prefix == "veth" and len(digits) == RANDOM_DIGITS and HEXADECIMAL.issuperset(digits)


def add_veth(
    request: Request, host: Rtnl, inside: Rtnl, ifname: str, *, mtu: int = 0, mac: str = ""
) -> tuple[Link, Link]:
    """Make a veth pair, its container end called `ifname`; return (host end, container end).

    The host end is up; the container end stays down until it is configured.  `mtu` in bytes, 0
    for the kernel's default.  The pair is removed again when the request fails later.
    """
    for _ in range(NAME_ATTEMPTS):
        name = random_name()
        try:
            container_end = inside.add_veth(ifname, peer=name, peer_netns=host, mtu=mtu, mac=mac or None)
            break
        except NetlinkError as error:
            if error.reason != "file exists":
                raise CniError(INTERNAL, f"failed to make veth pair: {error.reason}", str(error)) from None
            if not _exists(inside, name):
                raise CniError(
                    INTERNAL,
                    f'container veth name ("{ifname}") peer provided ("{name}") already exists',
                    f"{ifname} is already in {request.netns}; DEL the attachment that has it first",
                ) from None
    else:
        raise CniError(INTERNAL, "failed to find a unique veth name", f"after {NAME_ATTEMPTS} attempts")
    request.undo.push(later, NODE if inside is host else request.netns, delete_link, ifname)
    try:
        host_end = host.link(name)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to lookup "{name}" in "{request.netns}": {error.reason}') from None
    try:
        host.set_up(host_end)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to set "{name}" up: {error.reason}', str(error)) from None
    sysctl.write_quietly(f"net/ipv6/conf/{name}/accept_ra", "0")
    request.log.info("made veth pair", host=name, container=ifname, mtu=mtu or "default")
    return host.link(name), container_end


def later(
    where: str, step: Callable[Concatenate[Rtnl, P], object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Call a step on a socket opened for it in `where`: for undo, which runs when the others are closed."""
    with Rtnl(where or None) as netns:
        step(netns, *args, **kwargs)


def delete_link(netns: Links, name: str) -> None:
    """Remove a link; one that is gone already is a success."""
    try:
        netns.delete_link(name)
    except LinkGone:
        pass
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to delete "{name}": {error.reason}', str(error)) from None


def delete_container_interface(request: Request) -> None:
    """Remove CNI_IFNAME for DEL; one that is gone already, with its netns or without, is a success."""
    if not request.netns:
        return
    with Rtnl(request.netns) as inside:
        delete_link(inside, request.ifname)
    request.log.info("removed interface", name=request.ifname)


def container_addresses(request: Request) -> list[Prefix]:
    """The global unicast addresses of CNI_IFNAME; none of one that is gone, with its netns or without."""
    name = request.ifname
    if not request.netns:
        return []
    try:
        with Rtnl(request.netns) as inside:
            found = [one.prefix for one in inside.addresses(inside.link(name))]
    except LinkGone:
        return []
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to get IP addresses for "{name}": {error.reason}') from None
    return [one for one in found if one.address.is_global_unicast]


_OTHER_FAMILY = "gateway, source, and destination ip are not the same IP family"


def configure(request: Request, inside: Rtnl, ifname: str, result: Result) -> None:
    """Give `ifname` the addresses and routes of the Result and set it up.

    Addresses without an interface index are somebody else's.  A route without a gateway gets that
    of the first address of its family.
    """
    if not result.interfaces:
        raise CniError(INTERNAL, "no interfaces to configure")
    try:
        link = inside.link(ifname)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to lookup "{ifname}": {error.reason}') from None
    gateways = _add_addresses(request, inside, link, result)
    try:
        inside.set_up(link)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to set "{ifname}" UP: {error.reason}', str(error)) from None
    if IPV6 in gateways:
        settle(inside, link)
    for route in result.routes:
        gateway = route.gw or gateways.get(route.dst.version)
        if gateway is not None and gateway.version != route.dst.version:
            raise CniError(
                INTERNAL,
                f"failed to add route {_quoted(route, gateway, ifname)}: {_OTHER_FAMILY}",
                f'in "routes", "dst" {route.dst} is IPv{route.dst.version} and "gw" {gateway} is'
                f' IPv{gateway.version}: name a gateway of the family of "dst", or leave out "gw"'
                " for that of the address",
            )
        try:
            inside.add_route(
                route.dst,
                link=link,
                gateway=gateway,
                metric=route.priority,
                table=route.table or 0,
                scope=route.scope or 0,
                exclusive=False,
            )
        except NetlinkError as error:
            raise CniError(
                INTERNAL,
                f"failed to add route {_quoted(route, gateway, ifname)}: {error.reason}",
                str(error),
            ) from None
    request.log.info(
        "configured interface",
        addresses=",".join(str(one.address) for one in result.ips),
        routes=",".join(str(one.dst) for one in result.routes),
    )


def _quoted(route: Route, gateway: Address | None, ifname: str) -> str:
    return f"'{route.dst} via {gateway or 'no gateway'} dev {ifname} metric {route.priority}'"


def container_interface(request: Request, result: Result) -> Interface:
    """Return the Result's entry for CNI_IFNAME in CNI_NETNS; raises CniError when there is none."""
    for interface in reversed(result.interfaces):
        if interface.name == request.ifname and interface.sandbox == request.netns:
            return interface
    sandboxes = [one.sandbox for one in result.interfaces if one.sandbox]
    raise CniError(
        INTERNAL,
        f"Sandbox in prevResult {sandboxes[-1] if sandboxes else ''}"
        f" doesn't match configured netns: {request.netns}",
    )


def declare_addressing(
    request: Request, result: Result, ifname: str, *, connected: bool = True
) -> list[Expectation]:
    """Return what must hold of the addresses and routes of a Result in the container.

    Every route of the Result is there through the gateway that `configure` chose.  Every address has
    the route that the kernel makes to its network, unless the plugin leaves those out of `connected`.
    """
    where = request.netns
    expected: list[Expectation] = []
    for ip in result.ips:
        if _is_own(result, ip.interface, request):
            expected += declare_address(where, ifname, ip.address, connected=connected)
    for route, gateway in routes_with_gateways(result):
        expected.append(
            Expectation(
                where,
                entities.route(
                    route.dst,
                    device=ifname,
                    gateway=gateway,
                    table=route.table or entities.MAIN_TABLE,
                    metric=route.priority,
                ),
            )
        )
    return expected


def declare_address(
    where: str, link_name: str, address: Prefix, *, connected: bool = True
) -> list[Expectation]:
    """Return what must hold of an address: that it is there, and so is the way to its network.

    Other plugins may move the route to a table of their own.  A host address has none.
    """
    expected = [Expectation(where, entities.address(link_name, address))]
    if connected and address.length < address.address.bits:
        expected.append(Expectation(where, entities.connected(link_name, address)))
    return expected


def routes_with_gateways(result: Result) -> list[tuple[Route, Address | None]]:
    """Return the routes of a Result, each with the gateway that `configure` gives it."""
    gateways: dict[int, Address] = {}
    for ip in result.ips:
        if ip.gateway is not None and ip.interface is not None:
            gateways.setdefault(ip.address.version, ip.gateway)
    found = [(route, route.gw or gateways.get(route.dst.version)) for route in result.routes]
    # The kernel takes 0.0.0.0 and :: for no gateway.
    return [(route, None if via is None or via.is_unspecified else via) for route, via in found]


def declare_veth(
    request: Request, container: Interface, host_name: str, host_mac: str, *, up: bool = True
) -> list[Expectation]:
    """Return what must hold of a veth pair whose host end has that name and MAC address."""
    return [
        Expectation(
            request.netns,
            entities.link(container.name, kind="veth", mac=container.mac, up=up, peer=host_name),
        ),
        Expectation(NODE, entities.link(host_name, kind="veth", mac=host_mac, up=True)),
    ]


def _add_addresses(request: Request, inside: Rtnl, link: Link, result: Result) -> dict[int, Address]:
    """Add the addresses in order; return the first gateway of each family (4 and 6)."""
    gateways: dict[int, Address] = {}
    enabled_ipv6 = False
    for ip in result.ips:
        if ip.interface is None:
            continue
        if (
            not 0 <= ip.interface < len(result.interfaces)
            or result.interfaces[ip.interface].name != link.name
        ):
            raise CniError(
                INTERNAL, f'failed to add IP addr {ip.address} to "{link.name}": invalid interface index'
            )
        if ip.address.version == IPV6 and not enabled_ipv6:
            _enable_ipv6(request.netns, link)
            enabled_ipv6 = True
        try:
            inside.add_address(link, ip.address)
        except NetlinkError as error:
            raise CniError(
                INTERNAL, f'failed to add IP addr {ip.address} to "{link.name}": {error.reason}', str(error)
            ) from None
        if ip.gateway is not None:
            gateways.setdefault(ip.address.version, ip.gateway)
    return gateways


def _enable_ipv6(netns: str, link: Link) -> None:
    with entered(netns):
        for name in ("lo", link.name):
            switch = f"net/ipv6/conf/{name}/disable_ipv6"
            try:
                if sysctl.read(switch) == "0":
                    continue
            except OSError as error:
                sys.stderr.write(f'ipam_linux: failed to read sysctl "{switch}": {error}\n')
                continue
            try:
                sysctl.write(switch, "0")
            except OSError as error:
                text = f'failed to enable IPv6 for interface "{name}" ({switch}=0): {error}'
                raise CniError(INTERNAL, text) from None
        try:
            sysctl.write(f"net/ipv6/conf/{link.name}/keep_addr_on_down", "1")
        except OSError as error:
            text = f'failed to enable keep_addr_on_down for interface "{link.name}": {error}'
            short = link.mtu < IPV6_LEAST_MTU
            details = f"{link.name} has MTU {link.mtu}, and IPv6 needs {IPV6_LEAST_MTU}" if short else ""
            raise CniError(INTERNAL, text, details) from None


def settle(inside: Rtnl, link: Link) -> None:
    """Wait until duplicate address detection is done with the link's IPv6 addresses.

    On a link without carrier it never is: that is not waited for.
    """
    deadline = time.monotonic() + DAD_LIMIT
    prefix = f'failed to settle addresses for "{link.name}": link {link.name}'
    while True:
        addresses = [one for one in inside.addresses(link) if one.prefix.version == IPV6]
        failed = [one for one in addresses if one.dad_failed]
        if failed:
            raise CniError(
                INTERNAL,
                f"{prefix} has address {failed[0].prefix.address} in DADFAILED state",
                "another station on the link has that address",
            )
        if not any(one.tentative for one in addresses):
            return
        if time.monotonic() >= deadline:
            if inside.link(link.name).operstate != "up":
                return
            raise CniError(INTERNAL, f"{prefix} still has tentative addresses after {DAD_LIMIT:.0f} seconds")
        time.sleep(DAD_PAUSE)


def _exists(netns: Rtnl, name: str) -> bool:
    try:
        netns.link(name)
    except LinkGone:
        return False
    return True


def _is_own(result: Result, index: int | None, request: Request) -> bool:
    if index is None or not 0 <= index < len(result.interfaces):
        return index is None
    return result.interfaces[index].name == request.ifname
