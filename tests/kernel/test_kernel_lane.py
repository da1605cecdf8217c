"""The virtual machine has the kinds of links that plugins make and small kernels lack."""

from __future__ import annotations

import platform

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.vm.kernel import CACHE

pytestmark = pytest.mark.kernel_lane


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dummy", "link add test0 type dummy"),
        ("vlan", "link add test0 link parent0 type vlan id 7"),
        ("ipvlan", "link add test0 link parent0 type ipvlan mode l3"),
        ("vrf", "link add test0 type vrf table 10"),
        ("bridge", "link add test0 type bridge vlan_filtering 1"),
    ],
)
def test_a_link_of_each_kind_can_be_made(node: Node, kind: str, words: str):
    """The kernel makes the link, and iproute2 sees that kind."""
    node.run("ip link add parent0 type veth peer name parent1".split()).checked()
    node.run(["ip", *words.split()]).checked()
    (link,) = witness.ip(node, "link", "show", "dev", "test0")
    assert link["linkinfo"]["info_kind"] == kind
    if kind == "bridge":
        assert link["linkinfo"]["info_data"]["vlan_filtering"] == 1


def test_this_is_a_stock_kernel():
    """The kernel that runs is one that was unpacked for the lane."""
    assert platform.release() in {path.read_text() for path in CACHE.glob("*/release")}
