"""Requests about neighbours of links, and about where bridges and tunnels send frames for a MAC address."""

from __future__ import annotations

from struct import Struct

from cnictl.netlink.channel import Channel
from cnictl.netlink.message import APPEND, CREATE, FAMILIES, REPLACE, attribute, attributes, u32
from cnictl.spec.address import Address
from cnictl.spec.mac import format_mac, parse_mac
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link import Link

_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30  # linux/rtnetlink.h
_AF_BRIDGE = 7

# linux/neighbour.h
_NDMSG = Struct("=BxxxiHBB")  # family, index, state, flags, type
_DST, _LLADDR, _IFINDEX = 1, 2, 8
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80
_NTF_SELF = 0x02

FLOOD = "00:00:00:00:00:00"
"""The MAC address whose entries of a tunnel say where frames go that no other entry knows."""


class LinkNeighbour(Value):
    """A permanent neighbour: the MAC address that stands for an IP address on a link."""

    __slots__ = ("address", "mac")

    def __init__(self, address: Address, mac: str) -> None:
        self.address = address
        self.mac = mac


class TunnelEntry(Value):
    """Where a tunnel sends frames for a MAC address; one that it learned by itself is not permanent."""

    __slots__ = ("mac", "destination", "permanent")

    def __init__(self, mac: str, destination: Address, *, permanent: bool = True) -> None:
        self.mac = mac
        self.destination = destination
        self.permanent = permanent


class Neighbours(Channel):
    """What concerns neighbours of links and entries of tunnels.  Everything raises NetlinkError."""

    def neighbours(self, link: Link) -> list[LinkNeighbour]:
        """The permanent neighbours of a link, IPv4 and IPv6."""
        body = _NDMSG.pack(0, 0, 0, 0, 0) + u32(_IFINDEX, link.index)
        found = []
        for answer in self.read(_RTM_GETNEIGH, body, f'list neighbours of "{link.name}"', dump=True):
            family, index, state, _, _ = _NDMSG.unpack_from(answer)
            # Kernels before 4.20 do not look at the index.
            if index != link.index or not state & _NUD_PERMANENT or family not in FAMILIES.values():
                continue
            data = attributes(answer, _NDMSG.size)
            if _DST in data and _LLADDR in data:
                found.append(LinkNeighbour(Address(data[_DST]), format_mac(data[_LLADDR])))
        return found

    def set_neighbour(self, link: Link, address: Address, mac: str) -> None:
        """Make a MAC address stand for an IP address for good, in place of any other."""
        body = _NDMSG.pack(FAMILIES[address.version], link.index, _NUD_PERMANENT, 0, 0)
        body += attribute(_DST, address.packed) + attribute(_LLADDR, parse_mac(mac))
        what = f'set neighbour {address} of "{link.name}" to {mac}'
        self.change(_RTM_NEWNEIGH, CREATE | REPLACE, body, what)

    def delete_neighbour(self, link: Link, address: Address) -> None:
        body = _NDMSG.pack(FAMILIES[address.version], link.index, 0, 0, 0)
        body += attribute(_DST, address.packed)
        self.change(_RTM_DELNEIGH, 0, body, f'delete neighbour {address} of "{link.name}"')

    def tunnel_entries(self, link: Link) -> list[TunnelEntry]:
        """What a vxlan link knows of where MAC addresses are, learned or told."""
        body = _NDMSG.pack(_AF_BRIDGE, link.index, 0, 0, 0)
        found = []
        for answer in self.read(_RTM_GETNEIGH, body, f'list entries of "{link.name}"', dump=True):
            _, index, state, _, _ = _NDMSG.unpack_from(answer)
            data = attributes(answer, _NDMSG.size)
            if index == link.index and _DST in data and _LLADDR in data:
                permanent = bool(state & _NUD_PERMANENT)
                found.append(TunnelEntry(format_mac(data[_LLADDR]), Address(data[_DST]), permanent=permanent))
        return found

    def set_tunnel_entry(self, link: Link, mac: str, destination: Address) -> None:
        """Send frames for a MAC address to a tunnel's far end, for good.

        In place of any other entry, except with FLOOD, which has one for every far end.
        """
        how = APPEND if mac == FLOOD else REPLACE
        body = _tunnel_entry(link, mac, destination, _NUD_NOARP | _NUD_PERMANENT)
        self.change(_RTM_NEWNEIGH, CREATE | how, body, f'send {mac} of "{link.name}" to {destination}')

    def delete_tunnel_entry(self, link: Link, mac: str, destination: Address) -> None:
        body = _tunnel_entry(link, mac, destination, 0)
        what = f'no longer send {mac} of "{link.name}" to {destination}'
        self.change(_RTM_DELNEIGH, 0, body, what)


def _tunnel_entry(link: Link, mac: str, destination: Address, state: int) -> bytes:
    fixed = _NDMSG.pack(_AF_BRIDGE, link.index, state, _NTF_SELF, 0)
    return fixed + attribute(_LLADDR, parse_mac(mac)) + attribute(_DST, destination.packed)
