"""bridge and ptp with Results that do not fit, and the verbs that need none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
Members = dict[str, Any]
PLUGIN = {"type": "bridge", "ipam": {"type": "static", "addresses": [{"address": "10.1.2.2/24"}]}}
BRIDGE, PORT, CONTAINER = range(3)
"""The interfaces of the Result."""


def without(index: int) -> Callable[[Members], None]:
    """Take an interface out of the Result."""
    return lambda result: result["interfaces"].pop(index)


def with_fact(index: int, **facts: str) -> Callable[[Members], None]:
    """Say something else of an interface."""
    return lambda result: result["interfaces"][index].update(facts)


def of_version(version: str) -> Callable[[Members], None]:
    """Call it a Result of another version."""
    return lambda result: result.update(cniVersion=version)


MISFITS: dict[str, tuple[Callable[[Members], None], str]] = {
    "no bridge": (without(BRIDGE), "CNI created bridge cni0 in host namespace was not found"),
    "no port": (without(PORT), "CNI veth created for bridge cni0 was not found"),
    "no container": (
        without(CONTAINER),
        "Sandbox in prevResult  doesn't match configured netns: /run/netns/c1",
    ),
    "another sandbox": (
        with_fact(CONTAINER, sandbox="/run/netns/c2"),
        "Sandbox in prevResult /run/netns/c2 doesn't match configured netns: /run/netns/c1",
    ),
    "a bridge in a sandbox": (
        with_fact(BRIDGE, sandbox="/run/netns/c2"),
        "Interface cni0 should not be in sandbox",
    ),
    "another port": (with_fact(PORT, name="veth0"), "eth0 has peer veth"),
    "another MAC address": (with_fact(PORT, mac="02:00:00:00:00:09"), " not 02:00:00:00:00:09"),
    "another family of versions": (of_version("0.2.0"), "could not parse prevResult: result type supports"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_check_says_what_does_not_fit(name: str, attach: Attach) -> None:
    """The runtime gave the Result of something else, or lost a part of it."""
    change, message = MISFITS[name]
    attachment = attach(PLUGIN)
    change(attachment.add())
    assert message in attachment.check()


def test_check_needs_a_result(attach: Attach) -> None:
    """Without one nothing is known of what ADD made."""
    attachment = attach(PLUGIN)
    attachment.add()
    attachment.result = None
    assert attachment.check().startswith("Required prevResult missing")


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_a_layer_2_network_needs_a_version_that_can_say_so(attach: Attach, node: Node, version: str) -> None:
    """A Result without addresses cannot be written in an old version; nothing is left of the attempt."""
    attachment = attach({"type": "bridge"}, version=version)
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith("cannot convert: no valid IP addresses")
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]


@pytest.mark.parametrize("type_", ["bridge", "ptp"])
def test_status_is_that_of_the_ipam_plugin(attach: Attach, type_: str) -> None:
    """Which may be exhausted; and one that is not there gives no addresses."""
    ipam = {"type": "host-local", "subnet": "10.1.2.0/30"}
    attachment = attach({"type": type_, "ipam": ipam}, version="1.1.0")
    (plugin,) = attachment.plugins
    assert (attachment.call("STATUS", plugin).status, attachment.call("STATUS", plugin).stdout) == (0, "")
    attachment.add()
    answer = json.loads(attachment.call("STATUS", plugin).stdout)
    assert (answer["code"], answer["msg"]) == (
        50,
        "no IP addresses available in range set: 10.1.2.1-10.1.2.2",
    )
    missing = {**plugin, "ipam": {"type": "nothing"}}
    assert said(attachment.call("STATUS", missing)).startswith('failed to find plugin "nothing" in path [')


@pytest.mark.parametrize("type_", ["bridge", "ptp"])
def test_delete_of_what_was_never_added(attach: Attach, node: Node, type_: str) -> None:
    """Is fine, and makes nothing."""
    before = witness.iptables(node, "nat"), witness.nft(node)
    attach({"type": type_, "ipMasq": True, "macspoofchk": True, "ipam": PLUGIN["ipam"]}).delete()
    assert (witness.iptables(node, "nat"), witness.nft(node)) == before
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]


@pytest.mark.parametrize("type_", ["bridge", "ptp"])
def test_delete_goes_on_past_a_part_that_fails(attach: Attach, node: Node, type_: str) -> None:
    """Without its IPAM plugin it still takes away the interface and the rules, and says what it missed."""
    ipam = {"type": "static", "addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}]}
    plugin = {"type": type_, "ipMasq": True, "macspoofchk": True, "ipam": ipam}
    attachment = attach(plugin)
    attachment.add()
    failed = attachment.call("DEL", {**plugin, "ipam": {"type": "nothing"}})
    assert said(failed).startswith('failed to find plugin "nothing" in path [')
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]
    assert not [line for line in witness.iptables(node, "nat") if "CNI-" in line]
    assert not [one for one in witness.nft(node) if one.get("rule", {}).get("comment")]


def test_check_lets_somebody_make_the_bridge_promiscuous(attach: Attach, node: Node) -> None:
    """It harms no container, and who asked for it is not the plugin's to say."""
    attachment = attach({"type": "bridge", "ipam": PLUGIN["ipam"]})
    attachment.add()
    node.run("ip link set cni0 promisc on".split()).checked()
    assert attachment.check() == ""


def test_keys_in_any_case(attach: Attach, node: Node) -> None:
    """As in Go, where a struct's fields are found so."""
    ipam = {"Type": "static", "ADDRESSES": [{"Address": "10.1.2.2/24", "GATEWAY": "10.1.2.9"}]}
    attachment = attach({"type": "bridge", "BRIDGE": "br7", "ISGATEWAY": True, "Ipam": ipam})
    attachment.add()
    (bridge,) = witness.ip(node, "addr", "show", "dev", "br7")
    assert "10.1.2.9" in [one["local"] for one in bridge["addr_info"]]
    assert attachment.check() == ""


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        ({"domain": "example.org"}, {"domain": "example.org"}),
        ({"nameservers": []}, None),
        ({"nameservers": None}, {"nameservers": ["192.0.2.9"]}),
        (None, {"nameservers": ["192.0.2.9"]}),
    ],
    ids=["replaces all", "an empty list clears", "null keeps", "absent keeps"],
)
def test_resolver_settings(attach: Attach, node: Node, dns: object, expected: object) -> None:
    """The configuration's dns stands in place of the IPAM plugin's when it says anything."""
    with open(node.path("/run/resolv.conf"), "w", encoding="ascii") as file:
        file.write("nameserver 192.0.2.9\n")
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24", "resolvConf": "/run/resolv.conf"}
    assert attach({"type": "bridge", "dns": dns, "ipam": ipam}).add().get("dns") == expected
