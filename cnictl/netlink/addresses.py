"""Requests about addresses of links."""

from __future__ import annotations

import errno
from struct import Struct

from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.netlink.message import CREATE, EXCL, FAMILIES, attribute, attributes, number, string, u32
from cnictl.netlink.names import scope_name
from cnictl.spec.address import Address, Prefix
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link import Link

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22  # linux/rtnetlink.h
_IFADDRMSG = Struct("=BBBBI")  # family, prefix length, flags, scope, index; linux/if_addr.h
_CACHEINFO = Struct("=IIII")  # seconds preferred and valid, when made and changed
_ADDRESS, _LOCAL, _LABEL, _BROADCAST, _LIFETIMES, _FLAGS = 1, 2, 3, 4, 6, 8
_F_DADFAILED, _F_TENTATIVE = 0x08, 0x40

FOREVER = 0xFFFFFFFF  # INFINITY_LIFE_TIME, net/addrconf.h
_BROADCAST_BELOW = 31  # RFC 3021: two addresses leave none for broadcast


class LinkAddress(Value):
    """An address of a link: `prefix` with its host bits, `link` an index, `scope` as iproute2 names it.

    `preferred` and `valid` are the seconds for which it still is that.
    """

    __slots__ = ("prefix", "link", "scope", "flags", "label", "preferred", "valid")

    def __init__(
        self,
        prefix: Prefix,
        link: int,
        *,
        scope: str = "global",
        flags: int = 0,
        label: str = "",
        preferred: int = FOREVER,
        valid: int = FOREVER,
    ) -> None:
        self.prefix = prefix
        self.link = link
        self.scope = scope
        self.flags = flags
        self.label = label
        self.preferred = preferred
        self.valid = valid

    @property
    def tentative(self) -> bool:
        """Whether duplicate address detection is still going on."""
        return bool(self.flags & _F_TENTATIVE)

    @property
    def dad_failed(self) -> bool:
        """Whether another station has the address."""
        return bool(self.flags & _F_DADFAILED)


class Addresses(Channel):
    """What concerns addresses of links.  Everything raises NetlinkError."""

    def addresses(self, link: Link | None = None) -> list[LinkAddress]:
        """Of a link, or of all; IPv4 first, each family in the kernel's order.  LinkGone when it has gone."""
        index = 0 if link is None else link.index
        what = "list addresses" if link is None else f'list addresses of "{link.name}"'
        body = _IFADDRMSG.pack(0, 0, 0, 0, index)
        try:
            found = [_parse(answer) for answer in self.read(_RTM_GETADDR, body, what, dump=True)]
        except NetlinkError as e:
            if e.errno == errno.ENODEV:
                raise LinkGone(what) from None
            raise
        # Kernels before 4.20 do not look at the index.
        return [one for one in found if one is not None and index in (0, one.link)]

    def add_address(self, link: Link, prefix: Prefix) -> None:
        """Give a link an address for good; IPv4 networks with room for it get a broadcast address."""
        what = f'add address {prefix} to "{link.name}"'
        self.change(_RTM_NEWADDR, CREATE | EXCL, _body(link, prefix), what)

    def restore_address(self, link: Link, lost: LinkAddress) -> None:
        """Give a link an address back, with the flags and what was left of the lifetimes that it had."""
        body = _body(link, lost.prefix) + u32(_FLAGS, lost.flags)
        body += attribute(_LIFETIMES, _CACHEINFO.pack(lost.preferred, lost.valid, 0, 0))
        what = f'restore address {lost.prefix} of "{link.name}"'
        self.change(_RTM_NEWADDR, CREATE | EXCL, body, what)

    def delete_address(self, link: Link, prefix: Prefix) -> None:
        self.change(_RTM_DELADDR, 0, _body(link, prefix), f'delete address {prefix} of "{link.name}"')


def _body(link: Link, prefix: Prefix) -> bytes:
    packed = prefix.address.packed
    body = _IFADDRMSG.pack(FAMILIES[prefix.version], prefix.length, 0, 0, link.index)
    body += attribute(_LOCAL, packed) + attribute(_ADDRESS, packed)
    if prefix.version == 4 and prefix.length < _BROADCAST_BELOW:
        body += attribute(_BROADCAST, prefix.last_address.packed)
    return body


def _parse(body: bytes) -> LinkAddress | None:
    family, length, flags, scope, index = _IFADDRMSG.unpack_from(body)
    if family not in FAMILIES.values():
        return None
    found = attributes(body, _IFADDRMSG.size)
    packed = found.get(_LOCAL) or found[_ADDRESS]
    lifetimes = found.get(_LIFETIMES)
    preferred, valid = _CACHEINFO.unpack_from(lifetimes)[:2] if lifetimes else (FOREVER, FOREVER)
    return LinkAddress(
        Prefix(Address(packed), length),
        index,
        scope=scope_name(scope),
        flags=number(found[_FLAGS]) if _FLAGS in found else flags,
        label=string(found.get(_LABEL, b"")),
        preferred=preferred,
        valid=valid,
    )
