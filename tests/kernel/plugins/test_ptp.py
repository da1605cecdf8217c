"""ptp on a real kernel: what ADD makes, what CHECK notices, what DEL leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8:1::/66"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}, {"dst": "192.168.0.0/16"}],
}


def ptp(**keys: Any) -> dict[str, Any]:
    """A configuration of ptp."""
    return {"type": "ptp", "ipam": IPV4, **keys}


def routes(node: Node, *words: str, netns: str = "") -> list[str]:
    """Return the lines of `ip route` without blanks at their ends."""
    lines = node.run(["ip", *words, "route"], netns=netns).checked().stdout.splitlines()
    return [line.strip() for line in lines]


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    attachment = attach(ptp(), version=version)
    assert attachment.add()["cniVersion"] == version
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """Inside all but the gateway goes through the gateway; outside a host route leads to each address."""
    attachment = attach(ptp(ipam=DUAL, mtu=1400))
    host = attachment.add()["interfaces"][0]["name"]
    assert routes(node, netns="c1") == [
        "default via 10.1.2.1 dev eth0",
        "10.1.2.0/24 via 10.1.2.1 dev eth0 src 10.1.2.2",
        "10.1.2.1 dev eth0 scope link src 10.1.2.2",
        "192.168.0.0/16 via 10.1.2.1 dev eth0",
    ]
    assert f"10.1.2.2 dev {host} scope host" in routes(node)
    assert f"2001:db8:1::2 dev {host} metric 1024 pref medium" in routes(node, "-6")
    (outer,) = witness.ip(node, "addr", "show", "dev", host)
    assert {(one["local"], one["prefixlen"]) for one in outer["addr_info"]} >= {
        ("10.1.2.1", 32),
        ("2001:db8:1::1", 128),
    }
    assert outer["mtu"] == 1400
    assert attachment.check() == ""
    node.run(["ping", "-c1", "-W2", "10.1.2.1"], netns="c1").checked()
    # The node's end is still looking for duplicates of its address for a second or two.
    node.run(["ping", "-6", "-c9", "-i0.5", "-w5", "2001:db8:1::1"], netns="c1").checked()


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_masquerading_comes_and_goes(attach: Attach, node: Node, backend: str) -> None:
    """Either backend; DEL removes the rules even when the namespace went first."""
    attachment = attach(ptp(ipMasq=True, ipMasqBackend=backend))
    attachment.add()
    assert attachment.check() == ""
    flush = {
        "iptables": ["iptables", "-t", "nat", "-F"],
        "nftables": ["nft", "flush", "chain", "inet", "cni_plugins_masquerade", "masq_checks"],
    }
    node.run(flush[backend]).checked()
    assert "10.1.2.2" in attachment.check()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    assert not [line for line in witness.iptables(node, "nat") if "CNI-" in line]


def test_two_containers_share_the_gateway_address(attach: Attach, node: Node) -> None:
    """Each has its own pair, and they reach one another through the node."""
    attach(ptp()).add()
    attach(ptp(), container="c2").add()
    node.run(["ping", "-c1", "-W2", "10.1.2.3"], netns="c1").checked()


DISTURBANCES: dict[str, tuple[str, str, str]] = {
    "route to the gateway": (
        "ip route delete 10.1.2.1",
        "c1",
        "route 10.1.2.1/32 dev eth0 is missing in /run/netns/c1",
    ),
    "route through the gateway": (
        "ip route delete 10.1.2.0/24",
        "c1",
        "route 10.1.2.0/24 via 10.1.2.1 dev eth0 is missing in /run/netns/c1",
    ),
    "host route": ("ip route delete 10.1.2.2", "", "route 10.1.2.2/32 dev veth"),
    "gateway address": (
        "ip address delete 10.1.2.1/32 dev $(ls /sys/class/net | grep veth)",
        "",
        "has lost address 10.1.2.1/32",
    ),
    "host end down": ("ip link set $(ls /sys/class/net | grep veth) down", "", " is not up"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    command, netns, message = DISTURBANCES[name]
    attachment = attach(ptp())
    attachment.add()
    node.run(["sh", "-c", command], netns=netns).checked()
    assert message in attachment.check()


@pytest.mark.parametrize(
    ("ipam", "message"),
    [
        (
            {"type": "static", "addresses": [{"address": "10.1.2.2/24"}]},
            "address 10.1.2.2/24 has no gateway; ptp puts the gateway on the node",
        ),
        (
            {"type": "static", "addresses": [{"address": "10.5.0.7/32", "gateway": "10.5.0.1"}]},
            "failed to delete route 10.5.0.7/32 dev eth0: no such process",
        ),
        ({"type": "static"}, "IPAM plugin returned missing IP config"),
        ({"type": ""}, "no plugin name provided"),
        ({"type": "nothing"}, 'failed to find plugin "nothing" in path ['),
    ],
    ids=["no gateway", "no network", "no addresses", "no ipam", "unknown ipam"],
)
def test_addresses_it_cannot_work_with_are_refused(
    attach: Attach, node: Node, ipam: dict[str, Any], message: str
) -> None:
    """The message says what ptp needs, and nothing is left."""
    attachment = attach(ptp(ipam=ipam))
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith(message)
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        ({"nameservers": ["192.0.2.1"]}, {"nameservers": ["192.0.2.1"]}),
        ({"nameservers": []}, None),
        ({"nameservers": None}, {"nameservers": ["192.0.2.9"]}),
        (None, {"nameservers": ["192.0.2.9"]}),
    ],
    ids=["replaces", "empty list clears", "null keeps", "absent keeps"],
)
def test_resolver_settings(attach: Attach, node: Node, dns: object, expected: object) -> None:
    """The configuration's dns replaces the IPAM plugin's when it says anything, even an empty list."""
    with open(node.path("/run/resolv.conf"), "w", encoding="ascii") as file:
        file.write("nameserver 192.0.2.9\n")
    attachment = attach(ptp(dns=dns, ipam={**IPV4, "resolvConf": "/run/resolv.conf"}))
    assert attachment.add().get("dns") == expected
