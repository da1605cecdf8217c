"""At a terminal: what people see, and Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping

import pexpect
import pytest

from tests.protocol.cli.conftest import Bench, running

NETNS = "/ns/testing"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(
    bench: Bench, *words: object, columns: int = 80, env: Mapping[str, str] | None = None
) -> tuple[int | None, str]:
    """Give exit status and all that was shown."""
    argv = bench.argv(words)
    environment = {**bench.environment, "TERM": "xterm-256color", **(env or {})}
    terminal = pexpect.spawn(
        argv[0],
        argv[1:],
        env=environment,
        timeout=20,
        encoding="utf-8",
        dimensions=(24, columns),
        cwd=str(bench.top),
    )
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus, str(terminal.before).replace("\r\n", "\n")


def test_add_shows_a_summary(bench):
    """A Result is for programs; a person gets a few lines."""
    status, shown = at_terminal(bench, "add", "mynet", NETNS)
    assert status == 0
    assert [line.split() for line in ESCAPE.sub("", shown).splitlines()] == [
        ["network", "mynet"],
        ["container", bench.calls()[0][1]],
        ["netns", NETNS],
        ["ifname", "eth0"],
        ["address", "10.1.2.3/24"],
    ]
    _, shown = at_terminal(bench, "add", "mynet", f"{NETNS}2", "-o", "json")
    assert shown.startswith('{\n    "cniVersion": "1.1.0"')


def test_tables_fit_a_terminal(bench):
    """In 80 columns nothing is lost: what is too long goes on below."""
    bench(
        "add", "mynet", "/var/run/netns/cni-01234567-89ab-cdef-0123-456789abcdef", "-i", "fifteen-letters"
    ).succeeded()
    for columns in (80, 50):
        _, shown = at_terminal(bench, "attachments", "ls", "--no-trunc", columns=columns)
        lines = ESCAPE.sub("", shown).splitlines()
        assert len(lines) > 2
        assert max(map(len, lines)) <= columns
        assert set("(gone)") <= set("".join(lines))


def test_colour(bench):
    """On a terminal; not with NO_COLOR, not on a dumb terminal, not in a pipe."""
    _, shown = at_terminal(bench, "status", "mynet")
    assert "\x1b[32mready" in shown
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, shown = at_terminal(bench, "status", "mynet", env=variables)
        assert "\x1b[3" not in shown
        assert "ready" in shown
    assert "\x1b" not in bench("status", "mynet").stdout


def test_a_slow_plugin_is_named(bench):
    """After two seconds somebody at a terminal wants to know."""
    bench.plugin(STATUS="sleep 2.5")
    _, shown = at_terminal(bench, "status", "mynet")
    assert "waiting for shelly (STATUS); Ctrl-C ends it\n" in shown
    assert bench("status", "mynet").stderr == ""


def test_a_map_in_a_file(bench):
    """It is as where there is no terminal, and what its name says that it is."""
    for name, start in (
        ("map.txt", os.uname().nodename),
        ("map.svg", "<svg "),
        ("map.HTML", "<!doctype html>"),
    ):
        _, shown = at_terminal(bench, "map", "-f", name)
        text = (bench.top / name).read_text()
        assert text.lower().startswith(start.lower())
        assert "\x1b" not in text
        assert start not in shown
    assert json.loads(bench("map", "-f", "-", "-o", "json").stdout)["node"] == os.uname().nodename
    assert bench("map", "-o", "text", "-f", "map.svg").succeeded().stdout == ""
    assert (bench.top / "map.svg").read_text().startswith(os.uname().nodename)


def test_names_of_files_are_tamed(bench):
    """Of those that were written, they are data, and escaped for a terminal alone."""
    name = "\x1b[2J.tar.gz"
    argv = ["doctor", "collect", "--log", "/dev/null", name]
    _, shown = at_terminal(bench, *argv)
    assert "\\x1b[2J.tar.gz\n" in shown
    assert bench(*argv).stdout == f"{name}\n"


def test_raw_output_is_tamed(bench):
    """What a plugin prints goes to a terminal with its control characters made visible."""
    bench.plugin(STATUS=r"printf '\033[2Jhello'")
    argv = ["exec", "shelly", "STATUS", "--net", "mynet"]
    _, shown = at_terminal(bench, *argv)
    assert "\\x1b[2Jhello\n" in shown
    assert bench(*argv).stdout == "\x1b[2Jhello"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_half_way_rolls_back(bench, number):
    """The plugin that runs is ended, all that were reached get DEL, nothing is cached."""
    bench.plugin("slow", ADD="echo $$ > $0.pid; exec sleep 1000")
    bench.network("mynet", {"type": "shelly"}, {"type": "slow"})
    with subprocess.Popen(
        # Whoever started the tests may have had them ignore it, as nohup does.
        ["env", f"--default-signal={number.value}", *bench.argv(["add", "mynet", NETNS])],
        env=bench.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        pid = bench.bin / "slow.pid"
        deadline = time.monotonic() + 20
        while not (pid.exists() and pid.read_text().strip()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert b"Traceback" not in stderr
    if number == signal.SIGINT:
        assert stderr.decode().strip() == "interrupted"
    assert not running(pid.read_text().strip())
    assert (bench.verbs(), bench.verbs("slow")) == (["ADD", "DEL"], ["ADD", "DEL"])
    assert bench.cached() == []


def test_a_second_ctrl_c_ends_the_clean_up_and_says_so(bench):
    """Somebody who has no patience with a slow DEL learns what is left to do."""
    bench.plugin("slow", ADD="echo $$ > $0.add; exec sleep 1000", DEL="echo $$ > $0.del; exec sleep 1000")
    bench.network("mynet", {"type": "slow"})
    with subprocess.Popen(
        bench.argv(["add", "mynet", NETNS, "--container-id", "c1"]),
        env=bench.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for verb in ("add", "del"):
            pid = bench.bin / f"slow.{verb}"
            deadline = time.monotonic() + 20
            while not (pid.exists() and pid.read_text().strip()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.split("\n")[-3:] == [
        "interrupted",
        "while rolling back: DEL of c1 eth0 on mynet was not finished, and has to be done",
        "",
    ]
    assert not running((bench.bin / "slow.del").read_text().strip())


def test_ctrl_c_removes_the_netns(host):
    """The one that was made for the attachment."""
    host.plugin(ADD="sleep 1000")
    script = f"timeout --foreground -s INT 1 {' '.join(host.argv(['add', 'mynet']))}; ip netns list"
    done = host.node.run(["sh", "-c", script], env=host.environment, timeout=30)
    assert done.stdout == ""
    assert host.verbs() == ["ADD", "DEL"]


def inside_at_terminal(bench: Bench, *words: str) -> pexpect.spawn[str]:
    """Start cnictl where /run and the network are its own, but not the processes.

    A shell must be able to give the terminal back to whoever had it.
    """
    own = ["unshare", *(["-Ur"] if os.geteuid() else []), "--net", "--mount", "sh", "-c"]
    command = shlex.join(bench.argv(words))
    script = f"trap : INT; mount -t tmpfs none /run && {command}; echo status $?; ip netns list"
    environment = {**bench.environment, "PS1": "> "}
    return pexpect.spawn(own[0], [*own[1:], script], env=environment, timeout=20, encoding="utf-8")


def test_ctrl_c_ends_the_command_and_not_its_clean_up(bench):
    """In `cnictl run`, it is for the command; DEL follows, and nothing is left."""
    terminal = inside_at_terminal(bench, "run", "mynet", "--", "sh", "-c", "echo ready; exec sleep 1000")
    terminal.expect("ready")
    terminal.sendintr()
    terminal.expect("status 130")
    terminal.expect(pexpect.EOF)
    assert str(terminal.before).strip() == ""
    assert bench.verbs() == ["ADD", "DEL"]


def test_a_shell_keeps_its_terminal(bench):
    """`cnictl run NET -- sh` is interactive."""
    terminal = inside_at_terminal(bench, "run", "mynet", "--", "sh", "-i")
    terminal.expect("> ")
    terminal.sendline("echo $((6 * 7)); exit 4")
    terminal.expect("\r\n42\r\n")
    terminal.expect(pexpect.EOF)
    assert str(terminal.before).strip() == "status 4"
