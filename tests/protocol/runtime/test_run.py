"""Running programs: bytes both ways, and nothing that can hang the caller or outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from cnictl.child import CannotRun, TooMuchOutput
from cnictl.invoke import Completed, Timeout, run

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


@pytest.fixture
def script(tmp_path):
    """Write a program, by default for the shell, and give its path."""

    def write(text: str, name: str = "program", interpreter: str = "/bin/sh") -> str:
        path = tmp_path / name
        path.write_text(f"#!{interpreter}\n{textwrap.dedent(text)}")
        path.chmod(0o755)
        return str(path)

    return write


def alive(pid: int) -> bool:
    """Whether a process runs: a zombie does not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 3
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_stdin_arguments_and_environment_are_delivered(script):
    """EX5: and the environment is exactly the one given."""
    path = script('cat; echo "$1 $2"; env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= | sort; echo on stderr >&2')
    completed = run(path, ["one", "two words"], environment={"A": "b", "C": ""}, stdin=b"input\n")
    assert completed == Completed(0, b"input\none two words\nA=b\nC=\n", b"on stderr\n")
    assert completed.reason == "exit status 0"


def test_ten_megabytes_each_way_do_not_block(script):
    """stdin, stdout and stderr are served at the same time, whatever order the program takes them in."""
    data = os.urandom(1 << 20) * 10
    path = script(
        """
        import os, sys
        data = sys.stdin.buffer.read()
        sys.stderr.buffer.write(data[::-1])
        sys.stderr.flush()
        sys.stdout.buffer.write(data)
        """,
        interpreter=f"{sys.executable} -IS",
    )
    completed = run(path, environment=ENVIRONMENT, stdin=data)
    assert completed.status == 0
    assert completed.stdout == data
    assert completed.stderr == data[::-1]


def test_output_before_input_does_not_block(script):
    """A program that writes all it has before it reads."""
    path = script("head -c 2000000 /dev/zero; wc -c")
    completed = run(path, environment=ENVIRONMENT, stdin=b"x" * 2_000_000)
    assert completed.stdout == bytes(2_000_000) + b"2000000\n"


@pytest.mark.parametrize("body", ["exit 0", "exec <&-; sleep 0.1; exit 0"])
def test_a_program_need_not_read_its_stdin(script, body):
    """EX14: neither by ignoring it nor by closing it."""
    assert run(script(body), environment=ENVIRONMENT, stdin=b"x" * (1 << 20)).status == 0


def test_exit_status_and_death_by_signal_have_gos_words(script):
    """EX13: what stands behind an error message."""
    assert run(script("exit 3"), environment=ENVIRONMENT).reason == "exit status 3"
    killed = run(script("kill -9 $$"), environment=ENVIRONMENT)
    assert (killed.status, killed.reason) == (-9, "signal: killed")
    crashed = run(script("ulimit -c 0; kill -11 $$"), environment=ENVIRONMENT)
    assert crashed.reason == "signal: segmentation fault"
    assert run(script("kill -31 $$"), environment=ENVIRONMENT).reason.startswith("signal: signal 31")
    assert Completed(-11, core_dumped=True).reason == "signal: segmentation fault (core dumped)"


def test_stderr_is_streamed_while_the_program_runs(script, tmp_path):
    """EX6: the first line is seen while the program still waits for what follows from it."""
    seen = []

    def listen(data: bytes) -> None:
        seen.append(data)
        (tmp_path / "go").touch()

    path = script(f"echo first >&2; until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo second >&2")
    completed = run(path, environment=ENVIRONMENT, on_stderr=listen, timeout=10)
    assert b"".join(seen) == completed.stderr == b"first\nsecond\n"
    assert len(seen) == 2


def test_a_grandchild_that_holds_the_pipes_delays_only_a_moment(script):
    """EX15: what the program left behind is not waited for, and is left alone."""
    path = script("sleep 30 & echo $!; exit 0")
    began = time.monotonic()
    completed = run(path, environment=ENVIRONMENT)
    grandchild = int(completed.stdout)
    try:
        assert time.monotonic() - began < 3
        assert completed.status == 0
        assert alive(grandchild)
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_a_timeout_ends_the_whole_group(script):
    """RT29: the error names program and seconds, what was written is kept, no process remains."""
    path = script("sleep 30 & echo $! $$; echo patience >&2; wait")
    began = time.monotonic()
    with pytest.raises(Timeout) as caught:
        run(path, environment=ENVIRONMENT, timeout=0.3)
    assert time.monotonic() - began < 3
    assert str(caught.value) == f"{path} did not finish within 0.3 seconds and was killed"
    assert caught.value.stderr == b"patience\n"
    grandchild, child = map(int, caught.value.stdout.split())
    assert wait_until_gone(child)
    assert wait_until_gone(grandchild)


def test_a_program_that_will_not_end_is_killed(script, monkeypatch):
    """SIGTERM may be ignored, SIGKILL not, also by what outlives the leader of the group."""
    monkeypatch.setattr("cnictl.invoke.PATIENCE", 0.2)
    stubborn = script("trap '' TERM; echo $$; while :; do sleep 0.05; done", "stubborn")
    with pytest.raises(Timeout) as caught:
        run(stubborn, environment=ENVIRONMENT, timeout=0.2)
    assert wait_until_gone(int(caught.value.stdout))
    leaves = script(f"{stubborn} & wait", "leaves")
    with pytest.raises(Timeout) as caught:
        run(leaves, environment=ENVIRONMENT, timeout=0.3)
    assert wait_until_gone(int(caught.value.stdout))


def test_a_program_may_clean_up_when_its_time_is_up(script, tmp_path):
    """SIGTERM comes first, so a plugin can undo what it did."""
    path = script(
        f"trap 'touch {tmp_path}/undone; echo undone >&2; exit 1' TERM; while :; do sleep 0.05; done"
    )
    with pytest.raises(Timeout) as caught:
        run(path, environment=ENVIRONMENT, timeout=0.3)
    assert caught.value.stderr.endswith(b"undone\n")
    assert (tmp_path / "undone").exists()


def test_a_result_in_time_is_not_lost_to_the_timeout(script):
    """A generous limit changes nothing."""
    for timeout in (30, 3_000_000, float("inf")):
        assert run(script("echo done"), environment=ENVIRONMENT, timeout=timeout).stdout == b"done\n"


@pytest.mark.parametrize("redirect", ["", ">&2"])
def test_a_flood_of_output_is_stopped(script, redirect):
    """Memory has a bound; the program is killed and the error says which stream it was."""
    path = script(f"yes {redirect}")
    with pytest.raises(TooMuchOutput) as caught:
        run(path, environment=ENVIRONMENT, limit=1 << 20)
    stream = "stderr" if redirect else "stdout"
    assert str(caught.value) == f"{path} wrote more than 1048576 bytes to {stream} and was killed"


def test_an_exception_in_the_caller_ends_the_program(script):
    """Whatever the stderr listener raises arrives, after the program's group is gone."""

    class Unwanted(Exception):
        pass

    pids: list[int] = []

    def refuse(data: bytes) -> None:
        pids.extend(map(int, data.split()))
        raise Unwanted

    with pytest.raises(Unwanted):
        run(script("sleep 30 & echo $$ $! >&2; wait"), environment=ENVIRONMENT, on_stderr=refuse)
    assert len(pids) == 2
    assert all(map(wait_until_gone, pids))


@pytest.mark.parametrize(
    ("number", "prepare"),
    [
        (signal.SIGINT, "signal.signal(signal.SIGINT, signal.default_int_handler)"),
        (signal.SIGTERM, "signal.signal(signal.SIGTERM, signal.SIG_DFL)"),
        (signal.SIGTERM, "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))"),
        (signal.SIGHUP, "signal.signal(signal.SIGHUP, signal.SIG_DFL)"),
    ],
)
def test_a_signal_to_the_caller_ends_the_program_too(script, tmp_path, number, prepare):
    """Ctrl-C and SIGTERM leave nothing behind, and the caller ends as it would have without us."""
    path = script(
        f"sleep 30 & echo $$ $! > {tmp_path}/pids.new; mv {tmp_path}/pids.new {tmp_path}/pids; wait"
    )
    caller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import signal, sys; {prepare}; from cnictl.invoke import run\nrun({path!r}, environment={{}})",
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    pids = tmp_path / "pids"
    while not pids.exists():
        assert caller.poll() is None, caller.stderr
        time.sleep(0.01)
    caller.send_signal(number)
    _, said = caller.communicate(timeout=10)
    assert caller.returncode == (143 if "143" in prepare else -number), said
    assert all(wait_until_gone(int(pid)) for pid in pids.read_text().split())


def test_programs_can_be_run_from_other_threads(script):
    """Where signal handlers cannot be set, and several at a time."""
    path = script("cat; sleep 0.1")
    results: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda text=str(n): results.append(
                run(path, environment=ENVIRONMENT, stdin=text.encode(), timeout=20).stdout
            )
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [b"0", b"1", b"2", b"3"]


def test_without_pidfd_the_end_is_noticed_all_the_same(script, monkeypatch):
    """Kernels before 5.3 and some seccomp filters have none."""

    def refuse(_: int) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "pidfd_open", refuse)
    closed = script("exec >&- 2>&-; sleep 0.2; exit 4", "closed")
    assert run(closed, environment=ENVIRONMENT, stdin=b"x").status == 4
    with pytest.raises(Timeout):
        run(script("sleep 30"), environment=ENVIRONMENT, timeout=0.1)


def test_a_caller_without_standard_streams_can_run_programs(script):
    """The pipes then get the numbers 0 to 2, which the child needs for itself."""
    path = script("cat; echo err >&2")
    code = (
        "import os, sys\n"
        "from cnictl.invoke import run\n"
        "kept = os.dup(1)\n"
        "os.closerange(0, 3)\n"
        f"done = run({path!r}, environment={ENVIRONMENT!r}, stdin=b'in')\n"
        "os.write(kept, repr((done.status, done.stdout, done.stderr)).encode())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"(0, b'in', b'err\\n')"


def test_no_descriptor_is_lost(script):
    """Success, failure and timeout close what they opened."""
    path = script("cat; exit 1")
    before = sorted(os.listdir("/proc/self/fd"))
    run(path, environment=ENVIRONMENT, stdin=b"x")
    with pytest.raises(CannotRun):
        run(path + ".missing", environment=ENVIRONMENT)
    with pytest.raises(Timeout):
        run(script("sleep 30", "sleeper"), environment=ENVIRONMENT, stdin=b"x" * 1_000_000, timeout=0.1)
    run(path, environment=ENVIRONMENT, cwd="/")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_the_child_has_default_signals(script):
    """A plugin in a pipeline must die of SIGPIPE, which Python ignores for itself."""
    path = script("grep SigIgn /proc/self/status")
    for cwd in (None, "/"):
        done = run(path, environment=ENVIRONMENT, cwd=cwd)
        assert int(done.stdout.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_the_working_directory_can_be_chosen(script, tmp_path):
    """And a missing one is an error that names the program."""
    path = script("pwd")
    assert run(path, environment=ENVIRONMENT, cwd=str(tmp_path)).stdout == f"{tmp_path}\n".encode()
    with pytest.raises(CannotRun, match="no such file or directory"):
        run(path, environment=ENVIRONMENT, cwd=str(tmp_path / "missing"))


def test_a_busy_file_is_tried_again(script):
    """ETXTBSY: the program runs as soon as its writer is done, in a fresh process."""
    path = script("echo ran >&2; exit 0")
    writer = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    timer = threading.Timer(0.2, os.close, [writer])
    timer.start()
    began = time.monotonic()
    done = run(path, environment=ENVIRONMENT)
    timer.join()
    assert done.stderr == b"ran\n"
    assert 0.9 < time.monotonic() - began < 3


def test_a_file_that_stays_busy_is_an_error(script, monkeypatch):
    """Six attempts, then an error, where libcni reports success with no output."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    path = script("exit 0")
    with open(path, "r+b"), pytest.raises(CannotRun) as caught:
        run(path, environment=ENVIRONMENT)
    assert pauses == [1.0] * 5
    assert f"fork/exec {path}: text file busy" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            b"#!/no/such/interpreter -x\n",
            'its interpreter "/no/such/interpreter", named on the #! line, does not',
        ),
        (b"#! /bin/sh\r\necho\r\n", 'its interpreter "/bin/sh\\r", named on the #! line, does not exist'),
        (b"#!/etc/passwd\n", 'its interpreter "/etc/passwd", named on the #! line, is not executable'),
        (b"", "exec format error (the file is empty)"),
        (b"echo hello\n", "neither a program of this machine nor a script with a #! line"),
        (b"\x7fELF" + bytes(60), "built for another kind of machine"),
    ],
)
@pytest.mark.parametrize("cwd", [None, "/"])
def test_a_program_that_cannot_start_says_why(tmp_path, content, text, cwd):
    """EX10: the path leads, the reason follows."""
    path = tmp_path / "plugin"
    path.write_bytes(content)
    path.chmod(0o755)
    with pytest.raises(CannotRun) as caught:
        run(str(path), environment=ENVIRONMENT, cwd=cwd)
    assert str(caught.value).startswith(f"fork/exec {path}: ")
    assert text in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """EX10."""
    with pytest.raises(CannotRun) as caught:
        run(f"{tmp_path}/gone", environment=ENVIRONMENT)
    assert str(caught.value) == f"fork/exec {tmp_path}/gone: no such file or directory"
