"""Tracked UDP flows are forgotten by their original destination port, and no others."""

from __future__ import annotations

import re
import socket
from typing import Literal

import pytest

from cnictl.netfilter import conntrack, nft
from cnictl.netfilter.program import NetfilterError
from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import NetlinkError
from cnictl.sandbox.node import Node
from tests import witness

LOOPBACK = {4: "127.0.0.1", 6: "::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
TRACK = (
    "add table inet t\nadd chain inet t raw { type filter hook output priority -300 ; }\n"
    "add rule inet t raw udp dport 7003 ct zone set 5\n"
    "add chain inet t c { type filter hook output priority 0 ; }\nadd rule inet t c ct state new counter\n"
)


def send(version: Literal[4, 6], kind: socket.SocketKind, port: int, source: int = 0) -> None:
    """Begin a flow to a port of the node itself."""
    with socket.socket(FAMILY[version], kind) as sender:
        sender.bind((LOOPBACK[version], source))
        try:
            sender.connect((LOOPBACK[version], port))
            sender.send(b"x")
        except ConnectionRefusedError:  # nobody listens, but it was tracked
            pass


def tracked(node: Node, version: Literal[4, 6] = 4) -> list[str]:
    """Protocol and original destination port of what is tracked."""
    found = (re.match(r"(\w+).*? dport=(\d+)", line) for line in witness.conntrack(node, version=version))
    return sorted(f"{one[1]} {one[2]}" for one in found if one)


@pytest.fixture
def tracking(inside: Node) -> Node:
    """A node that tracks connections, each to a refusing port with a reply that is not tracked apart."""
    nft.apply(TRACK)
    return inside


@pytest.mark.parametrize("version", [4, 6])
def test_udp_flows_to_the_port_are_forgotten(tracking: Node, version: Literal[4, 6]) -> None:
    """Of the flows of a family those of UDP to the port go, whatever their source; all others stay."""
    for source in (6001, 6002):
        send(version, socket.SOCK_DGRAM, 7001, source)
    send(version, socket.SOCK_DGRAM, 7002, 7001)  # the port as a source
    send(version, socket.SOCK_DGRAM, 7003)  # in another zone
    other: Literal[4, 6] = 6 if version == 4 else 4
    send(other, socket.SOCK_DGRAM, 7001)
    with socket.create_server((LOOPBACK[version], 7001), family=FAMILY[version]):
        send(version, socket.SOCK_STREAM, 7001)
    assert tracked(tracking, version) == ["tcp 7001", "udp 7001", "udp 7001", "udp 7002", "udp 7003"]
    assert conntrack.forget_udp(version, 7001) == 2
    assert conntrack.forget_udp(version, 7003) == 1
    assert tracked(tracking, version) == ["tcp 7001", "udp 7002"]
    assert tracked(tracking, other) == ["udp 7001"]
    assert conntrack.forget_udp(version, 7001) == 0


def test_flows_are_found_without_the_kernels_help(tracking: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels before 5.8 refuse or ignore the filter; the right entries are found among all of them."""
    read = Channel.read
    listed = []

    def old(channel: Channel, kind: int, body: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        if len(body) > 4:
            raise NetlinkError(what, 22)
        listed.extend(read(channel, kind, body, what, dump=dump))
        return listed

    send(4, socket.SOCK_DGRAM, 7001)
    send(4, socket.SOCK_DGRAM, 7002)
    monkeypatch.setattr(Channel, "read", old)
    assert conntrack.forget_udp(4, 7001) == 1
    assert len(listed) == 2
    assert tracked(tracking) == ["udp 7002"]


def test_the_kernel_filters_where_it_can(tracking: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many flows only those that match are handed over."""
    read = Channel.read
    listed = []

    def noting(channel: Channel, kind: int, body: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        answers = read(channel, kind, body, what, dump=dump)
        listed.append(len(answers))
        return answers

    monkeypatch.setattr(Channel, "read", noting)
    for port in range(7100, 7150):
        send(4, socket.SOCK_DGRAM, port)
    assert len(tracked(tracking)) == 50
    assert conntrack.forget_udp(4, 7120) == 1
    assert listed == [1]
    assert len(tracked(tracking)) == 49


@pytest.mark.usefixtures("inside")
def test_a_refusal_is_told_with_protocol_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are those of the Go plugins."""

    def refuse(_: Channel, __: int, ___: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        raise NetlinkError(what, 1 if dump else 0)

    monkeypatch.setattr(Channel, "read", refuse)
    with pytest.raises(NetfilterError) as raised:
        conntrack.forget_udp(4, 8081)
    assert str(raised.value) == (
        "error deleting connection tracking state for protocol: 17 Port: 8081, error: operation not permitted"
    )
