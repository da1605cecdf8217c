"""dummy on a real kernel, which a small one is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.links import require_kind

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

pytestmark = pytest.mark.kernel_lane

Attach = Callable[..., Attachment]
ADDRESSES = [{"address": "192.0.2.10/32"}, {"address": "2001:db8::10/128"}, {"address": "10.1.2.2/24"}]
IPAM = {"type": "static", "addresses": ADDRESSES, "routes": [{"dst": "192.168.0.0/16", "gw": "10.1.2.1"}]}


@pytest.fixture
def node(node: Node) -> Node:
    """A node whose kernel has dummy."""
    require_kind(node, "dummy")
    return node


def dummy(**keys: Any) -> dict[str, Any]:
    """A configuration of dummy."""
    return {"type": "dummy", "ipam": IPAM, **keys}


def names(node: Node, netns: str = "c1") -> list[str]:
    """Return the names of a place's links."""
    return [one["ifname"] for one in witness.ip(node, "link", netns=netns)]


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0", "1.1.0"])
def test_life_in_a_version_of_each_form(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24"}
    attachment = attach(dummy(ipam=ipam), version=version)
    assert attachment.add()["cniVersion"] == version
    if version != "0.2.0":
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert names(node) == ["lo"]
    assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """A dummy that is up and answers at its addresses, with the IPAM plugin's resolver settings."""
    node.run("ip link add eth0 type dummy".split()).checked()  # which is nobody's business
    ipam = {**IPAM, "dns": {"nameservers": ["192.0.2.54"]}}
    attachment = attach(dummy(ipam=ipam, dns={"nameservers": ["192.0.2.53"]}))
    result = attachment.add()
    assert result["dns"] == {"nameservers": ["192.0.2.54"]}
    assert result["ips"] == [{**one, "interface": 0} for one in ADDRESSES]
    (link,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    assert link["linkinfo"]["info_kind"] == "dummy"
    assert "UP" in link["flags"]
    mac = link["address"]
    assert result["interfaces"] == [{"mac": mac, "name": "eth0", "sandbox": "/run/netns/c1"}]
    node.run("ip link set lo up".split(), netns="c1").checked()  # by which a host reaches itself
    for address in ("192.0.2.10", "10.1.2.2", "2001:db8::10"):
        node.run(["ping", "-c1", "-W9", address], netns="c1").checked()
    assert attachment.check() == ""


def test_check_names_what_was_disturbed(attach: Attach, node: Node) -> None:
    """In words that say what is; one disturbance after the other, for this kernel is slow."""
    attachment = attach(dummy())
    mac = attachment.add()["interfaces"][0]["mac"]
    for command, message in (
        ("ip route delete 192.168.0.0/16", "route 192.168.0.0/16 via 10.1.2.1 dev eth0 is missing"),
        ("ip address delete 192.0.2.10/32 dev eth0", "eth0 has lost address 192.0.2.10/32"),
        (
            "ip link set eth0 address 02:00:00:00:00:99",
            f"eth0 has MAC address 02:00:00:00:00:99, not {mac}",
        ),
        ("ip link set eth0 down", "eth0 is not up"),
        ("ip link delete eth0", "there is no link eth0"),
    ):
        node.run(command.split(), netns="c1").checked()
        assert f"{message} in /run/netns/c1" in attachment.check()


def test_a_second_add_and_delete_without_a_namespace(attach: Attach, node: Node) -> None:
    """A link that is there stays as it is; with the namespace gone the address is released."""
    attachment = attach(dummy(ipam={"type": "host-local", "subnet": "10.1.2.0/24"}))
    attachment.add()
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith("failed to create dummy: file exists")
    assert attachment.check() == ""
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    attachment.delete()
    assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")
