"""bridge on a real kernel: what ADD makes, what CHECK notices, what DEL leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.conftest import unavailable
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24"}
DUAL = {"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]}


def bridge(**keys: Any) -> dict[str, Any]:
    """A configuration of bridge."""
    return {"type": "bridge", "ipam": IPV4, **keys}


def link(node: Node, name: str, netns: str = "") -> dict[str, Any]:
    """Return what iproute2 tells of one link."""
    (found,) = witness.ip(node, "addr", "show", "dev", name, netns=netns)
    return dict(found)


def port(node: Node) -> dict[str, Any]:
    """Return the one veth that is a port of a bridge."""
    (found,) = [one for one in witness.ip(node, "link") if one["ifname"].startswith("veth")]
    return dict(found)


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed; the Result has the version's form."""
    attachment = attach(bridge(isDefaultGateway=True), version=version)
    result = attachment.add()
    assert result["cniVersion"] == version
    if at_least(version, "1.0.0"):
        assert result["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 2}]
        assert "dns" not in result
    elif at_least(version, "0.3.0"):
        assert result["ips"][0]["version"] == "4"
        assert result["dns"] == {}
    else:
        assert result["ip4"] == {
            "ip": "10.1.2.2/24",
            "gateway": "10.1.2.1",
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1"}],
        }
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """Bridge with gateway, port with the flags asked for, container with addresses and default routes."""
    attachment = attach(bridge(isDefaultGateway=True, hairpinMode=True, mtu=1400, ipam=DUAL))
    attachment.add()
    assert {(one["local"], one["prefixlen"]) for one in link(node, "cni0")["addr_info"]} >= {
        ("10.1.2.1", 24),
        ("fd00:1::1", 64),
    }
    here = port(node)
    assert (here["master"], here["mtu"], here.get("txqlen", 0)) == ("cni0", 1400, 0)
    data = here["linkinfo"]["info_slave_data"]
    assert (data["hairpin"], data["isolated"]) == (True, False)
    inside = link(node, "eth0", "c1")
    assert inside["operstate"] == "UP"
    assert {"10.1.2.2", "fd00:1::2"} <= {one["local"] for one in inside["addr_info"]}
    (default,) = witness.ip(node, "route", "show", "default", netns="c1")
    assert (default["gateway"], default["protocol"]) == ("10.1.2.1", "boot")
    assert witness.sysctl(node, "net/ipv4/ip_forward") == "1"
    assert witness.sysctl(node, "net/ipv6/conf/all/forwarding") == "1"
    assert witness.sysctl(node, "net/ipv4/conf/eth0/arp_notify", netns="c1") == "1"
    assert witness.sysctl(node, "net/ipv6/conf/eth0/accept_dad", netns="c1") == "0"
    assert witness.sysctl(node, "net/ipv6/conf/cni0/accept_ra") == "0"


def test_packets_go_from_pod_to_pod_and_to_the_node(attach: Attach, node: Node) -> None:
    """Two containers reach one another and the gateway."""
    plugin = bridge(isDefaultGateway=True)
    attach(plugin).add()
    attach(plugin, container="c2").add()
    for target in ("10.1.2.3", "10.1.2.1"):
        node.run(["ping", "-c1", "-W2", target], netns="c1").checked()


DISTURBANCES: dict[str, tuple[list[str], str, str]] = {
    "default route": (
        ["ip", "route", "delete", "default"],
        "c1",
        "route default via 10.1.2.1 dev eth0 is missing in /run/netns/c1",
    ),
    "another gateway": (
        ["ip", "route", "replace", "default", "via", "10.1.2.9"],
        "c1",
        "route default via 10.1.2.1 dev eth0 is missing in /run/netns/c1",
    ),
    "address": (
        ["ip", "address", "delete", "10.1.2.2/24", "dev", "eth0"],
        "c1",
        "eth0 has lost address 10.1.2.2/24 in /run/netns/c1",
    ),
    "connected route": (
        ["ip", "route", "delete", "10.1.2.0/24"],
        "c1",
        "there is no route to 10.1.2.0/24 on eth0 in /run/netns/c1",
    ),
    "down inside": (["ip", "link", "set", "eth0", "down"], "c1", "eth0 is not up in /run/netns/c1"),
    "MAC address": (
        ["ip", "link", "set", "eth0", "address", "02:00:00:00:00:99"],
        "c1",
        "eth0 has MAC address 02:00:00:00:00:99, not ",
    ),
    "interface": (["ip", "link", "delete", "eth0"], "c1", "there is no link eth0 in /run/netns/c1"),
    "bridge down": (["ip", "link", "set", "cni0", "down"], "", "cni0 is not up"),
    "gateway address": (["ip", "address", "flush", "dev", "cni0"], "", "cni0 has lost address 10.1.2.1/24"),
    "route to the containers": (
        ["ip", "route", "delete", "10.1.2.0/24"],
        "",
        "there is no route to 10.1.2.0/24 on cni0",
    ),
    "port": (
        ["sh", "-c", "ip link set $(ls /sys/class/net | grep veth) nomaster"],
        "",
        " has no master, not cni0",
    ),
    "hairpin": (
        ["sh", "-c", "bridge link set dev $(ls /sys/class/net | grep veth) hairpin off"],
        "",
        " is not hairpin",
    ),
    "forwarding": (
        ["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
        "",
        "net/ipv4/ip_forward has value 0, not 1",
    ),
    "masquerading": (
        ["iptables", "-t", "nat", "-F", "POSTROUTING"],
        "",
        "rule iptables nat POSTROUTING: -s 10.1.2.2/32",
    ),
    "reservation": (["rm", "/var/lib/cni/networks/net/10.1.2.2"], "", "10.1.2.2"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """CHECK is content after ADD, and names what has gone since, in words that say what is."""
    argv, netns, message = DISTURBANCES[name]
    attachment = attach(bridge(isDefaultGateway=True, ipMasq=True, hairpinMode=True))
    attachment.add()
    assert attachment.check() == ""
    node.run(argv, netns=netns).checked()
    assert message in attachment.check()


def test_a_layer_2_network_can_be_checked(attach: Attach) -> None:
    """Without ipam there is no IPAM plugin to ask."""
    attachment = attach({"type": "bridge"})
    result = attachment.add()
    assert "ips" not in result
    assert attachment.check() == ""
    attachment.delete()


def test_check_lets_a_layer_2_bridge_change_its_mac_address(attach: Attach) -> None:
    """Without a gateway address it takes that of its lowest port, whichever container that is."""
    first = attach({"type": "bridge"})
    first.add()
    others = [attach({"type": "bridge"}, container=f"other{i}") for i in range(4)]
    for other in others:
        other.add()
        assert first.check() == ""


def test_without_addresses_a_bridge_that_was_there_may_change_its_mac_address(
    attach: Attach, node: Node
) -> None:
    """No gateway address means that nobody pins it, whatever isGateway says."""
    node.run(["ip", "link", "add", "cni0", "up", "type", "bridge"]).checked()
    attachment = attach({"type": "bridge", "isGateway": True})
    attachment.add()
    lowest = ["address", "00:00:00:00:00:01", "master", "cni0"]
    node.run(["ip", "link", "add", "port0", *lowest, "type", "veth", "peer", "name", "port1"]).checked()
    assert attachment.check() == ""


def test_a_gateway_of_zeros_is_none(attach: Attach, node: Node) -> None:
    """The kernel takes it so: the route leads to the link itself, and CHECK looks for that."""
    routes = [{"dst": "10.98.0.0/16", "gw": "0.0.0.0", "scope": 253}]
    attachment = attach(bridge(ipam={**IPV4, "routes": routes}))
    attachment.add()
    (route,) = [one for one in witness.ip(node, "route", netns="c1") if one["dst"] == "10.98.0.0/16"]
    assert ("gateway" in route, route["scope"]) == (False, "link")
    assert attachment.check() == ""


def test_a_second_add_is_refused_and_spoils_nothing(attach: Attach) -> None:
    """The attachment that is there stays whole."""
    attachment = attach(bridge(isDefaultGateway=True, ipMasq=True))
    attachment.add()
    again = attachment.call("ADD", attachment.plugins[0])
    assert again.status == 1
    assert "already exists" in said(again)
    assert attachment.check() == ""


class TestMac:
    """Where the container's MAC address comes from."""

    @pytest.mark.parametrize(
        ("keys", "args", "expected"),
        [
            ({}, "IgnoreUnknown=1;MAC=02:00:00:00:00:01", "02:00:00:00:00:01"),
            (
                {"args": {"cni": {"mac": "02:00:00:00:00:02"}}},
                "IgnoreUnknown=1;MAC=02:00:00:00:00:01",
                "02:00:00:00:00:02",
            ),
            (
                {"args": {"cni": {"mac": "02:00:00:00:00:02"}}, "RuntimeConfig": {"MAC": "0200.0000.0003"}},
                "IgnoreUnknown=1;MAC=02:00:00:00:00:01",
                "02:00:00:00:00:03",
            ),
        ],
        ids=["CNI_ARGS", "args before CNI_ARGS", "runtimeConfig before all"],
    )
    def test_precedence(
        self, attach: Attach, node: Node, keys: dict[str, Any], args: str, expected: str
    ) -> None:
        """runtimeConfig wins over args, args over CNI_ARGS; keys match in any case."""
        attachment = attach(bridge(**keys), args=args)
        result = attachment.add()
        assert result["interfaces"][2]["mac"] == expected
        assert link(node, "eth0", "c1")["address"] == expected
        assert attachment.check() == ""

    @pytest.mark.parametrize("mac", ["zz", "01:00:5e:00:00:01"], ids=["no MAC address", "multicast"])
    def test_one_that_cannot_be_is_refused(self, attach: Attach, node: Node, mac: str) -> None:
        """The message names it or what the kernel said of it, and nothing is left."""
        attachment = attach(bridge(runtimeConfig={"mac": mac}))
        failed = attachment.call("ADD", attachment.plugins[0])
        assert said(failed).startswith("failed to make veth pair: ")
        assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]


def test_a_bridge_that_is_there_is_used(attach: Attach, node: Node) -> None:
    """It is not made anew, for other containers hang on it; the MTU is for the container's pair alone."""
    node.run("ip link add cni0 type bridge".split()).checked()
    before = link(node, "cni0")
    attachment = attach(bridge(mtu=1280))
    attachment.add()
    after = link(node, "cni0")
    assert after["ifindex"] == before["ifindex"]
    assert link(node, "eth0", "c1")["mtu"] == 1280
    assert attachment.check() == ""


def test_promiscuous_mode(attach: Attach, node: Node) -> None:
    """promiscMode sets the bridge's flag."""
    attachment = attach(bridge(promiscMode=True))
    attachment.add()
    assert link(node, "cni0")["promiscuity"] == 1
    assert attachment.check() == ""


def test_port_isolation(attach: Attach, node: Node) -> None:
    """Isolated ports do not reach one another, but the bridge."""
    plugin = bridge(isGateway=True, portIsolation=True)
    attach(plugin).add()
    attach(plugin, container="c2").add()
    assert node.run(["ping", "-c1", "-W1", "10.1.2.3"], netns="c1").status
    node.run(["ping", "-c1", "-W2", "10.1.2.1"], netns="c1").checked()


def test_container_interface_left_down(attach: Attach, node: Node) -> None:
    """disableContainerInterface leaves the container's end down, and ADD waits for nothing."""
    attachment = attach({"type": "bridge", "disableContainerInterface": True})
    attachment.add()
    assert "UP" not in link(node, "eth0", "c1")["flags"]
    assert attachment.check() == ""


def test_duplicate_address_detection(attach: Attach, node: Node) -> None:
    """enabledad waits until the IPv6 address is known to be unique."""
    ipam = {"type": "host-local", "subnet": "fd00:1::/64"}
    attach(bridge(isGateway=True, enabledad=True, ipam=ipam)).add()
    assert not any(one.get("tentative") for one in link(node, "eth0", "c1")["addr_info"])
    assert witness.sysctl(node, "net/ipv6/conf/eth0/accept_dad", netns="c1") == "1"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "negative VLAN": ({"vlan": -100}, "invalid VLAN ID -100 (must be between 0 and 4094)"),
    "VLAN 5000": ({"vlan": 5000}, "invalid VLAN ID 5000 (must be between 0 and 4094)"),
    "trunk minID 0": ({"vlanTrunk": [{"minID": 0, "maxID": 5}]}, "incorrect trunk minID parameter"),
    "trunk maxID 5000": ({"vlanTrunk": [{"minID": 1, "maxID": 5000}]}, "incorrect trunk maxID parameter"),
    "trunk reversed": (
        {"vlanTrunk": [{"minID": 9, "maxID": 5}]},
        "minID is greater than maxID in trunk parameter",
    ),
    "trunk without minID": (
        {"vlanTrunk": [{"maxID": 5}]},
        "minID and maxID should be configured simultaneously, minID is missing",
    ),
    "trunk without maxID": (
        {"vlanTrunk": [{"minID": 5}]},
        "minID and maxID should be configured simultaneously, maxID is missing",
    ),
    "trunk id 4095": ({"vlanTrunk": [{"id": 4095}]}, "incorrect trunk id parameter"),
    "no bridge name": (
        {"bridge": ""},
        'failed to create bridge "": could not add "": LinkAttrs.Name cannot be empty',
    ),
    "hairpin and promiscuous": (
        {"hairpinMode": True, "promiscMode": True},
        "cannot set hairpin mode and promiscuous mode at the same time",
    ),
    "ipam on an interface that is down": (
        {"disableContainerInterface": True},
        "cannot use IPAM when DisableContainerInterface flag is set",
    ),
    "MTU as a string": ({"mtu": "1500"}, 'key "mtu": expected a whole number, found string "1500"'),
    "MTU as a fraction": ({"mtu": 1.5}, 'key "mtu": expected a whole number, found number 1.5'),
    "unknown masquerade backend": (
        {"ipMasq": True, "ipMasqBackend": ""},
        'unknown ipmasq backend ""',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_configuration_that_makes_no_sense_is_refused(attach: Attach, node: Node, name: str) -> None:
    """The message says what is wrong, the code is 7, and nothing was touched."""
    keys, message = REFUSED[name]
    attachment = attach(bridge(**keys))
    failed = attachment.call("ADD", attachment.plugins[0])
    error = json.loads(failed.stdout)
    assert error["code"] == 7
    assert error["msg"].startswith(message)
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]
    assert witness.files(node, "/var/lib/cni") == {}


def test_a_link_that_is_no_bridge_is_left_alone(attach: Attach, node: Node) -> None:
    """A name that something else has is an error that says what it is."""
    node.run(["ip", "link", "add", "cni0", "type", "veth", "peer", "other0"]).checked()
    attachment = attach(bridge())
    failed = attachment.call("ADD", attachment.plugins[0])
    assert (
        said(failed)
        == 'failed to create bridge "cni0": "cni0" already exists but is not a bridge; it is a veth link'
    )


@pytest.mark.parametrize("what", ["missing", "file"])
def test_a_netns_that_is_none_is_refused(attach: Attach, node: Node, what: str) -> None:
    """ADD names the path, and the bridge it made is gone again."""
    path = "/run/netns/nothing" if what == "missing" else "/etc/hostname"
    attachment = attach(bridge(isGateway=True))
    failed = attachment.call("ADD", attachment.plugins[0], netns=path)
    assert said(failed).startswith(f'failed to open netns "{path}": ')
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]


@pytest.mark.parametrize("how", ["empty", "gone"])
def test_delete_without_netns_releases_everything(attach: Attach, node: Node, how: str) -> None:
    """Address, masquerading and spoof check go even when the namespace went first."""
    attachment = attach(bridge(isGateway=True, ipMasq=True, macspoofchk=True))
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete(netns="" if how == "empty" else None)
    assert not [line for line in witness.iptables(node, "nat") if "CNI-" in line]
    assert not [one for one in witness.nft(node) if one.get("rule", {}).get("comment")]
    assert "net/10.1.2.2" not in witness.files(node, "/var/lib/cni/networks")


def test_gc_frees_what_is_not_valid(attach: Attach, node: Node) -> None:
    """Reservation and rules of a vanished container go; a valid one's stay."""
    plugin = bridge(isGateway=True, ipMasq=True, macspoofchk=True)
    lost, kept = attach(plugin, version="1.1.0"), attach(plugin, version="1.1.0", container="c2")
    port = lost.add()["interfaces"][1]["name"]
    kept.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    while port in {link["ifname"] for link in witness.ip(node, "link")}:
        time.sleep(0.02)  # the kernel takes a namespace apart later
    valid = [{"containerID": "c2", "ifname": "eth0"}]
    done = kept.call("GC", {**plugin, "cni.dev/valid-attachments": valid})
    assert (done.status, done.stdout) == (0, "")
    assert {path for path in witness.files(node, "/var/lib/cni/networks/net") if path[0] == "1"} == {
        "10.1.2.3"
    }
    assert {line.split('id: \\"')[1][:2] for line in witness.iptables(node, "nat") if "id: " in line} == {
        "c2"
    }
    comments = {one["rule"]["comment"] for one in witness.nft(node) if one.get("rule", {}).get("comment")}
    assert not any("c1" in comment for comment in comments)
    assert kept.check() == ""


@pytest.mark.kernel_lane
class TestVlans:
    """VLAN filtering, which some kernels do not have."""

    @pytest.fixture(autouse=True)
    def _needs_vlan_filtering(self, node: Node) -> None:
        tried = node.run(["ip", "link", "add", "probe0", "type", "bridge", "vlan_filtering", "1"])
        if tried.status:
            unavailable(f"this kernel has no bridge VLAN filtering: {tried.stderr.strip()}")
        node.run(["ip", "link", "delete", "probe0"]).checked()

    def vlans(self, node: Node, name: str) -> dict[int, list[str]]:
        """Return a port's VLANs and their flags."""
        (found,) = witness.bridge(node, "vlan", "show", "dev", name)
        expanded: dict[int, list[str]] = {}
        for one in found["vlans"]:
            for vid in range(one["vlan"], one.get("vlanEnd", one["vlan"]) + 1):
                expanded[vid] = one.get("flags", [])
        return expanded

    def test_one_vlan(self, attach: Attach, node: Node) -> None:
        """The port is in that VLAN only, untagged."""
        attachment = attach(bridge(vlan=100))
        result = attachment.add()
        assert self.vlans(node, result["interfaces"][1]["name"]) == {100: ["PVID", "Egress Untagged"]}
        assert attachment.check() == ""
        attachment.delete()

    def test_keeping_the_default_vlan(self, attach: Attach, node: Node) -> None:
        """preserveDefaultVlan leaves VLAN 1, and moves the native one."""
        result = attach(bridge(vlan=100, preserveDefaultVlan=True)).add()
        assert self.vlans(node, result["interfaces"][1]["name"]) == {
            1: ["Egress Untagged"],
            100: ["PVID", "Egress Untagged"],
        }

    def test_a_trunk(self, attach: Attach, node: Node) -> None:
        """Tagged VLANs, with VLAN 1 as the native one."""
        attachment = attach(bridge(vlanTrunk=[{"id": 101}, {"minID": 200, "maxID": 202}]))
        result = attachment.add()
        assert self.vlans(node, result["interfaces"][1]["name"]) == {
            1: ["PVID", "Egress Untagged"],
            101: [],
            200: [],
            201: [],
            202: [],
        }
        assert attachment.check() == ""

    def test_a_trunk_that_has_the_vlan_too(self, attach: Attach, node: Node) -> None:
        """The trunk has the last word: the VLAN is a tagged one, as with the Go plugin."""
        attachment = attach(bridge(vlan=100, vlanTrunk=[{"id": 100}, {"id": 101}]))
        result = attachment.add()
        assert self.vlans(node, result["interfaces"][1]["name"]) == {100: [], 101: []}
        assert attachment.check() == ""

    def test_the_gateway_of_a_vlan(self, attach: Attach, node: Node) -> None:
        """It is on an interface of its own, which all containers of the VLAN reach, and which stays."""
        plugin = bridge(vlan=100, isDefaultGateway=True)
        first, second = attach(plugin), attach(plugin, container="c2")
        result = first.add()
        assert [one["name"] for one in result["interfaces"]][3] == "cni0.100"
        second.add()
        assert {one["local"] for one in link(node, "cni0.100")["addr_info"]} >= {"10.1.2.1"}
        node.run(["ping", "-c1", "-W5", "10.1.2.1"], netns="c1").checked()
        node.run(["ping", "-c1", "-W5", "10.1.2.3"], netns="c1").checked()
        assert first.check() == ""
        first.delete()
        assert second.check() == ""

    def test_check_notices_a_lost_vlan(self, attach: Attach, node: Node) -> None:
        """A port that was taken out of its VLAN is named."""
        attachment = attach(bridge(vlan=100))
        name = attachment.add()["interfaces"][1]["name"]
        node.run(["bridge", "vlan", "delete", "dev", name, "vid", "100"]).checked()
        assert f"{name} is not in VLAN 100" in attachment.check()
