"""What the plugin dhcp and its daemon say to one another: Go's net/rpc over a unix socket.

The protocol is that of the Go programs, so that the plugin of either implementation can talk to the
daemon of the other.  A connection begins with two lines of HTTP; then the plugin sends a header and
arguments, and the daemon a header and a reply, all as gob.
"""

from __future__ import annotations

import _socket
import errno
from struct import pack

from cnictl.ipam import gob
from cnictl.ipam.gob import BYTES, INT, STRING, UINT, GobError, Slice, Struct
from cnictl.spec.address import Address, Prefix
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import INTERNAL, TRY_AGAIN_LATER, CniError
from cnictl.spec.result import IPConfig, Result, Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from cnictl.ipam.gob import Plain

SOCKET = "/run/cni/dhcp.sock"
"""Where the daemon listens unless the configuration says otherwise."""

ALLOCATE, RELEASE = "DHCP.Allocate", "DHCP.Release"
NO_LEASE = "no more tries"
"""The daemon's words for: no DHCP server gave a lease in time."""

CONNECT = b"CONNECT /_goRPC_ HTTP/1.0\n\n"
CONNECTED = b"HTTP/1.0 200 Connected to Go RPC\n\n"

DIAL_PATIENCE = 10.0
"""Seconds to wait until the daemon takes a connection."""
PATIENCE = 300.0
"""Seconds to wait for an answer: the daemon looks for a server for 208 unless it is told otherwise."""

# The numbers are those that the Go programs use.
REQUEST = Struct(64, "Request", {"ServiceMethod": STRING, "Seq": UINT})
ARGUMENTS = Struct(
    65,
    "CmdArgs",
    {
        "ContainerID": STRING,
        "Netns": STRING,
        "IfName": STRING,
        "Args": STRING,
        "Path": STRING,
        "NetnsOverride": STRING,
        "StdinData": BYTES,
    },
)
RESPONSE = Struct(64, "Response", {"ServiceMethod": STRING, "Seq": UINT, "Error": STRING})
NOTHING = Struct(75, "", {})
"""The reply to Release, and what stands in the place of a reply behind an error."""

_NETWORK = Struct(69, "IPNet", {"IP": BYTES, "Mask": BYTES})
_INTERFACE = Struct(
    66,
    "",
    {"Name": STRING, "Mac": STRING, "Mtu": INT, "Sandbox": STRING, "SocketPath": STRING, "PciID": STRING},
)
_IP = Struct(68, "", {"Interface": INT, "Address": _NETWORK, "Gateway": BYTES})
_ROUTE = Struct(
    71,
    "",
    {
        "Dst": _NETWORK,
        "GW": BYTES,
        "MTU": INT,
        "AdvMSS": INT,
        "Priority": INT,
        "Table": INT,
        "Scope": INT,
    },
)
_STRINGS = Slice(74, "[]string", STRING)
_DNS = Struct(73, "DNS", {"Nameservers": _STRINGS, "Domain": STRING, "Search": _STRINGS, "Options": _STRINGS})
RESULT = Struct(
    65,
    "Result",
    {
        "CNIVersion": STRING,
        "Interfaces": Slice(67, "[]*types100.Interface", _INTERFACE),
        "IPs": Slice(70, "[]*types100.IPConfig", _IP),
        "Routes": Slice(72, "[]*types.Route", _ROUTE),
        "DNS": _DNS,
    },
)


class NoDaemon(CniError):
    """Nobody listens at the daemon's socket."""


class Daemon:
    """A connection to the daemon at a socket: `with Daemon(path) as daemon:`.

    Entering raises CniError 11 when nobody answers there, and of these NoDaemon when nobody listens.
    """

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self.path = path
        self._patience = patience
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)

    def __enter__(self) -> Self:
        try:
            self._wait_at_most(DIAL_PATIENCE)
            self._dial()
            self._wait_at_most(self._patience)
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def call(self, method: str, arguments: Mapping[str, Plain]) -> dict[str, Plain]:
        """Return the daemon's reply; raises CniError with its words, or that there is none."""
        encoder, decoder = gob.Encoder(), gob.Decoder()
        try:
            self._socket.sendall(
                encoder.encode(REQUEST, {"ServiceMethod": method}) + encoder.encode(ARGUMENTS, arguments)
            )
            header = self._struct(decoder)
            error = str(header.get("Error", ""))
            if not error:
                return self._struct(decoder)
        except BlockingIOError:
            raise CniError(
                TRY_AGAIN_LATER,
                f"error calling {method}: no answer within {self._patience:g} seconds",
                f"the DHCP daemon at {self.path} is busy or stuck; its log says with what",
            ) from None
        except OSError as failure:
            raise self._broken(method, reason_of(failure)) from None
        except (EOFError, GobError) as failure:
            raise self._broken(method, str(failure)) from None
        if error == NO_LEASE:
            details = f"no DHCP server gave a lease; the log of the daemon at {self.path} says what was tried"
            raise CniError(TRY_AGAIN_LATER, f"error calling {method}: {error}", details)
        raise CniError(INTERNAL, f"error calling {method}: {error}")

    def _dial(self) -> None:
        operation = "connect"
        try:
            self._socket.connect(self.path)
            operation = "read"
            self._socket.sendall(CONNECT)
            line = self._head().partition(b"\n")[0].decode(errors="replace").rstrip("\r")
        except BlockingIOError:
            raise self._refused(operation, f"no answer within {DIAL_PATIENCE:g} seconds") from None
        except OSError as failure:
            kind = NoDaemon if failure.errno in (errno.ENOENT, errno.ECONNREFUSED) else CniError
            raise self._refused(operation, reason_of(failure), kind) from None
        except EOFError as failure:
            raise self._refused(operation, str(failure)) from None
        answer = line.partition(" ")[2]
        if answer != "200 Connected to Go RPC":
            raise self._refused(operation, f"unexpected HTTP response: {answer or line}")

    def _head(self) -> bytes:
        """Read the lines before the answers, up to an empty one."""
        head = b""
        while not head.endswith((b"\n\n", b"\n\r\n")) and len(head) < 1 << 12:
            head += self._receive(1)
        return head

    def _struct(self, decoder: gob.Decoder) -> dict[str, Plain]:
        while True:
            first = self._receive(1)
            size = int.from_bytes(self._receive(gob.following(first)) or first, "big")
            if size > gob.LONGEST:
                raise GobError(f"a message of {size} bytes")
            found = decoder.decode(self._receive(size))
            if found is not None:
                return found

    def _receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            piece = self._socket.recv(size - len(received))
            if not piece:
                raise EOFError("unexpected EOF")
            received += piece
        return received

    def _wait_at_most(self, seconds: float) -> None:
        # Unlike a timeout of Python's, this lets connect(2) wait while the daemon's queue is full.
        limit = pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
        for option in (_socket.SO_RCVTIMEO, _socket.SO_SNDTIMEO):
            self._socket.setsockopt(_socket.SOL_SOCKET, option, limit)

    def _refused(self, operation: str, reason: str, kind: type[CniError] = CniError) -> CniError:
        return kind(
            TRY_AGAIN_LATER,
            f"error dialing DHCP daemon: dial unix {self.path}: {operation}: {reason}",
            "start it: systemctl start cni-dhcp.socket, or cnictl dhcp daemon",
        )

    def _broken(self, method: str, reason: str) -> CniError:
        return CniError(INTERNAL, f"error calling {method}: {reason}", f"from the DHCP daemon at {self.path}")


def result_of(reply: Mapping[str, Plain]) -> Result:
    """Return the addresses and routes of a reply to Allocate; raises GobError."""
    return Result(
        ips=[
            IPConfig(_prefix(one.get("Address")), _address(one.get("Gateway")))
            for one in _structs(reply.get("IPs"))
        ],
        routes=[
            Route(
                _prefix(one.get("Dst")),
                _address(one.get("GW")),
                mtu=_number(one.get("MTU")) or 0,
                advmss=_number(one.get("AdvMSS")) or 0,
                priority=_number(one.get("Priority")) or 0,
                table=_number(one.get("Table")),
                scope=_number(one.get("Scope")),
            )
            for one in _structs(reply.get("Routes"))
        ],
    )


def reply_of(ips: Sequence[IPConfig], routes: Sequence[Route], priority: int) -> dict[str, Plain]:
    """Return the reply to Allocate that has these addresses and routes, whose metric is `priority`.

    The metric is the daemon's to give: the Go plugin prints what it was answered.
    """
    return {
        "IPs": [
            {"Address": _network(one.address), "Gateway": one.gateway.packed if one.gateway else b""}
            for one in ips
        ],
        "Routes": [
            {
                "Dst": _network(one.dst),
                "GW": one.gw.packed if one.gw else b"",
                "Priority": priority,
                "Scope": one.scope or 0,
            }
            for one in routes
        ],
        "DNS": {},
    }


def _network(prefix: Prefix) -> Plain:
    return {"IP": prefix.address.packed, "Mask": prefix.netmask.packed}


def _prefix(value: Plain | None) -> Prefix:
    if not isinstance(value, dict):
        raise GobError("a network is missing")
    address, mask = _address(value.get("IP")), value.get("Mask")
    if address is None or not isinstance(mask, bytes) or len(mask) not in (4, 16):
        raise GobError("a network without address or mask")
    length = int.from_bytes(mask, "big").bit_count() - max(0, len(mask) * 8 - address.bits)
    if not 0 <= length <= address.bits:
        raise GobError("an address and a mask of two families")
    return Prefix(address, length)


def _address(value: Plain | None) -> Address | None:
    if not value:
        return None
    if not isinstance(value, bytes) or len(value) not in (4, 16):
        raise GobError("an address that is none")
    return Address(value)


def _number(value: Plain | None) -> int | None:
    return value if isinstance(value, int) else None


def _structs(value: Plain | None) -> list[dict[str, Plain]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise GobError("no list where one belongs")
    return [one for one in value if isinstance(one, dict)]
