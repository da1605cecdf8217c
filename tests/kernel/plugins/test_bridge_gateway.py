"""bridge as the gateway of its containers: the address on it, its MAC address, and the default routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24"}
TWO_OF_A_FAMILY = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "10.1.3.0/24"}]],
}
WIDE = "2001:db8:1::1/48"


def bridge(**keys: Any) -> dict[str, Any]:
    """A configuration of bridge."""
    return {"type": "bridge", "ipam": IPV4, **keys}


def link(node: Node, name: str) -> dict[str, Any]:
    """Return what iproute2 tells of one link."""
    (found,) = witness.ip(node, "addr", "show", "dev", name)
    return dict(found)


def addresses(node: Node, name: str = "cni0") -> list[str]:
    """Return a link's addresses but for the link-local ones."""
    found = link(node, name)["addr_info"]
    return [f"{one['local']}/{one['prefixlen']}" for one in found if one["scope"] == "global"]


def test_another_address_is_not_replaced(attach: Attach, node: Node) -> None:
    """Two networks with one bridge name: the second fails, and says which address is there."""
    attach(bridge(isGateway=True)).add()
    other = attach(
        bridge(isGateway=True, ipam={"type": "host-local", "subnet": "10.9.0.0/16"}),
        container="c2",
        name="other",
    )
    failed = other.call("ADD", other.plugins[0])
    assert said(failed).startswith(
        'failed to set bridge addr: "cni0" already has an IP address different from 10.9.0.1/16;'
        " it has 10.1.2.1/24"
    )
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c2")] == ["lo"]
    assert "10.9.0.2" not in witness.files(node, "/var/lib/cni/networks/other")


def test_force_address_replaces_it(attach: Attach, node: Node) -> None:
    """forceAddress leaves the wanted one alone."""
    attach(bridge(isGateway=True)).add()
    attach(
        bridge(isGateway=True, forceAddress=True, ipam={"type": "host-local", "subnet": "10.9.0.0/16"}),
        container="c2",
        name="other",
    ).add()
    addresses = [one["local"] for one in link(node, "cni0")["addr_info"] if one["family"] == "inet"]
    assert addresses == ["10.9.0.1"]


def test_ipv6_addresses_that_do_not_overlap_coexist(attach: Attach, node: Node) -> None:
    """Only an overlapping one is in the way."""
    for container, subnet in (("c1", "fd00:1::/64"), ("c2", "fd00:2::/64")):
        attach(
            bridge(isGateway=True, ipam={"type": "host-local", "subnet": subnet}),
            container=container,
            name=container,
        ).add()
    addresses = {one["local"] for one in link(node, "cni0")["addr_info"]}
    assert {"fd00:1::1", "fd00:2::1"} <= addresses


def test_the_mac_address_is_pinned(attach: Attach, node: Node) -> None:
    """The gateway keeps its MAC address when containers come and go."""
    plugin = bridge(isGateway=True)
    first, second = attach(plugin), attach(plugin, container="c2")
    reported = first.add()["interfaces"][0]["mac"]
    second.add()
    first.delete()
    second.delete()
    assert link(node, "cni0")["address"] == reported


def test_a_bridge_without_ports_and_mac_address_gets_one(attach: Attach, node: Node) -> None:
    """A layer 2 network left an empty bridge; a gateway can still be put on it."""
    layer2 = attach({"type": "bridge"})
    layer2.add()
    layer2.delete()
    attachment = attach(bridge(isGateway=True), container="c2")
    attachment.add()
    assert link(node, "cni0")["address"] != "00:00:00:00:00:00"
    assert attachment.check() == ""


def test_a_default_route_without_gateway_is_not_added_twice(attach: Attach, node: Node) -> None:
    """ipam.routes may name the default route that isDefaultGateway would add."""
    attachment = attach(bridge(isDefaultGateway=True, ipam={**IPV4, "routes": [{"dst": "0.0.0.0/0"}]}))
    assert attachment.add()["routes"] == [{"dst": "0.0.0.0/0"}]
    (default,) = witness.ip(node, "route", "show", "default", netns="c1")
    assert default["gateway"] == "10.1.2.1"


@pytest.mark.parametrize("distinct", [{"table": 5000}, {"priority": 100}], ids=["table", "metric"])
@pytest.mark.parametrize(
    ("subnet", "default", "gateway"),
    [("10.1.2.0/24", "0.0.0.0/0", "10.1.2.1"), ("fd00:1::/64", "::/0", "fd00:1::1")],
    ids=["IPv4", "IPv6"],
)
def test_a_default_route_for_others_is_not_the_one_of_the_main_table(
    attach: Attach, node: Node, distinct: dict[str, int], subnet: str, default: str, gateway: str
) -> None:
    """One of another table, or of another metric, takes the place of none; the container has both."""
    route = {"dst": default, **distinct}
    ipam = {"type": "host-local", "subnet": subnet, "routes": [route]}
    attachment = attach(bridge(isDefaultGateway=True, ipam=ipam), version="1.1.0")
    assert attachment.add()["routes"] == [route, {"dst": default, "gw": gateway}]
    family = "-6" if ":" in subnet else "-4"
    found = witness.ip(node, family, "route", "show", "default", netns="c1")
    assert [one["gateway"] for one in found if one.get("metric", 1024) == 1024] == [gateway]
    assert attachment.check() == ""


def test_without_a_gateway_the_first_address_of_the_network_is_it(attach: Attach, node: Node) -> None:
    """The Result says so."""
    ipam = {"type": "static", "addresses": [{"address": "10.1.2.77/24"}]}
    result = attach(bridge(isGateway=True, ipam=ipam)).add()
    assert result["ips"] == [{"address": "10.1.2.77/24", "gateway": "10.1.2.1", "interface": 2}]
    assert addresses(node) == ["10.1.2.1/24"]


def test_two_ipv4_gateways_are_in_one_anothers_way(attach: Attach, node: Node) -> None:
    """The second is refused, and with forceAddress takes the place of the first."""
    attachment = attach(bridge(isGateway=True, ipam=TWO_OF_A_FAMILY))
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith(
        'failed to set bridge addr: "cni0" already has an IP address different from 10.1.3.1/24'
    )
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]
    forced = attach(bridge(isGateway=True, forceAddress=True, ipam=TWO_OF_A_FAMILY))
    forced.add()
    assert addresses(node) == ["10.1.3.1/24"]
    assert forced.check() == ""


@pytest.mark.parametrize("force", [False, True], ids=["refused", "forced"])
def test_an_ipv6_address_that_overlaps_is_in_the_way(attach: Attach, node: Node, force: bool) -> None:
    """And stays there unless forceAddress replaces it."""
    node.run("ip link add cni0 type bridge".split()).checked()
    node.run(["ip", "address", "add", WIDE, "dev", "cni0", "nodad"]).checked()
    ipam = {"type": "host-local", "subnet": "2001:db8:1:2::/64"}
    attachment = attach(bridge(isGateway=True, forceAddress=force, ipam=ipam))
    done = attachment.call("ADD", attachment.plugins[0])
    assert (done.status == 0) == force
    assert addresses(node) == (["2001:db8:1:2::1/64"] if force else [WIDE])
    if not force:
        assert said(done).startswith(
            'failed to set bridge addr: "cni0" already has an IP address different from 2001:db8:1:2::1/64;'
            f" it has {WIDE}"
        )
