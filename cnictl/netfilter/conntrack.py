"""Forgetting tracked connections, so that a changed NAT rule takes effect on flows that go on."""

from __future__ import annotations

from errno import EINVAL, ENOENT, EOPNOTSUPP

from cnictl.netfilter.channel import NetfilterChannel
from cnictl.netfilter.program import NetfilterError
from cnictl.netlink import message
from cnictl.netlink.errors import NetlinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from cnictl.netlink.channel import Channel

UDP = 17

_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_*
_TUPLE_ORIG, _FILTER = 1, 25  # CTA_*
_TUPLE_PROTO = 2  # CTA_TUPLE_PROTO
_PROTO_NUM, _PROTO_DST_PORT = 1, 3  # CTA_PROTO_*
_FILTER_ORIG_FLAGS = 1  # CTA_FILTER_ORIG_FLAGS
_BY_PROTOCOL_AND_PORT = 1 << 3 | 1 << 5  # CTA_FILTER_F_*, net/netfilter/nf_internals.h
_FAMILIES = {4: 2, 6: 10}  # AF_INET, AF_INET6


def forget_udp(version: Literal[4, 6], port: int) -> int:
    """Forget the UDP flows of a family whose original destination port this is; return how many.

    Whatever their addresses and zone.  Raises NetfilterError.
    """
    header = bytes((_FAMILIES[version], 0, 0, 0))
    forgotten = 0
    try:
        with NetfilterChannel() as channel:
            for entry in _list(channel, header, port & 0xFFFF):
                if _matches(entry, port & 0xFFFF):
                    forgotten += _forget(channel, header + entry[4:])
    except NetlinkError as e:
        raise NetfilterError(
            f"error deleting connection tracking state for protocol: {UDP} Port: {port}, error: {e.reason}"
        ) from None
    return forgotten


def _list(channel: Channel, header: bytes, port: int) -> list[bytes]:
    """The entries of a family, already filtered where the kernel can (since Linux 5.8)."""
    proto = message.u8(_PROTO_NUM, UDP) + message.attribute(_PROTO_DST_PORT, port.to_bytes(2, "big"))
    only = message.attribute(
        _TUPLE_ORIG | message.NESTED, message.attribute(_TUPLE_PROTO | message.NESTED, proto)
    ) + message.attribute(_FILTER | message.NESTED, message.u32(_FILTER_ORIG_FLAGS, _BY_PROTOCOL_AND_PORT))
    try:
        return channel.read(_GET, header + only, "list tracked connections", dump=True)
    except NetlinkError as e:
        if e.errno not in (EINVAL, EOPNOTSUPP):
            raise
    return channel.read(_GET, header, "list tracked connections", dump=True)


def _matches(entry: bytes, port: int) -> bool:
    tuple_ = message.attributes(message.attributes(entry, 4).get(_TUPLE_ORIG, b""))
    proto = message.attributes(tuple_.get(_TUPLE_PROTO, b""))
    number = int.from_bytes(proto.get(_PROTO_NUM, b""), "big")
    return number == UDP and int.from_bytes(proto.get(_PROTO_DST_PORT, b""), "big") == port


def _forget(channel: Channel, entry: bytes) -> int:
    """Delete an entry by all that is known of it; one that has gone meanwhile does not count."""
    try:
        channel.change(_DELETE, 0, entry, "forget a tracked connection")
    except NetlinkError as e:
        if e.errno == ENOENT:
            return 0
        raise
    return 1
