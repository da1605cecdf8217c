"""sbr's configuration, which addresses are its own, and which routes are for which."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.netlink.rtnl import KernelRoute
from cnictl.plugin.request import Request
from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl.spec.result import Interface, IPConfig, Result
from cnictl_plugins.meta import sbr_config
from cnictl_plugins.meta.sbr_declare import own_addresses
from cnictl_plugins.meta.sbr_routing import belongs

P, A = Prefix.parse, Address.parse


def request(**keys: Any) -> Request:
    members = {"cniVersion": "1.0.0", "name": "net", "type": "sbr", **keys}
    return Request("ADD", Document(members), ifname="net1", netns="/run/netns/c1")


def refusal(**keys: Any) -> tuple[int, str]:
    """Return code and message of the error that these keys are refused with."""
    given = request(**keys)
    with pytest.raises(CniError) as refused:
        sbr_config.read(given).validate(given)
    return refused.value.code, refused.value.msg


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "three gateways": (
        {"gateways": ["10.0.0.1", "fd00::1", "no address"]},
        "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)",
    ),
    "no address": ({"gateways": ["10.0.0.1/24"]}, "invalid static gateway IP address: 10.0.0.1/24"),
    "an empty one": ({"gateways": [""]}, "invalid static gateway IP address: "),
    "two of IPv4": (
        {"gateways": ["1.1.1.1", "1.1.1.2"]},
        "gateways list contains multiple IPv4 addresses: 1.1.1.1 and 1.1.1.2",
    ),
    "the same twice": (
        {"gateways": ["1.1.1.1", "1.1.1.1"]},
        "gateways list contains multiple IPv4 addresses: 1.1.1.1 and 1.1.1.1",
    ),
    "two of IPv6": (
        {"gateways": ["fd00::1", "FD00::2"]},
        "gateways list contains multiple IPv6 addresses: fd00::1 and fd00::2",
    ),
    "no list": (
        {"gateways": "10.0.0.1"},
        'failed to parse network configuration: key "gateways": expected a list, found string "10.0.0.1"',
    ),
    "no table": ({"table": -1}, "no such routing table: -1"),
    "no such table": ({"table": 1 << 32}, "no such routing table: 4294967296"),
    "a table's name": (
        {"table": "main"},
        'failed to parse network configuration: key "table": expected a whole number, found string "main"',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name: str) -> None:
    """In the Go plugin's words where it has some, with the code for a configuration."""
    keys, message = REFUSED[name]
    assert refusal(**keys) == (7, message)


def test_gateways_by_their_version() -> None:
    """At most one of each."""
    config = sbr_config.read(request(gateways=["fd00::1", "10.0.0.1"]))
    assert config.static_gateways() == {4: A("10.0.0.1"), 6: A("fd00::1")}
    assert sbr_config.read(request()).static_gateways() == {}


def test_with_a_table_gateways_are_not_even_looked_at() -> None:
    """Somebody else fills it."""
    given = request(table=5000, gateways=["no address"])
    sbr_config.read(given).validate(given)


def test_own_addresses() -> None:
    """All that are not certainly another interface's, in their order."""
    indexes = [None, 0, 1, 2, 7, -1]
    ips = [IPConfig(P(f"10.0.0.{number}/24"), interface=index) for number, index in enumerate(indexes)]
    interfaces = [Interface("cni0"), Interface("net1", sandbox="/run/netns/c1"), Interface("eth0")]
    found = own_addresses(request(), Result(interfaces=interfaces, ips=ips))
    assert [ip.interface for ip in found] == [None, 1, 7, -1]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"source": A("10.0.0.2")}, True),
        ({"source": A("10.0.1.2")}, False),
        ({"gateway": A("10.0.0.1")}, True),
        ({"gateway": A("10.0.1.1")}, False),
        ({"gateway": A("10.0.1.1"), "source": A("10.0.0.2")}, True),
        ({"gateway": A("fd00::1")}, True),
    ],
)
def test_which_routes_are_for_an_address(facts: dict[str, Any], expected: bool) -> None:
    """Those from or through its network, and those that tell neither."""
    route = KernelRoute(P("192.168.0.0/16"), device=2, **facts)
    assert belongs(route, P("10.0.0.2/24")) is expected
    assert belongs(KernelRoute(P("fe80::/64"), device=2), P("10.0.0.2/24"))
