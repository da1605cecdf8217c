"""vxlan: whether another node has the gateway address that this one's bridge is given.

In one layer 2 network a gateway that two nodes have answers for both: pods go through one node
now and through the other then, and lose their connections.
"""

from __future__ import annotations

import _socket
import time
from struct import Struct

from cnictl.netlink.rtnl import LinkGone, Rtnl
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.mac import format_mac, parse_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link, LinkAddress
    from cnictl.spec.address import Address, Prefix

PATIENCE = 0.3
"""Seconds for an answer through the tunnels."""
DAD_LIMIT = 3.0
"""Seconds for the kernel to find out whether an IPv6 address is somebody else's."""

_ETH_P_ARP = 0x0806  # linux/if_ether.h
_ETHERNET = Struct("!6s6sH")
_ARP = Struct("!HHBBH6s4s6s4s")  # RFC 826: hardware, protocol, their lengths, operation, sender, target
_REQUEST, _REPLY = 1, 2
_BROADCAST = b"\xff" * 6


def present(host: Rtnl, bridge: str) -> list[Prefix]:
    """Return the addresses that a bridge has; none when it is not there."""
    try:
        return [one.prefix for one in host.addresses(host.link(bridge))]
    except LinkGone:
        return []


def refuse_shared(host: Rtnl, bridge: str, before: list[Prefix]) -> None:
    """Raise CniError 7 when an address that the bridge has got since `before` is another node's as well.

    Only a node that is known already can be asked.
    """
    link = host.link(bridge)
    for one in host.addresses(link):
        if one.prefix.address.is_link_local:
            continue
        if one.prefix.version == 6:
            if _is_duplicate(host, link, one):
                raise _shared(one.prefix.address, f"the kernel found it to be a duplicate on {bridge}")
        elif one.prefix not in before:
            mac = _who_has(link, one.prefix.address)
            if mac:
                raise _shared(one.prefix.address, f"{mac} answers for it")


def _who_has(link: Link, address: Address) -> str:
    """Return the MAC address of a station that answers for an address, "" when none does.

    Who asks gives no address (RFC 5227), so that nobody takes note of it.
    """
    own = parse_mac(link.mac)
    head = _ETHERNET.pack(_BROADCAST, own, _ETH_P_ARP)
    body = _ARP.pack(1, 0x0800, 6, 4, _REQUEST, own, bytes(4), bytes(6), address.packed)
    until = time.monotonic() + PATIENCE
    try:
        socket = _socket.socket(_socket.AF_PACKET, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC)
    except OSError:  # who may not look must do without
        return ""
    try:
        socket.bind((link.name, _ETH_P_ARP))
        socket.send(head + body)
        while (left := until - time.monotonic()) > 0:
            socket.settimeout(left)
            frame = socket.recv(1 << 16)
            if len(frame) < _ETHERNET.size + _ARP.size:
                continue
            *_, operation, sender, its, _, _ = _ARP.unpack_from(frame, _ETHERNET.size)
            if operation == _REPLY and its == address.packed and sender != own:
                return format_mac(sender)
    except TimeoutError:
        pass
    finally:
        socket.close()
    return ""


def _is_duplicate(host: Rtnl, link: Link, address: LinkAddress) -> bool:
    """Wait until duplicate address detection is done with an address, and return what it found."""
    until = time.monotonic() + DAD_LIMIT
    while address.tentative and not address.dad_failed and time.monotonic() < until:
        time.sleep(0.05)
        found = [one for one in host.addresses(link) if one.prefix == address.prefix]
        if not found:
            return False
        address = found[0]
    return address.dad_failed


def _shared(address: Address, how: str) -> CniError:
    return CniError(
        INVALID_NETWORK_CONFIG,
        f"gateway {address} is that of another node already: {how}",
        'give each node a gateway of its own, with "gateway" in its ranges of addresses',
    )
