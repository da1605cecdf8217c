"""What it costs to ask for help, and how the command line answers mistakes."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from cnictl.cli.app import COMMANDS
from tests.protocol.cli.conftest import CNICTL

HEAVY = {"asyncio", "cnictl.runtime", "cnictl.state", "iptc", "pyroute2", "rich", "yaml"}
NEEDED_LATER = {"asyncio", "iptc", "pyroute2", "rich", "yaml"}


def loaded(*words: str) -> set[str]:
    """Give the modules that cnictl has loaded when it ends."""
    code = (
        "import sys, io; out, sys.stdout = sys.stdout, io.StringIO()\n"
        f"sys.argv = ['cnictl', *{list(words)!r}]\n"
        "from cnictl.cli.main import main\n"
        "main()\n"
        "print(*sys.modules, file=out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["nope"], []])
def test_help_loads_nothing(words):
    """Neither a command nor what commands need."""
    assert loaded(*words) & HEAVY == set()


@pytest.mark.parametrize("command", ["add", "check", "del", "run", "exec", "status", "gc", "netns", "conf"])
def test_a_command_loads_what_it_needs(command):
    """The libraries for tables, YAML and the kernel only come with what is drawn, written or read."""
    assert loaded(command, "--help") & NEEDED_LATER == set()


def test_help_is_quick():
    """Under 200 ms of processor time; the best of several, because others are at work here."""
    best = 1e9
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([CNICTL, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert best < 0.2


def test_no_words_at_all(bench):
    """The help, on stderr, and exit status 2: a script that lost its argument must notice."""
    done = bench(status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: cnictl ")


def test_a_command_with_a_slip(bench):
    """The nearest one is named."""
    assert bench("ad", status=2).stderr == "error: no such command 'ad'\nhint: did you mean 'add'?\n"
    assert "cnictl --help" in bench("frobnicate", status=2).stderr


@pytest.mark.parametrize("command", ["add", "check", "del", "gc", "status", "run", "exec"])
def test_a_command_without_its_arguments(bench, command):
    """Names what is missing and where the help is."""
    done = bench(command, status=2)
    assert "missing argument" in done.stderr
    assert f"hint: try `cnictl {command} --help`" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(bench, command):
    """In plain text, which reads well in a pipe and on a serial console."""
    done = bench(command, "--help").succeeded()
    assert done.stdout.startswith(f"Usage: cnictl {command} ")
    assert "\n  -h, --help" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize("words", [[], *([one] for one in ("attachments", "ipam", "vxlan", "dhcp"))])
def test_no_summary_is_cut_off(bench, words):
    """In 80 columns: it is all that tells one command from another."""
    shown = bench(*words, "--help", env={"COLUMNS": "80"}).succeeded().stdout
    assert "..." not in shown.partition("Commands:")[2]


def test_a_choice_that_there_is_not(bench):
    """What there is, and no word about how that is found out."""
    done = bench("conf", "ls", "-r", "rkt", status=2)
    assert "'-r': 'rkt' is not one of 'containerd', " in done.stderr


def test_a_reader_that_has_seen_enough(bench):
    """`| head -1` is no error: what was to be done is done, and the exit status says so."""
    for number in range(40):
        bench.network(f"net{number}", *[{"type": "x" * 100}] * 100)
    words = " ".join(bench.argv(["conf", "ls", "-r", "cnitool", "-o", "json"]))
    done = subprocess.run(
        ["bash", "-c", f"{words} | head -1; echo ${{PIPESTATUS[0]}}"],
        env=bench.environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "{\n0\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        "explain CNI303",
        "schema",
        "map -f -",
        "exec shelly VERSION -o json",
        "--version",
        "install bin2",
        "uninstall bin2",
    ],
)
def test_a_stdout_that_takes_no_more(bench, words):
    """A full disk behind it is told as what it is, in one line."""
    if words == "uninstall bin2":
        bench("install", "bin2").succeeded()
    argv = " ".join(bench.argv(words.split()))
    done = subprocess.run(
        ["bash", "-c", f"{argv} >/dev/full"],
        env=bench.environment, cwd=bench.top, check=False, capture_output=True, text=True,
    )  # fmt: skip
    *_, last = done.stderr.splitlines()
    assert (done.returncode, last) == (3, "error: cannot write to stdout: no space left on device")


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2> >(exec true)"], ids=["full", "nobody reads"])
def test_a_stderr_that_takes_no_more(bench, stderr):
    """What cannot be told is no reason to leave undone what was asked for, nor for another exit status."""
    for words, status in (("del mynet /ns/x", 0), ("diff", 0), ("check mynet", 2), ("nope", 2), ("", 2)):
        argv = " ".join(bench.argv(words.split()))
        done = subprocess.run(
            ["bash", "-c", f"{argv} {stderr}"], env=bench.environment, check=False, stdout=subprocess.PIPE
        )
        assert (words, done.returncode, done.stdout) == (words, status, b"")
    assert bench.verbs() == ["DEL"]


@pytest.mark.parametrize("words", ["--help", "map --help"])
def test_help_that_nobody_can_be_given(bench, words):
    """The status is that of a failure, and not one that the interpreter has for it."""
    done = subprocess.run(
        ["bash", "-c", f"{CNICTL} {words} >/dev/full 2>/dev/null"], env=bench.environment, check=False
    )
    assert done.returncode == 3


def test_a_completion_that_takes_no_more(bench):
    """A shell is told nothing, in the middle of a line that somebody types."""
    done = subprocess.run(
        ["bash", "-c", f"{CNICTL} --complete network '' >/dev/full"],
        env=bench.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("words", "closed", "status"),
    [
        ("attachments ls", ">&-", 0),
        ("attachments lss", "2>&-", 2),
        ("gc mynet --everything", "<&-", 2),
        ("check mynet", "<&- >&- 2>&-", 2),
    ],
)
def test_a_stream_that_is_closed(bench, words, closed, status):
    """A daemon may start us without some: what is told there is told nobody, and the status is the same."""
    argv = " ".join(bench.argv(words.split()))
    done = subprocess.run(
        ["bash", "-c", f"{argv} {closed}"],
        env=bench.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "this should not have happened" not in done.stderr
    assert done.returncode == status


def test_the_plugin_directory_is_told_when_it_is_not_the_usual(bench):
    """Without CNI_PATH there are several places to look in."""
    done = bench("version", env={"CNI_PATH": ""})
    assert "/opt/cni/bin" in done.stderr or done.status == 0
