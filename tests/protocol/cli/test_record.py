"""`cnictl record` and `replay` as commands: wrong usage, what is missing, and what a terminal gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnictl.aside import MARK

SAYS = """\
#!/bin/sh
cat >/dev/null
printf '{"cniVersion": "1.1.0", "dns": {"domain": "\\33[31m"}}'
printf '\\33[2J' >&2
"""


@pytest.fixture
def started(bench, tmp_path: Path, stand_in: str) -> str:
    """A plugin whose calls are recorded, and what it says is not fit for a terminal."""
    (bench.bin / "shelly").write_text(SAYS)
    log = f"--log-dir={tmp_path / 'log'}"
    bench("record", "start", "shelly", log, "--stand-in", stand_in).succeeded()
    bench("exec", "shelly", "ADD", "--conf", bench.conf / "10-mynet.conflist").succeeded()
    return log


@pytest.mark.parametrize("words", [[], ["shelly", "--all"]])
def test_start_wants_to_know_which(bench, words: list[str]):
    """Nothing is chosen by saying nothing."""
    done = bench("record", "start", *words, status=2)
    assert done.stderr == "error: nothing says which plugins\nhint: name them, or say --all\n"


def test_without_a_compiler(bench, tmp_path: Path):
    """It says so, and what helps; nothing is touched."""
    done = bench("record", "start", "shelly", env={"PATH": str(tmp_path)}, status=3)
    assert done.stderr == (
        "error: no C compiler, which makes the stand-in\n"
        "hint: install gcc and libc6-dev,"
        " or run `cnictl record build FILE` where there is one and use --stand-in FILE\n"
    )
    assert [one.name for one in bench.bin.iterdir()] == ["shelly"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF", "is no stand-in\nhint: make it with `cnictl record build "),
        (b"\x7fELF" + MARK, "error: the stand-in does not run here: "),
    ],
    ids=["something else", "of another machine"],
)
def test_a_stand_in_that_is_none(bench, tmp_path: Path, content: bytes, reason: str):
    """It is refused before it is put anywhere."""
    (tmp_path / "other").write_bytes(content)
    done = bench(
        "record", "start", "shelly", "--stand-in", tmp_path / "other", "--log-dir", tmp_path / "log", status=3
    )
    assert reason in done.stderr
    assert [one.name for one in bench.bin.iterdir()] == ["shelly"]


def test_nothing_is_recorded(bench, tmp_path: Path):
    """Status says no, stop has nothing to do, and there are no calls."""
    log = f"--log-dir={tmp_path / 'log'}"
    assert bench("record", "status", log, status=1).stderr == "nothing is recorded\n"
    assert bench("record", "stop").succeeded().stderr == "nothing is recorded\n"
    listed = bench("record", "ls", log).succeeded()
    assert (listed.stdout, listed.stderr) == ("", "")
    assert bench("record", "ls", log, "-o", "json").succeeded().json == []
    for words in (["record", "show"], ["replay"]):
        done = bench(*words, "last", log, status=2)
        assert done.stderr == "error: there is no call last\nhint: `cnictl record ls` lists them\n"


def test_what_plugins_say_is_escaped(bench, started: str):
    """In every form; as data it is whole."""
    for words in (["record", "show", "last"], ["record", "show", "last", "-o", "json"], ["record", "ls"]):
        done = bench(*words, started).succeeded()
        assert "\x1b" not in done.stdout
    members = bench("record", "show", "last", started, "-o", "json").succeeded().json
    assert json.loads(members["stdout"], strict=False)["dns"]["domain"] == "\x1b[31m"
    assert members["stderr"] == "\x1b[2J"


def test_an_upgrade_is_seen(bench, started: str):
    """Status says that the plugin is not recorded any more, and stop leaves it."""
    fresh = bench.bin / "fresh"
    fresh.write_text("#!/bin/sh\necho upgraded\n")
    fresh.rename(bench.bin / "shelly")
    done = bench("record", "status", started, status=1)
    assert done.stdout.splitlines()[1].split(maxsplit=2) == [
        str(bench.bin), "shelly", "not recorded: another program was put there since"
    ]  # fmt: skip
    stopped = bench("record", "stop", "--delete", started).succeeded()
    assert f"{bench.bin}/shelly stays: it was put there since\n1 recorded calls deleted\n" in stopped.stderr
    assert (bench.bin / "shelly").read_text() == "#!/bin/sh\necho upgraded\n"
