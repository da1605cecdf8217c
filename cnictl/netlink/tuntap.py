"""TAP interfaces: they are made by opening a device file, and not by netlink (linux/if_tun.h)."""

from __future__ import annotations

import os
from fcntl import ioctl
from struct import pack

from cnictl.netlink.errors import NetlinkError
from cnictl.netns import entered

DEVICE = "/dev/net/tun"

_TUNSETIFF, _TUNSETPERSIST, _TUNSETOWNER, _TUNSETGROUP = 0x400454CA, 0x400454CB, 0x400454CC, 0x400454CE
_IFF_TAP, _IFF_MULTI_QUEUE, _IFF_NO_PI, _IFF_VNET_HDR, _IFF_TUN_EXCL = 0x2, 0x100, 0x1000, 0x4000, 0x8000
_IFREQ = "16sH22x"  # name and flags of a struct ifreq, linux/if.h
_ON = 1


def add_tap(
    netns: str,
    name: str,
    *,
    owner: int | None = None,
    group: int | None = None,
    multi_queue: bool = False,
    packet_information: bool = False,
    vnet_header: bool = False,
) -> None:
    """Make a TAP interface that stays when nobody has it open; it is down.

    Who has no CAP_NET_ADMIN in the namespace must be the user `owner` and in `group` to open it, as
    far as they are given.  Packet information and virtio's header lead each frame until a program
    that opens it asks for another form.  Raises NetlinkError, with EBUSY when the name is taken, and
    NetnsError.
    """
    flags = _IFF_TAP | _IFF_TUN_EXCL
    flags |= _IFF_MULTI_QUEUE if multi_queue else 0
    flags |= 0 if packet_information else _IFF_NO_PI
    flags |= _IFF_VNET_HDR if vnet_header else 0
    what = f"open {DEVICE}"
    try:
        with entered(netns):
            device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        try:
            what = f'create tap "{name}"'
            ioctl(device, _TUNSETIFF, pack(_IFREQ, name.encode(), flags))
            if owner is not None:
                what = f'set owner of "{name}" to {owner}'
                ioctl(device, _TUNSETOWNER, _signed(owner))
            if group is not None:
                what = f'set group of "{name}" to {group}'
                ioctl(device, _TUNSETGROUP, _signed(group))
            what = f'keep "{name}"'
            ioctl(device, _TUNSETPERSIST, _ON)
        finally:
            os.close(device)
    except OSError as error:
        raise NetlinkError(what, error.errno or 0) from None


def _signed(number: int) -> int:
    """An unsigned number of 32 bits as the C int that ioctl(2) passes on."""
    return number - (1 << 32) if number >> 31 else number
