"""Ports of bridges on a real kernel."""

from __future__ import annotations

import pytest

from cnictl.netlink.rtnl import BridgeVlan, Link, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.netlink.conftest import required


@pytest.fixture
def port(host: Rtnl, veth: Link) -> Link:
    """The node's end of the pair, a port of `cni0`."""
    assert veth.peer
    bridge = host.add_bridge("cni0")
    host.set_up(bridge)
    host.set_master(host.link("veth1"), bridge.index)
    return host.link("veth1")


@pytest.mark.parametrize("on", [True, False])
def test_hairpin_and_isolation_arrive(node: Node, host: Rtnl, port: Link, on: bool) -> None:
    """What is set is what `bridge link` shows, and what is read back with the link."""
    host.set_hairpin(port, on)
    host.set_isolated(port, on)
    (shown,) = witness.bridge(node, "link", "show", "dev", "veth1")
    assert (shown["hairpin"], shown["isolated"]) == (on, on)
    link = host.link("veth1")
    assert (link.hairpin, link.isolated) == (on, on)


def test_what_is_no_port_is_refused(host: Rtnl, port: Link) -> None:
    """A bridge has no hairpin mode of its own."""
    bridge = host.link_by_index(port.master)
    with pytest.raises(NetlinkError) as refusal:
        host.set_hairpin(bridge, True)
    assert refusal.value.reason == "operation not supported"
    assert str(refusal.value).startswith('set hairpin on for "cni0": ')


def test_a_bridge_that_filters_nothing_has_no_vlans_to_show_or_the_default(host: Rtnl, port: Link) -> None:
    """Without VLAN filtering in the kernel the list is empty; with it VLAN 1 is there from the start."""
    assert host.bridge_vlans(port) in ([], [BridgeVlan(1, pvid=True, untagged=True)])


@pytest.mark.kernel_lane
def test_vlans_of_a_port_come_and_go(node: Node, host: Rtnl, inside: Rtnl) -> None:
    """Native, tagged and removed VLANs are what `bridge vlan` shows."""
    with required():
        host.add_bridge("cni0", vlan_filtering=True)
    inside.add_veth("eth0", peer="veth1", peer_netns=host)
    port = host.link("veth1")
    host.set_master(port, host.link("cni0").index)
    assert host.bridge_vlans(port) == [BridgeVlan(1, pvid=True, untagged=True)]
    host.delete_bridge_vlan(port, 1)
    host.add_bridge_vlan(port, 100, pvid=True, untagged=True)
    for vid in (7, 4094):
        host.add_bridge_vlan(port, vid)
    assert host.bridge_vlans(port) == [
        BridgeVlan(7),
        BridgeVlan(100, pvid=True, untagged=True),
        BridgeVlan(4094),
    ]
    (shown,) = witness.bridge(node, "vlan", "show", "dev", "veth1")
    assert [(one["vlan"], set(one.get("flags", []))) for one in shown["vlans"]] == [
        (7, set()),
        (100, {"PVID", "Egress Untagged"}),
        (4094, set()),
    ]
    with pytest.raises(NetlinkError):
        host.add_bridge_vlan(port, 4095)
