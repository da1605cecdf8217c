"""Resolver settings from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.ipam import resolvconf
from cnictl.spec.errors import CniError
from cnictl.spec.result import DNS


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", DNS()),
        ("# only\n; comments\n\n", DNS()),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.2", DNS(["192.0.2.1", "192.0.2.2"])),
        ("  nameserver\t192.0.2.1 # behind it\n", DNS(["192.0.2.1"])),
        ("nameserver\nsearch\nsortlist 10.0.0.0\n", DNS()),
        ("domain a.example\ndomain b.example c\n", DNS(domain="b.example")),
        ("search a b\nsearch c\n", DNS(search=["a", "b", "c"])),
        ("options ndots:5\noptions rotate timeout:1\n", DNS(options=["ndots:5", "rotate", "timeout:1"])),
        ("nameserver 192.0.2.1\r\nsearch a\r\n", DNS(["192.0.2.1"], search=["a"])),
    ],
)
def test_parse(text: str, settings: DNS):
    """Comments, keywords without a word and unknown ones are skipped; lists add up."""
    assert resolvconf.parse(text) == settings


def test_reading_what_is_not_there():
    """The error has the Go plugin's text and code 5."""
    with pytest.raises(CniError, match=r"^open /nope: no such file or directory") as caught:
        resolvconf.read("/nope")
    assert caught.value.code == 5


def test_reading_a_directory(tmp_path: Path):
    """A path that is not a file says so."""
    with pytest.raises(CniError, match=f"^read {tmp_path}: is a directory"):
        resolvconf.read(str(tmp_path))


def test_bytes_that_are_no_text(tmp_path: Path):
    """They are replaced, not refused: the other lines still count."""
    path = tmp_path / "resolv.conf"
    path.write_bytes(b"search \xff\nnameserver 192.0.2.1\n")
    assert resolvconf.read(str(path)) == DNS(["192.0.2.1"], search=["\ufffd"])
