"""What a worker takes from launchers, and what it makes of a process in which a call has left something."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl.worker import call, client, pool
from tests.daemon import wait_for

DAEMON = """
import os, socket, sys, threading, time
from cnictl.listener import Listener
from cnictl.worker import pool

kept = []

def main(name):
    if name == "descriptor":
        kept.append(open("/dev/null"))
    elif name == "thread":
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    elif name == "child":
        if os.fork() == 0:
            os.closerange(0, 3)
            time.sleep(60)
            os._exit(0)
    elif name == "directory":
        os.chdir("/proc")
    elif name == "variable":
        os.environ["LEFT"] = "1"
    elif name == "error":
        raise RuntimeError("what a plugin should not raise")
    print(os.getpid(), os.getcwd(), *sorted(os.environ), flush=True)
    if name == "killed":
        os.kill(os.getpid(), 9)
    return 7

listener, control = Listener(sys.argv[1]), Listener(sys.argv[1] + ".control")
pool.Pool(listener.socket, control.socket, main, lambda name: name != "unknown", spare=1, most=1).run()
"""


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    """The socket of a worker with one process, whose plugins do to it what their names say."""
    path = str(tmp_path / "worker.sock")
    with subprocess.Popen([sys.executable, "-c", DAEMON, path]) as daemon:
        wait_for(lambda: os.path.exists(f"{path}.control"))
        yield path
        daemon.terminate()


def connected(path: str) -> socket.socket:
    """Return a connection on which the worker has said that it is ready."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(20)
    made.connect(path)
    assert made.recv(1) == call.READY
    return made


def message(
    name: str, *environment: str, version: bytes = call.PROTOCOL, place: bytes | None = None
) -> bytes:
    """Return a call as launcher.c writes it."""
    words = [version, call.place() if place is None else place, b"22", name.encode()]
    body = b"".join(word + b"\0" for word in [*words, *map(os.fsencode, environment)])
    return struct.pack("=I", len(body)) + body


def send(connection: socket.socket, data: bytes, fds: list[int]) -> None:
    sent = connection.sendmsg(
        [data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())] if fds else []
    )
    if sent < len(data):
        connection.sendall(data[sent:])


def called(path: str, name: str, *environment: str) -> list[str]:
    """Have a call answered, and return what it printed, to stdout and then to stderr."""
    said, answer = exchanged(path, name, *environment)
    assert answer[:2] == call.STATUS + bytes([1 if name == "error" else 7])
    return (answer[2:].decode() + said).split()


def exchanged(path: str, name: str, *environment: str) -> tuple[str, bytes]:
    """Have a call answered, and return what comes by its stdout and stderr, and by the connection."""
    read, write = os.pipe()
    null, here = os.open(os.devnull, os.O_RDONLY), os.open("/tmp", os.O_PATH)
    with connected(path) as connection, open(read, encoding="ascii") as output:
        send(connection, message(name, *environment), [null, write, write, here])
        for fd in (write, null, here):
            os.close(fd)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        return output.read(), answer


def test_a_process_answers_many_calls(path: str) -> None:
    """Each with the caller's directory and environment, and nothing of the one before."""
    first = called(path, "bridge", "A=1", "B=2")
    second = called(path, "/opt/cni/bin/bridge", "C=3")
    assert first[1:] == ["/tmp", "A", "B"]
    assert second == [first[0], "/tmp", "C"]


def test_a_process_is_replaced_after_some_calls(path: str) -> None:
    """So that nothing grows for ever."""
    pids = [called(path, "bridge")[0] for _ in range(pool.CALLS + 2)]
    assert len(set(pids[: pool.CALLS])) == 1
    assert pids[-1] != pids[0]


@pytest.mark.parametrize("what", ["descriptor", "thread", "child"])
def test_a_process_in_which_a_call_left_something_answers_no_other(path: str, what: str) -> None:
    """A namespace that is held open would outlive its pod."""
    assert called(path, what)[0] != called(path, "bridge")[0]


@pytest.mark.parametrize("what", ["directory", "variable"])
def test_what_can_be_put_right_is(path: str, what: str) -> None:
    """The same process goes on."""
    first = called(path, what)
    assert called(path, "bridge") == [first[0], "/tmp"]


def test_an_exception_is_shown_and_the_worker_goes_on(path: str) -> None:
    """As an interpreter shows it, on the caller's stderr."""
    assert "RuntimeError:" in called(path, "error")
    assert called(path, "bridge")[1:] == ["/tmp"]


def test_what_a_process_prints_before_it_dies_is_not_printed(path: str) -> None:
    """The launcher prints an error then, and a runtime must find one document."""
    assert exchanged(path, "killed") == ("", b"")
    assert called(path, "bridge")[1:] == ["/tmp"]


NO_CALLS = {
    "another version": message("bridge", version=b"0"),
    "another place": message("bridge", place=b"1:2 "),
    "an unknown plugin": message("unknown"),
    "too long": struct.pack("=I", call.LONGEST + 1),
    "no words": struct.pack("=I", 1) + b"\0",
}


@pytest.mark.parametrize("what", NO_CALLS)
def test_what_is_no_call_for_it_is_refused(path: str, what: str) -> None:
    """Before anything is read of the caller's stdin; the next call is answered."""
    with connected(path) as connection:
        send(connection, NO_CALLS[what], [0, 1, 2, 0])
        assert connection.recv(16) == call.REFUSED
    called(path, "bridge")


def test_a_call_without_streams_is_refused(path: str) -> None:
    """There would be nobody to answer to."""
    with connected(path) as connection:
        send(connection, message("bridge"), [])
        assert connection.recv(16) == call.REFUSED
    called(path, "bridge")


def test_a_launcher_that_gives_up_costs_nothing(path: str) -> None:
    """Before it has sent anything, and after half of it."""
    for data in (b"", message("bridge")[:20]):
        with contextlib.closing(connected(path)) as connection:
            connection.sendall(data)
    called(path, "bridge")


@pytest.mark.parametrize(
    "command", ["ADD DEL", "ADD\n1 busy", "ADD\r1 refused", "A" * 100_000, "\udcff", " "]
)
def test_a_command_that_is_none(path: str, command: str) -> None:
    """Is counted under no name, and the worker counts on."""
    called(path, "bridge", f"CNI_COMMAND={command}")
    called(path, "bridge", "CNI_COMMAND=ADD")
    wait_for(lambda: len(client.status(path).calls) == 2)
    assert [(one.command, one.calls) for one in client.status(path).calls] == [("", 1), ("ADD", 1)]
    assert (client.status(path).refused, client.status(path).killed) == (0, 0)


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b'{"bounds": ["x"]}', b'{"pid": "x"}', b'{"bounds": 7}', b"{}",
     b'{"pid": 1, "bounds": [1], "calls": [{"buckets": [1]}]}',
     b'{"pid": 1, "bounds": [1], "calls": [{"buckets": [1, "x"]}]}'],
)  # fmt: skip
def test_what_answers_like_no_worker(tmp_path: Path, said: bytes) -> None:
    """Is said to be none."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "x.control"))
        listening.listen()

        def answer() -> None:
            with listening.accept()[0] as connection:
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(client.NoWorker, match=r"what answers at .* is no worker"):
            client.status(str(tmp_path / "x"))
        thread.join()


LIMITED = DAEMON.replace(
    "pool.Pool(",
    """import resource, signal
was = resource.getrlimit(resource.RLIMIT_NPROC)
signal.signal(signal.SIGUSR1, lambda *_: resource.setrlimit(resource.RLIMIT_NPROC, was))
resource.setrlimit(resource.RLIMIT_NPROC, (0, was[1]))
if not os.getuid():
    os.setuid(65534)  # the limit is none of root's
pool.Pool(""",
)


def test_a_worker_that_may_start_no_process(tmp_path: Path) -> None:
    """Goes on when it may: that a node has no process to spare is over some time."""
    path = str(tmp_path / "worker.sock")
    with subprocess.Popen([sys.executable, "-c", LIMITED, path]) as daemon:
        wait_for(lambda: os.path.exists(f"{path}.control"))
        try:
            assert client.status(path).waiting == 0
            daemon.send_signal(signal.SIGUSR1)
            wait_for(lambda: client.status(path).waiting == 1)
        finally:
            daemon.terminate()
