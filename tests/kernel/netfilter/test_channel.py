"""When sockets of nfnetlink are closed: at once, or together when a block ends."""

from __future__ import annotations

import os

import pytest

from cnictl.netfilter import nft, removal
from cnictl.netfilter.channel import MOST, closed_together
from cnictl.netfilter.iptables import Tables
from cnictl.netfilter.rule import Rule
from cnictl.netlink.errors import NetlinkError

pytestmark = pytest.mark.usefixtures("inside")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_outside_of_a_block_a_socket_is_closed_at_once() -> None:
    before = descriptors()
    assert not nft.has_chain("ip", "nat", "CNI-A")
    assert descriptors() == before


def test_a_block_closes_its_sockets_when_it_ends() -> None:
    """What is removed in it is gone at once: only the kernel's memory of it is waited for."""
    rule = Rule("CNI-A", "-d", "10.0.0.2/32", "-j", "ACCEPT")
    Tables(4).restore(f"*nat\n-N CNI-A\n{rule.command('-A')}\nCOMMIT\n")
    before = descriptors()
    with closed_together():
        assert removal.remove(4, "nat", [], "CNI-A")
        assert not nft.has_chain("ip", "nat", "CNI-A")
        assert descriptors() > before
    assert descriptors() == before


def test_a_failure_leaves_no_socket() -> None:
    before = descriptors()
    with pytest.raises(NetlinkError), closed_together():
        nft.remove_together("ip", "nat", {}, "CNI-MISSING")
    assert descriptors() == before


def test_a_block_within_a_block_leaves_its_sockets_to_that() -> None:
    before = descriptors()
    with closed_together():
        with closed_together():
            nft.has_chain("ip", "nat", "CNI-A")
        assert descriptors() == before + 1
    assert descriptors() == before


def test_no_block_holds_many_sockets() -> None:
    """As garbage collection of thousands of containers would otherwise."""
    before = descriptors()
    with closed_together():
        for _ in range(2 * MOST):
            nft.has_chain("ip", "nat", "CNI-A")
        assert descriptors() == before + MOST
    assert descriptors() == before
