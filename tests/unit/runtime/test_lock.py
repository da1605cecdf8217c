"""Operations that must not run beside one another wait, with a bound."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cnictl.runtime.lock import LOCK_FILE, Lock, Locked

ROOT = Path(__file__).parents[3]


def test_one_container_at_a_time(tmp_path):
    """CNI spec, "Lifecycle & Ordering": no parallel operations for the same container."""
    with (
        Lock(str(tmp_path), network="a", container_id="one"),
        Lock(str(tmp_path), network="a", container_id="two", patience=0),
        pytest.raises(Locked, match="operation on container one did not end within 0 seconds"),
        Lock(str(tmp_path), network="b", container_id="one", patience=0),
    ):
        pass


def test_gc_holds_off_the_others_of_its_network(tmp_path):
    """CNI spec, "GC": no ADD or DEL in the meantime; other networks go on."""
    with Lock(str(tmp_path), network="a", collecting=True):
        with (
            pytest.raises(Locked, match="network a"),
            Lock(str(tmp_path), network="a", container_id="one", patience=0),
        ):
            pass
        with Lock(str(tmp_path), network="b", container_id="one", patience=0):
            pass
    with (
        Lock(str(tmp_path), network="a", container_id="one"),
        pytest.raises(Locked),
        Lock(str(tmp_path), network="a", collecting=True, patience=0),
    ):
        pass


def test_a_lock_is_free_again_when_its_holder_ends(tmp_path):
    """Also when it is killed; until then the error says who it is."""
    code = (
        "import sys, time; from cnictl.runtime.lock import Lock\n"
        f"with Lock({str(tmp_path)!r}, network='a', container_id='one'): print(flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with (
            pytest.raises(Locked) as caught,
            Lock(str(tmp_path), network="a", container_id="one", patience=0.1),
        ):
            pass
        assert f"({holder.pid})" in caught.value.hint
    finally:
        holder.kill()
        holder.communicate()
    with Lock(str(tmp_path), network="a", container_id="one", patience=0):
        pass


def test_a_waiter_goes_on_as_soon_as_it_may(tmp_path):
    """Threads of one process exclude each other as processes do."""
    order = []
    first = Lock(str(tmp_path), network="a", container_id="one")
    first.__enter__()

    def wait() -> None:
        with Lock(str(tmp_path), network="a", container_id="one", patience=10):
            order.append("second")

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.1)
    order.append("first")
    first.release()
    thread.join()
    assert order == ["first", "second"]


def test_the_file_lies_beside_what_libcni_reads(tmp_path):
    """One file for all, readable for its owner only, nothing in `results`."""
    (tmp_path / "results").mkdir()
    with Lock(str(tmp_path), network="a", container_id="one"):
        pass
    assert os.listdir(tmp_path / "results") == []
    assert (tmp_path / LOCK_FILE).stat().st_mode & 0o777 == 0o600


def test_where_no_lock_can_be_had_the_work_goes_on(tmp_path):
    """And the reason is told; a directory that is not there needs none and is not made."""
    (tmp_path / LOCK_FILE).mkdir()
    warnings: list[str] = []
    with Lock(str(tmp_path), network="a", container_id="one", warn=warnings.append):
        assert warnings == [f"not locked against other operations: {tmp_path}/{LOCK_FILE}: is a directory"]
    with Lock(str(tmp_path / "none"), network="a", container_id="one", warn=warnings.append):
        assert len(warnings) == 1
    assert not (tmp_path / "none").exists()
