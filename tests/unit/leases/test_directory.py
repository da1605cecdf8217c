"""A directory of host-local with everything in it that may be there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cnictl.leases import directory


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A directory with three sound reservations."""
    made = tmp_path / "net"
    made.mkdir()
    (made / "lock").touch()
    (made / "10.1.0.10").write_bytes(b"c1\r\neth0")
    (made / "10.1.0.9").write_bytes(b"c2\r\neth0")
    (made / "fd00::5").write_bytes(b"c1\r\neth0")
    (made / "last_reserved_ip.0").write_text("10.1.0.10")
    (made / "last_reserved_ip.1").write_text("fd00::5")
    return made


def test_reservations_in_the_order_of_addresses(kept: Path):
    """With their owners and when they were made; IPv4 first."""
    os.utime(kept / "10.1.0.9", ns=(0, 7_000_000_001))
    found = directory.read(str(kept))
    assert [(str(one.address), one.container_id, one.ifname) for one in found.reservations] == [
        ("10.1.0.9", "c2", "eth0"),
        ("10.1.0.10", "c1", "eth0"),
        ("fd00::5", "c1", "eth0"),
    ]
    assert found.reservations[0].made == 7_000_000_001
    assert found.last == {0: "10.1.0.10", 1: "fd00::5"}
    assert (found.others, found.problem) == ([], "")


def test_what_is_no_reservation(kept: Path):
    """Is reported and never followed or opened: a reader of a FIFO would wait, a link leads elsewhere."""
    secret = kept.parent / "secret"
    secret.write_bytes(b"c9\r\neth0")
    (kept / "10.1.0.1").symlink_to(secret)
    (kept / "10.1.0.2").mkdir()
    os.mkfifo(kept / "10.1.0.3")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(kept / "10.1.0.4"))
    (kept / "FD00::6").write_bytes(b"c1\r\neth0")
    (kept / "010.1.0.5").touch()
    (kept / "last_reserved_ip.x").touch()
    (kept / "last_reserved_ip.2").write_text("10.1.0.3\n")
    (kept / "\x1b[2J").touch()
    found = directory.read(str(kept))
    assert len(found.reservations) == 3
    blocks = "and keeps the address from everybody"
    assert {one.name: one.reason for one in found.others} == {
        "10.1.0.1": f"it is a symbolic link, which is not followed, {blocks}",
        "10.1.0.2": f"it is a directory, {blocks}",
        "10.1.0.3": f"it is neither a file nor a directory, {blocks}",
        "10.1.0.4": f"it is neither a file nor a directory, {blocks}",
        "FD00::6": "host-local would call it fd00::6, and takes no notice of this one",
        "010.1.0.5": "its name is not an address",
        "last_reserved_ip.x": "it belongs to no range set",
        "last_reserved_ip.2": "it holds no address, so that the search begins at the start of the range",
        "\x1b[2J": "its name is not an address",
    }


def test_a_directory_that_is_a_link(kept: Path, tmp_path: Path):
    """Is not followed either."""
    (tmp_path / "link").symlink_to(kept)
    found = directory.read(str(tmp_path / "link"))
    assert not found.reservations
    assert "symbolic link" in found.problem


def test_a_directory_that_is_not_there(tmp_path: Path):
    """Has nothing in it."""
    assert directory.read(str(tmp_path / "nope")) == directory.Contents()


@pytest.mark.parametrize(
    ("content", "sound", "empty"),
    [
        (b"c1\r\neth0", True, False),
        (b" c1\r\neth0\n", True, False),
        (b"c1", True, False),
        (b"", False, True),
        (b" \r\n", False, True),
        (b"c1\neth0", False, False),
        (b"c1\r\n" + b"x" * 16, False, False),
        (b"\xff\xfe", False, False),
        (b"../c1\r\neth0", False, False),
    ],
)
def test_contents(kept: Path, content: bytes, sound: bool, empty: bool):
    """White space around them does not count, as with the plugins."""
    (kept / "10.1.0.9").write_bytes(content)
    one = directory.read(str(kept)).reservations[0]
    assert (one.is_sound, one.is_empty) == (sound, empty)


def test_reading_changes_nothing(kept: Path):
    """Not even the directory's times, by which the plugin's index goes."""
    before = kept.stat()
    directory.read(str(kept))
    after = kept.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
