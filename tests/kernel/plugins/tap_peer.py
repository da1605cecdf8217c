"""The program at the other end of a tap: one station, which answers ARP and ping.

usage: tap_peer.py NAME ADDRESS PINGS [multi_queue]

Says `open` when it has opened the interface NAME, and then the kind of each frame that it is sent.
Ends when it has answered so many pings.  It imports nothing of ours.
"""

import fcntl
import os
import socket
import struct
import sys

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x2, 0x1000, 0x100
MAC = bytes.fromhex("020000000099")
ARP, IPV4 = b"\x08\x06", b"\x08\x00"


def answer(frame: bytes, own: bytes) -> bytes:
    """Return the answer to a frame, nothing to most."""
    head = frame[6:12] + MAC + frame[12:14]
    if frame[12:14] == ARP and frame[20:22] == b"\x00\x01" and frame[38:42] == own:
        return head + frame[14:20] + b"\x00\x02" + MAC + own + frame[22:32]
    if frame[12:14] == IPV4 and frame[23] == socket.IPPROTO_ICMP and frame[30:34] == own and frame[34] == 8:
        (checksum,) = struct.unpack_from("!H", frame, 36)
        checksum += 0x0800  # a request's type has become an answer's, which is 0
        checksum = (checksum & 0xFFFF) + (checksum >> 16)
        return head + frame[14:26] + own + frame[26:30] + b"\0\0" + struct.pack("!H", checksum) + frame[38:]
    return b""


def main() -> None:
    name, own, pings = sys.argv[1], socket.inet_aton(sys.argv[2]), int(sys.argv[3])
    flags = IFF_TAP | IFF_NO_PI | (IFF_MULTI_QUEUE if "multi_queue" in sys.argv else 0)
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    print("open", flush=True)
    while pings:
        frame = os.read(tap, 65536)
        print(frame[12:14].hex(), flush=True)
        reply = answer(frame, own)
        if reply:
            os.write(tap, reply)
            pings -= reply[12:14] == IPV4


if __name__ == "__main__":
    main()
