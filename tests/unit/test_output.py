"""What the command line writes where somebody says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnictl.cli.output import put_into
from cnictl.spec.errors import CnictlError


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path):
    """Root that says /dev/null must have a /dev/null afterwards."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "link").symlink_to("fifo")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    for path in (fifo, tmp_path / "link"):
        put_into(str(path), b"text")
        assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert fifo.is_fifo()
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link"]


def test_what_takes_no_more_is_named():
    """For whoever writes several files."""
    with pytest.raises(CnictlError, match=r"^cannot write /dev/full: no space left on device$"):
        put_into("/dev/full", b"text")


def test_a_link_stays_one(tmp_path: Path):
    """What it leads to is replaced as a whole, or made."""
    (tmp_path / "link").symlink_to("file")
    for text in (b"first", b"second"):
        put_into(str(tmp_path / "link"), text)
        assert (tmp_path / "file").read_bytes() == text
    assert (tmp_path / "link").is_symlink()
