"""static gives the addresses that it is told to give."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.spec import versions
from tests import refused as cases
from tests.program import Program
from tests.refused import Refused

CASES = cases.by("static")
ADDRESS = {"address": "10.10.0.1/24", "gateway": "10.10.0.254"}


@pytest.fixture
def static(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/static")


def configuration(*addresses: dict[str, str], version: str = "1.1.0", **more: Any) -> dict[str, Any]:
    """A configuration with these addresses; `routes` and `dns` go into `ipam`, others beside it."""
    ipam: dict[str, Any] = {"type": "static", "addresses": list(addresses)}
    for key in ("routes", "dns"):
        if key in more:
            ipam[key] = more.pop(key)
    return {"cniVersion": version, "name": "net", "type": "any", "ipam": ipam, **more}


@cases.each(CASES)
def test_add_refuses(refused: Refused, static: Program):
    """ADD answers the text and the code."""
    answer = static("ADD", refused.configuration("static"), args=refused.args)
    assert answer.error == (refused.code, refused.text)


@cases.each([one for one in CASES if not one.args and one.more.get("cniVersion") is None])
def test_status_refuses(refused: Refused, static: Program):
    """STATUS finds the same mistakes before the first pod does."""
    answer = static("STATUS", {**refused.configuration("static"), "cniVersion": "1.1.0"})
    assert answer.error == (refused.code, refused.text)


@cases.each(CASES)
def test_del_succeeds(refused: Refused, static: Program):
    """There is nothing to release, whatever the configuration says."""
    assert static("DEL", refused.configuration("static"), args=refused.args).status == 0


def test_what_is_configured_is_the_result(static: Program):
    """Addresses keep their host part, routes their order, their doubles and their host bits."""
    routes = [
        {"dst": "3ffe:ffff:0:1ff::1/64"},
        {"dst": "0.0.0.0/0", "gw": "10.10.0.254"},
        {"dst": "0.0.0.0/0", "gw": "10.10.0.253"},
        {"dst": "0.0.0.0/0", "gw": "10.10.0.254"},
    ]
    dns = {"nameservers": ["192.0.2.3"], "domain": "d.example", "search": ["s"], "options": ["ndots:2"]}
    six = {"address": "2001:db8:0:0::1/64", "gateway": "fe80::1"}
    assert static("ADD", configuration(ADDRESS, six, routes=routes, dns=dns)).result == {
        "cniVersion": "1.1.0",
        "dns": dns,
        "ips": [ADDRESS, {"address": "2001:db8::1/64", "gateway": "fe80::1"}],
        "routes": routes,
    }


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_every_version(version: str, static: Program):
    """The Result is in the configuration's version; CHECK, since 0.4.0, accepts it."""
    given = configuration(ADDRESS, version=version)
    result = static("ADD", given).result
    assert result["cniVersion"] == version
    if version in ("0.1.0", "0.2.0"):
        assert result["ip4"] == {"ip": "10.10.0.1/24", "gateway": "10.10.0.254"}
    else:
        assert result["ips"] == [{"version": "4", **ADDRESS} if version < "1" else ADDRESS]
    if versions.at_least(version, "0.4.0"):
        assert static("CHECK", {**given, "prevResult": result}).status == 0


@pytest.mark.parametrize("ipam", [{}, {"addresses": []}, {"addresses": None}])
def test_no_address_is_an_answer(ipam: dict[str, Any], static: Program):
    """It is for the calling plugin to say that it needs one."""
    given = {"cniVersion": "1.1.0", "name": "net", "type": "any", "ipam": {"type": "static", **ipam}}
    assert static("ADD", given).result == {"cniVersion": "1.1.0"}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("IP=10.20.0.1/24, 10.21.0.1/24", [("10.20.0.1/24", None), ("10.21.0.1/24", None)]),
        (
            "IP=10.20.0.1/24,10.21.0.1/24;GATEWAY=10.20.0.9",
            [("10.20.0.1/24", "10.20.0.9"), ("10.21.0.1/24", None)],
        ),
        ("IP=10.20.0.1/24;GATEWAY=10.20.0.9, 10.20.0.8", [("10.20.0.1/24", "10.20.0.8")]),
        ("IP=2001:db8::5/64;GATEWAY=2001:db8::1", [("2001:db8::5/64", "2001:db8::1")]),
        ("GATEWAY=10.10.0.7", []),
        ("IP=;GATEWAY=", []),
        ("IgnoreUnknown=1;K8S_POD_NAME=p;IP=10.20.0.1/24", [("10.20.0.1/24", None)]),
    ],
)  # fmt: skip
def test_arguments_add_addresses(args: str, expected: list[tuple[str, str | None]], static: Program):
    """A gateway goes to those of them whose network it is in, never to a configured address."""
    first, *added = static("ADD", configuration(ADDRESS), args=args).result["ips"]
    assert first == ADDRESS
    assert [(one["address"], one.get("gateway")) for one in added] == expected


def test_whose_word_counts(static: Program):
    """The runtime's before that of args, and that before configuration and arguments together."""
    by_args: dict[str, Any] = {
        "args": {"cni": {"ips": ["10.2.1.1/24"], "labels": [{"key": "a", "value": "b"}]}}
    }
    by_runtime: dict[str, Any] = {"runtimeConfig": {"ips": ["10.3.1.1/24", "10.3.2.1/24"]}}
    nothing: dict[str, Any] = {"runtimeConfig": {"ips": []}, "args": {"cni": {"ips": []}}}
    args = "IP=10.20.0.1/24"
    assert static("ADD", configuration(ADDRESS, **nothing), args=args).addresses == [
        "10.10.0.1/24",
        "10.20.0.1/24",
    ]
    assert static("ADD", configuration(ADDRESS, **by_args), args=args).addresses == ["10.2.1.1/24"]
    both = configuration(ADDRESS, **by_args, **by_runtime)
    assert static("ADD", both, args=args).addresses == ["10.3.1.1/24", "10.3.2.1/24"]


def test_an_ipv4_address_written_as_ipv6(static: Program):
    """It is the IPv4 address that it stands for."""
    assert static("ADD", configuration({"address": "::ffff:10.1.1.1/120"})).addresses == ["10.1.1.1/24"]


def test_check_needs_a_result(static: Program):
    """Without prevResult there is nothing to compare the configuration with."""
    assert static("CHECK", configuration(ADDRESS)).error == (7, "Required prevResult missing")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], "static: prevResult has no address 10.10.0.1/24"),
        ([{"address": "10.10.0.2/24"}], "static: prevResult has no address 10.10.0.1/24"),
        ([{"address": "10.10.0.1/25"}], "static: prevResult has address 10.10.0.1/25, not 10.10.0.1/24"),
        ([{"address": "10.10.0.1/24"}], "static: Failed to match addr 10.10.0.1 on interface eth0"),
        (
            [{"address": "10.10.0.1/24", "gateway": "10.10.0.9"}],
            "static: Failed to match addr 10.10.0.1 on interface eth0",
        ),
    ],
)
def test_check_finds_another_result(given: list[dict[str, str]], text: str, static: Program):
    """An address that is missing, or has another prefix length or gateway, is named."""
    answer = static("CHECK", configuration(ADDRESS, prevResult={"ips": given}))
    assert answer.error == (999, text)


def test_check_leaves_other_plugins_addresses_alone(static: Program):
    """prevResult may have more than what static gave, and a gateway where none is configured."""
    given = configuration({"address": "10.10.0.1/24"})
    given["prevResult"] = {
        "ips": [{"address": "172.16.0.2/24"}, {"address": "10.10.0.1/24", "gateway": "10.10.0.9"}]
    }
    assert static("CHECK", given).status == 0
