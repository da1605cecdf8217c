"""Locks that are waited for, but not without end."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl import flock

HOLD = """
import fcntl, sys, time
with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print(flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "lock").touch()
    return str(tmp_path / "lock")


@pytest.fixture
def descriptor(path: str) -> Iterator[int]:
    opened = os.open(path, os.O_RDONLY)
    yield opened
    os.close(opened)


def hold(path: str, seconds: float) -> subprocess.Popen[bytes]:
    """Another process that holds the lock for so long."""
    process = subprocess.Popen(
        [sys.executable, "-IS", "-c", HOLD, path, str(seconds)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def is_free(path: str) -> bool:
    with open(path, encoding="ascii") as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_free_lock_is_taken(path: str, descriptor: int):
    """Nobody else gets it until the descriptor is closed."""
    flock.acquire(descriptor, path)
    assert not is_free(path)


def test_a_lock_that_becomes_free_is_taken(path: str, descriptor: int):
    """Waiting ends when the holder does."""
    with hold(path, 0.2):
        flock.acquire(descriptor, path, patience=30)
    assert not is_free(path)


@pytest.mark.parametrize("patience", [30, 0.1])
def test_an_alarm_of_somebody_else_still_rings(path: str, descriptor: int, patience: float):
    """Waiting uses the process's alarm clock, and puts it back as it would be by then."""
    rings: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    with hold(path, 0.2):
        timer = signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            flock.acquire(descriptor, path, patience)
        except flock.LockBusy:
            assert patience < 0.2
    try:
        assert not rings
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < 0.95
        deadline = time.monotonic() + 10
        while not rings and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rings == [1]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def test_without_another_alarm_none_is_left(path: str):
    """A process that had no alarm clock running has none afterwards."""
    code = (
        "import os, signal, sys; from cnictl import flock\n"
        "try: flock.acquire(os.open(sys.argv[1], 0), sys.argv[1], 0.05)\n"
        "except flock.LockBusy: pass\n"
        "print(signal.getitimer(signal.ITIMER_REAL), signal.getsignal(signal.SIGALRM) is signal.SIG_DFL)"
    )
    with hold(path, 30) as holder:
        done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
        holder.kill()
    assert done.stdout == "(0.0, 0.0) True\n"


def test_it_gives_up_and_names_the_holder(path: str, descriptor: int):
    """The error says which file, for how long, and which process; the code tells the runtime to try again."""
    with hold(path, 30) as holder:
        began = time.monotonic()
        with pytest.raises(flock.LockBusy) as caught:
            flock.acquire(descriptor, path, patience=0.1)
        assert time.monotonic() - began < 5
        holder.kill()
    assert caught.value.code == 11
    assert caught.value.msg == f"lock {path} was not free within 0.1 seconds"
    assert f"process {holder.pid} (python" in caught.value.details


def test_beside_the_main_thread_it_waits_as_well(path: str, descriptor: int):
    """A thread, which has no signals, gets the lock, or gives up in time."""
    outcome: list[str] = []

    def wait(patience: float) -> None:
        try:
            flock.acquire(descriptor, path, patience)
            outcome.append("taken")
        except flock.LockBusy:
            outcome.append("busy")

    with hold(path, 0.5):
        for patience in (0.05, 30):
            thread = threading.Thread(target=wait, args=(patience,))
            thread.start()
            thread.join()
    assert outcome == ["busy", "taken"]


def test_nobody_holds_a_free_lock(path: str):
    """Without a holder, or without the file, there is no name."""
    assert flock.holder(path) == ""
    assert flock.holder(path + ".nope") == ""


def test_those_who_wait_are_not_the_holder(path: str):
    """Of several processes at the lock the one that has it is named."""
    with hold(path, 30) as holder, subprocess.Popen([sys.executable, "-IS", "-c", HOLD, path, "0"]) as waiter:
        deadline = time.monotonic() + 10
        while len(flock.records(os.stat(path))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert flock.holder(path).startswith(f"process {holder.pid} ")
        assert sorted(flock.records(os.stat(path))) == sorted([(holder.pid, False), (waiter.pid, True)])
        waiter.kill()
        holder.kill()
