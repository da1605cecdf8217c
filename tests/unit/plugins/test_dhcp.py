"""dhcp as a program, without a daemon: what it refuses, and what it says of a daemon that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cnictl.ipam import dhcp_options
from cnictl.ipam.dhcp_options import ProvideConfig, RequestConfig
from cnictl.spec.args import parse_leniently
from cnictl.spec.document import Document
from tests import refused as cases
from tests.program import Program
from tests.refused import Refused

CASES = cases.by("dhcp")


@pytest.fixture
def dhcp(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/dhcp")


def configuration(socket: str, **ipam: Any) -> dict[str, Any]:
    section = {"type": "dhcp", "daemonSocketPath": socket, **ipam}
    return {"cniVersion": "1.1.0", "name": "net", "type": "any", "ipam": section}


@cases.each(CASES)
def test_add_refuses(refused: Refused, dhcp: Program):
    """ADD answers the text and the code, and asks nobody."""
    answer = dhcp("ADD", refused.configuration("dhcp"), args=refused.args)
    assert answer.error == (refused.code, refused.text)


@cases.each([one for one in CASES if not one.args])
def test_status_refuses(refused: Refused, dhcp: Program):
    """STATUS finds the same mistakes before the first pod does."""
    answer = dhcp("STATUS", {**refused.configuration("dhcp"), "cniVersion": "1.1.0"})
    assert answer.error == (refused.code, refused.text)


@pytest.mark.parametrize(
    ("provide", "message"),
    [
        (
            {"option": "host-name", "value": "x" * 256},
            f'value too long for option "host-name": "{"x" * 256}"',
        ),
        ({"option": "12", "fromArg": "NAME"}, 'value too long for option "12" from CNI_ARGS "NAME": ""'),
    ],
    ids=["value", "argument"],
)
def test_values_that_do_not_fit(dhcp: Program, tmp_path: Path, provide: dict[str, str], message: str):
    """An option holds 255 bytes."""
    given = configuration(str(tmp_path / "none"), provide=[provide])
    assert dhcp("ADD", given, args=f"NAME={'y' * 256}").error == (7, message)


@pytest.mark.parametrize("option", ["zz", "256", ""])
def test_del_passes_over_mistakes_in_options(dhcp: Program, tmp_path: Path, option: str):
    """A lease must not be kept for ever because somebody edits a configuration."""
    given = configuration(str(tmp_path / "none"), provide=[{"option": option, "value": "x"}])
    answer = dhcp("DEL", given)
    assert answer.status == 0
    assert "is not given back, and will run out" in answer.stderr


@pytest.mark.parametrize(("verb", "code"), [("ADD", 11), ("STATUS", 50)])
def test_without_a_daemon(dhcp: Program, tmp_path: Path, verb: str, code: int):
    """The path is told, in the words of the Go plugin."""
    path = str(tmp_path / "none")
    message = f"error dialing DHCP daemon: dial unix {path}: connect: no such file or directory"
    assert dhcp(verb, configuration(path)).error == (code, message)


def test_gc_where_nothing_is_kept(dhcp: Program, tmp_path: Path):
    """It succeeds, and asks nobody."""
    given = configuration(str(tmp_path / "none"))
    assert dhcp("GC", {**given, "cni.dev/valid-attachments": []}).status == 0


@pytest.mark.parametrize(
    ("request_", "numbers"),
    [
        ([], "0301"),
        ([{"option": "121"}], "790301"),
        ([{"option": "121"}, {"option": "routers"}, {"option": "121"}], "790301"),
        ([{"option": "subnet-mask"}], "0103"),
        ([{"option": "6", "skipDefault": True}], "06"),
        ([{"skipDefault": True}], "01030f06"),
    ],
)
def test_what_is_asked_for(request_: list[dict[str, Any]], numbers: str):
    """In order and once, the needed ones last; with nothing left, what clients usually ask for."""
    configured = [RequestConfig(Document(one)) for one in request_]
    assert dhcp_options.requested(configured).hex() == numbers


def test_what_is_provided():
    """An argument takes the place of a value, an empty one is none, and the last of an option counts."""
    provide: list[dict[str, Any]] = [
        {"option": "host-name", "value": "a", "fromArg": "NAME"},
        {"option": "60", "value": "b", "fromArg": "OTHER"},
        {"option": "77", "value": ""},
        {"option": "vendor-class-identifier", "value": "c"},
    ]
    configured = [ProvideConfig(Document(one)) for one in provide]
    arguments = parse_leniently("NAME=x=y;;nothing;NAME=pod")
    assert dhcp_options.provided(configured, arguments) == {12: b"pod", 60: b"c"}
