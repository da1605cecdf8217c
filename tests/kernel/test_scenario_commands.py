"""`cnictl test` and `cnictl compare` as somebody types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from cnictl.sandbox.node import Node
from cnictl.scenario.load import load_all
from cnictl.scenario.model import ONLY_HERE

CNICTL = str(Path(sys.executable).with_name("cnictl"))
ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "testdata" / "scenarios"
SMALL = """\
name: small
network:
  cniVersion: 1.0.0
  name: net
  plugins:
    - {type: bridge, isGateway: true, ipam: {type: host-local, subnet: 10.1.2.0/24}}
"""

Cnictl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cnictl(node: Node, plugins_dir: str, tmp_path: Path) -> Cnictl:
    """Run the command in a directory of the test's; the fixture node shows that nodes can be made here."""
    assert node.pid

    def run(*arguments: str, path: str = plugins_dir) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CNI_PATH": path}
        return subprocess.run(
            [CNICTL, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def scenario(directory: Path, more: str, head: str = SMALL) -> str:
    path = directory / "small.yaml"
    path.write_text(head + more)
    return str(path)


def test_a_whole_life_holds(cnictl: Cnictl) -> None:
    """Results, states, packets through a published port, three disturbances, DEL, nothing left."""
    done = cnictl("test", str(SCENARIOS / "published-port.yaml"))
    assert (done.returncode, done.stderr) == (0, "1 ok\n"), done.stdout
    assert done.stdout.startswith("+ ok published-port")


@pytest.mark.parametrize("name", [one.name for one in load_all([str(SCENARIOS)]) if one.since == ONLY_HERE])
def test_what_only_we_can_do_holds(name: str, cnictl: Cnictl) -> None:
    """There is nothing that it could be compared with."""
    done = cnictl("test", str(SCENARIOS), "--name", name)
    assert (done.returncode, done.stderr) == (0, "1 ok\n"), done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("attachments: [{result: {ips: [{address: 10.9.9.9/24}]}}]", "add: c1 eth0: ips[0].address is"),
        ("attachments: [{error: 'no'}]", "ADD succeeded, and must fail with 'no'"),
        ("expect: {state: {node: {link: {cni0: {mtu: 9000}}}}}", "~ mtu 9000 -> 1500"),
        ("expect: {state: {node: {link: {cni7: {absent: true}, cni0: {absent: true}}}}}", "+ link cni0"),
        ("expect: {check: false}", "CHECK found nothing, and should have"),
        ("expect: {reach: [{from: c1, to: 10.1.2.77}]}", "reach: c1 to 10.1.2.77: ping:"),
        ("expect: {reach: [{from: c1, to: gateway, fails: true}]}", "it gets there, and must not"),
        ("expect: {reach: [{from: c1, to: gateway, tcp: 9, server: 'node:10'}]}", "Connection refused"),
        (
            "disturb: [{run: [ip link set cni0 down], drift: [], undo: [ip link set cni0 up]}]",
            "diff says 'cni0 is",
        ),
        ("disturb: [{run: ['true']}]", "CHECK did not notice"),
        ("setup: ['ip link add']", "setup: ip link add: exit status"),
        ("setup: [warp]", "no program 'warp' in PATH"),
    ],
)
def test_what_does_not_hold_is_named(cnictl: Cnictl, tmp_path: Path, more: str, said: str) -> None:
    """Each kind of expectation can fail, says where, and makes the exit status 1."""
    done = cnictl("test", scenario(tmp_path, more))
    assert done.returncode == 1, done
    assert said in done.stdout
    assert done.stderr == "1 failed\n"


def test_what_del_leaves_is_named(cnictl: Cnictl, tmp_path: Path, plugins_dir: str) -> None:
    """A plugin whose DEL does nothing is found out, unless the scenario says that this may be left."""
    lazy = tmp_path / "bin"
    lazy.mkdir()
    script = f'#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] || exec {plugins_dir}/bridge\n'
    (lazy / "lazy").write_text(script)
    (lazy / "lazy").chmod(0o755)
    head = SMALL.replace("type: bridge", "type: lazy")
    path = f"{lazy}:{plugins_dir}"
    done = cnictl("test", scenario(tmp_path, "", head), path=path)
    assert done.returncode == 1
    assert "left: after DEL node: + reservation /var/lib/cni/networks/net/10.1.2.2" in done.stdout
    allowed = "expect: {left: ['c1: *', 'node: *']}"
    assert cnictl("test", scenario(tmp_path, allowed, head), path=path).returncode == 0


def test_reports_are_what_their_readers_take(cnictl: Cnictl, tmp_path: Path) -> None:
    """JSON, TAP and JUnit tell of one that holds and of one that does not."""
    path = scenario(tmp_path, "---\n" + SMALL.replace("small", "wrong") + "expect: {check: false}\n")
    members = json.loads(cnictl("test", path, "-o", "json").stdout)
    assert [(one["name"], one["verdict"], one["line"]) for one in members] == [
        ("small", "ok", 1),
        ("wrong", "failed", 8),
    ]
    assert members[1]["failures"] == [{"step": "check", "text": "CHECK found nothing, and should have"}]
    tap = cnictl("test", path, "-o", "tap").stdout.splitlines()
    assert tap[:4] == ["TAP version 13", "1..2", "ok 1 - small", "not ok 2 - wrong"]
    suite = ET.fromstring(cnictl("test", path, "-o", "junit", "-j", "2").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert {case.get("name") for case in suite} == {"small", "wrong"}


def test_expectations_can_be_written_from_what_was_observed(cnictl: Cnictl, tmp_path: Path) -> None:
    """What --update wrote holds from then on, keeps comments, and is noticed when it does not hold."""
    path = scenario(tmp_path, "attachments:\n  - container: pod  # the one\n    result: {}\n")
    done = cnictl("test", path, "--update")
    assert done.returncode == 0, done
    assert "small: state, results written" in done.stderr
    text = Path(path).read_text()
    assert "container: pod  # the one\n" in text
    assert "cni0 10.1.2.1/24: {scope: global}" in text
    assert '"address":"10.1.2.2/24"' in text
    assert cnictl("test", path).returncode == 0
    assert cnictl("test", path, "--update").stderr == "1 ok\n"
    assert Path(path).read_text() == text
    Path(path).write_text(text.replace("10.1.2.1/24", "10.1.2.9/24"))
    assert "- address cni0 10.1.2.9/24" in cnictl("test", path).stdout
    assert cnictl("test", path, "--update").returncode == 0
    assert Path(path).read_text() == text


def test_a_node_can_be_kept_for_a_look(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """It is as ADD left it, the way in is told, and Ctrl-C ends it."""
    assert node.pid
    argv = [CNICTL, "test", "--keep", "--cni-path", plugins_dir, scenario(tmp_path, "")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(3)]
        entering = told[1].split()
        looked = subprocess.run(
            [*entering[:-1], "ip", "-br", "link", "show", "cni0"], capture_output=True, text=True, check=True
        )
        assert looked.stdout.startswith("cni0")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.startswith("+ ok small")
    pid = entering[entering.index("--target") + 1]
    for _ in range(50):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.1)
    pytest.fail("the node is still there")


def test_a_mistyped_key_has_line_and_column(cnictl: Cnictl, tmp_path: Path) -> None:
    """Nothing is run of a file that is wrong: exit status 2."""
    done = cnictl("test", scenario(tmp_path, "exepct: {}\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{tmp_path}/small.yaml:7:1: unknown key 'exepct' of the scenario; did you mean 'expect'?"
        in done.stderr
    )


def test_two_equal_sets_of_plugins_show_no_difference(
    cnictl: Cnictl, plugins_dir: str, tmp_path: Path
) -> None:
    """Empty means interchangeable: exit status 0."""
    done = cnictl("compare", plugins_dir, plugins_dir + "/", scenario(tmp_path, ""))
    assert (done.returncode, done.stderr) == (0, "1 same\n"), done.stdout
    assert done.stdout.startswith("+ same small\n")
    assert "bridge" in done.stdout


def test_where_two_sets_part_is_shown(cnictl: Cnictl, plugins_dir: str, tmp_path: Path) -> None:
    """Another MTU, another Result, a failing CHECK, a lazy DEL: each is told, with whose it is."""
    other = tmp_path / "bin"
    other.mkdir()
    script = f"""#!/bin/sh
case $CNI_COMMAND in
ADD) sed 's/"type": *"bridge"/"type":"bridge","mtu":1300/' | {plugins_dir}/bridge |
    sed 's,10.1.2.2/24,10.1.2.2/25,';;
CHECK) echo '{{"cniVersion": "1.0.0", "code": 100, "msg": "not today"}}'; exit 1;;
DEL) cat >/dev/null;;
esac
"""
    (other / "bridge").write_text(script)
    (other / "bridge").chmod(0o755)
    (other / "host-local").symlink_to(f"{plugins_dir}/host-local")
    done = cnictl("compare", plugins_dir, str(other), scenario(tmp_path, ""))
    assert done.returncode == 1, done
    assert 'c1 eth0: ips[0].address is "10.1.2.2/24" with A, "10.1.2.2/25" with B' in done.stdout
    assert "~ mtu 1500 -> 1300" in done.stdout
    assert "check: B, of what A added: bridge: not today" in done.stdout
    assert "left: B left of what A added: node: + reservation" in done.stdout


def test_what_both_refuse_is_the_same_and_said(cnictl: Cnictl, plugins_dir: str, tmp_path: Path) -> None:
    """Nobody may take it for proof that the two do the same work."""
    file = scenario(tmp_path, "")
    Path(file).write_text(Path(file).read_text().replace("type: bridge", "type: bridge, vlan: 5000"))
    done = cnictl("compare", plugins_dir, plugins_dir + "/", file)
    assert (done.returncode, done.stderr) == (0, "1 same, 1 of them added by neither\n"), done.stdout
    assert "neither adds it: bridge: code 7: " in done.stdout


def test_what_neither_side_shows_is_not_called_equal(
    cnictl: Cnictl, plugins_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the programs that list rules nobody knows whether these are the same; to programs too."""
    few = tmp_path / "few"
    few.mkdir()
    (few / "nft").write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    (few / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", str(few))
    words = ("compare", plugins_dir, plugins_dir + "/", scenario(tmp_path, ""))
    done = cnictl(*words)
    *told, summary = done.stderr.splitlines()
    assert (done.returncode, summary) == (0, "1 same, in what could be seen"), done.stdout
    assert done.stdout.startswith("+ same small, in what could be seen\n")
    assert sum(one.startswith("not compared: chain iptables of node: ") for one in told) == 1
    [told] = json.loads(cnictl(*words, "-o", "json").stdout)
    assert told["verdict"] == "same"
    assert {(one["place"], one["what"]) for one in told["unseen"]} >= {
        ("node", "chain iptables"), ("node", "chain ip6tables"), ("c1", "chain iptables"),
    }  # fmt: skip
    assert all(one["reason"] for one in told["unseen"])


def test_what_a_scenario_could_not_look_at_is_told(
    cnictl: Cnictl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an expected chain nor one that DEL left is known of without the programs that list them."""
    few = tmp_path / "few"
    few.mkdir()
    monkeypatch.setenv("PATH", str(few))
    words = ("test", scenario(tmp_path, ""))
    done = cnictl(*words)
    *told, summary = done.stderr.splitlines()
    assert (done.returncode, summary) == (0, "1 ok, in what could be seen"), done.stdout
    assert sum(one.startswith("not looked at: chain nft of node: ") for one in told) == 1
    [members] = json.loads(cnictl(*words, "-o", "json").stdout)
    assert ("node", "chain nft") in [(one["place"], one["what"]) for one in members["unseen"]]


def test_a_missing_directory_of_plugins_is_wrong_usage(
    cnictl: Cnictl, plugins_dir: str, tmp_path: Path
) -> None:
    """Not a difference."""
    done = cnictl("compare", plugins_dir, "/nowhere/bin", scenario(tmp_path, ""))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no directory '/nowhere/bin'" in done.stderr
