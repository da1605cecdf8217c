"""What a plugin finds on its stdin: its own configuration, and what the runtime adds to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.conflist import NetworkList, PluginConfig, parse_list
from cnictl.spec.errors import CniError
from cnictl.spec.request import for_attachment, for_gc, for_status, inject
from cnictl.spec.result import Result, parse

if TYPE_CHECKING:
    from cnictl.spec.document import Json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


def network(version: str | None = "1.1.0", **keys: object) -> tuple[NetworkList, PluginConfig]:
    document: dict[str, object] = {"name": "net", "plugins": [{"type": "t", **keys}]}
    if version is not None:
        document["cniVersion"] = version
    parsed = parse_list(json.dumps(document).encode())
    return parsed, parsed.plugins[0]


def test_the_first_plugin_of_add_gets_name_and_version():
    """Those of the list in place of its own, compact and sorted; nothing else is added."""
    listed, plugin = network(name="own", cniVersion="0.2.0", z=1, a={"y": 1, "b": 2})
    assert for_attachment(listed, plugin) == (
        b'{"a":{"b":2,"y":1},"cniVersion":"1.1.0","name":"net","type":"t","z":1}'
    )


def test_a_list_without_version():
    """Has an empty one in the request, as in libcni."""
    listed, plugin = network(None)
    assert json.loads(for_attachment(listed, plugin)) == {"cniVersion": "", "name": "net", "type": "t"}


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0", "1.1.0"])
def test_later_plugins_get_the_result_so_far(version: str):
    """In the version that it has, in place of what the file says."""
    listed, plugin = network(prevResult={"cniVersion": "0.3.0"})
    previous = parse(version, {"cniVersion": version, "dns": {"domain": "a<b"}})
    request = for_attachment(listed, plugin, previous=previous)
    assert json.loads(request)["prevResult"] == {"cniVersion": version, "dns": {"domain": "a<b"}}
    assert b"a\\u003cb" in request


def test_without_a_result_the_files_own_stays():
    """Somebody may have put it there for a test."""
    listed, plugin = network(prevResult={"cniVersion": "0.3.0"})
    assert json.loads(for_attachment(listed, plugin))["prevResult"] == {"cniVersion": "0.3.0"}


CAPABILITIES = {"portMappings": True, "somethingElse": True, "noCapability": False}


def test_capability_arguments_that_a_plugin_asks_for():
    """These and no others, null included; `capabilities` stays in the request."""
    listed, plugin = network(capabilities=CAPABILITIES, runtimeConfig={"of": "the file"})
    arguments: dict[str, Json] = {
        "portMappings": [{"hostPort": 8080}],
        "somethingElse": None,
        "noCapability": True,
        "notAdded": [True, False],
        "PortMappings": "another",
    }
    request = json.loads(for_attachment(listed, plugin, capability_args=arguments))
    assert request["runtimeConfig"] == {"portMappings": [{"hostPort": 8080}], "somethingElse": None}
    assert request["capabilities"] == CAPABILITIES


@pytest.mark.parametrize("arguments", [None, {}, {"mac": "x"}, {"noCapability": 1}])
def test_no_capability_argument_is_asked_for(arguments: dict[str, Json] | None):
    """Then there is no runtimeConfig, or the one that the file has."""
    listed, plugin = network(capabilities=CAPABILITIES)
    assert "runtimeConfig" not in json.loads(for_attachment(listed, plugin, capability_args=arguments))
    listed, plugin = network(capabilities=CAPABILITIES, runtimeConfig={"mac": "y"})
    request = json.loads(for_attachment(listed, plugin, capability_args=arguments))
    assert request["runtimeConfig"] == {"mac": "y"}


@pytest.mark.parametrize(
    ("valid", "listed_attachments"),
    [
        (
            [("id", "eth0"), ("id", "eth1")],
            [{"containerID": "id", "ifname": "eth0"}, {"containerID": "id", "ifname": "eth1"}],
        ),
        ([], []),
    ],
    ids=["two", "none"],
)
def test_gc_lists_what_is_valid(valid: list[tuple[str, str]], listed_attachments: object):
    """Under both names that the key has had; no attachment is valid when the list is empty."""
    request = json.loads(for_gc(*network(), valid))
    assert request["cni.dev/valid-attachments"] == listed_attachments
    assert request["cni.dev/attachments"] == listed_attachments


def test_gc_of_a_caller_that_cannot_say_what_is_valid():
    """Leaves the keys out, which is not the same as an empty list."""
    assert json.loads(for_gc(*network(), None)) == {"cniVersion": "1.1.0", "name": "net", "type": "t"}


def test_status_asks_with_name_and_version_only():
    """There is no attachment."""
    listed, plugin = network(capabilities=CAPABILITIES)
    assert json.loads(for_status(listed, plugin)) == {
        "cniVersion": "1.1.0",
        "name": "net",
        "type": "t",
        "capabilities": CAPABILITIES,
    }


@pytest.mark.parametrize(
    ("raw", "added", "message"),
    [
        (b"{", {"k": 1}, "unmarshal existing network bytes: unexpected end of JSON input"),
        (b"[]", {"k": 1}, "unmarshal existing network bytes: expected an object, found a list"),
        (b'{"type":"t"}', {"": 1}, "keys cannot be empty"),
        (b'{"type":"t"}', {"test": None}, "key 'test' value must not be nil"),
        (b'{"name":"n"}', {"k": 1}, "error parsing configuration: missing 'type'"),
    ],
    ids=["cut-off", "no-object", "empty-key", "null", "no-type"],
)
def test_what_cannot_be_put_in_is_refused(raw: bytes, added: dict[str, Json], message: str):
    """With upstream's words."""
    with pytest.raises(CniError) as refused:
        inject(raw, added)
    assert refused.value.msg == message


@pytest.mark.parametrize(
    ("added", "request_bytes"),
    [
        ({"test": "x"}, b'{"name":"n","test":"x","type":"t"}'),
        ({"name": "other"}, b'{"name":"other","type":"t"}'),
        ({"name": "n"}, b'{"name":"n","type":"t"}'),
        ({"Name": "other"}, b'{"Name":"other","type":"t"}'),
        (
            {"dns": {"search": ["b"], "domain": "a"}},
            b'{"dns":{"domain":"a","search":["b"]},"name":"n","type":"t"}',
        ),
        ({}, b'{"name":"n","type":"t"}'),
    ],
    ids=["new", "other", "same", "other-case", "nested", "nothing"],
)
def test_keys_are_put_in(added: dict[str, Json], request_bytes: bytes):
    """In place of the same key in any case, so that no plugin can read the old one."""
    assert inject(b'{ "type": "t", "name": "n" }', added) == request_bytes


def test_numbers_as_libcni_passes_them():
    """Plugins get 1500 for 1500.0, and a large number in full."""
    assert inject(b'{"type":"t","mtu":1500.0,"rate":1e3,"burst":12345678901234567890,"x":0.5}', {}) == (
        b'{"burst":12345678901234567890,"mtu":1500,"rate":1000,"type":"t","x":0.5}'
    )


@given(st.dictionaries(TEXTS, st.text(max_size=3)), st.dictionaries(TEXTS, st.text(max_size=3)))
def test_what_is_put_in_is_there_and_nothing_else_changes(original: dict[str, Json], added: dict[str, Json]):
    """Whatever the keys are."""
    folded = {key.casefold() for key in added}
    if "type" in folded:
        added = {key: value or "t" for key, value in added.items()}
    original = {key: value for key, value in original.items() if key.casefold() != "type"} | {"type": "t"}
    request = json.loads(inject(json.dumps(original).encode("utf-8"), added))
    kept = {key: value for key, value in original.items() if key.casefold() not in folded}
    assert request == {**kept, **added}


def test_a_result_that_a_plugin_built_can_be_passed_on():
    """The model has the form of JSON."""
    assert json.loads(for_attachment(*network(), previous=Result()))["prevResult"] == {"cniVersion": "1.1.0"}
