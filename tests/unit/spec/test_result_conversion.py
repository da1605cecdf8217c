"""A Result in another version: what becomes of each part, and what is lost."""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import decode_object
from cnictl.spec.errors import INCOMPATIBLE_VERSION, CniError
from cnictl.spec.result import (
    DNS,
    Interface,
    IPConfig,
    Result,
    Route,
    convert,
    current,
    encode,
    parse,
    parse_any,
)
from cnictl.spec.versions import SUPPORTED
from tests.unit.spec.results import FULL

if TYPE_CHECKING:
    from cnictl.spec.document import Json
    from cnictl.spec.result import AnyResult

FAMILIES = (("0.1.0", "0.2.0"), ("0.3.0", "0.3.1", "0.4.0"), ("1.0.0", "1.1.0"))
VERSIONS = st.sampled_from(SUPPORTED)


def addresses(version: int) -> st.SearchStrategy[Address]:
    bits = 32 if version == 4 else 128
    numbers = st.integers(1 << (bits - 1), (1 << bits) - 1)  # none of these is a mapped address
    return numbers.map(lambda number: Address.from_int(version, number))


def prefixes(version: int) -> st.SearchStrategy[Prefix]:
    return st.builds(Prefix, addresses(version), st.integers(0, 32 if version == 4 else 128))


def ips(version: int) -> st.SearchStrategy[IPConfig]:
    return st.builds(
        IPConfig, prefixes(version), st.none() | addresses(version), st.none() | st.integers(-1, 3)
    )


def routes(version: int) -> st.SearchStrategy[Route]:
    number = st.integers(0, 2**31)
    return st.builds(
        Route, prefixes(version), st.none() | addresses(version), number, number, number, st.none() | number,
        st.none() | number,
    )  # fmt: skip


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LISTS = st.lists(TEXTS, max_size=2)
RESULTS = st.builds(
    Result,
    st.sampled_from(["1.0.0", "1.1.0"]),
    st.lists(st.builds(Interface, TEXTS, TEXTS, st.integers(0, 9000), TEXTS, TEXTS, TEXTS), max_size=3),
    st.lists(ips(4) | ips(6), max_size=4),
    st.lists(routes(4) | routes(6), max_size=4),
    st.builds(DNS, LISTS, TEXTS, LISTS, LISTS),
)


def printed(result: AnyResult) -> dict[str, Json]:
    return decode_object(encode(result))


def result(text: str) -> AnyResult:
    return parse_any(json.loads(text))


@pytest.mark.parametrize("version", ["", *SUPPORTED])
def test_the_same_version_is_the_same_object(version: str):
    """Nothing is to be done; no version means the first."""
    given_result = parse_any(json.loads(FULL[version or "0.1.0"]))
    assert convert(given_result, version) is given_result


@pytest.mark.parametrize(
    ("first", "second"), [pair for family in FAMILIES for pair in product(family, family)]
)
def test_within_a_family_only_the_version_changes(first: str, second: str):
    """The forms are the same to the byte."""
    assert encode(convert(result(FULL[first]), second)) == FULL[second]


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
@pytest.mark.parametrize("source", ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
def test_going_back_before_0_3_0(source: str, version: str):
    """Interfaces are lost, and of routes all but destination and gateway."""
    assert encode(convert(result(FULL[source]), version)) == FULL[version]


def test_no_version_is_the_first():
    """A configuration that states none gets its Result so."""
    assert encode(convert(result(FULL["1.0.0"]), "")) == FULL["0.1.0"]


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0"])
@pytest.mark.parametrize("source", ["1.0.0", "1.1.0"])
def test_going_back_before_1_0_0(source: str, version: str):
    """Addresses get their version, interfaces lose mtu, pciID and socketPath."""
    assert encode(convert(result(FULL[source]), version)) == FULL[version]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize("source", ["0.3.0", "0.3.1", "0.4.0"])
def test_going_on_to_1_0_0(source: str, version: str):
    """All is kept; nobody declares the version of an address any more."""
    members = json.loads(FULL[version])
    for key in ("mtu", "pciID", "socketPath"):
        del members["interfaces"][0][key]
    assert printed(convert(result(FULL[source]), version)) == members


@pytest.mark.parametrize("middle", ["0.3.0", "0.4.0", "1.0.0", "1.1.0"])
@pytest.mark.parametrize("gateways", [True, False], ids=["with-gateways", "without-gateways"])
def test_going_on_from_0_2_0_and_back(middle: str, gateways: bool):
    """Nothing is lost on the way."""
    text = FULL["0.2.0"]
    if not gateways:
        members = json.loads(text)
        for family in ("ip4", "ip6"):
            for route in members[family]["routes"]:
                del route["gw"]
        text = json.dumps(members)
    before = result(text)
    assert convert(convert(before, middle), "0.2.0") == before


def test_the_interface_has_no_index_before_there_are_interfaces():
    """What comes from 0.2.0 belongs to no interface that is listed."""
    converted = printed(convert(result(FULL["0.2.0"]), "0.4.0"))
    assert "interfaces" not in converted
    assert converted["ips"] == [
        {"version": "4", "address": "1.2.3.30/24", "gateway": "1.2.3.1"},
        {"version": "6", "address": "abcd:1234:ffff::cdde/64", "gateway": "abcd:1234:ffff::1"},
    ]


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
@pytest.mark.parametrize("source", ["0.3.0", "0.4.0", "1.0.0", "1.1.0"])
def test_without_an_address_there_is_no_way_back_before_0_3_0(source: str, version: str):
    """These forms are an address and its routes."""
    with pytest.raises(CniError) as refused:
        convert(result(json.dumps({"cniVersion": source})), version)
    assert refused.value.msg == "cannot convert: no valid IP addresses"


@pytest.mark.parametrize(
    ("source", "version"),
    [*product(FAMILIES[0], SUPPORTED), *product(FAMILIES[1] + FAMILIES[2], FAMILIES[1] + FAMILIES[2])],
)
def test_an_empty_result_stays_empty(source: str, version: str):
    """In whatever version."""
    converted = convert(result(json.dumps({"cniVersion": source})), version)
    assert printed(converted) == printed(parse(version, {"cniVersion": version}))


@pytest.mark.parametrize("source", ["0.4.0", "1.1.0"])
def test_the_first_address_of_each_family_is_the_one_that_stays(source: str):
    """Mapped addresses count as IPv4; routes are grouped by family, in order."""
    family = (
        {"1.1.0": {}, "0.4.0": {"version": "4"}}[source],
        {"1.1.0": {}, "0.4.0": {"version": "6"}}[source],
    )
    members = {
        "cniVersion": source,
        "ips": [
            {"address": "::ffff:10.0.0.9/120", **family[0]},
            {"address": "10.0.0.1/8", "gateway": "10.0.0.2", **family[0]},
            {"address": "fd00::1/64", **family[1]},
            {"address": "10.0.0.3/8", **family[0]},
        ],
        "routes": [
            {"dst": "10.1.0.0/16", "mtu": 1400, "table": 5},
            {"dst": "fd01::/64", "gw": "fd00::2", "scope": 0},
            {"dst": "::ffff:10.2.0.0/112"},
            {"dst": "0.0.0.0/0", "gw": "10.0.0.2", "advmss": 1, "priority": 3},
        ],
    }
    assert printed(convert(result(json.dumps(members)), "0.2.0")) == {
        "cniVersion": "0.2.0",
        "ip4": {
            "ip": "10.0.0.9/24",
            "routes": [
                {"dst": "10.1.0.0/16"},
                {"dst": "10.2.0.0/16"},
                {"dst": "0.0.0.0/0", "gw": "10.0.0.2"},
            ],
        },
        "ip6": {"ip": "fd00::1/64", "routes": [{"dst": "fd01::/64", "gw": "fd00::2"}]},
        "dns": {},
    }


def test_a_route_of_a_family_without_address_is_dropped():
    """There is no place for it before 0.3.0."""
    members = {"cniVersion": "1.1.0", "ips": [{"address": "10.0.0.1/8"}], "routes": [{"dst": "::/0"}]}
    assert printed(convert(result(json.dumps(members)), "0.1.0")) == {
        "cniVersion": "0.1.0",
        "ip4": {"ip": "10.0.0.1/8"},
        "dns": {},
    }


def test_what_0_4_0_declares_an_address_to_be_is_believed():
    """Until 1.0.0, which has no such key; on the way back the address itself decides."""
    wrong = result('{"cniVersion":"0.4.0","ips":[{"version":"6","address":"1.2.3.4/24"}]}')
    assert printed(convert(wrong, "0.3.1"))["ips"] == [{"version": "6", "address": "1.2.3.4/24"}]
    assert printed(convert(wrong, "0.2.0")) == {"cniVersion": "0.2.0", "ip6": {"ip": "1.2.3.4/24"}, "dns": {}}
    repaired = convert(convert(wrong, "1.0.0"), "0.4.0")
    assert printed(repaired)["ips"] == [{"version": "4", "address": "1.2.3.4/24"}]


@pytest.mark.parametrize("version", ["", "ipv4"])
def test_an_address_that_declares_no_version_is_skipped(version: str):
    """Which can leave no address at all."""
    ips: list[Json] = [{"version": version, "address": "1.2.3.4/24"}]
    lone = parse("0.4.0", {"cniVersion": "0.4.0", "ips": ips})
    with pytest.raises(CniError, match="cannot convert: no valid IP addresses"):
        convert(lone, "0.2.0")
    second: Json = {"version": "4", "address": "5.6.7.8/24"}
    both = parse("0.4.0", {"cniVersion": "0.4.0", "ips": [*ips, second]})
    assert printed(convert(both, "0.2.0"))["ip4"] == {"ip": "5.6.7.8/24"}


def test_where_an_address_stands_before_0_3_0_is_believed():
    """An IPv6 address in ip4 is declared to be of version 4; 1.0.0 has no such key."""
    odd = result('{"cniVersion":"0.2.0","ip4":{"ip":"fd00::1/64"}}')
    assert printed(convert(odd, "0.4.0"))["ips"] == [{"version": "4", "address": "fd00::1/64"}]
    assert printed(convert(odd, "1.1.0"))["ips"] == [{"address": "fd00::1/64"}]


def test_routes_of_0_2_0_keep_what_they_have():
    """Even keys that came later, if a plugin wrote them."""
    text = (
        '{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.1/8","routes":[{"dst":"0.0.0.0/0","mtu":1400,"table":0}]}}'
    )
    assert printed(convert(result(text), "1.1.0"))["routes"] == [
        {"dst": "0.0.0.0/0", "mtu": 1400, "table": 0}
    ]
    assert encode(convert(result(text), "0.1.0")) == encode(result(text)).replace("0.2.0", "0.1.0")


@pytest.mark.parametrize("version", ["1.2.0", "1.0", "abc"])
@pytest.mark.parametrize("source", ["0.2.0", "0.4.0", "1.1.0"])
def test_an_unknown_version_has_no_converter(source: str, version: str):
    """The message names both."""
    with pytest.raises(CniError) as refused:
        convert(result(FULL[source]), version)
    assert refused.value.code == INCOMPATIBLE_VERSION
    assert refused.value.msg == f"no converter for CNI result version {source} to {version}"


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_model_that_plugins_work_on(version: str):
    """Is of the current version, whatever was given, and a copy even of that."""
    before = result(FULL[version])
    working = current(before)
    assert (type(working), working.cni_version) == (Result, "1.1.0")
    working.ips[0].interface = 7
    working.routes.clear()
    working.interfaces.append(Interface("other"))
    working.dns.domain = "changed"
    assert encode(before) == FULL[version]


@pytest.mark.parametrize(
    ("source", "version"), [pair for pair in product(SUPPORTED, SUPPORTED) if len(set(pair)) > 1]
)
def test_a_conversion_shares_nothing_that_can_change(source: str, version: str):
    """A plugin that edits its Result does not edit the one it was given."""
    before = result(FULL[source])
    after = convert(before, version)
    after.dns.domain = "changed"
    for family in (getattr(after, "ip4", None), getattr(after, "ip6", None)):
        if family is not None:
            family.gateway = None
            family.routes[0].gw = None
    for name in ("interfaces", "ips", "routes"):
        for one in getattr(after, name, []):
            setattr(one, one.fields[1], None)
        getattr(after, name, []).clear()
    assert encode(before) == FULL[source]


@given(RESULTS, VERSIONS)
def test_a_result_survives_being_printed_and_read(result: Result, version: str):
    """In every version that it can be converted to."""
    if version in FAMILIES[0] and not result.ips:
        return
    converted = convert(result, version)
    assert parse(version, decode_object(encode(converted))) == converted


@given(RESULTS, st.lists(VERSIONS, min_size=1, max_size=5))
def test_no_way_through_the_versions_adds_anything(result: Result, way: list[str]):
    """Going a way a second time changes nothing more, and ends in the version asked for."""
    if not result.ips and not set(way).isdisjoint(FAMILIES[0]):
        return
    once: AnyResult = result
    for version in way:
        once = convert(once, version)
        assert once.cni_version == version
    again: AnyResult = once
    for version in way:
        again = convert(again, version)
    assert again == once


@given(RESULTS.filter(lambda result: bool(result.ips)))
def test_0_2_0_is_the_smallest_form(result: Result):
    """Whatever way leads there, it is the same, and it survives every way on and back."""
    smallest = convert(result, "0.2.0")
    assert convert(convert(result, "0.4.0"), "0.2.0") == smallest
    for version in SUPPORTED:
        assert convert(convert(smallest, version), "0.2.0") == smallest


@given(RESULTS)
def test_0_4_0_survives_1_0_0(result: Result):
    """An address's version, when it was right, is found again."""
    older = convert(result, "0.4.0")
    for first, second in pairwise(["0.4.0", "1.0.0", "0.3.0", "1.1.0", "0.4.0"]):
        assert older.cni_version == first
        older = convert(older, second)
    assert older == convert(result, "0.4.0")
