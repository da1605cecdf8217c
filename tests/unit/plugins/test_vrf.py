"""vrf: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.meta.vrf import VrfConfig
from tests.program import Program

RESULT = {"interfaces": [{"name": "eth0", "sandbox": "/run/netns/nobody-made-it"}]}


def read(**keys: Any) -> VrfConfig:
    """Return a configuration; raises CniError for what it refuses."""
    document = Document({"type": "vrf", "name": "net", **keys})
    config = VrfConfig(document)
    config.validate(Request("ADD", document, ifname="eth0"))
    return config


def test_the_name_is_needed_and_the_table_is_not() -> None:
    """The documentation writes vrfname, and many write vrfName."""
    assert (read(vrfname="red").vrf_name, read(vrfname="red").table) == ("red", None)
    assert read(vrfName="red", table=4294967295).table == 4294967295


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({}, "configuration is expected to have a valid vrf name"),
    "an empty name": ({"vrfname": ""}, "configuration is expected to have a valid vrf name"),
    "a negative table": (
        {"vrfname": "red", "table": -1},
        'key "table": expected a whole number from 0 up, found number -1',
    ),
    "a table of more than 32 bits": (
        {"vrfname": "red", "table": 1 << 32},
        'key "table": expected a whole number up to 4294967295, found number 4294967296',
    ),
    "a table by name": (
        {"vrfname": "red", "table": "main"},
        'key "table": expected a whole number from 0 up, found string "main"',
    ),
}


@pytest.mark.parametrize("claim", REFUSED)
def test_what_makes_no_sense_is_refused(claim: str) -> None:
    """By code and message, before anything is made."""
    keys, message = REFUSED[claim]
    with pytest.raises(CniError) as refused:
        read(**keys)
    assert (refused.value.code, refused.value.msg) == (7, message)


@pytest.fixture
def vrf(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/vrf")


@pytest.mark.parametrize("verb", ["ADD", "CHECK"])
def test_it_works_on_what_another_plugin_made(vrf: Program, verb: str) -> None:
    """Without prevResult there is no interface to put anywhere."""
    answer = vrf(verb, {"cniVersion": "1.0.0", "name": "net", "type": "vrf", "vrfname": "red"})
    assert answer.error == (7, "missing prevResult from earlier plugin")


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.0"])
def test_versions_that_it_does_not_know(vrf: Program, version: str) -> None:
    """As with the Go plugin."""
    answer = vrf("ADD", {"cniVersion": version, "name": "net", "type": "vrf", "vrfname": "red"})
    assert answer.error == (1, "incompatible CNI versions")
    assert vrf("VERSION", {}).members["supportedVersions"] == ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]


@pytest.mark.parametrize("keys", [{"vrfname": "red"}, {}])
def test_delete_has_nothing_to_do(vrf: Program, keys: dict[str, Any]) -> None:
    """Where the namespace is gone, and for what ADD refused."""
    given = {"cniVersion": "1.0.0", "name": "net", "type": "vrf", "prevResult": RESULT, **keys}
    assert vrf("DEL", given).status == 0
