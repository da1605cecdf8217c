"""vxlan: the entries for other nodes follow the files that describe them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.overlay import (
    FLOOD,
    MAC2,
    REMOTES,
    UNDERLAY,
    bridged,
    entries,
    give_underlay,
    neighbours,
    put_remote,
    remove_remote,
    routed,
    routes,
    shell,
)

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]


@pytest.fixture(autouse=True)
def _underlay(node: Node) -> None:
    give_underlay(node)


def test_remotes_come_and_go_with_their_files(attach: Attach, node: Node) -> None:
    """The next ADD takes note: one more, one that has changed its address, one that is gone."""
    network = routed(remotes=[], remotesDir=REMOTES)
    put_remote(node, "node2", vtep="192.0.2.2", podCIDRs=["10.244.2.0/24"])
    put_remote(node, "node3", vtep="192.0.2.3", vtepMAC="02:00:00:00:00:03", podCIDRs=["10.244.3.0/24"])
    attach(network).add()
    assert entries(node) == {(MAC2, "192.0.2.2"), ("02:00:00:00:00:03", "192.0.2.3")}
    put_remote(node, "node2", vtep="192.0.2.22", vtepMAC=MAC2, podCIDRs=["10.244.2.0/24"])
    put_remote(node, "node4", vtep="192.0.2.4", vtepMAC="02:00:00:00:00:04", podCIDRs=["10.244.4.0/24"])
    remove_remote(node, "node3")
    last = attach(network, container="c2")
    last.add()
    assert entries(node) == {(MAC2, "192.0.2.22"), ("02:00:00:00:00:04", "192.0.2.4")}
    assert neighbours(node) == {("10.244.2.0", MAC2), ("10.244.4.0", "02:00:00:00:00:04")}
    assert {one.split()[0] for one in routes(node)} == {
        "10.244.1.0/24",
        "fd00:1::/64",
        "10.244.2.0/24",
        "10.244.4.0/24",
    }
    assert last.check() == ""


def test_what_was_learned_of_a_node_goes_with_it(attach: Attach, node: Node) -> None:
    """Or frames would go to where the pod was, until the entry is old; what others taught stays."""
    network = bridged(remotes=[], remotesDir=REMOTES)
    for number in (2, 3):
        put_remote(node, f"node{number}", vtep=f"192.0.2.{number}")
    attach(network).add()
    for number in (2, 3):
        shell(node, f"bridge fdb add 02:00:00:00:00:0{number} dev vxlan.4096 dst 192.0.2.{number} dynamic")
    remove_remote(node, "node3")
    attach(network, container="c2").add()
    shown = witness.bridge(node, "fdb", "show", "dev", "vxlan.4096")
    assert {(one["mac"], one["dst"]) for one in shown if "dst" in one} == {
        (FLOOD, "192.0.2.2"),
        ("02:00:00:00:00:02", "192.0.2.2"),
    }


def test_a_file_that_cannot_be_read_takes_nothing_away(attach: Attach, node: Node) -> None:
    """Pods come up; the entries of its node stay until it makes sense again, or is gone."""
    network = routed(remotes=[], remotesDir=REMOTES)
    for number in (2, 3):
        mac = f"02:00:00:00:00:0{number}"
        put_remote(
            node, f"node{number}", vtep=f"192.0.2.{number}", vtepMAC=mac, podCIDRs=[f"10.244.{number}.0/24"]
        )
    attach(network).add()
    before = entries(node), neighbours(node), routes(node)
    shell(node, f'echo \'{{"vtep": "192.\' > {REMOTES}/node3.json')
    remove_remote(node, "node2")
    attachment = attach(network, container="c2", environment={"CNICTL_LOG": "warning"})
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 0
    assert "remote node left out" in done.stderr
    assert "node3.json: unexpected end of JSON input" in done.stderr
    assert (entries(node), neighbours(node), routes(node)) == before
    remove_remote(node, "node3")
    attach(network, container="c3").add()
    assert (entries(node), neighbours(node)) == (set(), set())


def test_a_route_of_somebody_else_is_left_alone(attach: Attach, node: Node) -> None:
    """It is told, and the pod comes up."""
    shell(node, f"ip route add 10.244.2.0/24 via 192.0.2.7 dev {UNDERLAY}")
    attachment = attach(routed(), environment={"CNICTL_LOG": "warning"})
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 0
    assert "route 10.244.2.0/24 via 10.244.2.0: there is another one: file exists" in done.stderr
    assert "10.244.2.0/24 192.0.2.7" in routes(node, UNDERLAY)
    attachment.result = json.loads(done.stdout)
    assert attachment.check() == "route 10.244.2.0/24 via 10.244.2.0 dev vxlan.4096 is missing"


def test_what_has_not_changed_is_not_read_again(attach: Attach, node: Node) -> None:
    """For a minute; then entries that somebody removed are made again, even if no file has changed."""
    network = routed(remotes=[], remotesDir=REMOTES)
    put_remote(node, "node2", vtep="192.0.2.2", podCIDRs=["10.244.2.0/24"])
    shell(node, f"touch -d '1 hour ago' {REMOTES}")
    attach(network).add()
    shell(node, "ip route del 10.244.2.0/24")
    attach(network, container="c2").add()
    assert "10.244.2.0/24 10.244.2.0 onlink" not in routes(node)
    shell(node, "touch -d '61 seconds ago' /run/cnictl/vxlan/vxlan.4096.stamp")
    attach(network, container="c3").add()
    assert "10.244.2.0/24 10.244.2.0 onlink" in routes(node)
    shell(node, "ip link del vxlan.4096")
    attach(network, container="c4").add()
    assert "10.244.2.0/24 10.244.2.0 onlink" in routes(node)
