"""`cnictl record` and `replay` as commands: wrong usage, what is missing, and what a terminal gets."""

from __future__ import annotations

import json
import os
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
    ("content", "status", "reason"),
    [
        (b"\x7fELF", 2, "is no stand-in\nhint: `cnictl record build FILE` makes one\n"),
        (b"\x7fELF" + MARK, 3, "error: the stand-in does not run here: "),
    ],
    ids=["something else", "of another machine"],
)
def test_a_stand_in_that_is_none(bench, tmp_path: Path, content: bytes, status: int, reason: str):
    """It is refused before it is put anywhere."""
    (tmp_path / "other").write_bytes(content)
    done = bench(
        "record",
        "start",
        "shelly",
        "--stand-in",
        tmp_path / "other",
        "--log-dir",
        tmp_path / "log",
        status=status,
    )
    assert reason in done.stderr
    assert [one.name for one in bench.bin.iterdir()] == ["shelly"]


def test_nothing_is_recorded(bench, tmp_path: Path):
    """Status says no, stop has nothing to do, and there are no calls."""
    log = f"--log-dir={tmp_path / 'log'}"
    assert bench("record", "status", log, status=1).stderr == "nothing is recorded\n"
    assert bench("record", "stop").succeeded().stderr == "nothing is recorded\n"
    listed = bench("record", "ls", log).succeeded()
    assert (listed.stdout, listed.stderr) == ("", f"no recorded calls in {tmp_path / 'log'}\n")
    assert bench("record", "ls", log, "-o", "json").succeeded().json == []
    for words in (["record", "show"], ["replay"]):
        done = bench(*words, "last", log, status=2)
        assert done.stderr == (
            f"error: there is no call last: there is no log {tmp_path / 'log'}\n"
            "hint: `cnictl record start` makes one, and --log-dir says where another is\n"
        )
    assert not (tmp_path / "log").exists()


def test_a_log_that_is_none(bench, tmp_path: Path):
    """A file or an empty directory is told apart from a log without calls."""
    (tmp_path / "empty").mkdir()
    for path, words in (
        (bench.bin / "shelly", "is no directory"),
        (tmp_path / "empty", "is no log of calls"),
    ):
        done = bench("replay", "last", "--log-dir", path, status=2)
        assert done.stderr == (
            f"error: there is no call last: {path} {words}\n"
            "hint: `cnictl record start` makes one, and --log-dir says where another is\n"
        )


def test_a_log_without_calls(bench, tmp_path: Path, stand_in: str):
    """Somebody has to make one first."""
    log = f"--log-dir={tmp_path / 'log'}"
    bench("record", "start", "shelly", log, "--stand-in", stand_in).succeeded()
    done = bench("replay", "last", log, status=2)
    assert done.stderr == (
        f"error: there is no call last: {tmp_path / 'log'} has none yet\n"
        "hint: one comes with the next pod; `cnictl record status` says of which plugins\n"
    )


def test_a_call_that_is_not_there(bench, started: str, tmp_path: Path, stand_in: str):
    """What there is instead, or why it is not there any more; the log is named if it is not the usual one."""
    lists = f"`cnictl record ls --log-dir {tmp_path / 'log'}` lists them"
    for which, words, hint in (
        ("7", "there is no call 7", f"there is call 1; {lists}"),
        ("9" * 5000, "there is no call 9", "there is call 1; "),
        ("\u00b2", "there is no call \u00b2", "recorded are calls of shelly; "),
        ("shely", "there is no call shely", f"did you mean shelly?  {lists}"),
        ("bridge", "there is no call bridge", f"recorded are calls of shelly; {lists}"),
        ("shelly/del", "there is no call shelly/del", f"of shelly there is ADD; {lists}"),
        ("last/DEL", "there is no call last/DEL", f"there is ADD; {lists}"),
        ("shelly/", "", ""),
        (tmp_path / "log/00000001", "there is no call /", f"`1 --log-dir {tmp_path / 'log'}` is this file's"),
    ):
        done = bench("record", "show", which, started, status=2 if hint else 0)
        assert done.stderr.startswith(f"error: {words}" if words else "")
        assert f"\nhint: {hint}" in done.stderr if hint else True
    for _ in range(2):
        bench("exec", "shelly", "ADD", "--conf", bench.conf / "10-mynet.conflist").succeeded()
    bench("record", "start", "shelly", started, "--keep", "2", "--stand-in", stand_in).succeeded()
    done = bench("replay", "1", started, status=2)
    assert done.stderr == (
        "error: call 1 is not there any more: the log keeps 2\n"
        f"hint: `cnictl record start --keep N` keeps more; there are calls 2 to 3; {lists}\n"
    )


@pytest.mark.parametrize("content", [b"something else\n", b"call 7\ntime=x\n\n", b"\0" * 100])
def test_a_file_that_is_no_call(bench, started: str, tmp_path: Path, content: bytes):
    """Is named where it is meant, and in the list, which has the others."""
    path = tmp_path / "log/00000002"
    path.write_bytes(content)
    for words in (["replay"], ["record", "show"]):
        done = bench(*words, "2", started, status=2)
        assert done.stderr == (
            f"error: {path} is no recorded call, or is damaged\n"
            f"hint: there is call 1; `cnictl record ls --log-dir {tmp_path / 'log'}` lists them\n"
        )
    listed = bench("record", "ls", started).succeeded()
    assert len(listed.stdout.splitlines()) == 2
    assert listed.stderr == f"note: {path} is no recorded call, or is damaged\n"
    path.unlink()
    path.symlink_to(tmp_path / "log/00000001")
    assert "is no recorded call" in bench("replay", "2", started, status=2).stderr
    path.unlink()
    os.mkfifo(path)
    assert "is no recorded call" in bench("replay", "2", started, status=2).stderr
    assert len(bench("record", "ls", started, "-o", "json").succeeded().json) == 1


def test_what_plugins_say_is_escaped(bench, started: str):
    """In every form; as data it is whole."""
    for words in (["record", "show", "last"], ["record", "show", "last", "-o", "json"], ["record", "ls"]):
        done = bench(*words, started).succeeded()
        assert "\x1b" not in done.stdout
    members = bench("record", "show", "last", started, "-o", "json").succeeded().json
    assert json.loads(members["stdout"], strict=False)["dns"]["domain"] == "\x1b[31m"
    assert members["stderr"] == "\x1b[2J"


@pytest.mark.usefixtures("started")
def test_a_plugin_that_is_not_recorded(bench):
    """Whoever misspells one must not go away and leave the other recorded."""
    done = bench("record", "stop", "shely").succeeded()
    assert (done.stdout, done.stderr) == ("", "shely is not recorded; recorded is shelly\n")
    assert bench("record", "stop", "shelly", "shely").succeeded().stderr == "shely is not recorded\n"
    assert bench("record", "stop", "shelly").succeeded().stderr == "nothing is recorded\n"


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
