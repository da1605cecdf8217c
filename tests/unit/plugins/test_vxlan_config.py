"""vxlan: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.address import Address
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main import vxlan
from cnictl_plugins.main.vxlan_config import VxlanConfig

SUBNET = {"type": "host-local", "subnet": "10.244.1.0/24"}
ROUTED = {"mode": "routed", "ipam": SUBNET}
GROUP = {"group": "239.1.1.7", "master": "eth0"}


def request(**keys: Any) -> Request:
    return Request("ADD", Document({"type": "vxlan", "name": "net", "vni": 4096, **keys}), ifname="eth0")


def config(**keys: Any) -> VxlanConfig:
    """Return a configuration that makes sense."""
    asked = request(**keys)
    made = VxlanConfig(asked.document)
    made.validate(asked)
    return made


def refusal(**keys: Any) -> tuple[int, str]:
    """Return code and text of the error that a configuration is refused with, by ADD as by validate."""
    asked = request(**keys)
    with pytest.raises(CniError) as refused:
        vxlan.PLUGIN.config(asked.document).validate(asked)
    with pytest.raises(CniError) as again:
        vxlan.add(asked)
    assert str(again.value) == str(refused.value)
    return refused.value.code, str(refused.value)


def test_defaults() -> None:
    """The VNI is all that is needed; names are made of it."""
    made = config()
    assert (made.port, made.mode, made.vxlan_name, made.bridge_name) == (
        4789,
        "bridge",
        "vxlan.4096",
        "vxbr.4096",
    )
    assert (made.master, made.local, made.mtu, made.learns, made.versions()) == ("", None, 0, True, (4, 6))
    assert (made.remotes, made.remotes_dir, made.group) == ([], "", None)


def test_the_longest_names_fit() -> None:
    """A VNI has 24 bits, a name 15 bytes."""
    made = config(vni=(1 << 24) - 1)
    assert max(len(made.vxlan_name), len(made.bridge_name)) <= 15


def test_mode_routed_has_no_bridge_and_learns_nothing() -> None:
    made = config(**ROUTED)
    assert (made.bridge_name, made.learns) == ("", False)


@pytest.mark.parametrize(
    ("keys", "versions"),
    [
        ({"underlay": "ipv6"}, (6,)),
        ({"local": "192.0.2.1"}, (4,)),
        ({"local": "2001:db8::1"}, (6,)),
        ({"group": "ff05::7", "master": "eth0"}, (6,)),
        ({"remotes": [{"vtep": "2001:db8::2"}]}, (6,)),
        ({"remotesDir": "/run/overlay"}, (4, 6)),
    ],
)
def test_the_family_of_the_underlay(keys: dict[str, Any], versions: tuple[int, ...]) -> None:
    """The key, else the first address that is given, else whichever there is, IPv4 first."""
    assert config(**keys).versions() == versions


@pytest.mark.parametrize(
    ("keys", "networks"),
    [
        ({"ipam": SUBNET}, ["10.244.1.0/24"]),
        ({"ipam": {**SUBNET, "subnet": "10.244.1.9/24"}}, ["10.244.1.0/24"]),
        (
            {"ipam": {"ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00:1::/64"}, {"subnet": "x"}]]}},
            ["10.1.0.0/24", "fd00:1::/64"],
        ),
        ({"ipam": SUBNET, "podCIDRs": ["10.9.0.0/16"]}, ["10.9.0.0/16"]),
        ({"ipam": {"type": "dhcp"}}, []),
        ({"ipam": {"subnet": 7, "ranges": "many"}}, []),
        ({}, []),
    ],
)
def test_the_networks_of_this_nodes_pods(keys: dict[str, Any], networks: list[str]) -> None:
    """`podCIDRs`, else what host-local's part of the configuration says."""
    assert [str(one) for one in VxlanConfig(request(**keys).document).networks()] == networks


@pytest.mark.parametrize(
    ("vni", "address", "mac"),
    [
        (4096, "192.0.2.1", "7a:de:5c:fb:8a:75"),
        (4096, "192.0.2.2", "96:73:05:f0:87:ae"),
        (7, "2001:db8::1", None),
    ],
)
def test_the_mac_address_can_be_told_from_vni_and_address(vni: int, address: str, mac: str | None) -> None:
    """As the documentation says: six bytes of a SHA-512, made locally administered and unicast."""
    octets = bytearray(hashlib.sha512(f"{vni} {address}".encode()).digest()[:6])
    octets[0] = octets[0] & 0xFC | 0x02
    made = config(vni=vni).mac_of(Address.parse(address))
    assert made == octets.hex(":")
    assert mac in (None, made)


def test_a_mac_address_of_ones_own() -> None:
    """Spelled as the kernel does."""
    assert config(vtepMAC="02-00-5E-10-00-AA").own_mac(Address.parse("192.0.2.1")) == "02:00:5e:10:00:aa"


def test_what_bridge_is_told() -> None:
    """Everything it knows, but what would cut the overlay off; whatever the case of the keys."""
    made = config(isGateway=True, VLAN=5, PromiscMode=True, MTU=1400, hairpinMode=True, Bridge="br7")
    told = made.attaching(1400).members
    assert told == {
        "type": "vxlan",
        "name": "net",
        "vni": 4096,
        "isGateway": True,
        "hairpinMode": True,
        "mtu": 1400,
        "bridge": "br7",
    }


def test_what_ptp_is_told() -> None:
    """Masquerading is not left to it: it knows of no overlay that must be spared."""
    told = config(**ROUTED, ipMasq=True).attaching(1400).members
    assert (told["mtu"], told["ipMasq"], "bridge" in told) == (1400, False, False)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no VNI": ({"vni": None}, "invalid VNI 0 (must be between 1 and 16777215)"),
    "a VNI of 25 bits": ({"vni": 1 << 24}, "invalid VNI 16777216 (must be between 1 and 16777215)"),
    "a VNI in quotes": ({"vni": "7"}, 'key "vni": expected a whole number, found string "7"'),
    "a port": ({"port": 65536}, "invalid port 65536 (must be between 1 and 65535)"),
    "port 0": ({"port": 0}, "invalid port 0 (must be between 1 and 65535)"),
    "a mode": (
        {"mode": "host-gw"},
        'unknown mode "host-gw"; key "mode" may be "bridge" or "routed"',
    ),
    "an MTU that no link has": ({"mtu": 67}, "invalid MTU 67 (must be at least 68)"),
    "a negative MTU": ({"mtu": -1}, "invalid MTU -1 (must be at least 68)"),
    "a name": (
        {"vxlan": "a-name-of-16-byt"},
        (
            'invalid interface name "a-name-of-16-byt"; key "vxlan" takes up to 15 letters, digits and'
            ' characters of "_.-"'
        ),
    ),
    "a name that would end a rule": (
        {"vxlan": 'v"; drop'},
        (
            'invalid interface name "v\\"; drop"; key "vxlan" takes up to 15 letters, digits and'
            ' characters of "_.-"'
        ),
    ),
    "a bridge's name": (
        {"bridge": "a/b"},
        'invalid interface name "a/b"; key "bridge" takes up to 15 letters, digits and characters of "_.-"',
    ),
    "the bridge's name": (
        {"vxlan": "same", "bridge": "same"},
        (
            "the VXLAN interface cannot be called same; that is the name of the bridge or of the underlay's"
            ' interface; give it another one in "vxlan", or leave the key out'
        ),
    ),
    "the underlay's name": (
        {"vxlan": "eth0", "master": "eth0"},
        (
            "the VXLAN interface cannot be called eth0; that is the name of the bridge or of the underlay's"
            ' interface; give it another one in "vxlan", or leave the key out'
        ),
    ),
    "a family": (
        {"underlay": "ipx"},
        'unknown underlay "ipx"; key "underlay" may be "ipv4" or "ipv6"',
    ),
    "a MAC address": ({"vtepMAC": "02:00"}, 'address 02:00: invalid MAC address; in key "vtepMAC"'),
    "a multicast MAC address": (
        {"vtepMAC": "01:00:5e:00:00:01"},
        'address 01:00:5e:00:00:01: not the MAC address of one station; in key "vtepMAC"',
    ),
    "no MAC address": (
        {"vtepMAC": "00:00:00:00:00:00"},
        'address 00:00:00:00:00:00: not the MAC address of one station; in key "vtepMAC"',
    ),
    "an address to send from": ({"local": "eth0"}, "invalid IP address: eth0; in key 'local'"),
    "a group to send from": (
        {"local": "239.1.1.1"},
        '239.1.1.1 is no address that a node can send from; in key "local"',
    ),
    "addresses of two families": (
        {"local": "192.0.2.1", "underlay": "ipv6"},
        '192.0.2.1 is not an IPv6 address; in key "local"; the underlay is IPv6, as other keys say',
    ),
    "a group of another family": (
        {"local": "192.0.2.1", "group": "ff05::7", "master": "eth0"},
        'ff05::7 is not an IPv4 address; in key "group"; the underlay is IPv4, as other keys say',
    ),
    "a group that is none": (
        {"group": "192.0.2.9", "master": "eth0"},
        '192.0.2.9 is not a multicast group; in key "group"; see RFC 5771, RFC 4291',
    ),
    "a group without an interface": (
        {"group": "239.1.1.7"},
        'a multicast group needs an interface to be joined on; name it in "master"',
    ),
    "a group and remotes": (
        {**GROUP, "remotes": [{"vtep": "192.0.2.2"}]},
        (
            "either a multicast group or remotes tell where the other nodes are, not both;"
            ' leave out "group", or "remotes" and "remotesDir"'
        ),
    ),
    "a group and a directory": (
        {**GROUP, "remotesDir": "/run/overlay"},
        (
            "either a multicast group or remotes tell where the other nodes are, not both;"
            ' leave out "group", or "remotes" and "remotesDir"'
        ),
    ),
    "a group in mode routed": (
        {**GROUP, **ROUTED},
        (
            "mode routed does not learn where pods are, so that a multicast group is of no use to it;"
            ' name the other nodes in "remotes" or "remotesDir" in place of "group"'
        ),
    ),
    "a relative directory": (
        {"remotesDir": "overlay"},
        'overlay is not an absolute path; in key "remotesDir"',
    ),
    "a remote without an address": (
        {"remotes": [{"podCIDRs": ["10.244.2.0/24"]}]},
        'it has no address of the node; add "vtep" to remotes[0]',
    ),
    "a remote of another family": (
        {"remotes": [{"vtep": "192.0.2.2"}, {"vtep": "2001:db8::2"}]},
        '2001:db8::2 is no IPv4 address of a node; the underlay is of that family; "vtep"',
    ),
    "a remote of another network": (
        {"remotes": [{"vtep": "192.0.2.2", "vni": 7}]},
        "it is about vni 7, not 4096; it belongs to another network",
    ),
    "a remote on another port": (
        {"remotes": [{"vtep": "192.0.2.2", "port": 8472}]},
        "it is about port 8472, not 4789; it belongs to another network",
    ),
    "a remote with a multicast MAC address": (
        {"remotes": [{"vtep": "192.0.2.2", "vtepMAC": "ff:ff:ff:ff:ff:ff"}]},
        'address ff:ff:ff:ff:ff:ff: not the MAC address of one station; in "vtepMAC"',
    ),
    "a remote's network with host bits": (
        {"remotes": [{"vtep": "192.0.2.2", "podCIDRs": ["10.244.2.1/24"]}]},
        '10.244.2.1/24 has host bits set; write 10.244.2.0/24 in "podCIDRs"',
    ),
    "a remote without pods in mode routed": (
        {**ROUTED, "remotes": [{"vtep": "192.0.2.2"}]},
        'it does not say which networks the pods of the node are in; add "podCIDRs"',
    ),
    "an odd network of a remote": (
        {"remotes": [{"vtep": "192.0.2.2", "podCIDRs": ["10.244.2.0"]}]},
        "invalid CIDR address: 10.244.2.0; in key 'remotes[0].podCIDRs[0]'",
    ),
    "host bits": (
        {**ROUTED, "podCIDRs": ["10.244.1.1/24"]},
        '10.244.1.1/24 has host bits set; in key "podCIDRs"; write 10.244.1.0/24',
    ),
    "no ipam in mode routed": (
        {"mode": "routed", "podCIDRs": ["10.244.1.0/24"]},
        'mode routed needs an IPAM plugin; add "ipam" with a "type"',
    ),
    "no networks in mode routed": (
        {"mode": "routed", "ipam": {"type": "dhcp"}},
        (
            "mode routed must know which networks the pods of this node are in;"
            ' say it in "podCIDRs"; only subnets of host-local are found without it'
        ),
    ),
    "a bridge in mode routed": (
        {**ROUTED, "bridge": "br0"},
        'key "bridge" has no meaning in mode routed; there is no bridge in it',
    ),
    "a gateway in mode routed": (
        {**ROUTED, "isDefaultGateway": True},
        'key "isDefaultGateway" has no meaning in mode routed; there is no bridge in it',
    ),
    "a backend": (
        {"ipMasq": True, "ipMasqBackend": "pf"},
        (
            'unknown ipmasq backend "pf"; key "ipMasqBackend" may be "iptables" or "nftables";'
            " leave it out to have one chosen"
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name: str) -> None:
    """Before anything is made, with code 7 and what to do."""
    keys, message = REFUSED[name]
    assert refusal(**keys) == (7, message)


def test_detaching_needs_no_more_than_the_mode() -> None:
    """A mistake that came into the configuration since ADD must not keep the pod attached."""
    asked = request(mode="routed", vni="many", remotes=7, podCIDRs="x", ipam={})
    with pytest.raises(CniError):
        VxlanConfig(asked.document)
    vxlan.delete(Request("DEL", asked.document, container_id="c1", ifname="eth0"))
