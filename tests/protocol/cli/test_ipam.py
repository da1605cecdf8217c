"""`cnictl ipam` for people and programs; what it says of a node is in tests/kernel."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.cli.test_hostile import EVIL, tame
from tests.protocol.cli.test_terminal import ESCAPE, at_terminal

LONG_AGO = 1_000_000
THE_NODES_PROCESSES = "pid:[4026531836]"  # what /proc says of the first PID namespace
IN_ANOTHER = "not known: the processes outside of this PID namespace: run it on the node, or say --whole-node"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory of host-local with one network."""
    made = tmp_path / "data"
    (made / "net").mkdir(parents=True)
    (made / "net" / "lock").touch()
    return made


def put(data: Path, address: str, content: bytes) -> None:
    path = data / "net" / address
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))


def configure(bench: Any, data: Path, *subnets: str) -> None:
    ranges = [[{"subnet": one}] for one in subnets]
    section = {"type": "host-local", "dataDir": str(data), "ranges": ranges}
    bench.network("net", {"type": "bridge", "ipam": section})


def test_hostile_names_and_contents(host, data):
    """Nothing that a terminal obeys gets through, in any form; and every form is whole."""
    configure(host, data, "10.1.0.0/24")
    put(data, "10.1.0.2", EVIL.encode())
    put(data, "10.1.0.3", f"c1\r\n{EVIL}".encode())
    (data / "net" / EVIL.replace("/", "")).touch()
    (data / "net" / "last_reserved_ip.0").write_text(EVIL)
    os.symlink("/etc/passwd", data / "net" / "10.1.0.4")
    for words in (["ls"], ["show"], ["show", "--all"], ["check"], ["reclaim"]):
        for form in ("table", "json", "yaml"):
            done = host("ipam", *words, "-o", form)
            assert tame(done.stdout + done.stderr), words
            assert "root:" not in done.stdout
            if form == "json" and done.stdout:
                json.loads(done.stdout)
    assert len(os.listdir(data / "net")) == 6


def test_tables_fit_a_terminal(bench, data):
    """In 80 columns nothing is lost; a bar and a percentage say how full a range is.

    The addresses are nobody's on this machine, whatever other tests have on theirs.
    """
    configure(bench, data, "10.251.7.0/24", "fd00:10:20:30::/64")
    for number in range(2, 130):
        put(data, f"10.251.7.{number}", f"{number:064x}\r\neth0".encode())
    status, shown = at_terminal(bench, "ipam", "ls", "net")
    assert status == 0
    lines = ESCAPE.sub("", shown).splitlines()
    assert max(map(len, lines)) <= 80
    assert "#####..... 50%" in ESCAPE.sub("", shown)
    assert "1.8e19" in shown
    _, shown = at_terminal(bench, "ipam", "show", "net")
    lines = ESCAPE.sub("", shown).splitlines()
    assert (IN_ANOTHER in lines) == (os.readlink("/proc/self/ns/pid") != THE_NODES_PROCESSES)
    # a sentence is the terminal's to break
    assert max(len(line) for line in lines if not line.startswith("not known: ")) <= 80
    assert re.search(r"and 88 more, which --all shows; of all,\s+128 (unknown|orphan)", ESCAPE.sub("", shown))


def test_all_of_them_one_a_line(host, data):
    """With whole ids, for grep; programs get what `-o json` has, which is all as well."""
    configure(host, data, "10.1.0.0/24")
    for number in range(2, 130):
        put(data, f"10.1.0.{number}", f"{number:064x}\r\neth0".encode())
    lines = host("ipam", "show", "--all").succeeded().stdout.splitlines()
    assert len(lines) == 129
    assert lines[0].split() == ["ADDRESS", "CONTAINER", "IFNAME", "AGE", "VERDICT", "EVIDENCE"]
    assert lines[1].split()[:3] == ["10.1.0.2", f"{2:064x}", "eth0"]
    (one,) = host("ipam", "show", "-o", "json").json["networks"]
    assert len(one["reservations"]) == 128
    assert one["counts"]["unknown"] == 128
    first = one["reservations"][0]
    assert (first["address"], first["containerID"], first["created"]) == (
        "10.1.0.2", f"{2:064x}", "1970-01-12T13:46:40Z",
    )  # fmt: skip


def test_nothing_there(host):
    """Says so, and is valid JSON."""
    assert "no network has addresses of host-local" in host("ipam", "ls").stderr
    checked = host("ipam", "check")
    assert checked.status == 0
    assert checked.stderr.count("no network has addresses of host-local") == 1
    assert "nothing is wrong" not in checked.stderr
    assert host("ipam", "show", "-o", "json").json["networks"] == []
    done = host("ipam", "show", "nope", status=2)
    assert 'no network "nope"' in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["show", EVIL],
        ["show", "--sandboxes", EVIL],
        ["check", "--max-pods", "0"],
        ["reclaim", "--grace", "1"],
        ["reclaim", "--sandboxes", "/dev/null", "--yes"],
    ],
    ids=repr,
)
def test_words_that_make_no_sense(bench, words):
    """Wrong usage, which the terminal survives."""
    done = bench("ipam", *words, status=2)
    assert tame(done.stdout + done.stderr)
