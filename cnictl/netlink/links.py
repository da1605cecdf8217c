"""Requests about links: look up, make, change, remove."""

from __future__ import annotations

import errno

from cnictl.netlink import link_kinds
from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.netlink.link import IFF_ALLMULTI, IFF_PROMISC, IFF_UP, IFINFOMSG, Link, parse_link
from cnictl.netlink.link_kinds import IFLA_IFNAME, IFLA_MTU, IFLA_NET_NS_FD, IFLA_TXQLEN
from cnictl.netlink.message import CREATE, EXCL, attribute, attributes, number, text, u32
from cnictl.spec.mac import parse_mac

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK, _RTM_SETLINK = 16, 17, 18, 19  # linux/rtnetlink.h
_ADDRESS, _LINK, _MASTER, _IFALIAS, _EXT_MASK, _ALT_IFNAME = 1, 5, 10, 20, 29, 53  # linux/if_link.h
_RTM_GETNSID, _NETNSA_NSID, _NETNSA_FD = 90, 1, 3  # linux/net_namespace.h
_NOT_ASSIGNED = 0xFFFFFFFF  # NETNSA_NSID_NOT_ASSIGNED, -1
_RTEXT_FILTER_VF = 1
_LONGEST_NAME = 15  # IFNAMSIZ without the final zero byte


class Links(Channel):
    """What concerns links as such; ports of bridges are in `BridgePorts`.

    Everything raises NetlinkError, and LinkGone where a link that is asked for is not there.
    """

    def link(self, name: str) -> Link:
        """The link of that name, which may be an alternative name."""
        what = f'look up link "{name}"'
        key = IFLA_IFNAME if len(name.encode()) <= _LONGEST_NAME else _ALT_IFNAME
        body = _ifinfomsg() + u32(_EXT_MASK, _RTEXT_FILTER_VF) + text(key, name)
        try:
            return parse_link(self.read(_RTM_GETLINK, body, what)[0])
        except NetlinkError as e:
            if e.errno == errno.ENODEV:
                raise LinkGone(what) from None
            if e.errno != errno.EINVAL:
                raise
        for link in self.links():  # a kernel that cannot look up by name
            if name == link.name or name in link.altnames:
                return link
        raise LinkGone(what, f"Link {name} not found")

    def link_by_index(self, index: int) -> Link:
        what = f"look up link {index}"
        body = _ifinfomsg(index) + u32(_EXT_MASK, _RTEXT_FILTER_VF)
        try:
            return parse_link(self.read(_RTM_GETLINK, body, what)[0])
        except NetlinkError as e:
            if e.errno == errno.ENODEV:
                raise LinkGone(what) from None
            raise

    def links(self) -> list[Link]:
        """All links, by index."""
        body = _ifinfomsg() + u32(_EXT_MASK, _RTEXT_FILTER_VF)
        return [parse_link(answer) for answer in self.read(_RTM_GETLINK, body, "list links", dump=True)]

    def netns_id(self, netns_fd: int) -> int | None:
        """What this namespace calls another one in `link_netnsid`; None when it has no name for it."""
        body = bytes(4) + u32(_NETNSA_FD, netns_fd)
        answer = attributes(self.read(_RTM_GETNSID, body, "look up a network namespace")[0], 4)
        found = number(answer.get(_NETNSA_NSID, b""))
        return None if found == _NOT_ASSIGNED else found

    def add_link(
        self,
        name: str,
        info: bytes,
        *,
        mtu: int = 0,
        mac: str | None = None,
        parent: int = 0,
        netns_fd: int | None = None,
        txqlen: int | None = None,
        up: bool = False,
    ) -> None:
        """Make a link of the kind that `info`, from `link_kinds`, describes.

        `mtu` in bytes is sent when it is above 0, else the kernel's default holds, as for `txqlen`,
        in packets, when it is None; `parent` is the index of what it sits on; it appears in the
        namespace `netns_fd` when that is given.
        """
        what = f'create link "{name}"'
        if not name:  # the kernel would choose one
            raise NetlinkError(what, errno.EINVAL, reason="LinkAttrs.Name cannot be empty")
        flags = IFF_UP if up else 0
        body = IFINFOMSG.pack(0, 0, 0, flags, flags)
        if parent:
            body += u32(_LINK, parent)
        body += text(IFLA_IFNAME, name)
        if mtu > 0:
            body += u32(IFLA_MTU, mtu)
        if txqlen is not None:
            body += u32(IFLA_TXQLEN, txqlen)
        if mac:
            body += attribute(_ADDRESS, _mac(mac, what))
        if netns_fd is not None:
            body += u32(IFLA_NET_NS_FD, netns_fd)
        self.change(_RTM_NEWLINK, CREATE | EXCL, body + info, what)

    def add_veth(
        self, name: str, *, peer: str, peer_netns: Channel, mtu: int = 0, mac: str | None = None
    ) -> Link:
        """Make a pair: `name` here with that MAC address, `peer` in the other namespace; both down."""
        self.add_link(name, link_kinds.veth(peer, peer_netns.netns_fd, mtu), mtu=mtu, mac=mac)
        return self.link(name)

    def add_bridge(
        self, name: str, *, mtu: int = 0, mac: str | None = None, vlan_filtering: bool = False
    ) -> Link:
        """Make a bridge, which has its lowest port's MAC address unless it is given one."""
        self.add_link(name, link_kinds.bridge(vlan_filtering=vlan_filtering), mtu=mtu, mac=mac)
        return self.link(name)

    def delete_link(self, link: str | Link) -> None:
        """Remove a link, and with a veth its other end; a name is looked up first."""
        if isinstance(link, str):
            link = self.link(link)
        what = f'delete link "{link.name}"'
        try:
            self.change(_RTM_DELLINK, 0, _ifinfomsg(link.index), what)
        except NetlinkError as e:
            if e.errno == errno.ENODEV:
                raise LinkGone(what) from None
            raise

    def set_up(self, link: Link) -> None:
        self._set_flag(link, IFF_UP, on=True, what=f'set "{link.name}" up')

    def set_down(self, link: Link) -> None:
        self._set_flag(link, IFF_UP, on=False, what=f'set "{link.name}" down')

    def set_promiscuous(self, link: Link, on: bool) -> None:
        self._set_flag(link, IFF_PROMISC, on=on, what=f'set promiscuous mode of "{link.name}"')

    def set_all_multicast(self, link: Link, on: bool) -> None:
        self._set_flag(link, IFF_ALLMULTI, on=on, what=f'set all-multicast mode of "{link.name}"')

    def set_master(self, link: Link, master: int) -> None:
        """Make the link a port of the link with the index `master`, or of none with 0."""
        self._set(link, u32(_MASTER, master), f'connect "{link.name}" to link {master}')

    def set_mac(self, link: Link, mac: str) -> None:
        what = f'set MAC address of "{link.name}" to {mac}'
        self._set(link, attribute(_ADDRESS, _mac(mac, what)), what)

    def set_mtu(self, link: Link, mtu: int) -> None:
        what = f'set MTU of "{link.name}" to {mtu}'
        self._set(link, u32(IFLA_MTU, _unsigned(mtu, what)), what)

    def set_txqlen(self, link: Link, packets: int) -> None:
        what = f'set transmit queue length of "{link.name}" to {packets}'
        self._set(link, u32(IFLA_TXQLEN, _unsigned(packets, what)), what)

    def set_alias(self, link: Link, alias: str) -> None:
        """Note down a text of up to 255 bytes for people and programs that look at the link."""
        what = f'set alias of "{link.name}" to {alias}'
        self._set(link, attribute(_IFALIAS, alias.encode()), what)

    def rename(self, link: Link, name: str) -> None:
        """Only a link that is down can be renamed before Linux 6.2."""
        self._set(link, attribute(IFLA_IFNAME, name.encode()), f'rename "{link.name}" to "{name}"')

    def set_netns(
        self, link: Link, netns: Channel | int, *, name: str = "", alias: str | None = None
    ) -> None:
        """Move the link to the namespace of another channel or of a descriptor; it is down there.

        With `name` and `alias` it arrives with these: nobody can do anything to it in between, and
        a process that is killed leaves it here as it was or there as it should be.  When the move
        succeeds and the name is refused, because it is taken there, the link has moved all the same.
        """
        fd = netns if isinstance(netns, int) else netns.netns_fd
        setting = u32(IFLA_NET_NS_FD, fd)
        if name:
            setting += text(IFLA_IFNAME, name)
        if alias is not None:
            setting += attribute(_IFALIAS, alias.encode())
        self._set(link, setting, f'move "{link.name}" to another network namespace')

    def _set(self, link: Link, setting: bytes, what: str) -> None:
        self.change(_RTM_SETLINK, 0, _ifinfomsg(link.index) + setting, what)

    def _set_flag(self, link: Link, flag: int, *, on: bool, what: str) -> None:
        # The Go plugins switch IFF_UP with RTM_NEWLINK and IFF_PROMISC with RTM_SETLINK.
        kind = _RTM_SETLINK if flag == IFF_PROMISC else _RTM_NEWLINK
        self.change(kind, 0, IFINFOMSG.pack(0, 0, link.index, flag if on else 0, flag), what)


def _ifinfomsg(index: int = 0) -> bytes:
    return IFINFOMSG.pack(0, 0, index, 0, 0)


def _mac(mac: str, what: str) -> bytes:
    try:
        return parse_mac(mac)
    except ValueError as e:
        raise NetlinkError(what, errno.EINVAL, reason=str(e)) from None


def _unsigned(value: int, what: str) -> int:
    """A number that fits 32 bits; the kernel would answer a cut one with success."""
    if not 0 <= value < 1 << 32:
        raise NetlinkError(what, errno.EINVAL)
    return value
