"""ipvlan on a real kernel: what ADD makes, who reaches whom, what CHECK notices, what DEL leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.stacked import addresses, kept, link, names, reservations
from tests.kernel.plugins.traffic import Serve, ask

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
in_machine = pytest.mark.kernel_lane
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}


@pytest.fixture(autouse=True)
def _uplink(uplink: str) -> None:
    """Every test has a master on its node."""


def ipvlan(**keys: Any) -> dict[str, Any]:
    """A configuration of ipvlan with addresses."""
    return {"type": "ipvlan", "master": "uplink", "ipam": IPV4, **keys}


def before(*interfaces: str, address: str = "10.1.2.77/24") -> dict[str, Any]:
    """Return the Result of a plugin before ipvlan in a list."""
    return {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": name} for name in interfaces],
        "ips": [{"address": address, "gateway": "10.1.2.1", "interface": 0}] if address else [],
        "routes": [{"dst": "192.168.0.0/16", "gw": "10.1.2.9"}],
    }


@in_machine
@pytest.mark.parametrize("mode", ["", "l3"])
def test_life_and_traffic(attach: Attach, node: Node, serve: Serve, mode: str) -> None:
    """ADD makes the link with the master's MAC address, two pods talk, CHECK agrees, DEL leaves nothing."""
    first, second = attach(ipvlan(mode=mode, mtu=1400)), attach(ipvlan(mode=mode), container="c2")
    clean = kept(node, "c1", "c2")
    result = first.add()
    second.add()
    master, eth0 = link(node, "uplink", ""), link(node)
    assert (eth0["linkinfo"]["info_kind"], eth0["linkinfo"]["info_data"]["mode"]) == ("ipvlan", mode or "l2")
    assert (eth0["link_index"], eth0["address"]) == (master["ifindex"], master["address"])
    assert (eth0["mtu"], "UP" in eth0["flags"], addresses(eth0)) == (1400, True, ["10.1.2.2/24"])
    assert (link(node, netns="c2")["mtu"], eth0["txqlen"]) == (1500, 1000)
    (default,) = witness.ip(node, "route", "show", "default", netns="c1")
    assert default["gateway"] == "10.1.2.1"
    assert witness.sysctl(node, "net/ipv4/conf/eth0/arp_notify", netns="c1") == "1"
    assert witness.sysctl(node, "net/ipv6/conf/eth0/ndisc_notify", netns="c1") == "1"
    assert result["interfaces"] == [{"name": "eth0", "mac": master["address"], "sandbox": "/run/netns/c1"}]
    serve("c2", 4, 80)
    assert ask(node, "10.1.2.3", 80, "tcp udp", netns="c1", wait=20) == "pod saw 10.1.2.2"
    node.run(["ping", "-c1", "-W9", "10.1.2.3"], netns="c1").checked()
    outside = node.run(["ping", "-c1", "-W2", "10.1.2.9"], netns="c1")
    assert outside.status == (1 if mode else 0), "who is outside has no route to a pod of the others"
    assert first.check() == second.check() == ""
    for attachment in (first, second):
        attachment.delete()
        attachment.delete()
    assert kept(node, "c1", "c2") == clean


@in_machine
def test_check_names_what_was_disturbed(attach: Attach, node: Node) -> None:
    """In words that say what is; the mode may be changed by another container on the same master."""
    attachment = attach(ipvlan(mtu=1400))
    attachment.add()
    node.new_netns("c2")
    for do, undo, message in (
        ("ip -n c1 link set eth0 mtu 1300", "ip -n c1 link set eth0 mtu 1400", "eth0 has MTU 1300, not 1400"),
        (
            "ip link add x link uplink netns c2 type ipvlan mode l3",
            "ip -n c1 link set eth0 type ipvlan mode l2",
            "eth0 has mode l3, not l2 in /run/netns/c1",
        ),
        (
            "ip -n c1 route del default",
            "ip -n c1 route add default via 10.1.2.1",
            "route default via 10.1.2.1 dev eth0 is missing",
        ),
        (
            "ip -n c1 addr del 10.1.2.2/24 dev eth0; ip -n c1 addr add 10.1.2.5/24 dev eth0",
            "ip -n c1 link delete eth0",
            "eth0 has lost address 10.1.2.2/24 in /run/netns/c1",
        ),
        (
            "ip link add other type dummy; ip link add eth0 link other netns c1 type ipvlan mode l2",
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
    """A repeated ADD of theirs leaves a link that it could not rename, and the address."""
    attachment = attach(ipvlan())
    clean = kept(node, "c1")
    attachment.add(go_plugins)
    failed = attachment.call("ADD", attachment.plugins[0], plugins_dir=go_plugins)
    assert said(failed) == 'failed to rename ipvlan to "eth0": file exists'
    assert len(names(node)) == 3
    attachment.delete()
    assert kept(node, "c1") == clean


@in_machine
def test_it_works_on_what_an_earlier_plugin_made(attach: Attach, node: Node) -> None:
    """Its one interface is the master, and without ipam its addresses and routes are taken over."""
    chained = {"type": "ipvlan", "mode": "l3"}
    attachment = attach(chained)
    attachment.result = before("uplink")
    clean = kept(node, "c1")
    result = attachment.add()
    assert [one["name"] for one in result["interfaces"]] == ["eth0"]
    assert result["ips"] == [{"address": "10.1.2.77/24", "gateway": "10.1.2.1", "interface": 0}]
    assert addresses(link(node)) == ["10.1.2.77/24"]
    (other,) = witness.ip(node, "route", "show", "192.168.0.0/16", netns="c1")
    assert other["gateway"] == "10.1.2.9"
    assert attachment.check() == ""
    attachment.delete()
    assert kept(node, "c1") == clean


@in_machine
def test_a_master_inside_the_container_found_by_the_default_route(attach: Attach, node: Node) -> None:
    """linkInContainer looks there, and so does the search for the default route."""
    attachment = attach(ipvlan(master="", mode="l3s", linkInContainer=True, ipam={**IPV4, "routes": []}))
    for words in (
        "link add inner up mtu 1300 type dummy",
        "addr add 192.0.2.2/24 dev inner",
        "route add default via 192.0.2.1",
    ):
        node.run(["ip", *words.split()], netns="c1").checked()
    clean = kept(node, "c1")
    attachment.add()
    eth0 = link(node)
    assert (eth0["link"], eth0["mtu"], eth0["linkinfo"]["info_data"]["mode"]) == ("inner", 1300, "l3s")
    assert attachment.check() == ""
    attachment.delete()
    assert kept(node, "c1") == clean


@in_machine
def test_a_master_with_macvlan_links_has_no_room(attach: Attach, node: Node) -> None:
    """The kernel says that it is busy, and we say with what."""
    node.run("ip link add other link uplink type macvlan".split()).checked()
    attachment = attach(ipvlan())
    failed = said(attachment.call("ADD", attachment.plugins[0]))
    assert failed.startswith("failed to create ipvlan: device or resource busy; ")
    assert failed.endswith("uplink carries links of another kind, or is a port of a bridge or bond")
    assert names(node) == ["lo"]


@in_machine
def test_a_failed_add_leaves_nothing(attach: Attach, node: Node) -> None:
    """Whether the name is taken, there are no addresses, or a route leads nowhere."""
    attachment = attach(ipvlan())
    clean = kept(node, "c1")
    nowhere = [{"dst": "192.168.0.0/16", "gw": "10.9.9.9"}]
    for ipam, message in (
        ({}, "no plugin name provided"),
        ({"type": "static"}, "IPAM plugin returned missing IP config"),
        ({**IPV4, "routes": nowhere}, "failed to add route '192.168.0.0/16 via 10.9.9.9 dev eth0 metric 0'"),
    ):
        failed = attachment.call("ADD", ipvlan(ipam=ipam))
        assert said(failed).startswith(message)
        assert kept(node, "c1") == clean, message
    attachment.add()
    once = kept(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith('failed to rename ipvlan to "eth0": file exists; eth0 is already in ')
    assert kept(node, "c1") == once


LACKS = "chained master failure. PrevResult lacks a single named interface"
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any] | None, int, str]] = {
    "mode": ({"mode": "bridge"}, None, 7, 'unknown ipvlan mode: "bridge"; there are l2, l3, l3s'),
    "master": (
        {"master": "nope"},
        None,
        999,
        'failed to lookup master "nope": Link not found; it was looked for on the node',
    ),
    "no default route": (
        {"master": ""},
        None,
        999,
        'no default route interface found; name a "master", or add a default route on the node',
    ),
    "master of an earlier plugin": (
        {"master": ""},
        before("nope"),
        999,
        'failed to lookup master "nope": Link not found; it was looked for on the node',
    ),
    "two interfaces": (
        {"master": ""},
        before("cni0", "veth1"),
        7,
        f'{LACKS}; it has cni0, veth1; say in "master" which one to sit on',
    ),
    "no interface": (
        {"master": ""},
        before(),
        7,
        f'{LACKS}; it has none; say in "master" which one to sit on',
    ),
    "Result of another family": (
        {},
        {"cniVersion": "0.4.0"},
        1,
        "could not parse prevResult: result type supports [1.0.0 1.1.0] but unmarshalled",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what, and nothing is left."""
    keys, given, code, message = REFUSED[name]
    attachment = attach(ipvlan(**keys))
    attachment.result = given
    clean = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0])
    assert (json.loads(failed.stdout)["code"], said(failed)[: len(message)]) == (code, message)
    assert leftovers(node, "c1") == clean


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"mode": "bridge"},
        {"master": "nope"},
        {"master": ""},
        {"master": "", "prevResult": before("a", "b")},
        {"prevResult": {"cniVersion": "0.4.0"}},
        {"linkInContainer": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("netns", ["", "/run/netns/c1", "/run/netns/gone"])
def test_del_releases_the_address_whatever_is_configured(
    attach: Attach, node: Node, keys: dict[str, Any], netns: str
) -> None:
    """It needs no master, no default route, no namespace, and no plugin before it."""
    attach({"type": "host-local", "ipam": IPV4}).add()
    attachment = attach(ipvlan(**keys))
    node.run("ip link add eth0 type bridge".split(), netns="c1").checked()
    assert reservations(node) == ["10.1.2.2"]
    attachment.delete(netns=netns)
    assert reservations(node) == []
    assert names(node) == (["lo"] if netns.endswith("c1") else ["eth0", "lo"])


def test_status_tells_that_there_is_no_master(attach: Attach) -> None:
    """By code 50; without one in the configuration an earlier plugin may make it."""
    codes = []
    for keys in ({}, {"master": "nope"}, {"master": ""}, {"mode": "x"}, {"mtu": 9000}):
        attachment = attach(ipvlan(**keys), version="1.1.0")
        done = attachment.call("STATUS", attachment.plugins[0])
        codes.append(json.loads(done.stdout)["code"] if done.status else 0)
    assert codes == [0, 50, 0, 7, 0]
