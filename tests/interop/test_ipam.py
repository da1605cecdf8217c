"""host-local and static beside the Go plugins: the same answers, the same files, one directory for both."""

from __future__ import annotations

import json
import os
import random
import stat
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests import refused as cases
from tests.program import Answer, Program
from tests.refused import Refused

pytestmark = pytest.mark.interop

VERSION = cases.VERSION
RANGES = {
    "small": [[{"subnet": "192.168.1.0/29"}]],
    "two-families": [[{"subnet": "10.1.2.0/28"}], [{"subnet": "2001:db8:1::/124"}]],
    "pieces": [
        [
            {
                "subnet": "10.1.2.0/24",
                "rangeStart": "10.1.2.250",
                "rangeEnd": "10.1.2.253",
                "gateway": "10.1.2.252",
            },
            {"subnet": "10.1.3.0/30"},
            {"subnet": "10.1.1.0/24", "rangeStart": "10.1.1.0", "rangeEnd": "10.1.1.2"},
        ]
    ],
}
WISHES = {
    "small": "192.168.1.1 192.168.1.3 192.168.1.4 192.168.1.6",
    "two-families": "10.1.2.1 10.1.2.5 10.1.2.14 2001:db8:1::1 2001:db8:1::5 2001:db8:1::f",
    "pieces": "10.1.2.252 10.1.2.253 10.1.3.2 10.1.1.0 10.1.1.2",
}


@pytest.fixture
def ours(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/host-local")


@pytest.fixture
def theirs(go_plugins: str) -> Program:
    return Program(f"{go_plugins}/host-local")


def configuration(directory: Path, ranges: object, version: str = VERSION) -> dict[str, Any]:
    ipam = {"type": "host-local", "dataDir": str(directory), "ranges": ranges}
    return {"cniVersion": version, "name": "net", "type": "any", "ipam": ipam}


def files(directory: Path) -> dict[str, bytes]:
    """Every file of the network, with its content."""
    return {path.name: path.read_bytes() for path in (directory / "net").iterdir()}


def spoken(answer: Answer) -> object:
    """What an answer says: of a Result what this version has, of an error the message."""
    if answer.status:
        return answer.members["msg"]
    if answer.members is None:
        return None
    # The Go plugins of this release print empty resolver settings in all versions.
    return {name: value for name, value in answer.members.items() if value != {}}


@cases.each(cases.by("host-local"))
def test_host_local_refuses_in_the_same_words(refused: Refused, theirs: Program, tmp_path: Path):
    """The texts that testdata/refused ascribes to the Go plugin are its own."""
    answer = theirs("ADD", refused.configuration("host-local", str(tmp_path)), args=refused.args)
    assert answer.error == (999, refused.go or refused.text)


@cases.each(cases.by("static"))
def test_static_refuses_in_the_same_words(refused: Refused, go_plugins: str):
    """The texts that testdata/refused ascribes to the Go plugin are its own."""
    answer = Program(f"{go_plugins}/static")("ADD", refused.configuration("static"), args=refused.args)
    assert answer.error == (999, refused.go or refused.text)


def steps(seed: int, wishes: list[str]) -> list[tuple[str, dict[str, str]]]:
    """A day in the life of a network: containers come, come twice, ask for addresses, and go."""
    chance = random.Random(seed)
    made: list[tuple[str, dict[str, str]]] = []
    for _ in range(40):
        owner = {"container": f"c{chance.randrange(6)}", "ifname": chance.choice(["eth0", "net1"])}
        verb = chance.choices(["ADD", "DEL", "CHECK"], [6, 3, 1])[0]
        if verb == "ADD" and chance.random() < 0.3:
            owner["args"] = f"IP={chance.choice(wishes)}"
        made.append((verb, owner))
    return made


@pytest.mark.parametrize("ranges", RANGES)
@pytest.mark.parametrize("seed", range(3))
def test_the_same_work_leaves_the_same_files(
    ranges: str, seed: int, ours: Program, theirs: Program, tmp_path: Path
):
    """After every step, failing ones as well, the answers agree, and so do the files, byte for byte.

    But for one thing: when a later set fails they release what the attachment had before, too.
    """
    mine, go = tmp_path / "ours", tmp_path / "go"
    (mine / "net").mkdir(parents=True)
    for verb, owner in steps(seed, WISHES[ranges].split()):
        here = ours(verb, configuration(mine, RANGES[ranges]), **owner)
        there = theirs(verb, configuration(go, RANGES[ranges]), **owner)
        if verb == "CHECK":
            assert here.status == there.status
        else:
            assert spoken(here) == spoken(there), (verb, owner)
        kept = {"lock": b"", **files(mine)}
        lost = {name: kept.pop(name) for name in kept.keys() - files(go).keys()}
        assert kept == files(go), (verb, owner)
        if lost:
            assert (verb, there.status, ranges) == ("ADD", 1, "two-families")
            assert set(lost.values()) == {f"{owner['container']}\r\n{owner['ifname']}".encode()}
            ours("DEL", configuration(mine, RANGES[ranges]), **owner)
    assert stat.S_IMODE((mine / "net" / "lock").stat().st_mode) == 0o750
    assert stat.S_IMODE((go / "net" / "lock").stat().st_mode) == 0o750


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"])
@pytest.mark.parametrize("added_by_us", [True, False], ids=["we-add", "they-add"])
def test_one_adds_the_other_checks_and_deletes(
    version: str, added_by_us: bool, ours: Program, theirs: Program, tmp_path: Path
):
    """In every version that both know, with and without prevResult."""
    one, other = (ours, theirs) if added_by_us else (theirs, ours)
    given = configuration(tmp_path, RANGES["two-families"], version)
    result = one("ADD", given).result
    if version in ("0.4.0", "1.0.0"):
        for more in ({}, {"prevResult": result}):
            for program in (one, other):
                assert program("CHECK", {**given, **more}).status == 0
            assert other("CHECK", {**given, **more}, container="c2").status == 1
    assert "duplicate allocation is not allowed" in other("ADD", given).error[1]
    assert other("DEL", given).status == 0
    assert set(files(tmp_path)) == {"lock", "last_reserved_ip.0", "last_reserved_ip.1"}


def test_they_go_on_where_we_were_and_we_where_they_were(ours: Program, theirs: Program, tmp_path: Path):
    """The order of addresses is one, whoever is asked."""
    given = configuration(tmp_path, RANGES["small"])
    order = [(ours, theirs)[i % 2]("ADD", given, container=f"c{i}").addresses[0] for i in range(5)]
    assert order == [f"192.168.1.{number}/29" for number in range(2, 7)]


def test_an_old_file_is_released_by_both(ours: Program, theirs: Program, tmp_path: Path):
    """One with the container's id alone."""
    given = configuration(tmp_path, RANGES["small"])
    for adding, deleting in ((ours, theirs), (theirs, ours)):
        address = adding("ADD", given).addresses[0].partition("/")[0]
        (tmp_path / "net" / address).write_text("c1")
        assert ours("CHECK", given).status == theirs("CHECK", given).status == 0
        assert deleting("DEL", given).status == 0
        assert address not in files(tmp_path)


def test_fifty_at_once(ours: Program, theirs: Program, tmp_path: Path):
    """Processes of both, all started before the first answers: no address is given twice, none stays."""
    given = json.dumps(
        configuration(tmp_path, [[{"subnet": "10.1.2.0/26"}], [{"subnet": "2001:db8:1::/64"}]])
    ).encode()
    everybody = [((ours, theirs)[i % 2], f"c{i}") for i in range(50)]
    answers = _at_once("ADD", everybody, given)
    addresses = [ip["address"].partition("/")[0] for one in answers for ip in json.loads(one)["ips"]]
    assert len(addresses) == len(set(addresses)) == 100
    assert set(addresses) == set(files(tmp_path)) - {"lock", "last_reserved_ip.0", "last_reserved_ip.1"}
    # Each is released by the other implementation, half of them while new containers come.
    others = [((theirs, ours)[i % 2], f"c{i}") for i in range(50)]
    _at_once("DEL", others[:25], given)
    newcomers = [(ours, f"n{i}") for i in range(10)]
    starting = [_started(program, "ADD", container, given) for program, container in newcomers]
    _at_once("DEL", others[25:], given)
    assert [process.wait(60) for process in starting] == [0] * 10
    for process in starting:
        process.communicate()
    _at_once("DEL", [(theirs, container) for _, container in newcomers], given)
    assert set(files(tmp_path)) == {"lock", "last_reserved_ip.0", "last_reserved_ip.1"}


def _at_once(verb: str, everybody: list[tuple[Program, str]], given: bytes) -> list[bytes]:
    processes = [_started(program, verb, container, given) for program, container in everybody]
    answers = []
    for process in processes:
        stdout, _ = process.communicate(timeout=100)
        assert process.returncode == 0, stdout
        answers.append(stdout)
    return answers


def _started(program: Program, verb: str, container: str, given: bytes) -> Any:
    process = program.start(verb, container=container)
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    process.stdin = None
    return process


def test_an_index_is_no_secret_between_us(node: Node, plugins_dir: str, go_plugins: str):
    """In a directory so big that we keep an index, what they did a moment ago counts all the same."""
    ours, theirs = (Program(f"{directory}/host-local", node) for directory in (plugins_dir, go_plugins))
    data = "/run/data"
    net = node.path(f"{data}/net")
    os.makedirs(net)
    for number in range(1200):
        with open(f"{net}/10.9.{number // 256}.{number % 256}", "xb") as file:
            file.write(b"%064x\r\neth0" % number)
    given = configuration(Path(data), [[{"subnet": "10.0.0.0/8"}]])
    for i in range(5):
        assert ours("ADD", given, container=f"ours{i}").status == 0
        assert theirs("ADD", given, container=f"theirs{i}").status == 0
        assert "duplicate" in ours("ADD", given, container=f"theirs{i}").error[1]
        assert "duplicate" in theirs("ADD", given, container=f"ours{i}").error[1]
    for i in range(5):
        assert ours("DEL", given, container=f"theirs{i}").status == 0
        assert theirs("DEL", given, container=f"ours{i}").status == 0
        assert ours("ADD", given, container=f"ours{i}").status == 0
        assert ours("DEL", given, container=f"ours{i}").status == 0
    assert os.listdir(node.path("/run/cnictl/reservations"))
    assert len(os.listdir(net)) == 1202


def _addresses(*texts: str) -> dict[str, Any]:
    return {"addresses": [{"address": text} for text in texts]}


BY_ARGS = {"args": {"cni": {"ips": ["10.2.1.1/24"]}}}
STATIC: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "one": ({"addresses": [{"address": "10.10.0.1/24", "gateway": "10.10.0.254"}]}, "", {}),
    "none": ({}, "", {}),
    "mapped": (_addresses("::ffff:10.1.1.1/120"), "", {}),
    "two-families": (_addresses("10.1.1.1/24", "2001:db8:0::1/64"), "", {}),
    "two-of-a-family": (_addresses("10.1.1.1/24", "10.1.2.1/24"), "", {}),
    "arguments": (
        _addresses("10.10.0.1/24"),
        "IP=10.20.0.1/24, 10.21.0.1/24;GATEWAY=10.20.0.9,10.10.0.9",
        {},
    ),
    "args": (_addresses("10.10.0.1/24"), "IP=10.20.0.1/24", BY_ARGS),
    "runtime": ({}, "", {**BY_ARGS, "runtimeConfig": {"ips": ["10.3.1.1/24"]}}),
    "routes": (
        {
            **_addresses("10.10.0.1/24"),
            "routes": [
                {"dst": "3ffe:ffff:0:1ff::1/64"},
                {"dst": "0.0.0.0/0", "gw": "10.10.0.9"},
                {"dst": "0.0.0.0/0"},
            ],
            "dns": {"nameservers": ["192.0.2.1"], "domain": "d", "search": ["s"], "options": ["o"]},
        },
        "",
        {},
    ),
}
"""The `ipam` section, CNI_ARGS, and what stands beside the section."""


@pytest.mark.parametrize("version", ["0.2.0", "0.4.0", "1.0.0"])
@pytest.mark.parametrize("case", STATIC)
def test_static_gives_the_same(case: str, version: str, plugins_dir: str, go_plugins: str):
    """Results and refusals agree, and either accepts the other's Result in CHECK."""
    ours, theirs = (Program(f"{directory}/static") for directory in (plugins_dir, go_plugins))
    ipam, args, more = STATIC[case]
    given = {"cniVersion": version, "name": "net", "type": "any", "ipam": {"type": "static", **ipam}, **more}
    here, there = ours("ADD", given, args=args), theirs("ADD", given, args=args)
    assert spoken(here) == spoken(there)
    if version != "0.2.0" and not here.status:
        for result in (here.result, there.result):
            for program in (ours, theirs):
                assert program("CHECK", {**given, "prevResult": result}, args=args).status == 0
