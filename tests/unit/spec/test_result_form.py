"""Results as JSON: what is read, what is refused, and how it is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import decode_object
from cnictl.spec.errors import DECODING_FAILURE, INCOMPATIBLE_VERSION, CniError
from cnictl.spec.legacy_result import Result020, Result040
from cnictl.spec.result import (
    DNS,
    Interface,
    IPConfig,
    Result,
    Route,
    current,
    encode,
    parse,
    parse_any,
    parse_output,
    parse_previous,
)
from cnictl.spec.versions import SUPPORTED
from tests.unit.spec.results import FULL

if TYPE_CHECKING:
    from cnictl.spec.document import Json

FAMILIES = {"": Result020, "0.1.0": Result020, "0.2.0": Result020, "0.3.0": Result040, "0.3.1": Result040}
FAMILIES |= {"0.4.0": Result040, "1.0.0": Result, "1.1.0": Result}
LISTED = {Result020: "[ 0.1.0 0.2.0]", Result040: "[0.3.0 0.3.1 0.4.0]", Result: "[1.0.0 1.1.0]"}


def with_ip(version: str, /, **keys: Json) -> dict[str, Json]:
    return {"cniVersion": version, "ips": [keys]}


def with_route(version: str, /, **keys: Json) -> dict[str, Json]:
    return {"cniVersion": version, "routes": [{"dst": "10.0.0.0/8", **keys}]}


def refusal(version: str, members: dict[str, Json]) -> CniError:
    with pytest.raises(CniError) as refused:
        parse(version, members)
    return refused.value


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_fullest_result_survives_to_the_byte(version: str):
    """Key order, indentation and omissions are those of the Go library in every version."""
    result = parse(version, decode_object(FULL[version]))
    assert type(result) is FAMILIES[version]
    assert encode(result) == FULL[version]


@pytest.mark.parametrize(
    ("version", "printed"),
    [
        ("0.1.0", '{"cniVersion":"0.1.0","dns":{}}'),
        ("0.4.0", '{"cniVersion":"0.4.0","dns":{}}'),
        ("1.1.0", '{"cniVersion":"1.1.0"}'),
    ],
)
def test_an_empty_result_is_printed(version: str, printed: str):
    """Before 1.0.0 dns is always there."""
    assert "".join(encode(parse(version, {"cniVersion": version})).split()) == printed


def test_what_a_plugin_builds_is_what_is_read():
    """The model and its JSON form say the same."""
    built = Result(
        interfaces=[Interface("eth0", "02:00:00:00:00:01", 1500, "/ns", "/socket", "0000:00:1f.6")],
        ips=[IPConfig(Prefix.parse("10.1.2.3/16"), Address.parse("10.1.0.1"), 0)],
        routes=[Route(Prefix.parse("0.0.0.0/0"), None, 1400, 1360, 5, 0, 0)],
        dns=DNS(["10.1.0.1"], "example.com", ["a"], ["b"]),
    )
    assert parse("1.1.0", decode_object(encode(built))) == built


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("inner", ["", "0.1.0", "0.2.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", "5678.456"])
def test_a_result_belongs_to_the_family_it_is_read_as(version: str, inner: str):
    """It keeps its own version of the family, 0.1.0 for none; another family's is refused."""
    family = FAMILIES[version]
    members: dict[str, Json] = {"cniVersion": inner}
    if FAMILIES.get(inner) is family:
        result = parse(version, members)
        assert (type(result), result.cni_version) == (family, inner or "0.1.0")
        return
    error = refusal(version, members)
    assert error.code == INCOMPATIBLE_VERSION
    assert error.msg == f'result type supports {LISTED[family]} but unmarshalled CNIVersion is "{inner}"'


@pytest.mark.parametrize("version", ["abc", "9.9.9", "0.4567.0", "1.0"])
def test_an_unknown_version_is_refused(version: str):
    """To the letter: 1.0 is not 1.0.0."""
    assert refusal(version, {}).msg == f'unsupported CNI result version "{version}"'
    with pytest.raises(CniError, match=f'unsupported CNI result version "{version}"'):
        parse_any({"cniVersion": version})


@pytest.mark.parametrize(
    ("members", "version"),
    [
        ({}, "0.1.0"),
        ({"cniVersion": ""}, "0.1.0"),
        ({"cniVersion": "0.3.0"}, "0.3.0"),
        ({"cniversion": "1.0.0"}, "1.0.0"),
    ],
    ids=["absent", "empty", "stated", "other-case"],
)
def test_a_result_says_what_it_is(members: dict[str, Json], version: str):
    """Without a version it is of the first one."""
    assert parse_any(members).cni_version == version


@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
@pytest.mark.parametrize(
    ("address", "printed"),
    [
        ("10.1.2.3/16", "10.1.2.3/16"),
        ("FD00:0:0:0:0:0:0:1/64", "fd00::1/64"),
        ("::ffff:1.2.3.4/120", "1.2.3.4/24"),
    ],
    ids=["host-bits", "long-ipv6", "mapped-ipv4"],
)
def test_an_address_is_printed_in_one_way(version: str, address: str, printed: str):
    """However it was spelled; its host bits stay."""
    result = parse(version, with_ip(version, address=address))
    assert json.loads(encode(result))["ips"][0]["address"] == printed


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0", "1.1.0"])
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("1.2.3.4", "invalid CIDR address: 1.2.3.4"),
        ("010.1.2.3/24", "invalid CIDR address: 010.1.2.3/24"),
        ("1.2.3/45", "invalid CIDR address: 1.2.3/45"),
        ("1.2.3.4/99", "invalid CIDR address: 1.2.3.4/99"),
        ("", "invalid CIDR address: "),
        (None, "invalid CIDR address: "),
        (5, "expected a string, found number 5"),
        (["1.2.3.4/24"], "expected a string, found a list"),
    ],
    ids=["no-length", "leading-zero", "three-parts", "too-long", "empty", "null", "a-number", "a-list"],
)
def test_a_wrong_address_is_refused(version: str, address: Json, message: str):
    """In the words that Go has for it, and the error says where it stands."""
    members = with_ip(version, address=address)
    where = "ips[0].address"
    if version == "0.2.0":
        members, where = {"cniVersion": version, "ip4": {"ip": address}}, "ip4.ip"
    error = refusal(version, members)
    assert error.code == DECODING_FAILURE
    assert message in error.msg
    assert f'"{where}"' in str(error)


@pytest.mark.parametrize(
    "members",
    [
        with_ip("1.1.0", gateway="10.0.0.1"),
        with_ip("0.4.0", version="4"),
        {"cniVersion": "0.2.0", "ip4": {"gateway": "10.0.0.1"}},
        {"cniVersion": "1.1.0", "routes": [{"gw": "10.0.0.1"}]},
    ],
    ids=["current", "versioned", "ip4", "route"],
)
def test_what_has_no_address_is_refused(members: dict[str, Json]):
    """The Go library reads it and prints <nil>, which nobody can read again."""
    error = refusal(str(members["cniVersion"]), members)
    assert error.msg == "invalid CIDR address: "
    assert error.details.endswith("is missing")


@pytest.mark.parametrize(
    ("gateway", "printed"),
    [("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"), ("FE80::0:1", "fe80::1"), ("", None), (None, None)],
    ids=["mapped-ipv4", "long-ipv6", "empty", "null"],
)
def test_a_gateway_may_be_absent(gateway: Json, printed: str | None):
    """Empty is the same as not there."""
    result = parse("1.1.0", with_ip("1.1.0", address="10.0.0.1/8", gateway=gateway))
    assert json.loads(encode(result))["ips"][0].get("gateway") == printed


@pytest.mark.parametrize("text", ["1.2.3", "1.2.3.1/24", "fe80::1%eth0", "1.2.3.x"])
def test_a_wrong_gateway_is_refused(text: str):
    """Of an address, and of a route."""
    message = f"invalid IP address: {text}"
    assert refusal("1.1.0", with_ip("1.1.0", address="10.0.0.1/8", gateway=text)).msg == message
    assert refusal("0.4.0", with_route("0.4.0", gw=text)).msg == message


@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
@pytest.mark.parametrize("key", ["mtu", "advmss", "priority", "table", "scope"])
@pytest.mark.parametrize("value", [1500.0, 1.5, "main", True, []])
def test_the_numbers_of_a_route_are_whole(version: str, key: str, value: Json):
    """Written as such; nothing is converted."""
    error = refusal(version, with_route(version, **{key: value}))
    assert error.code == DECODING_FAILURE
    assert error.msg.startswith(f'key "routes[0].{key}": expected a whole number, found ')


@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
def test_a_table_and_a_scope_may_be_zero(version: str):
    """Which is not the same as not stated; for the other numbers of a route it is."""
    members = with_route(version, mtu=0, advmss=0, priority=0, table=0, scope=0)
    printed = json.loads(encode(parse(version, members)))["routes"]
    assert printed == [{"dst": "10.0.0.0/8", "table": 0, "scope": 0}]
    assert json.loads(encode(parse(version, with_route(version))))["routes"] == [{"dst": "10.0.0.0/8"}]


@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
@pytest.mark.parametrize(("interface", "printed"), [(0, 0), (-1, -1), (3, 3), (None, None)])
def test_the_index_of_an_interface(version: str, interface: Json, printed: int | None):
    """The first is printed as 0, an unknown one not at all; -1 of old plugins is carried along."""
    result = parse(version, with_ip(version, address="10.0.0.1/8", interface=interface))
    assert json.loads(encode(result))["ips"][0].get("interface") == printed


def test_the_version_of_an_address_is_not_read_after_0_4_0():
    """A wrong one does no harm, whatever its type."""
    result = parse("1.0.0", with_ip("1.0.0", address="10.0.0.1/8", version=6))
    assert "version" not in json.loads(encode(result))["ips"][0]


def test_an_interface_before_1_0_0_has_three_keys():
    """Later ones are not even looked at."""
    interface: Json = {"name": "eth0", "mtu": "x", "socketPath": 5, "pciID": []}
    result = parse("0.4.0", {"cniVersion": "0.4.0", "interfaces": [interface]})
    assert json.loads(encode(result))["interfaces"] == [{"name": "eth0"}]


@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
@pytest.mark.parametrize("key", ["interfaces", "ips", "routes"])
def test_an_empty_list_is_no_list(version: str, key: str):
    """Whether it is written as [] or null; null inside a list is refused, for it would shift the others."""
    empty = encode(parse(version, {"cniVersion": version}))
    assert encode(parse(version, {"cniVersion": version, key: []})) == empty
    assert encode(parse(version, {"cniVersion": version, key: None})) == empty
    error = refusal(version, {"cniVersion": version, key: [None]})
    assert error.msg == f'key "{key}[0]": expected an object, found null'


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ('{"dns":{"search":["a"]},"dns":{"search":["b"]}}', ("b",)),
        ('{"dns":{"search":["a"]},"DNS":{"Search":["b"]}}', ("b",)),
        ('{"DNS":{"search":["b"]},"dns":{"search":["a"]}}', ("a",)),
    ],
    ids=["twice", "capitals-last", "capitals-first"],
)
def test_of_keys_that_are_there_twice_the_last_counts(text: str, search: tuple[str, ...]):
    """In any case, as in Go; two objects are not merged, though, which nobody means."""
    assert parse_any(decode_object(text)).dns == DNS(search=search)


def test_unknown_keys_are_ignored():
    """At every level."""
    members = decode_object(FULL["1.1.0"])
    assert parse("1.1.0", {**members, "extra": [1], "knownKey": None}) == parse("1.1.0", members)


PREVIOUS: list[tuple[str, dict[str, Json], str]] = [
    ("1.1.0", {}, "1.1.0"),
    ("0.3.1", {}, "0.3.1"),
    ("0.2.0", {}, "0.2.0"),
    ("", {}, "0.1.0"),
    ("1.1.0", {"cniVersion": None}, "1.1.0"),
    ("0.2.0", {"cniVersion": ""}, "0.1.0"),
    ("1.1.0", {"cniVersion": "1.0.0"}, "1.0.0"),
    ("1.0.0", {"cniVersion": "1.1.0"}, "1.1.0"),
    ("0.4.0", {"cniversion": "0.3.0"}, "0.3.0"),
]


@pytest.mark.parametrize(("config_version", "members", "version"), PREVIOUS)
def test_prev_result_has_the_version_of_the_configuration(
    config_version: str, members: dict[str, Json], version: str
):
    """Unless it has another one of the same family itself."""
    assert parse_previous(config_version, members).cni_version == version


@pytest.mark.parametrize(
    ("config_version", "inner", "message"),
    [
        ("1.1.0", "0.4.0", 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.4.0"'),
        ("1.1.0", "0.2.0", 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.2.0"'),
        ("1.1.0", "5678.456", 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "5678.456"'),
        ("0.3.0", "", 'result type supports [0.3.0 0.3.1 0.4.0] but unmarshalled CNIVersion is ""'),
        ("1.1.0", "", 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is ""'),
        ("9.9.9", "1.1.0", 'unsupported CNI result version "9.9.9"'),
    ],
)
def test_prev_result_of_another_family_is_refused(config_version: str, inner: str, message: str):
    """A runtime that passes one has not converted it."""
    with pytest.raises(CniError) as refused:
        parse_previous(config_version, {"cniVersion": inner})
    assert refused.value.code == INCOMPATIBLE_VERSION
    assert refused.value.msg == f"could not parse prevResult: {message}"


def test_prev_result_says_what_is_wrong_in_it():
    """With the prefix that upstream has."""
    with pytest.raises(CniError) as refused:
        parse_previous("1.1.0", {"ips": [{"address": "zz"}]})
    assert refused.value.msg == "could not parse prevResult: invalid CIDR address: zz"


@pytest.mark.parametrize(
    ("config_version", "stdout", "version"),
    [
        ("0.3.1", b"{}", "0.3.1"),
        ("0.3.1", b'{"cniVersion":""}', "0.3.1"),
        ("", b'{"unknown":{"key":1}}', "0.1.0"),
        ("1.1.0", b"null", "1.1.0"),
        ("1.1.0", b"{}", "1.1.0"),
        ("1.1.0", b'{"cniVersion":5}', "1.1.0"),
        ("1.1.0", b'{"cniVersion":null}\n', "1.1.0"),
        ("1.1.0", b'{"CNIVersion":"0.4.0"}', "1.1.0"),
        ("1.1.0", b'{"cniVersion":"0.1.0"}', "0.1.0"),
        ("0.2.0", b'{"cniVersion":"1.0.0"}', "1.0.0"),
    ],
    ids=["absent", "empty", "neither", "null", "nothing", "a-number", "null-version", "other-case", "older",
         "newer"],
)  # fmt: skip
def test_what_a_plugin_prints_has_its_own_version(config_version: str, stdout: bytes, version: str):
    """Any that is known; without one it has the configuration's."""
    result = parse_output(config_version, stdout)
    assert (type(result), result.cni_version) == (FAMILIES[version], version)
    assert current(result) == Result()


@pytest.mark.parametrize(
    ("stdout", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b"[]", "expected an object, found a list"),
        (b"Segmentation fault", "expecting value"),
        (b"{}{}", "more text after the end of the document"),
    ],
    ids=["nothing", "a-list", "no-json", "two-documents"],
)
def test_what_is_no_result_is_refused(stdout: bytes, message: str):
    """A plugin must print one JSON object and nothing else."""
    with pytest.raises(CniError) as refused:
        parse_output("1.1.0", stdout)
    assert refused.value.code == DECODING_FAILURE
    assert refused.value.msg == f"failed to unmarshal raw result: {message}"


def test_a_plugin_that_answers_in_an_unknown_version():
    """Its result cannot be understood, so it is not guessed at."""
    with pytest.raises(CniError) as refused:
        parse_output("1.1.0", b'{"cniVersion":"2.0.0"}')
    assert refused.value.msg == 'unsupported CNI result version "2.0.0"'
