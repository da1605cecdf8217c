"""The socket on a real kernel: interrupted dumps, answers that fail to come, datagrams of any size."""

from __future__ import annotations

import _socket
import errno
import struct
from collections.abc import Callable
from typing import NoReturn

import pytest

from cnictl.netlink import channel, message
from cnictl.netlink.rtnl import KernelRoute, Link, LinkAddress, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from cnictl.spec.address import Prefix
from tests import witness

PAIRS = 60
"""Twice that many links make a list of six datagrams, 32 KiB each; the kernel makes two ahead."""


class Disturbed(Rtnl):
    """A client beside which somebody adds a link whenever the first part of a list has come.

    The kernel then marks the rest of that list as interrupted.
    """

    def __init__(self, netns: str, times: int, *, whole: bool = False) -> None:
        super().__init__(netns, whole=whole)
        self.disturber = Rtnl(netns)
        self.times = times
        self.asked = 0

    def _send(self, kind: int, flags: int, body: bytes, what: str) -> None:
        super()._send(kind, flags, body, what)
        self.asked += 1
        self._receive_count = 0

    def _receive(self, what: str) -> list[message.Message]:
        answers = super()._receive(what)
        self._receive_count += 1
        if self._receive_count == 1 and self.asked <= self.times:
            self.disturber.add_bridge(f"new{self.asked}")
        return answers

    def close(self) -> None:
        self.disturber.close()
        super().close()


@pytest.fixture
def crowded(host: Rtnl, node: Node) -> str:
    """The path of a namespace with many links."""
    for number in range(PAIRS):
        host.add_veth(f"a{number}", peer=f"b{number}", peer_netns=host)
    return node.netns


@pytest.mark.parametrize("times", [0, 1, 4])
def test_an_interrupted_list_is_asked_for_again(
    crowded: str, node: Node, capsys: pytest.CaptureFixture[str], times: int
) -> None:
    """After the disturbance is over the list is whole, and nobody hears of it."""
    with Disturbed(crowded, times) as disturbed:
        names = [one.name for one in disturbed.links()]
        assert disturbed.asked == times + 1
    assert names == [one["ifname"] for one in witness.ip(node, "link")]
    assert {f"new{number}" for number in range(1, times + 1)} <= set(names)
    assert capsys.readouterr().err == ""


def test_a_list_that_must_be_whole_is_an_error_else(crowded: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For those who draw conclusions from what is not in it."""
    with Disturbed(crowded, 99, whole=True) as disturbed, pytest.raises(NetlinkError, match="interrupted"):
        disturbed.links()
    assert capsys.readouterr().err == ""


def test_a_list_interrupted_for_ever_is_used_as_it_is(
    crowded: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five attempts, then the last list with a line on stderr; a plugin does not fail because of it."""
    with Disturbed(crowded, 99) as disturbed:
        names = [one.name for one in disturbed.links()]
        assert disturbed.asked == 5
    assert {"lo", "a0", f"b{PAIRS - 1}"} <= set(names)
    assert capsys.readouterr().err == (
        "list links: interrupted by changes 5 times, the list may be incomplete\n"
    )


def test_the_channel_is_usable_after_a_refused_list(host: Rtnl) -> None:
    """An error in the place of a list leaves nothing behind that the next answer could be taken for."""
    with pytest.raises(NetlinkError) as refusal:
        host.read(18, struct.pack("=BxHiII", 0, 0, 4711, 0, 0), "list badly", dump=True)
    assert refusal.value.errno == errno.EINVAL
    assert refusal.value.extack
    assert [one.name for one in host.links()] == ["lo"]


def test_an_answer_that_does_not_come_is_not_waited_for_without_end(
    pod_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded, and the error says what was waited for."""
    monkeypatch.setattr(channel, "TIMEOUT", 0.05)
    with Rtnl(pod_path) as inside, pytest.raises(NetlinkError) as refusal:
        inside._receive("list links")
    assert str(refusal.value) == "list links: no answer from the kernel within 0.05 seconds"


def test_only_the_kernel_is_believed(pod_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that another process sends to our port is dropped unread."""
    monkeypatch.setattr(channel, "TIMEOUT", 0.2)
    with Rtnl(pod_path) as inside, Rtnl(pod_path) as other:
        port = inside._socket.getsockname()[0]
        forged = message.message(message.ERROR, 0, 1, bytes(20))
        other._socket.sendto(forged, (port, 0))
        inside._sequence = 1
        assert inside._socket.recv(100, _socket.MSG_PEEK) == forged
        with pytest.raises(NetlinkError, match="no answer from the kernel"):
            inside._receive("list links")


def test_an_answer_larger_than_the_buffer_is_read_whole(host: Rtnl, veth: Link) -> None:
    """As that about a network card with hundreds of virtual functions may be."""
    host._room = bytearray(64)
    assert host.link("veth1").peer == veth.index
    assert len(host._room) > 64


def test_requests_go_through_two_methods_only(pod_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change and every question can be made to fail in one place, which tests of plugins do."""

    def busy(*_: object, **__: object) -> NoReturn:
        raise NetlinkError("this", errno.EBUSY)

    def bypass(*_: object) -> NoReturn:
        raise AssertionError("a request went past change and read")

    monkeypatch.setattr(Rtnl, "change", busy)
    monkeypatch.setattr(Rtnl, "read", busy)
    monkeypatch.setattr(Rtnl, "_send", bypass)
    link, prefix = Link(1, "lo"), Prefix.parse("10.0.0.0/8")
    with Rtnl(pod_path) as channel:
        requests: dict[str, Callable[[], object]] = {
            "link": lambda: channel.link("lo"),
            "link_by_index": lambda: channel.link_by_index(1),
            "links": channel.links,
            "netns_id": lambda: channel.netns_id(channel.netns_fd),
            "add_link": lambda: channel.add_link("x", b""),
            "add_veth": lambda: channel.add_veth("x", peer="y", peer_netns=channel),
            "add_bridge": lambda: channel.add_bridge("x"),
            "delete_link": lambda: channel.delete_link(link),
            "set_up": lambda: channel.set_up(link),
            "set_down": lambda: channel.set_down(link),
            "set_promiscuous": lambda: channel.set_promiscuous(link, True),
            "set_all_multicast": lambda: channel.set_all_multicast(link, True),
            "set_master": lambda: channel.set_master(link, 2),
            "set_mac": lambda: channel.set_mac(link, "02:00:00:00:00:01"),
            "set_mtu": lambda: channel.set_mtu(link, 1400),
            "set_txqlen": lambda: channel.set_txqlen(link, 0),
            "set_alias": lambda: channel.set_alias(link, "x"),
            "rename": lambda: channel.rename(link, "x"),
            "set_netns": lambda: channel.set_netns(link, channel),
            "set_hairpin": lambda: channel.set_hairpin(link, True),
            "set_isolated": lambda: channel.set_isolated(link, True),
            "bridge_vlans": lambda: channel.bridge_vlans(link),
            "add_bridge_vlan": lambda: channel.add_bridge_vlan(link, 1),
            "delete_bridge_vlan": lambda: channel.delete_bridge_vlan(link, 1),
            "addresses": channel.addresses,
            "add_address": lambda: channel.add_address(link, prefix),
            "delete_address": lambda: channel.delete_address(link, prefix),
            "restore_address": lambda: channel.restore_address(link, LinkAddress(prefix, 1)),
            "routes": channel.routes,
            "dump_routes": lambda: channel.dump_routes(_socket.AF_INET, None),
            "add_route": lambda: channel.add_route(prefix),
            "delete_route": lambda: channel.delete_route(prefix),
            "write_route": lambda: channel.write_route(KernelRoute(prefix)),
            "remove_route": lambda: channel.remove_route(KernelRoute(prefix)),
            "neighbours": lambda: channel.neighbours(link),
            "set_neighbour": lambda: channel.set_neighbour(link, prefix.address, "02:00:00:00:00:01"),
            "delete_neighbour": lambda: channel.delete_neighbour(link, prefix.address),
            "tunnel_entries": lambda: channel.tunnel_entries(link),
            "set_tunnel_entry": lambda: channel.set_tunnel_entry(link, "02:00:00:00:00:01", prefix.address),
            "delete_tunnel_entry": lambda: channel.delete_tunnel_entry(
                link, "02:00:00:00:00:01", prefix.address
            ),
            "route_to": lambda: channel.route_to(prefix.address),
        }
        public = {name for name in dir(Rtnl) if not name.startswith("_")}
        lists = {"datagrams", "has", "may_mention", "unparsed"}
        changes = {"change", "change_together"}
        assert requests.keys() == public - lists - changes - {"read", "close", "netns_fd", "netns_cookie"}
        for request in requests.values():
            with pytest.raises(NetlinkError, match="resource busy"):
                request()
