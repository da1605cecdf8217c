"""A DHCP server that does as it is told, for leases of seconds, refusals and silence.

usage: dhcp_server.py ORDERS HEARD

ORDERS is a file of JSON that is read before each answer: `address`; `lease`, `renew` and `rebind` in
seconds; `silent` and `refuse`, lists of message types; `options`, hexadecimal by number; `server`.
HEARD gets a line of JSON for each message: its type, addresses, flags and options.  Only the standard
library is used, and nothing of cnictl.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

COOKIE = b"c\x82Sc"
NAMES = {1: "DISCOVER", 3: "REQUEST", 4: "DECLINE", 7: "RELEASE"}
HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")


def options_in(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while data[place] != 255:
        if data[place] == 0:
            place += 1
            continue
        number, size = data[place], data[place + 1]
        found[number] = found.get(number, b"") + data[place + 2 : place + 2 + size]
        place += 2 + size
    return found


def answer(kind: int, request: tuple[Any, ...], orders: dict[str, Any]) -> bytes:
    """Return an OFFER (2), ACK (5) or NAK (6)."""
    xid, flags, chaddr = request[4], request[6], request[11]
    yours = socket.inet_aton(orders["address"]) if kind != 6 else bytes(4)
    header = HEADER.pack(
        2, 1, 6, 0, xid, 0, flags, bytes(4), yours, bytes(4), bytes(4), chaddr, b"", b"", COOKIE
    )
    server = socket.inet_aton(orders.get("server", "10.44.0.1"))
    options: dict[int, bytes] = {53: bytes([kind]), 54: server}
    if kind == 6:
        options[56] = b"not yours"
    else:
        options |= {1: socket.inet_aton("255.255.255.0"), 3: socket.inet_aton("10.44.0.1")}
        for number, name in ((51, "lease"), (58, "renew"), (59, "rebind")):
            if name in orders:
                options[number] = struct.pack("!I", orders[name])
        options |= {int(number): bytes.fromhex(value) for number, value in orders.get("options", {}).items()}
    written = b"".join(
        bytes([number, len(piece)]) + piece
        for number, value in options.items()
        for piece in (value[start : start + 255] for start in range(0, len(value), 255))
    )
    return header + written + b"\xff"


def main(orders_file: Path, heard_file: Path) -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    listening.bind(("", 67))
    heard_file.touch()
    while True:
        data, (source, _) = listening.recvfrom(4096)
        request = HEADER.unpack_from(data)
        options = options_in(data[HEADER.size :])
        kind = options[53][0]
        line = {
            "type": NAMES.get(kind, str(kind)),
            "at": time.monotonic(),
            "source": source,
            "xid": request[4],
            "flags": request[6],
            "ciaddr": socket.inet_ntoa(request[7]),
            "mac": request[11][:6].hex(":"),
            "order": list(options),
            "size": len(data),
            "options": {number: value.hex() for number, value in options.items()},
        }
        with heard_file.open("a") as heard:
            heard.write(json.dumps(line) + "\n")
        orders = json.loads(orders_file.read_text())
        if line["type"] in orders.get("silent", ()) or kind not in (1, 3):
            continue
        refused = line["type"] in orders.get("refuse", ())
        answered = answer(6 if refused else 2 if kind == 1 else 5, request, orders)
        listening.sendto(answered, ("255.255.255.255", 68))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
