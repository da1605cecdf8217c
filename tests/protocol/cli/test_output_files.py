"""Files that commands write where somebody says: never in a directory that is not there, which is a typo."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.protocol.cli.conftest import CNICTL, Bench

WRITERS = {
    "map": ["map", "-f"],
    "vxlan self": ["vxlan", "self", "mynet", "--to"],
    "doctor collect": ["doctor", "collect"],
    "doctor --fix": ["doctor", "--fix", "--journal"],
    "ipam reclaim": ["ipam", "reclaim", "--yes", "--journal"],
    "record build": ["record", "build"],
    "worker metrics": ["worker", "metrics", "--textfile"],
}


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_a_directory_that_is_not_there_is_not_made(bench: Bench, words: list[str]):
    """It is named, before anything is looked at or done."""
    for path, reason in (
        (bench.top / "a/b/c", f"there is no directory {bench.top}/a/b"),
        ("a/b", f"there is no directory {bench.top}/a"),
        (f"{bench.conf}/new/", "it would be a directory"),
        (bench.conf, "it is a directory"),
        (bench.bin / "shelly/c", f"there is no directory {bench.bin}/shelly"),
    ):
        before = sorted(bench.top.rglob("*"))
        done = bench(*words, path, status=2)
        assert done.stdout == ""
        error, hint = done.stderr.splitlines()
        assert error == f"error: cannot write {path}: {reason}"
        assert hint.startswith("hint: ")
        assert [one for one in sorted(bench.top.rglob("*")) if one != bench.cache] == before


def test_a_device_stays_what_it_is(bench: Bench):
    """Also its mode."""
    before = os.stat("/dev/null")
    bench("record", "build", "/dev/null").succeeded()
    after = os.stat("/dev/null")
    assert (after.st_mode, after.st_rdev) == (before.st_mode, before.st_rdev)


def test_a_program_that_was_built(bench: Bench):
    """May be run by everybody, and takes the place of another in one step."""
    (bench.top / "program").write_text("old")
    inode = (bench.top / "program").stat().st_ino
    bench("record", "build", "program").succeeded()
    made = (bench.top / "program").stat()
    assert made.st_mode & 0o777 == 0o755
    assert made.st_ino != inode


def test_a_dash_is_stdout(bench: Bench):
    """And no file of that name."""
    done = bench("map", "-o", "json", "-f", "-").succeeded()
    assert "namespaces" in done.json
    script = f"{CNICTL} doctor collect - --log /dev/null | {CNICTL} doctor --bundle - -o json"
    piped = subprocess.run(["sh", "-c", script], cwd=bench.top, capture_output=True, timeout=60, check=False)
    assert json.loads(piped.stdout)["node"]
    assert not (bench.top / "-").exists()


def test_a_stand_in_that_is_none(bench: Bench):
    """Is wrong usage, and no advice to overwrite it."""
    done = bench("record", "start", "shelly", "--stand-in", "/not/there", status=2)
    assert done.stderr == "error: cannot read /not/there: no such file or directory\n"
    done = bench("record", "start", "shelly", "--stand-in", "bin/shelly", status=2)
    assert done.stderr == "error: bin/shelly is no stand-in\nhint: `cnictl record build FILE` makes one\n"
