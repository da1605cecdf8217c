"""Files that somebody names, and how much of them is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.runtime import source
from cnictl.spec.errors import CnictlError


def test_a_file_that_never_ends():
    """Is not read for ever."""
    with pytest.raises(CnictlError, match="cannot read /dev/zero: it has more than 64 MiB"):
        source.read("/dev/zero")


def test_what_is_read(tmp_path: Path):
    """Byte by byte; a directory is named."""
    file = tmp_path / "x"
    file.write_bytes(b"\0\xff")
    assert source.read(str(file)) == b"\0\xff"
    with pytest.raises(CnictlError, match=f"cannot read {tmp_path}: is a directory"):
        source.read(str(tmp_path))
