"""`cnictl bench` as somebody types it, with plugins of which one is slower for certain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
PLUGIN = """\
#!/bin/sh
sleep {seconds}
echo "$CNI_COMMAND $CNI_CONTAINERID" >>{log}
cat >/dev/null
[ "$CNI_COMMAND" != {failing} ] || {{ echo '{{"code": 100, "msg": "not today"}}'; exit 1; }}
case $CNI_COMMAND in
ADD) echo '{{"cniVersion": "1.0.0"}}' ;;
VERSION) echo '{{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}}' ;;
esac
"""


class Sets:
    """Two directories with a plugin each, and a network that it is for."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.network = top / "net.conflist"
        plugins = [{"type": "tried"}, {"type": "tried2"}]
        self.network.write_text(json.dumps({"cniVersion": "1.0.0", "name": "net", "plugins": plugins}))

    def make(self, name: str, seconds: float = 0.0, failing: str = "NOTHING") -> str:
        directory = self.top / name
        directory.mkdir()
        for plugin in ("tried", "tried2"):
            path = directory / plugin
            path.write_text(PLUGIN.format(seconds=seconds, log=self.top / f"{name}.log", failing=failing))
            path.chmod(0o755)
        return str(directory)

    def calls(self, name: str) -> list[str]:
        path = self.top / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path)


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [CNICTL, "bench", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def test_the_faster_set_is_told(node: Node, sets: Sets) -> None:
    """With numbers of each round, which a program can judge by another rule."""
    del node  # only to be skipped where there can be none
    quick, slow = sets.make("quick"), sets.make("slow", 0.1)
    words = ("--plugins", quick, "--against", slow, str(sets.network), "-n", "8", "--each")
    done = bench(*words, "-o", "json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(row["plugin"], row["verb"]) for row in rows[:3]] == [
        ("", "ADD"),
        ("tried", "ADD"),
        ("tried2", "ADD"),
    ]
    assert len(rows) == 9
    for row in rows:
        assert row["verdict"] == "faster"
        assert (len(row["a"]["seconds"]), len(row["b"]["seconds"])) == (8, 8)
        assert row["interval"][0] <= row["ratio"] <= row["interval"][1] < 1
        assert row["b"]["median"] > 0.03
    assert sets.calls("quick") == [line.replace("-1", "-0") for line in sets.calls("slow")]
    assert sets.calls("quick")[:6] == [
        f"{verb} c1-0" for verb in ("ADD", "ADD", "CHECK", "CHECK", "DEL", "DEL")
    ]
    assert len(sets.calls("quick")) == 9 * 6  # one round to warm up


def test_few_rounds_get_no_verdict_and_fit_a_terminal(node: Node, sets: Sets) -> None:
    """The table is for people: at most 80 columns, its legend beside it."""
    del node
    quick, slow = sets.make("quick"), sets.make("slow", 0.02)
    words = ("--plugins", slow, "--against", quick, str(sets.network), "-n", "3", "--verbs", "version,add")
    done = bench(*words)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["verb", "A", "ms", "B", "ms", "A/B", "A", "is"]
    assert [row.split()[:2] for row in rows] == [["net", "VERSION"], ["net", "ADD"]]
    assert all(row.endswith("cannot tell") and len(row) <= 80 for row in rows)
    assert "quartiles" in done.stderr


def test_a_picture_is_one(node: Node, sets: Sets) -> None:
    """With -o svg there is nothing else on stdout."""
    del node
    quick = sets.make("quick")
    done = bench("--plugins", quick, "--against", quick, str(sets.network), "-n", "1", "-o", "svg")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<svg ")
    assert done.stdout.endswith("</svg>\n")


def test_a_plugin_that_fails_is_named(node: Node, sets: Sets) -> None:
    """What it said, and not a time for work that was not done; of CHECK it is told beside the times."""
    del node
    quick, broken = sets.make("quick"), sets.make("broken", failing="DEL")
    done = bench("--plugins", quick, "--against", broken, str(sets.network), "-n", "2")
    assert done.returncode == 3
    assert done.stdout == ""
    assert f"error: net: DEL of {broken}/tried2: not today" in done.stderr
    careful = sets.make("careful", failing="CHECK")
    done = bench("--plugins", quick, "--against", careful, str(sets.network), "-n", "2")
    assert done.returncode == 0
    assert f"note: net: B: CHECK of {careful}/tried: not today" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--verbs", "ADD,GO"], "no verb 'GO' is measured"),
        (["--scale", "pods=1,2"], "--scale: nothing is called 'pods'"),
        (["--scale", "10,many"], "--scale: '10,many' is no list of numbers"),
        (["--scale", "10", "--pods", "3"], "--pods goes neither with --scale nor with a picture"),
        (["--plugins", "/no/such/place"], "no directory '/no/such/place'"),
    ],
)
def test_what_makes_no_sense_is_refused(sets: Sets, words: list[str], said: str) -> None:
    """Before anything is run."""
    quick = sets.make("quick")
    done = bench("--against", quick, str(sets.network), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert sets.calls("quick") == []


def test_what_the_network_has_no_place_for_is_told(node: Node, sets: Sets) -> None:
    """A network without host-local has no reservations, one without a bridge no ports."""
    del node
    quick = sets.make("quick")
    for scale, said in (
        ("10", "reserves no addresses with host-local"),
        ("ports=10", "has no bridge for ports"),
    ):
        done = bench("--plugins", quick, "--against", quick, str(sets.network), "--scale", scale)
        assert (done.returncode, said in done.stderr) == (3, True), done.stderr


def test_many_pods_at_once(node: Node, sets: Sets) -> None:
    """Each pod once, several at a time; the first comes up twice, before anything is measured."""
    del node
    quick, slow = sets.make("quick"), sets.make("slow", 0.1)
    words = ("--plugins", quick, "--against", slow, str(sets.network), "--pods", "12", "--callers", "4")
    done = bench(*words, "-o", "json")
    assert done.returncode == 0, done.stderr
    one, other = json.loads(done.stdout)
    assert (one["pods"], one["callers"], len(one["each"])) == (12, 4, 12)
    assert one["podsPerSecond"] > other["podsPerSecond"]
    assert 0.6 <= other["seconds"] < 12 * 0.2  # three of them one after the other, two plugins each
    added = sorted(sets.calls("slow")[4:])
    assert added == sorted(f"ADD pod{number}" for number in range(12) for _ in range(2))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(node: Node, sets: Sets, number: signal.Signals) -> None:
    """No process, and none of the directories in which our own plugins were installed."""
    del node
    slow = sets.make("slow", 0.5)
    argv = [CNICTL, "bench", "--against", slow, str(sets.network), "-n", "50"]
    network = {"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "loopback"}]}
    sets.network.write_text(json.dumps(network))
    os.symlink("tried", f"{slow}/loopback")
    with tempfile.TemporaryDirectory() as temporary:
        environment = {**os.environ, "TMPDIR": temporary}
        with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE) as process:
            end = time.monotonic() + 30
            while not sets.calls("slow") and time.monotonic() < end:
                time.sleep(0.05)
            process.send_signal(number)
            assert process.wait(20) == 128 + number
        assert os.listdir(temporary) == []
    said = len(sets.calls("slow"))
    time.sleep(1.2)
    assert len(sets.calls("slow")) == said > 0
