"""vlan on a real kernel: what ADD makes, who reaches whom, what CHECK notices, what DEL leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.stacked import addresses, kept, link, names, reservations
from tests.kernel.plugins.traffic import Serve, ask

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
in_machine = pytest.mark.kernel_lane
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24"}


@pytest.fixture(autouse=True)
def _uplink(uplink: str) -> None:
    """Every test has a master on its node."""


def vlan(vlan_id: int = 100, **keys: Any) -> dict[str, Any]:
    """A configuration of vlan with addresses."""
    return {"type": "vlan", "master": "uplink", "vlanId": vlan_id, "ipam": IPV4, **keys}


@in_machine
def test_life_and_traffic(attach: Attach, node: Node, serve: Serve) -> None:
    """Who is in the same VLAN of the network outside is reached, and nobody else; DEL leaves nothing."""
    ipam = {"type": "host-local", "subnet": "10.1.3.0/24"}
    first, second = attach(vlan(100, mtu=1400, ipam=ipam)), attach(vlan(200, ipam=ipam), container="c2")
    for words in (
        "link add v100 link eth0 type vlan id 100",
        "addr add 10.1.3.100/24 dev v100",
        "link set v100 up",
    ):
        node.run(["ip", *words.split()], netns="outside").checked()
    clean = kept(node, "c1", "c2")
    result = first.add()
    second.add()
    eth0 = link(node)
    data = eth0["linkinfo"]["info_data"]
    assert (eth0["linkinfo"]["info_kind"], data["id"], data["protocol"]) == ("vlan", 100, "802.1Q")
    assert data["flags"] == ["REORDER_HDR"]
    assert (eth0["link_index"], eth0["mtu"]) == (link(node, "uplink", "")["ifindex"], 1400)
    assert ("UP" in eth0["flags"], eth0["txqlen"], addresses(eth0)) == (True, 1000, ["10.1.3.2/24"])
    assert link(node, netns="c2")["mtu"] == 1500
    assert result["interfaces"] == [{"name": "eth0", "mac": eth0["address"], "sandbox": "/run/netns/c1"}]
    serve("outside", 4, 80, "outside")
    assert ask(node, "10.1.3.100", 80, "tcp udp", netns="c1", wait=20) == "outside saw 10.1.3.2"
    node.run(["ping", "-c1", "-W9", "10.1.3.100"], netns="c1").checked()
    for other in ("10.1.3.100", "10.1.3.2"):
        assert node.run(["ping", "-c1", "-W1", other], netns="c2").status == 1
    assert first.check() == second.check() == ""
    for attachment in (first, second):
        attachment.delete()
        attachment.delete()
    assert kept(node, "c1", "c2") == clean


@in_machine
def test_two_pods_of_one_vlan_talk(attach: Attach, node: Node, serve: Serve) -> None:
    """On two masters of one network; and once one of them is in another VLAN, no more."""
    for words in (
        "link add switch up type bridge",
        "link add port1 up master switch type veth peer name nic1",
        "link add port2 up master switch type veth peer name nic2",
        "link set nic1 up",
        "link set nic2 up",
    ):
        node.run(["ip", *words.split()]).checked()
    attach(vlan(7, master="nic1")).add()
    second = attach(vlan(7, master="nic2"), container="c2")
    second.add()
    serve("c2", 4, 80)
    assert ask(node, "10.1.2.3", 80, "tcp udp", netns="c1", wait=20) == "pod saw 10.1.2.2"
    second.delete()
    moved = attach(vlan(8, master="nic2"), container="c2")
    moved.add()
    assert ask(node, "10.1.2.4", 80, netns="c1", wait=2) in ("TimeoutError", "OSError")


@in_machine
def test_check_names_what_was_disturbed(attach: Attach, node: Node) -> None:
    """In words that say what is."""
    attachment = attach(vlan(mtu=1400))
    attachment.add()
    for do, undo, message in (
        ("ip -n c1 link set eth0 mtu 1300", "ip -n c1 link set eth0 mtu 1400", "eth0 has MTU 1300, not 1400"),
        (
            "ip -n c1 link set eth0 address 02:00:00:00:00:99",
            "ip -n c1 link delete eth0",
            "eth0 has MAC address 02:00:00:00:00:99, not ",
        ),
        (
            "ip link add eth0 link uplink netns c1 type vlan id 101",
            "ip -n c1 link delete eth0",
            "eth0 has VLAN ID 101, not 100 in /run/netns/c1",
        ),
        (
            "ip link add other type dummy; ip link add eth0 link other netns c1 type vlan id 100",
            "ip link delete other",
            "eth0 has parent other, not uplink in /run/netns/c1",
        ),
        ("ip link delete uplink", "true", "there is no link uplink; there is no link eth0"),
    ):
        node.run(["sh", "-ec", do]).checked()
        assert message in attachment.check(), do
        node.run(["sh", "-ec", undo]).checked()


@in_machine
def test_the_go_plugins_leftovers_go(attach: Attach, node: Node, go_plugins: str) -> None:
    """A repeated ADD of theirs leaves a link that it could not rename, which keeps the VLAN from others."""
    attachment = attach(vlan())
    clean = kept(node, "c1")
    node.run("ip link add eth0 type dummy".split(), netns="c1").checked()
    failed = attachment.call("ADD", attachment.plugins[0], plugins_dir=go_plugins)
    assert said(failed) == 'failed to rename vlan to "eth0": file exists'
    other = attach(vlan(), container="c2")
    refused = said(other.call("ADD", other.plugins[0]))
    assert refused.startswith("failed to create vlan: file exists; ")
    assert refused.endswith("each VLAN can be on uplink only once, in whichever container")
    attachment.delete()
    assert kept(node, "c1") == clean
    other.add()


@in_machine
def test_a_failed_add_leaves_nothing(attach: Attach, node: Node) -> None:
    """Whether the name is taken, there are no addresses, or a route leads nowhere."""
    attachment = attach(vlan())
    clean = kept(node, "c1")
    nowhere = [{"dst": "192.168.0.0/16", "gw": "10.9.9.9"}]
    for ipam, message in (
        ({}, "failed to execute IPAM delegate: no plugin name provided"),
        ({**IPV4, "subnet": "x"}, "failed to execute IPAM delegate: invalid CIDR address: x"),
        ({**IPV4, "routes": nowhere}, "failed to add route '192.168.0.0/16 via 10.9.9.9 dev eth0 metric 0'"),
    ):
        failed = attachment.call("ADD", vlan(ipam=ipam))
        assert said(failed).startswith(message)
        assert kept(node, "c1") == clean, message
    node.run("ip link add eth0 type dummy".split(), netns="c1").checked()
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith('failed to rename vlan to "eth0": file exists; eth0 is already in ')
    node.run("ip link delete eth0".split(), netns="c1").checked()
    assert kept(node, "c1") == clean


@in_machine
def test_a_master_inside_the_container(attach: Attach, node: Node) -> None:
    """With linkInContainer, and number 0, which is a priority."""
    attachment = attach(vlan(0, master="inner", linkInContainer=True))
    node.run("ip link add inner up mtu 1300 type dummy".split(), netns="c1").checked()
    clean = kept(node, "c1")
    attachment.add()
    eth0 = link(node)
    assert (eth0["link"], eth0["mtu"], eth0["linkinfo"]["info_data"]["id"]) == ("inner", 1300, 0)
    assert attachment.check() == ""
    attachment.delete()
    assert kept(node, "c1") == clean


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no master": ({"master": ""}, 7, '"master" field is required. It specifies the host interface name to '),
    "number": ({"vlanId": 4095}, 7, "invalid VLAN ID 4095 (must be between 0 and 4094 inclusive)"),
    "master": (
        {"master": "nope"},
        999,
        'failed to lookup master "nope": Link not found; it was looked for on the node',
    ),
    "master inside": (
        {"linkInContainer": True},
        999,
        'failed to lookup master "uplink": Link not found; it was looked for in /run/netns/c1',
    ),
    "MTU above the master's": (
        {"mtu": 1600},
        7,
        "invalid MTU 1600, must be [0, master MTU(1500)]; the master is uplink",
    ),
    "negative MTU": ({"mtu": -100}, 7, "invalid MTU -100, must be [0, master MTU]"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what, and nothing is left."""
    keys, code, message = REFUSED[name]
    attachment = attach(vlan(**keys))
    clean = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0])
    assert (json.loads(failed.stdout)["code"], said(failed)[: len(message)]) == (code, message)
    assert leftovers(node, "c1") == clean


@pytest.mark.parametrize(
    "keys",
    [{}, {"master": ""}, {"master": "nope"}, {"vlanId": 5000}, {"mtu": 9000}, {"linkInContainer": True}],
    ids=str,
)
@pytest.mark.parametrize("netns", ["", "/run/netns/c1", "/run/netns/gone"])
def test_del_releases_the_address_whatever_is_configured(
    attach: Attach, node: Node, keys: dict[str, Any], netns: str
) -> None:
    """It needs no master and no namespace."""
    attach({"type": "host-local", "ipam": IPV4}).add()
    attachment = attach(vlan(**keys))
    node.run("ip link add eth0 type bridge".split(), netns="c1").checked()
    assert reservations(node) == ["10.1.2.2"]
    attachment.delete(netns=netns)
    assert reservations(node) == []
    assert names(node) == (["lo"] if netns.endswith("c1") else ["eth0", "lo"])


def test_status_tells_what_add_would_refuse(attach: Attach) -> None:
    """A missing master or a small one by code 50, mistakes by code 7."""
    codes = []
    for keys in ({}, {"master": "nope"}, {"master": ""}, {"mtu": 9000}, {"vlanId": -1}):
        attachment = attach(vlan(**keys), version="1.1.0")
        done = attachment.call("STATUS", attachment.plugins[0])
        codes.append(json.loads(done.stdout)["code"] if done.status else 0)
    assert codes == [0, 50, 7, 50, 7]
