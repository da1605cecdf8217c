"""What stands in for a plugin: nobody sees a difference, and the call is in the log."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cnictl.record.model import RecordError
from cnictl.record.program import SOURCES
from tests.conftest import unavailable
from tests.protocol.record.conftest import ENVIRONMENT, Directory

EVERY_BYTE = bytes(range(256)) * 4096
"""A megabyte, which fits no pipe."""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within some seconds."""
    until = time.monotonic() + 10
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.usefixtures("stand_in")
def test_the_compiler_has_nothing_to_say():
    """Not even when it is asked for all that it could mind."""
    words = ["cc", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
    for name in ("stand_in.c", "redact.c"):
        done = subprocess.run([*words, f"{SOURCES}/{name}"], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_byte_passes(directory: Directory):
    """stdin, stdout and stderr, NUL bytes and all, more than a pipe holds; the log has the beginning."""
    directory.python("echo", "data = read()\nwrite(data)\nsys.stderr.buffer.write(data[::-1])\nsys.exit(7)")
    directory.start("echo")
    done = directory.call("echo", EVERY_BYTE)
    assert (done.stdout, done.stderr, done.returncode) == (EVERY_BYTE, EVERY_BYTE[::-1], 7)
    (call,) = directory.calls()
    assert (call.status, set(call.cut)) == (7, {"stdin", "stdout", "stderr"})
    assert EVERY_BYTE.startswith(call.stdin)
    assert len(call.stdin) == 256 << 10


def test_a_call_is_written_down(directory: Directory):
    """Environment, stdin, stdout, stderr, exit status, time, and who called."""
    directory.plugin("talk", "cat; echo said >&2; sleep 0.1; exit 3")
    directory.start("talk")
    before = time.time()
    directory.call("talk", b'{"name": "web"}\0', {**ENVIRONMENT, "CNI_ARGS": "A=1;B=2", "OTHER": "x y"})
    (call,) = directory.calls()
    assert (call.plugin, call.verb, call.container_id, call.ifname) == ("talk", "ADD", "c1", "eth0")
    assert (call.stdin, call.stdout, call.stderr) == (b'{"name": "web"}\0', b'{"name": "web"}\0', b"said\n")
    assert call.environment == {**ENVIRONMENT, "CNI_ARGS": "A=1;B=2", "OTHER": "x y"}
    assert (call.status, call.uid, call.arguments) == (3, os.getuid(), (f"{directory.bin}/talk",))
    assert call.seconds is not None
    assert 0.1 <= call.seconds < 10
    assert before <= call.time <= time.time()
    assert call.callers[0][0] == os.getpid()
    assert "python" in call.caller.split()[0]


def test_the_plugin_sees_the_same(directory: Directory):
    """The same arguments, environment, directory and signals, and no descriptor more."""
    directory.python(
        "look",
        "status = open('/proc/self/status').read().splitlines()\n"
        "print(open('/proc/self/environ').read(), os.getcwd(), sorted(os.listdir('/proc/self/fd')))\n"
        "print(sys.argv[1:], [one for one in status if one[:6] in ('SigBlk', 'SigIgn', 'SigCgt')])",
    )
    plain = directory.call("look")
    directory.start("look")
    recorded = directory.call("look")
    assert recorded.stdout == plain.stdout
    assert plain.stdout


def test_programs_that_look_at_their_name(directory: Directory, tmp_path: Path):
    """One program with several names, by symlinks and by argv[0], is what it was."""
    directory.plugin("many", 'echo "${0##*/}"')
    (directory.bin / "one").symlink_to("many")
    (directory.bin / "two").symlink_to(directory.bin / "many")
    busybox = shutil.which("busybox")
    if not busybox:
        unavailable("no program 'busybox' (package busybox-static)")
    shutil.copy(busybox, directory.bin / "busybox")
    (directory.bin / "echo").symlink_to("busybox")
    (directory.bin / "false").symlink_to(directory.bin / "busybox")
    (tmp_path / "elsewhere").symlink_to("bin/one")
    directory.start("one", "two", "busybox", "echo", "false")
    assert [directory.call(name).stdout for name in ("many", "one", "two")] == [b"many\n", b"one\n", b"two\n"]
    assert directory.call("../elsewhere").stdout == b"one\n"
    assert (directory.call("echo").stdout, directory.call("false").returncode) == (b"\n", 1)
    for name in ("busybox", "echo"):
        called = subprocess.run(
            ["printf", "x"], executable=directory.bin / name, env=ENVIRONMENT, check=True, capture_output=True
        )
        assert called.stdout == b"x"
    names = [one.plugin for one in directory.calls()]
    assert names == ["one", "two", "one", "echo", "false", "busybox", "echo"]


def test_a_script_of_two_names(directory: Directory):
    """It would be told the wrong one, so that only one can be recorded."""
    directory.plugin("many", 'echo "${0##*/}"')
    (directory.bin / "one").symlink_to("many")
    before = directory.listing()
    message = "one is another name of the script many, and only one of them can be recorded"
    with pytest.raises(RecordError, match=message):
        directory.start("one", "many")
    directory.start("one")
    with pytest.raises(RecordError, match=message):
        directory.start("many")
    directory.stop()
    assert directory.listing() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_a_plugin_that_dies_of_a_signal(directory: Directory, number: int):
    """The caller sees the same death."""
    directory.plugin("dies", f"echo before; kill -{int(number)} $$")
    directory.start("dies")
    done = directory.call("dies")
    assert (done.returncode, done.stdout) == (-number, b"before\n")
    assert [one.status for one in directory.calls()] == [-number]


def test_a_signal_reaches_the_plugin(directory: Directory):
    """And what it does about it reaches the caller; stdin still is open."""
    directory.plugin("traps", "trap 'echo caught; exit 5' TERM; echo ready; read -r line")
    directory.start("traps")
    with subprocess.Popen(
        [directory.bin / "traps"], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.stdout.read() == b"caught\n"
        assert process.wait(10) == 5


def test_a_caller_that_kills(directory: Directory):
    """Kills the plugin; what was said until then is in the log, without an end."""
    directory.plugin("hangs", "echo $$; echo waiting >&2; exec sleep 60")
    directory.start("hangs")
    with subprocess.Popen([directory.bin / "hangs"], env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        plugin = int(process.stdout.readline())
        assert plugin != process.pid
        assert eventually(lambda: b"waiting\n" in directory.calls()[0].stderr)
        process.kill()
    assert eventually(lambda: not Path(f"/proc/{plugin}").exists())
    (call,) = directory.calls()
    assert (call.status, call.stdout) == (None, f"{plugin}\n".encode())


def test_what_a_plugin_leaves_behind_may_go_on(directory: Directory):
    """A child that holds stdout: the plugin's end is seen at once, and what the child says later arrives."""
    directory.plugin("leaves", "(sleep 3; echo late) & echo early")
    directory.start("leaves")
    with subprocess.Popen([directory.bin / "leaves"], env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 2.5
        assert process.stdout is not None
        assert process.stdout.read() == b"early\nlate\n"
    assert eventually(lambda: directory.calls()[0].stdout == b"early\nlate\n")


def test_a_plugin_that_does_not_read(directory: Directory):
    """And a caller that does not: nobody hangs."""
    directory.plugin("deaf", "exec <&-; echo done")
    directory.start("deaf")
    assert directory.call("deaf", EVERY_BYTE).stdout == b"done\n"
    directory.plugin("endless", "exec yes")
    directory.start("endless")
    with subprocess.Popen([directory.bin / "endless"], env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(10) == -signal.SIGPIPE


def test_other_uses_of_the_program_are_left_alone(directory: Directory):
    """Without a command of CNI, as for a daemon that the program also is, it has the process itself."""
    directory.plugin("daemon", "echo $$")
    directory.start("daemon")
    with subprocess.Popen([directory.bin / "daemon"], env={}, stdout=subprocess.PIPE) as process:
        assert process.communicate()[0] == f"{process.pid}\n".encode()
    assert directory.calls() == []


@pytest.mark.parametrize("trouble", ["no log", "no ring", "a file in its place", "a ring of nothing"])
def test_a_log_that_cannot_be_written(directory: Directory, trouble: str):
    """The call goes on, and is not recorded."""
    directory.plugin("works", "cat")
    directory.start("works")
    ring = directory.log / "ring"
    if trouble == "a ring of nothing":
        ring.write_bytes(b"")
    else:
        ring.unlink()
    if trouble in ("no log", "a file in its place"):
        directory.log.rmdir()
    if trouble == "a file in its place":
        directory.log.write_text("")
    done = directory.call("works", b"in")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"in", b"")


def test_twenty_at_once(directory: Directory):
    """Each has its own answer, its own number and its own file."""
    directory.plugin("cat", "cat; exit 4")
    directory.start("cat")
    texts = [f"{{{number}}}".encode() * 1000 for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda text: directory.call("cat", text), texts))
    assert [(one.returncode, one.stdout) for one in answers] == [(4, text) for text in texts]
    calls = directory.calls()
    assert [one.number for one in calls] == list(range(1, 21))
    assert sorted(one.stdin for one in calls) == sorted(texts)
    assert {one.stdin == one.stdout for one in calls} == {True}


def test_the_oldest_calls_are_dropped(directory: Directory):
    """So many are kept as were asked for, and fewer when fewer are asked for."""
    directory.plugin("cat", "cat")
    directory.start("cat", keep=5)
    for number in range(12):
        directory.call("cat", str(number).encode())
    assert [one.stdin for one in directory.calls()] == [b"7", b"8", b"9", b"10", b"11"]
    assert len(list(directory.log.iterdir())) == 6
    directory.start("cat", keep=2)
    assert [one.number for one in directory.calls()] == [11, 12]


def test_only_the_owner_may_read(directory: Directory):
    """Whatever the umask of the caller."""
    directory.plugin("cat", "cat")
    directory.start("cat")
    before = os.umask(0)
    try:
        directory.call("cat")
    finally:
        os.umask(before)
    assert {one.stat().st_mode & 0o777 for one in directory.log.iterdir()} == {0o600}
    assert directory.log.stat().st_mode & 0o777 == 0o700


def test_a_call_within_a_call(directory: Directory):
    """A delegate is recorded with the call that made it, through whatever programs are between."""
    directory.plugin("inner", "echo inner")
    directory.plugin("outer", f"sh -c {directory.bin}/inner; true")
    directory.start("inner", "outer")
    assert directory.call("outer").stdout == b"inner\n"
    outer, inner = directory.calls()
    assert (outer.plugin, outer.within, inner.plugin, inner.within) == ("outer", None, "inner", 1)


def test_calls_during_start_and_stop(directory: Directory):
    """Whoever calls at any moment gets the plugin's answer."""
    directory.plugin("script", "echo answer; exit 6")
    (directory.bin / "link").symlink_to("target")
    directory.python("target", "write(b'answer\\n'); sys.stdout.flush(); sys.exit(6)")
    shutil.copy("/bin/false", directory.bin)
    pid = os.fork()
    if pid == 0:
        try:
            for _ in range(15):
                directory.start("script", "link", "false")
                directory.stop()
            os._exit(0)
        finally:
            os._exit(1)
    ended = threading.Event()

    def hammer(name: str) -> set[tuple[int, bytes, bytes]]:
        answers = set()
        while not ended.is_set():
            done = directory.call(name)
            answers.add((done.returncode, done.stdout, done.stderr))
        return answers

    with ThreadPoolExecutor(3) as pool:
        callers = [pool.submit(hammer, name) for name in ("script", "link", "false")]
        status = os.waitpid(pid, 0)[1]
        ended.set()
        answer = {(6, b"answer\n", b"")}
        assert [caller.result() for caller in callers] == [answer, answer, {(1, b"", b"")}]
    assert status == 0
    assert directory.calls()
