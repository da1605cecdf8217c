"""Requests about ports of bridges and their VLANs."""

from __future__ import annotations

from struct import Struct

from cnictl.netlink import link_kinds
from cnictl.netlink.channel import Channel
from cnictl.netlink.link import IFINFOMSG
from cnictl.netlink.message import attribute, attributes, each_attribute, u16, u32
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link import Link

_AF_BRIDGE = 7
_RTM_DELLINK, _RTM_GETLINK, _RTM_SETLINK = 17, 18, 19  # linux/rtnetlink.h
_AF_SPEC, _EXT_MASK = 26, 29  # linux/if_link.h
_RTEXT_FILTER_BRVLAN = 2

# linux/if_bridge.h
_FLAGS, _VLAN_INFO = 0, 2
_FLAG_MASTER = 1
_PVID, _UNTAGGED = 0x2, 0x4
_VLAN = Struct("=HH")


class BridgeVlan(Value):
    """A VLAN of a bridge port.

    What comes in without a tag belongs to the `pvid` one, what goes out of an `untagged` one loses its tag.
    """

    __slots__ = ("vid", "pvid", "untagged")

    def __init__(self, vid: int, *, pvid: bool = False, untagged: bool = False) -> None:
        self.vid = vid
        self.pvid = pvid
        self.untagged = untagged


class BridgePorts(Channel):
    """What concerns ports of bridges.  Everything raises NetlinkError."""

    def set_hairpin(self, link: Link, on: bool) -> None:
        """Whether the port may send a frame back to where it came from."""
        self._set_port(link, "hairpin", on=on)

    def set_isolated(self, link: Link, on: bool) -> None:
        """Whether the port is cut off from other isolated ports."""
        self._set_port(link, "isolated", on=on)

    def bridge_vlans(self, link: Link) -> list[BridgeVlan]:
        """The VLANs of a port, ascending; none where the kernel has no VLAN filtering."""
        body = _header() + u32(_EXT_MASK, _RTEXT_FILTER_BRVLAN)
        found = []
        for answer in self.read(_RTM_GETLINK, body, f'list VLANs of "{link.name}"', dump=True):
            if IFINFOMSG.unpack_from(answer)[2] != link.index:
                continue
            spec = attributes(answer, IFINFOMSG.size).get(_AF_SPEC, b"")
            for kind, payload in each_attribute(spec):
                if kind == _VLAN_INFO:
                    flags, vid = _VLAN.unpack_from(payload)
                    found.append(BridgeVlan(vid, pvid=bool(flags & _PVID), untagged=bool(flags & _UNTAGGED)))
        return found

    def add_bridge_vlan(self, link: Link, vid: int, *, pvid: bool = False, untagged: bool = False) -> None:
        flags = (_PVID if pvid else 0) | (_UNTAGGED if untagged else 0)
        self.change(_RTM_SETLINK, 0, _vlan(link, vid, flags), f'add VLAN {vid} to "{link.name}"')

    def delete_bridge_vlan(self, link: Link, vid: int) -> None:
        self.change(_RTM_DELLINK, 0, _vlan(link, vid, 0), f'delete VLAN {vid} of "{link.name}"')

    def _set_port(self, link: Link, name: str, *, on: bool) -> None:
        body = _header(link.index) + link_kinds.port_setting(name, on=on)
        self.change(_RTM_SETLINK, 0, body, f'set {name} {"on" if on else "off"} for "{link.name}"')


def _header(index: int = 0) -> bytes:
    return IFINFOMSG.pack(_AF_BRIDGE, 0, index, 0, 0)


def _vlan(link: Link, vid: int, flags: int) -> bytes:
    spec = u16(_FLAGS, _FLAG_MASTER) + attribute(_VLAN_INFO, _VLAN.pack(flags, vid))
    return _header(link.index) + attribute(_AF_SPEC, spec)
