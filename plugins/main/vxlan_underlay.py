"""vxlan: the interface and the address that a node's tunnels go through."""

from __future__ import annotations

from cnictl.netlink.rtnl import LinkGone, Rtnl
from cnictl.spec.address import Address
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, TRY_AGAIN_LATER, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netlink.rtnl import KernelRoute, Link

    from .vxlan_config import VxlanConfig

OVERHEAD = {4: 50, 6: 70}
"""Bytes that a tunnel takes: the outer IP header, UDP (8), VXLAN (8), and the inner Ethernet header (14)."""
LEAST_FOR_IPV6 = 1280  # RFC 8200, section 5

_PASSING = 0x01 | 0x08 | 0x20 | 0x40  # IFA_F_SECONDARY, DADFAILED, DEPRECATED, TENTATIVE; linux/if_addr.h
_UNICAST = 1  # RTN_UNICAST, linux/rtnetlink.h


class Underlay(Value):
    """The link that a tunnel goes through, and the address that it sends from."""

    __slots__ = ("link", "local")

    def __init__(self, link: Link, local: Address) -> None:
        self.link = link
        self.local = local

    def mtu(self, config: VxlanConfig) -> int:
        """Return the MTU of the overlay in bytes; raises CniError 7 when what is configured does not fit."""
        overhead = OVERHEAD[self.local.version]
        room = self.link.mtu - overhead
        if config.mtu > room:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"MTU {config.mtu} is too large: {self.link.name} has {self.link.mtu},"
                f" less {overhead} for the tunnel in IPv{self.local.version} leaves {room}",
                f'set "mtu" to {room}, or leave it out',
            )
        mtu = config.mtu or room
        if mtu < LEAST_FOR_IPV6 and any(network.version == 6 for network in config.networks()):
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"MTU {mtu} is too small for pods with IPv6, which needs {LEAST_FOR_IPV6}",
                f"{self.link.name} has {self.link.mtu}, and the tunnel takes {overhead} of it",
            )
        return mtu


def find(host: Rtnl, config: VxlanConfig, device: Link | None = None) -> Underlay:
    """Return the underlay that the configuration names, or that of the tunnel's end `device`.

    What the configuration leaves open stays as it is with a device that is there, even if the default
    route has moved, as long as the underlay still has the address.  Raises CniError 11 when there is no
    underlay, or not yet.
    """
    kept = None if device is None else _kept(host, config, device)
    if kept is not None:
        return kept
    link = _link(host, config)
    return Underlay(link, config.local if config.local is not None else _first(host, config, link))


def _kept(host: Rtnl, config: VxlanConfig, device: Link) -> Underlay | None:
    """Return the underlay of a tunnel's end that is there, None when it is not as configured."""
    if not (device.parent and device.local):
        return None
    local = Address.parse(device.local)
    try:
        link = host.link_by_index(device.parent)
        named = config.master in ("", link.name, *link.altnames)
        if not (named and config.local in (None, local) and local.version in config.versions()):
            return None
        return Underlay(_up(link), local) if _may_send(host, link, local) else None
    except LinkGone:
        return None


def _link(host: Rtnl, config: VxlanConfig) -> Link:
    if config.master:
        try:
            link = host.link(config.master)
        except LinkGone:
            raise CniError(
                TRY_AGAIN_LATER,
                f"there is no interface {config.master} for the underlay",
                'it is named in "master"',
            ) from None
        if config.local is not None:
            _require_address(host, link, config.local)
        return _up(link)
    if config.local is not None:
        owners = [one.link for one in host.addresses() if one.prefix.address == config.local]
        if not owners:
            raise CniError(
                TRY_AGAIN_LATER, f"no interface of this node has the address {config.local}", 'see "local"'
            )
        link = host.link_by_index(owners[0])
        if not link.loopback:
            return _up(link)
    for index in _defaults(host, config):
        return _up(host.link_by_index(index))
    raise CniError(
        TRY_AGAIN_LATER,
        "there is no default route to find the underlay by",
        'name the interface in "master", or its address in "local"',
    )


def _defaults(host: Rtnl, config: VxlanConfig) -> Iterator[int]:
    """Yield the indexes of the links of default routes, the preferred ones first."""
    routes = [one for one in host.routes() if one.dst.is_default and one.kind == _UNICAST and one.device]
    for version in config.versions():
        for route in sorted((one for one in routes if one.dst.version == version), key=_metric):
            yield route.device


def _metric(route: KernelRoute) -> int:
    return route.metric


def _first(host: Rtnl, config: VxlanConfig, link: Link) -> Address:
    """Return the first address of a link that is there to stay."""
    addresses = [one for one in host.addresses(link) if one.scope == "global"]
    for version in config.versions():
        for one in addresses:
            if one.prefix.version == version and not one.flags & _PASSING:
                return one.prefix.address
    kinds = " or ".join(f"IPv{version}" for version in config.versions())
    had = ", ".join(str(one.prefix) for one in addresses) or "none"
    raise CniError(
        TRY_AGAIN_LATER,
        f"{link.name} has no {kinds} address to send from",
        f"its global addresses are: {had}",
    )


def _require_address(host: Rtnl, link: Link, local: Address) -> None:
    if not _may_send(host, link, local):
        had = ", ".join(str(one.prefix) for one in host.addresses(link)) or "none"
        raise CniError(
            TRY_AGAIN_LATER,
            f"{link.name} does not have the address {local}",
            f'its addresses are: {had}; see "master" and "local"',
        )


def _may_send(host: Rtnl, link: Link, local: Address) -> bool:
    """Whether an address is one of the link's, or of lo, which a router sends from through any link."""
    return any(
        one.prefix.address == local for each in (link, host.link("lo")) for one in host.addresses(each)
    )


def _up(link: Link) -> Link:
    if not link.up:
        raise CniError(
            TRY_AGAIN_LATER, f"{link.name}, which is the underlay, is down", f"ip link set {link.name} up"
        )
    return link
