"""macvlan on a real kernel: what ADD makes, who reaches whom, what CHECK notices, what DEL leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.dhcp_network import Daemon, DhcpNetwork, within
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.stacked import addresses, link, names, reservations
from tests.kernel.plugins.traffic import Serve, ask

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24"}
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.1.2.0/24", "gateway": "10.1.2.1"}], [{"subnet": "fd00:1::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}, {"dst": "192.168.0.0/16", "gw": "10.1.2.9"}],
}
MAC = "02:00:00:00:00:01"


@pytest.fixture(autouse=True)
def _uplink(uplink: str) -> None:
    """Every test has a master on its node."""


def macvlan(**keys: Any) -> dict[str, Any]:
    """A configuration of macvlan with addresses."""
    return {"type": "macvlan", "master": "uplink", "ipam": IPV4, **keys}


def layer2(**keys: Any) -> dict[str, Any]:
    """A configuration of macvlan without addresses."""
    return {"type": "macvlan", "master": "uplink", **keys}


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed; the Result has the version's form."""
    attachment = attach(macvlan(), version=version)
    before = leftovers(node, "c1")
    result = attachment.add()
    assert result["cniVersion"] == version
    if at_least(version, "0.3.0"):
        (interface,) = result["interfaces"]
        assert interface == {"name": "eth0", "mac": link(node)["address"], "sandbox": "/run/netns/c1"}
        assert result["ips"][0]["interface"] == 0
    else:
        assert result["ip4"]["ip"] == "10.1.2.2/24"
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert leftovers(node, "c1") == before


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """A macvlan on the master with all that was asked for, its addresses and routes."""
    dns = {"nameservers": ["192.0.2.53"]}
    attachment = attach(macvlan(mode="vepa", mtu=1400, mac=MAC, bcqueuelen=2000, dns=dns, ipam=DUAL))
    result = attachment.add()
    eth0 = link(node)
    assert eth0["linkinfo"]["info_kind"] == "macvlan"
    data = eth0["linkinfo"]["info_data"]
    assert (data["mode"], data["bcqueuelen"]) == ("vepa", 2000)
    (master,) = witness.ip(node, "link", "show", "dev", "uplink")
    assert eth0["link_index"] == master["ifindex"]
    assert (eth0["address"], eth0["mtu"], eth0["txqlen"], "UP" in eth0["flags"]) == (MAC, 1400, 1000, True)
    assert addresses(eth0) == ["10.1.2.2/24", "fd00:1::2/64"]
    assert {(one["dst"], one.get("gateway")) for one in witness.ip(node, "route", netns="c1")} == {
        ("default", "10.1.2.1"),
        ("10.1.2.0/24", None),
        ("192.168.0.0/16", "10.1.2.9"),
    }
    (default,) = witness.ip(node, "-6", "route", "show", "default", netns="c1")
    assert default["gateway"] == "fd00:1::1"
    assert witness.sysctl(node, "net/ipv4/conf/eth0/arp_notify", netns="c1") == "1"
    assert witness.sysctl(node, "net/ipv6/conf/eth0/ndisc_notify", netns="c1") == "1"
    assert result["dns"] == dns
    assert attachment.check() == ""


def test_without_ipam_the_interface_is_only_up(attach: Attach, node: Node) -> None:
    """No addresses, no route, and a Result that lists the interface alone."""
    attachment = attach(layer2())
    result = attachment.add()
    assert result.keys() == {"cniVersion", "interfaces"}
    eth0 = link(node)
    assert "UP" in eth0["flags"]
    assert addresses(eth0) == []
    assert witness.ip(node, "route", netns="c1") == []
    assert attachment.check() == ""
    attachment.delete()
    assert names(node) == ["lo"]


@pytest.mark.parametrize("mode", ["", "bridge", "private", "vepa", "passthru"])
def test_every_mode(attach: Attach, node: Node, mode: str) -> None:
    """An empty one counts as bridge."""
    attachment = attach(layer2(mode=mode))
    attachment.add()
    assert link(node)["linkinfo"]["info_data"]["mode"] == (mode or "bridge")
    assert attachment.check() == ""


@pytest.mark.parametrize(
    ("keys", "args", "expected"),
    [
        ({"mac": MAC}, "", MAC),
        ({"mac": "0200.0000.0001"}, "", MAC),
        ({"mac": MAC}, "IgnoreUnknown=1;MAC=02:00:00:00:00:02", "02:00:00:00:00:02"),
        (
            {"mac": MAC, "runtimeConfig": {"mac": "02:00:00:00:00:03"}},
            "MAC=02:00:00:00:00:02",
            "02:00:00:00:00:03",
        ),
        ({"mac": MAC, "RuntimeConfig": {"MAC": "02:00:00:00:00:03"}}, "", "02:00:00:00:00:03"),
        ({"mac": MAC, "args": {"cni": {"mac": "02:00:00:00:00:04"}}}, "", MAC),
    ],
    ids=["key", "with dots", "CNI_ARGS", "runtimeConfig", "capitals", "args.cni is not read"],
)
def test_precedence_of_mac(
    attach: Attach, node: Node, keys: dict[str, Any], args: str, expected: str
) -> None:
    """From lowest: the key, CNI_ARGS, runtimeConfig; CHECK finds the one that won."""
    attachment = attach(layer2(**keys), args=args)
    assert attachment.add()["interfaces"][0]["mac"] == expected
    assert link(node)["address"] == expected
    assert attachment.check() == ""


@pytest.mark.parametrize("version", [4, 6])
def test_the_master_of_the_default_route(attach: Attach, node: Node, version: int) -> None:
    """Without `master` it is that of IPv4, or else of IPv6; another default route later changes nothing."""
    commands = {
        4: ["-4 addr add 192.0.2.2/24 dev uplink", "-4 route add default via 192.0.2.1"],
        6: ["-6 addr add 2001:db8::2/64 dev uplink nodad", "-6 route add default via 2001:db8::1"],
    }
    for words in commands[version]:
        node.run(["ip", *words.split()]).checked()
    attachment = attach(macvlan(master=""))
    attachment.add()
    (master,) = witness.ip(node, "link", "show", "dev", "uplink")
    assert link(node)["link_index"] == master["ifindex"]
    node.run(["ip", f"-{version}", "route", "delete", "default"]).checked()
    assert attachment.check() == ""


def test_a_master_inside_the_container(attach: Attach, node: Node) -> None:
    """With linkInContainer the node's link of the same name, and its default route, do not count."""
    attachment = attach(macvlan(linkInContainer=True))
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed) == (
        'failed to lookup master "uplink": Link not found; it was looked for in /run/netns/c1'
    )
    node.run(["ip", "link", "add", "uplink", "mtu", "1300", "type", "bridge"], netns="c1").checked()
    before = leftovers(node, "c1")
    attachment.add()
    eth0 = link(node)
    assert (eth0["link"], eth0["mtu"], "link_netnsid" in eth0) == ("uplink", 1300, False)
    assert attachment.check() == ""
    attachment.delete()
    assert leftovers(node, "c1") == before


def test_an_alternative_name_of_the_master(attach: Attach, node: Node) -> None:
    """Finds it in ADD, and CHECK knows that it is the same link."""
    name = "a-name-that-is-longer-than-15-bytes"
    node.run(["ip", "link", "property", "add", "dev", "uplink", "altname", name]).checked()
    attachment = attach(macvlan(master=name))
    attachment.add()
    assert attachment.check() == ""


def test_the_mtu_of_the_master_is_inherited(attach: Attach, node: Node) -> None:
    """With 0 or nothing."""
    node.run(["ip", "link", "set", "uplink", "mtu", "1300"]).checked()
    attach(layer2()).add()
    attach(layer2(mtu=0), container="c2").add()
    assert (link(node)["mtu"], link(node, netns="c2")["mtu"]) == (1300, 1300)


@pytest.mark.parametrize(("mode", "reached"), [("bridge", True), ("private", False), ("vepa", False)])
def test_who_reaches_whom(attach: Attach, node: Node, serve: Serve, mode: str, reached: bool) -> None:
    """In mode bridge pods on one master talk, in the others not; the world outside they always reach."""
    first = attach(macvlan(mode=mode, ipam=DUAL))
    second = attach(macvlan(mode=mode, ipam=DUAL), container="c2")
    first.add()
    second.add()
    serve("c2", 4, 80)
    serve("c2", 6, 81)
    serve("outside", 4, 80, "outside")
    assert ask(node, "10.1.2.9", 80, "tcp udp", netns="c1") == "outside saw 10.1.2.2"
    wait = 3 if reached else 0.5
    assert (ask(node, "10.1.2.3", 80, "tcp udp", netns="c1", wait=wait) == "pod saw 10.1.2.2") is reached
    assert (ask(node, "fd00:1::3", 81, netns="c1", wait=wait) == "pod saw fd00:1::2") is reached
    assert (node.run(["ping", "-c1", "-W1", "10.1.2.3"], netns="c1").status == 0) is reached


def test_an_address_that_moves_is_announced(attach: Attach, node: Node) -> None:
    """Who knew the address by the MAC address of another container learns that it moved, without asking."""
    ipam = {"type": "static", "addresses": [{"address": "10.1.2.7/24"}]}
    first = attach(macvlan(ipam=ipam))
    first.add()
    node.run(["ping", "-c1", "-W2", "10.1.2.7"], netns="outside").checked()
    first.delete()
    moved = attach(macvlan(ipam=ipam), container="c2").add()
    known = node.run("ip neigh show 10.1.2.7 dev eth0".split(), netns="outside").checked().stdout
    assert moved["interfaces"][0]["mac"] in known


def test_packets_of_every_size_up_to_the_mtu(attach: Attach, node: Node) -> None:
    """What CHECK calls the MTU is what goes through."""
    attach(macvlan(mtu=1280)).add()
    ping = ["ping", "-c1", "-W2", "-M", "do", "-s"]
    node.run([*ping, "1252", "10.1.2.9"], netns="c1").checked()
    refused = node.run([*ping, "1253", "10.1.2.9"], netns="c1").stderr
    assert "message too long, mtu=1280" in refused or refused == "ping: sendmsg: Message too long\n"


def test_the_master_may_be_a_macvlan(attach: Attach, node: Node) -> None:
    """The kernel puts the container's link on the master of that one, and CHECK knows."""
    node.run("ip link add link uplink name station up type macvlan mode bridge".split()).checked()
    attachment = attach(macvlan(master="station"))
    attachment.add()
    assert attachment.check() == ""
    attachment.delete()


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_tuning_may_set_another_mtu(attach: Attach, node: Node, version: str) -> None:
    """It is for tuning to say that its own is gone; of half a file that it keeps nothing is taken."""
    attachment = attach(macvlan(mtu=1400), {"type": "tuning", "mtu": 1300}, version=version)
    attachment.add()
    assert attachment.check() == ""
    node.run("ip link set eth0 mtu 1400".split(), netns="c1").checked()
    assert attachment.check() == "eth0 has MTU 1400, not 1300 in /run/netns/c1"
    node.run("ip link set eth0 mtu 1300".split(), netns="c1").checked()
    node.run(["sh", "-c", "for file in /run/cni/tuning/*; do echo '{' >$file; done"]).checked()
    assert attachment.check() == "eth0 has MTU 1300, not 1400 in /run/netns/c1"


DISTURBANCES: dict[str, tuple[str, str, str]] = {
    "mode": (
        "ip link set eth0 type macvlan mode private",
        "c1",
        "eth0 has mode private, not bridge in /run/netns/c1",
    ),
    "MTU": ("ip link set eth0 mtu 1300", "c1", "eth0 has MTU 1300, not 1400 in /run/netns/c1"),
    "queue": (
        "ip link set eth0 type macvlan bcqueuelen 77",
        "c1",
        "eth0 has broadcast queue length 77, not 2000 in /run/netns/c1",
    ),
    "MAC address": (
        "ip link set eth0 address 02:00:00:00:00:99",
        "c1",
        "eth0 has MAC address 02:00:00:00:00:99, not ",
    ),
    "down": ("ip link set eth0 down", "c1", "eth0 is not up in /run/netns/c1"),
    "address": (
        "ip address delete 10.1.2.2/24 dev eth0",
        "c1",
        "eth0 has lost address 10.1.2.2/24 in /run/netns/c1",
    ),
    "route": (
        "ip route delete 192.168.0.0/16",
        "c1",
        "route 192.168.0.0/16 via 10.1.2.9 dev eth0 is missing in /run/netns/c1",
    ),
    "gone": ("ip link delete eth0", "c1", "there is no link eth0 in /run/netns/c1"),
    "of another kind": (
        "ip link delete eth0; ip link add eth0 type bridge",
        "c1",
        "eth0 has kind bridge, not macvlan in /run/netns/c1",
    ),
    "on another master": (
        (
            "ip link add other type bridge; ip -n c1 link delete eth0;"
            "ip link add eth0 link other netns c1 type macvlan mode bridge"
        ),
        "",
        "eth0 has parent other, not uplink in /run/netns/c1",
    ),
    "master gone": ("ip link delete uplink", "", "there is no link uplink; there is no link eth0"),
    "reservation": (
        "rm /var/lib/cni/networks/net/10.1.2.2",
        "",
        "no reservation of container c1 (eth0) for 10.1.2.2",
    ),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    command, netns, message = DISTURBANCES[name]
    ipam = {**IPV4, "routes": [{"dst": "192.168.0.0/16", "gw": "10.1.2.9"}]}
    attachment = attach(macvlan(mtu=1400, bcqueuelen=2000, ipam=ipam))
    attachment.add()
    assert attachment.check() == ""
    node.run(["sh", "-c", command], netns=netns).checked()
    assert message in attachment.check()


@pytest.mark.parametrize("how", ["", "twice", "netns gone", "no netns", "link gone"])
def test_del_leaves_nothing(attach: Attach, node: Node, how: str) -> None:
    """Whatever went before it."""
    attachment = attach(macvlan())
    before = leftovers(node)
    attachment.add()
    if how == "twice":
        attachment.delete()
    elif how == "netns gone":
        node.run(["ip", "netns", "delete", "c1"]).checked()
    elif how == "link gone":
        node.run(["ip", "link", "delete", "eth0"], netns="c1").checked()
    attachment.delete(netns="" if how == "no netns" else None)
    assert leftovers(node) == before
    if how not in ("netns gone", "no netns"):
        assert names(node) == ["lo"]


def test_del_needs_no_master(attach: Attach, node: Node) -> None:
    """Which takes the container's link with it; the address is released."""
    attachment = attach(macvlan())
    attachment.add()
    node.run(["ip", "link", "delete", "uplink"]).checked()
    attachment.delete()
    assert (names(node), reservations(node)) == (["lo"], [])


@pytest.mark.parametrize(
    ("keys", "args"),
    [
        ({"mode": "source"}, ""),
        ({"mtu": -1}, ""),
        ({"mtu": 9000}, ""),
        ({"mac": "zz"}, ""),
        ({"master": ""}, ""),
        ({"linkInContainer": True}, ""),
        ({}, "K=V"),
    ],
    ids=str,
)
def test_del_ignores_what_add_would_refuse(
    attach: Attach, node: Node, keys: dict[str, Any], args: str
) -> None:
    """A configuration that changed since must not leak an address."""
    attachment = attach(macvlan(ipam={"type": "static", "addresses": [{"address": "10.1.2.2/24"}]}))
    attachment.add()
    attachment.plugins, attachment.args = [macvlan(**keys)], args
    attachment.delete()
    assert (names(node), reservations(node)) == (["lo"], [])


def test_an_add_that_is_repeated_without_del(attach: Attach, node: Node) -> None:
    """Fails, says why, and leaves the first one's interface and address as they are."""
    attachment = attach(macvlan())
    attachment.add()
    before = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed) == (
        'failed to rename macvlan to "eth0": file exists;'
        " eth0 is already in /run/netns/c1; DEL the attachment that has it first"
    )
    assert leftovers(node, "c1") == before
    assert attachment.check() == ""


def test_del_finds_what_the_go_plugins_leave(attach: Attach, node: Node, go_plugins: str) -> None:
    """After a failed ADD of theirs: the link, the address, and a link that could not be renamed."""
    attachment = attach(macvlan(ipam={**IPV4, "routes": [{"dst": "192.168.0.0/16", "gw": "10.9.9.9"}]}))
    before = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0], plugins_dir=go_plugins)
    assert "network is unreachable" in said(failed)
    assert "eth0" in names(node)
    node.run("ip link add veth0badcafe link uplink netns c1 type macvlan mode private".split()).checked()
    attachment.delete()
    assert leftovers(node, "c1") == before


def test_links_of_others_stay(attach: Attach, node: Node) -> None:
    """A generated name alone does not make a link ours: it may be up, of another kind, or a Docker veth."""
    attachment = attach(macvlan())
    attachment.add()
    for words in (
        "veth0badcafe link uplink netns c1 up type macvlan mode private",
        "veth1badcafe netns c1 type bridge",
        "veth2bad link uplink netns c1 type macvlan mode private",
        "mine link uplink netns c1 type macvlan mode private",
    ):
        node.run(["ip", "link", "add", *words.split()])
    node.run(["ip", "link", "set", "veth0badcafe", "up"], netns="c1").checked()
    attachment.delete()
    assert names(node) == ["lo", "mine", "veth0badcafe", "veth1badcafe", "veth2bad"]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "mode": (
        {"mode": "source"},
        7,
        'unknown macvlan mode: "source"; there are bridge, private, vepa, passthru',
    ),
    "negative MTU": ({"mtu": -100}, 7, "invalid MTU -100, must be [0, master MTU]"),
    "MTU above the master's": (
        {"mtu": 1600},
        7,
        "invalid MTU 1600, must be [0, master MTU(1500)]; the master is uplink",
    ),
    "MTU as text": ({"mtu": "1500"}, 7, 'key "mtu": expected a whole number, found string "1500"'),
    "MTU too small": ({"mtu": 60}, 999, "failed to create macvlan: invalid argument; create link "),
    "MAC address": ({"mac": "zz"}, 7, "invalid args zz for MAC addr: address zz: invalid MAC address"),
    "group's MAC address": (
        {"mac": "01:00:5e:00:00:01"},
        7,
        "failed to create macvlan: cannot assign requested address; 01:00:5e:00:00:01 is ",
    ),
    "nobody's MAC address": (
        {"mac": "00:00:00:00:00:00"},
        7,
        "failed to create macvlan: cannot assign requested address; 00:00:00:00:00:00 is ",
    ),
    "long MAC address": (
        {"mac": "02:00:00:00:00:00:00:01"},
        7,
        "failed to create macvlan: invalid argument; 02:00:00:00:00:00:00:01 is no address of Ethernet",
    ),
    "queue below 0": ({"bcqueuelen": -1}, 7, 'key "bcqueuelen": expected a whole number from 0 up, found '),
    "queue too long": (
        {"bcqueuelen": 1 << 32},
        7,
        'key "bcqueuelen": expected a whole number up to 4294967295, found number 4294967296',
    ),
    "master": (
        {"master": "nope"},
        999,
        'failed to lookup master "nope": Link not found; it was looked for on the node',
    ),
    "no default route": (
        {"master": ""},
        999,
        'no default route interface found; name a "master", or add a default route on the node',
    ),
    "master that is a port": (
        {"master": "port"},
        999,
        "failed to create macvlan: device or resource busy",
    ),
    "unknown IPAM plugin": ({"ipam": {"type": "nope"}}, 999, 'failed to find plugin "nope" in path ['),
    "no addresses": ({"ipam": {"type": "static"}}, 999, "IPAM plugin returned missing IP config"),
    "route nowhere": (
        {"ipam": {**IPV4, "routes": [{"dst": "192.168.0.0/16", "gw": "10.9.9.9"}]}},
        999,
        "failed to add route '192.168.0.0/16 via 10.9.9.9 dev eth0 metric 0': network is unreachable",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what, and nothing is left."""
    keys, code, message = REFUSED[name]
    node.run("ip link add br0 type bridge".split()).checked()
    node.run("ip link add port master br0 type veth peer name end".split()).checked()
    attachment = attach(macvlan(**keys))
    before = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0])
    assert (json.loads(failed.stdout)["code"], said(failed)[: len(message)]) == (code, message)
    assert leftovers(node, "c1") == before


def test_a_namespace_that_is_not_there(attach: Attach, node: Node) -> None:
    """Is named, where the Go plugin prints what it has not opened."""
    attachment = attach(macvlan())
    failed = attachment.call("ADD", attachment.plugins[0], netns="/run/netns/nope")
    path = "/run/netns/nope"
    assert (
        said(failed) == f'failed to open netns "{path}": failed to Statfs "{path}": no such file or directory'
    )
    assert reservations(node) == []


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_layer2_has_no_result_of_the_first_versions(attach: Attach, node: Node, version: str) -> None:
    """They have no form for it: ADD fails, and the interface is gone again."""
    attachment = attach(layer2(), version=version)
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith("cannot convert: no valid IP addresses")
    assert names(node) == ["lo"]


@pytest.mark.parametrize("mode", ["bridge", "passthru"])
def test_a_master_in_passthru_mode_has_room_for_one(attach: Attach, node: Node, mode: str) -> None:
    """A second container is told no, and gets the master when the first has gone."""
    first, second = attach(layer2(mode="passthru")), attach(layer2(mode=mode), container="c2")
    first.add()
    failed = second.call("ADD", second.plugins[0])
    assert said(failed).startswith("failed to create macvlan: invalid argument")
    assert names(node, "c2") == ["lo"]
    first.delete()
    second.add()
    assert second.check() == ""


def test_passthru_lends_the_master(attach: Attach, node: Node) -> None:
    """With its MAC address, whichever was asked for, and promiscuous as long as the container lives."""
    attachment = attach(layer2(mode="passthru", mac=MAC))
    mac = attachment.add()["interfaces"][0]["mac"]
    lent = link(node, "uplink", "")
    assert (mac, link(node)["address"], lent["promiscuity"]) == (lent["address"], lent["address"], 1)
    assert attachment.check() == ""
    attachment.delete()
    back = link(node, "uplink", "")
    assert (back["address"], back["promiscuity"]) == (mac, 0)


def test_addresses_by_dhcp(attach: Attach, node: Node, plugins_dir: str) -> None:
    """Asked for through the container's own link, and given back through it before that goes."""
    network = DhcpNetwork(node)
    node.run("ip link add nic up type veth peer name port".split()).checked()
    node.run("ip link set port up master br0".split()).checked()
    daemon = Daemon(node, f"{plugins_dir}/dhcp")
    attachment = attach(macvlan(master="nic", ipam={"type": "dhcp"}))
    mac = attachment.add()["interfaces"][0]["mac"]
    assert [(address, one[0]) for address, one in network.leases.items()] == [("10.44.0.50", mac)]
    node.run(["ping", "-c1", "-W2", "10.44.0.1"], netns="c1").checked()
    assert attachment.check() == ""
    attachment.delete()
    within(5, lambda: not network.leases, "the lease given back")
    assert (names(node), daemon.records) == (["lo"], {})


def test_status_tells_that_there_is_no_master(attach: Attach) -> None:
    """By code 50, with the words of ADD; and whatever else ADD would refuse."""

    def status(**keys: Any) -> tuple[int, str]:
        attachment = attach(macvlan(**keys), version="1.1.0")
        done = attachment.call("STATUS", attachment.plugins[0])
        return (json.loads(done.stdout)["code"], said(done)) if done.status else (0, done.stdout)

    assert status() == (0, "")
    assert status(linkInContainer=True, master="nope") == (0, "")
    gone = 'failed to lookup master "nope": Link not found; it was looked for on the node'
    assert status(master="nope") == (50, gone)
    assert status(master="")[0] == 50
    assert status(mtu=9000)[0] == 50
    assert status(mode="source")[0] == 7
    assert status(ipam={**IPV4, "rangeStart": "10.1.2.300"})[0] == 7


def test_gc_frees_addresses_of_containers_that_are_gone(attach: Attach, node: Node) -> None:
    """And of no other; the plugin itself keeps nothing on the node."""
    for container in ("c1", "c2"):
        attach(macvlan(), container=container, version="1.1.0").add()
    attachment = attach(macvlan(), version="1.1.0")
    valid = {"cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}
    done = attachment.call("GC", {**attachment.plugins[0], **valid})
    assert (done.status, done.stdout) == (0, "")
    assert reservations(node) == ["10.1.2.3"]
    assert "eth0" in names(node)


def test_a_container_may_have_two(attach: Attach, node: Node) -> None:
    """Each with its own name, and each deleted for itself."""
    first, second = attach(macvlan()), attach(macvlan(), ifname="net1")
    first.add()
    second.add()
    assert names(node) == ["eth0", "lo", "net1"]
    first.delete()
    assert names(node) == ["lo", "net1"]
    assert second.check() == ""
