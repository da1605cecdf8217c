"""Port 68 of one link: DHCP messages out and in, before the link has an address.

pyroute2's socket frames what is sent and filters what comes in.  It is opened otherwise here: the
daemon serves many network namespaces with one thread, which must not wait for anything while it is
in one of them.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from pyroute2.dhcp.dhcp4socket import AsyncDHCP4Socket  # type: ignore[import-untyped]
from pyroute2.ext import bpf  # type: ignore[import-untyped]

from cnictl.dhcp.message import Message
from cnictl.netns import entered

if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.netns import Netns

ETH_P_IP = 0x0800  # linux/if_ether.h
SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_ETHERNET = 14
"""Bytes of a frame's header."""
_UDP = 8
_LONGEST = 1 << 16


class Port(AsyncDHCP4Socket):  # type: ignore[misc]
    """A raw socket bound to a link: `with Port(netns, link) as port:`, then `put` and `receive`.

    Raises OSError.
    """

    def __init__(self, netns: Netns, link: Link) -> None:
        super().__init__(link.name)
        self.l2addr = link.mac
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with entered(netns):
            socket.socket.__init__(self, socket.AF_PACKET, kind, 0)  # of no protocol: nothing comes in yet
        try:
            compiled, self.fprog = bpf.compile(self.bpf)
            self.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, compiled)
            self.bind((link.name, ETH_P_IP))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    async def receive(self) -> Message:
        """Return the next DHCP message that a server sent to this link's hardware address."""
        while True:
            frame = await self.loop.sock_recv(self, _LONGEST)
            try:
                message = _message(frame)
            except ValueError:
                continue
            if message["op"] == 2 and message["chaddr"] == self.l2addr:
                return message


def _message(frame: bytes) -> Message:
    """Return the message in a frame of IPv4 and UDP, which the filter has made sure of; raises ValueError."""
    if len(frame) <= _ETHERNET:
        raise ValueError("a frame that is cut off")
    start = _ETHERNET + (frame[_ETHERNET] & 0xF) * 4
    size = int.from_bytes(frame[start + 4 : start + 6], "big")
    return Message(buf=frame[start + _UDP : start + size]).decode()
