"""Files that are kept: whole or not at all, for root only, and never somewhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnictl import durable
from tests.conftest import unavailable

ROOT = Path(__file__).parents[2]


def test_a_file_is_replaced_whole(tmp_path: Path):
    """Its mode and those of the directories made for it let nobody else in; nothing else is left there."""
    path = tmp_path / "deep" / "down" / "c1"
    for text in (b"first", b"second"):
        durable.replace(str(path), text)
        assert durable.read(str(path)) == text
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert {os.stat(one).st_mode & 0o777 for one in (path.parent, path.parent.parent)} == {0o700}
    assert os.listdir(path.parent) == ["c1"]


def test_a_file_in_the_root_directory(tmp_path: Path):
    """Is written there, and not by way of the directory that somebody is in."""
    if os.geteuid():
        unavailable("only root can have another root directory")
    script = """
import os, sys
sys.path.insert(0, sys.argv[1])
from cnictl import durable
os.chroot(sys.argv[2])
os.mkdir("/gone"), os.chdir("/gone"), os.rmdir("/gone")
durable.replace("/file", b"text")
"""
    subprocess.run([sys.executable, "-c", script, str(ROOT), str(tmp_path)], check=True)
    assert (tmp_path / "file").read_bytes() == b"text"


def test_a_failing_replacement_leaves_the_old_file(tmp_path: Path):
    """And nothing beside it: here the name is that of a directory."""
    (tmp_path / "c1").mkdir()
    with pytest.raises(OSError, match="c1"):
        durable.replace(str(tmp_path / "c1"), b"text")
    assert os.listdir(tmp_path) == ["c1"]


def test_a_failing_replacement_names_the_file(tmp_path: Path):
    """Not the one beside it that was to take its place, of which nobody knows."""
    (tmp_path / "directory").mkdir()
    for path in (tmp_path / "directory", tmp_path / ("x" * 256)):
        with pytest.raises(OSError, match=rf"\[Errno .*{path}'$"):
            durable.replace(str(path), b"new")
    assert os.listdir(tmp_path) == ["directory"]


def test_only_regular_files_are_read(tmp_path: Path):
    """A link is refused, a pipe is no file and does not block, and what is missing is None."""
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="symbolic links"):
        durable.read(str(tmp_path / "link"))
    assert durable.read(str(tmp_path / "pipe")) is None
    assert durable.read(str(tmp_path / "missing")) is None


def test_removing_says_whether_there_was_one(tmp_path: Path):
    """A second time there is none."""
    durable.replace(str(tmp_path / "c1"), b"")
    assert durable.remove(str(tmp_path / "c1"))
    assert not durable.remove(str(tmp_path / "c1"))


def test_the_files_of_a_directory(tmp_path: Path):
    """By name: no links, directories and FIFOs, and none of those that a crash has left."""
    for name in ("c2", "c1", ".c3"):
        (tmp_path / name).touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "link").symlink_to("c1")
    os.mkfifo(tmp_path / "fifo")
    assert durable.files(str(tmp_path)) == ["c1", "c2"]
    assert durable.files(str(tmp_path / "none")) == []
    with pytest.raises(NotADirectoryError):
        durable.files(str(tmp_path / "c1"))
