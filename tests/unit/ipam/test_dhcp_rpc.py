"""Calls and replies, held against what the Go plugin and the Go daemon sent.

Those of 1.1.1 were recorded on a socket; those of 1.9.1 are what a build of that release sends, down to the
numbers of its types.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnictl.ipam import dhcp_rpc, gob
from cnictl.ipam.dhcp_rpc import (
    ALLOCATE,
    ARGUMENTS,
    CONNECTED,
    NOTHING,
    RELEASE,
    REQUEST,
    RESPONSE,
    RESULT,
    Daemon,
)
from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import CniError
from cnictl.spec.result import IPConfig, Route
from tests.unit.ipam.test_gob import decoded

RECORDED = Path(__file__).parents[3] / "testdata" / "dhcp" / "calls"
ROUTER = Address.parse("192.168.1.1")


def recorded(name: str) -> bytes:
    return bytes.fromhex((RECORDED / f"{name}.hex").read_text())


def test_the_calls_of_go():
    """Both of 1.1.1, which lacks NetnsOverride, and the one of 1.9.1 are understood."""
    header, arguments = decoded(recorded("1.9.1-allocate-call"))
    assert header == {"ServiceMethod": ALLOCATE}
    assert arguments == {
        "ContainerID": "c1",
        "Netns": "/var/run/netns/c1",
        "IfName": "eth0",
        "Path": "/opt/cni/bin",
        "StdinData": b'{"cniVersion":"1.0.0","name":"net1","ipam":{"type":"dhcp"}}',
    }
    header, arguments = decoded(recorded("1.1.1-allocate-call"))
    assert (header, arguments["Args"]) == ({"ServiceMethod": ALLOCATE}, "A=b;K8S=1")
    header, arguments = decoded(recorded("1.1.1-release-call"))
    assert (header, arguments["ContainerID"]) == ({"ServiceMethod": RELEASE}, "c1")


def test_our_call_is_that_of_go():
    """Byte for byte."""
    _, arguments = decoded(recorded("1.9.1-allocate-call"))
    encoder = gob.Encoder()
    sent = encoder.encode(REQUEST, {"ServiceMethod": ALLOCATE}) + encoder.encode(ARGUMENTS, arguments)
    assert sent == recorded("1.9.1-allocate-call")


def test_the_replies_of_go():
    """Addresses and routes of either release; an error in the header."""
    _, reply = decoded(recorded("1.9.1-allocate-reply"))
    result = dhcp_rpc.result_of(reply)
    assert result.ips == [IPConfig(Prefix.parse("192.168.1.5/24"), ROUTER)]
    assert result.routes == [Route(Prefix.default(4), ROUTER, priority=77)]
    _, reply = decoded(recorded("1.1.1-allocate-reply"))
    result = dhcp_rpc.result_of(reply)
    assert result.ips == [IPConfig(Prefix.parse("10.44.0.51/24"), Address.parse("10.44.0.1"))]
    assert result.routes == [Route(Prefix.parse("10.99.0.0/16"), Address.parse("10.44.0.1"))]
    header, nothing = decoded(recorded("1.1.1-error-reply"))
    assert header["Error"] == 'failed to Statfs "/run/netns/nope": no such file or directory'
    assert nothing == {}


@pytest.mark.parametrize(
    ("name", "method", "error", "kind", "value"),
    [
        (
            "allocate",
            ALLOCATE,
            "",
            RESULT,
            dhcp_rpc.reply_of(
                [IPConfig(Prefix.parse("192.168.1.5/24"), ROUTER)],
                [Route(Prefix.default(4), ROUTER)],
                priority=77,
            ),
        ),
        ("release", RELEASE, "", NOTHING, {}),
        ("error", ALLOCATE, "no more tries", NOTHING, {}),
    ],
    ids=["allocate", "release", "error"],
)
def test_our_replies_are_those_of_go(name: str, method: str, error: str, kind: gob.Struct, value: Any):
    """Byte for byte."""
    encoder = gob.Encoder()
    sent = encoder.encode(RESPONSE, {"ServiceMethod": method, "Error": error}) + encoder.encode(kind, value)
    assert sent == recorded(f"1.9.1-{name}-reply")


def test_addresses_of_sixteen_bytes():
    """Go may send an IPv4 address in the form of IPv6, with either mask."""
    mapped = bytes(10) + b"\xff\xff" + bytes([10, 1, 0, 2])
    for mask in (b"\xff\xff\0\0", b"\xff" * 14 + b"\0\0"):
        reply: Any = {"IPs": [{"Address": {"IP": mapped, "Mask": mask}}]}
        assert dhcp_rpc.result_of(reply).ips == [IPConfig(Prefix.parse("10.1.0.2/16"))]


@pytest.mark.parametrize(
    "reply",
    [
        {"IPs": [{}]},
        {"IPs": [{"Address": {"IP": b"abc", "Mask": b"\xff" * 4}}]},
        {"IPs": [{"Address": {"IP": b"abcd"}}]},
        {"IPs": [{"Address": {"IP": b"abcd", "Mask": bytes(16)}}]},
        {"Routes": "none"},
    ],
    ids=["no address", "three bytes", "no mask", "two families", "no list"],
)
def test_replies_that_make_no_sense(reply: Any):
    """They are a GobError."""
    with pytest.raises(gob.GobError):
        dhcp_rpc.result_of(reply)


@contextlib.contextmanager
def answering(path: Path, *pieces: bytes, hangs_up: bool = True) -> Iterator[None]:
    """Listen at a path, and answer one connection with some bytes, whatever it says."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                for piece in pieces:
                    connection.recv(1 << 16)
                    connection.sendall(piece)
                while not hangs_up and connection.recv(1 << 16):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(
    ("pieces", "code", "message"),
    [
        ([CONNECTED, recorded("1.9.1-error-reply")], 11, "error calling DHCP.Allocate: no more tries"),
        (
            [CONNECTED, recorded("1.1.1-error-reply")],
            999,
            'error calling DHCP.Allocate: failed to Statfs "/run/netns/nope": no such file or directory',
        ),
        (
            [CONNECTED, recorded("1.9.1-allocate-reply")[:-9]],
            999,
            "error calling DHCP.Allocate: unexpected EOF",
        ),
        ([CONNECTED, b"\4\0\0\0\0"], 999, "error calling DHCP.Allocate: a value of type 0"),
        ([CONNECTED, b"\xfc\x7f\0\0\0"], 999, "error calling DHCP.Allocate: a message of 2130706432 bytes"),
        (
            [b"HTTP/1.1 405 Method Not Allowed\r\n\r\n"],
            11,
            "error dialing DHCP daemon: dial unix {path}: read: unexpected HTTP response: 405 Method",
        ),
        ([b""], 11, "error dialing DHCP daemon: dial unix {path}: read: unexpected EOF"),
    ],
    ids=["no lease", "other error", "cut off", "nonsense", "too long", "no daemon of ours", "hangs up"],
)
def test_what_a_daemon_can_answer(tmp_path: Path, pieces: list[bytes], code: int, message: str):
    """Each failure has its words and its code."""
    path = tmp_path / "socket"
    with answering(path, *pieces), pytest.raises(CniError) as failed, Daemon(str(path)) as daemon:
        daemon.call(ALLOCATE, {})
    assert failed.value.code == code
    assert failed.value.msg.startswith(message.format(path=path))


def test_a_daemon_that_takes_too_long(tmp_path: Path):
    """The wait has an end, and says what it waited for."""
    path = tmp_path / "socket"
    silent = answering(path, CONNECTED, hangs_up=False)
    with silent, pytest.raises(CniError) as failed, Daemon(str(path), 0.2) as daemon:
        daemon.call(ALLOCATE, {})
    assert failed.value.code == 11
    assert failed.value.msg == "error calling DHCP.Allocate: no answer within 0.2 seconds"


@pytest.mark.parametrize("path", ["/nowhere/socket", "x" * 200])
def test_no_daemon(path: str):
    """The path and the reason are told, and what to do."""
    with pytest.raises(CniError, match="error dialing DHCP daemon: dial unix") as failed, Daemon(path):
        pass
    assert "cnictl dhcp daemon" in failed.value.details
