"""Waiting for changes in a directory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnictl.inotify import Watch, WatchError


def replace(directory: Path) -> None:
    (directory / "old").replace(directory / "new.json")


def write(directory: Path) -> None:
    (directory / "old").write_text("other")


def link(directory: Path) -> None:
    (directory / "link").symlink_to("old")


def delete(directory: Path) -> None:
    (directory / "old").unlink()


def vanish(directory: Path) -> None:
    directory.rename(directory.with_name("away"))


@pytest.mark.parametrize("change", [replace, write, link, delete, vanish], ids=lambda one: one.__name__)
def test_a_change_ends_the_waiting(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Whatever makes another list of files, or another content."""
    directory = tmp_path / "watched"
    directory.mkdir()
    (directory / "old").write_text("content")
    with Watch(str(directory)) as watched:
        assert not watched.wait(0)
        later = threading.Timer(0.05, change, [directory])
        later.start()
        before = time.monotonic()
        assert watched.wait(10)
        assert time.monotonic() - before < 5
        later.join()


def test_changes_that_came_together_are_one(tmp_path: Path) -> None:
    """A hundred files are read once."""
    with Watch(str(tmp_path)) as watched:
        for number in range(100):
            (tmp_path / str(number)).touch()
        assert watched.wait(10)
        assert not watched.wait(0)


@pytest.mark.parametrize(
    ("name", "reason"), [("nope", "no such file or directory"), ("file", "not a directory")]
)
def test_what_cannot_be_watched(tmp_path: Path, name: str, reason: str) -> None:
    """Says so, and leaves no descriptor open."""
    (tmp_path / "file").touch()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(WatchError, match=f"cannot watch {tmp_path}/{name}: {reason}"):
        Watch(str(tmp_path / name))
    assert os.listdir("/proc/self/fd") == before
