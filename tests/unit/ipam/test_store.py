"""Reservations as files: their bytes, and what is done about files that are in the way."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl.flock import LockBusy
from cnictl.ipam import store
from cnictl.ipam.store import Reservation, Store
from cnictl.spec.address import Address
from cnictl.spec.errors import CniError

TWO, THREE = Address.parse("10.1.2.2"), Address.parse("10.1.2.3")
SIX = Address.parse("2001:db8:1::2")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "networks" / "net"


@pytest.fixture
def reservations(directory: Path) -> Iterator[Store]:
    with Store(str(directory)) as opened:
        yield opened


def modes(directory: Path) -> dict[str, int]:
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in directory.iterdir()}


def contents(directory: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in directory.iterdir()}


def test_the_bytes_of_a_reservation(directory: Path, reservations: Store):
    """Id, CR, LF and interface, no newline at the end; the last address likewise; a lock; and their modes."""
    assert reservations.reserve(TWO, "cid1", "eth0", 0)
    assert reservations.reserve(SIX, "cid1", "eth0", 1)
    assert contents(directory) == {
        "lock": b"",
        "10.1.2.2": bytes.fromhex("636964310d0a65746830"),
        "2001:db8:1::2": bytes.fromhex("636964310d0a65746830"),
        "last_reserved_ip.0": b"10.1.2.2",
        "last_reserved_ip.1": b"2001:db8:1::2",
    }
    assert modes(directory) == {name: 0o750 if name == "lock" else 0o600 for name in contents(directory)}


def test_directories_above_have_its_mode(tmp_path: Path):
    """Whatever the umask lets through, nobody but the owner can write to any of them."""
    before = os.umask(0)
    try:
        with Store(str(tmp_path / "a" / "b" / "net")):
            pass
    finally:
        os.umask(before)
    for one in ("a", "a/b", "a/b/net"):
        assert stat.S_IMODE((tmp_path / one).stat().st_mode) == 0o755


def test_an_address_is_reserved_once(directory: Path, reservations: Store):
    """A second one learns that somebody has it; the file stays as it is, and so does the last address."""
    assert reservations.reserve(TWO, "one", "eth0", 0)
    assert reservations.reserve(THREE, "two", "eth0", 0)
    assert not reservations.reserve(TWO, "three", "eth0", 0)
    assert contents(directory)["10.1.2.2"] == b"one\r\neth0"
    assert reservations.last_reserved(0) == THREE


def test_white_space_around_an_id_does_not_count(directory: Path, reservations: Store):
    """Neither when it is written, nor when it is looked for, nor in a file that somebody edited."""
    reservations.reserve(TWO, "  id\n", "eth0", 0)
    assert contents(directory)["10.1.2.2"] == b"id\r\neth0"
    (directory / "10.1.2.3").write_bytes(b"\n id\r\neth0 \n")
    assert [one.address for one in reservations.of("\tid", "eth0")] == [TWO, THREE]


def test_what_is_whose(directory: Path, reservations: Store):
    """Another interface's or container's are not found; a file with the id alone may be any interface's."""
    reservations.reserve(TWO, "id", "eth0", 0)
    reservations.reserve(THREE, "id", "net1", 0)
    reservations.reserve(SIX, "other", "eth0", 1)
    (directory / "10.1.2.9").write_bytes(b"id")
    nine = Address.parse("10.1.2.9")
    assert reservations.of("id", "eth0") == [Reservation(TWO, "id", "eth0"), Reservation(nine, "id")]


def test_listing_leaves_out_what_is_no_reservation(directory: Path, reservations: Store):
    """Subdirectories, links and other names are not; a file without content is one, of nobody."""
    reservations.reserve(TWO, "id", "eth0", 0)
    (directory / "10.1.2.3").touch()
    (directory / "10.1.2.4").mkdir()
    (directory / "10.1.2.5").symlink_to("10.1.2.2")
    for name in ("10.1.2.07", "2001:DB8::1", "face", "10.1.2.8~", ".10.1.2.9"):
        (directory / name).write_bytes(b"id\r\neth0")
    expected = [Reservation(TWO, "id", "eth0"), Reservation(THREE, "")]
    assert reservations.reservations() == expected
    assert store.read(str(directory)) == expected


def test_a_pipe_is_not_waited_for(directory: Path, reservations: Store):
    """Something that has an address for a name takes that address, and holds nobody up."""
    os.mkfifo(directory / "10.1.2.2")
    assert reservations.reservations() == [Reservation(TWO, "")]
    assert not reservations.reserve(TWO, "id", "eth0", 0)


def test_removal_is_of_what_was_seen(directory: Path, reservations: Store):
    """A reservation that has changed hands in the meantime is not removed; one that is gone is no error."""
    reservations.reserve(TWO, "id", "eth0", 0)
    (seen,) = reservations.of("id", "eth0")
    (directory / "10.1.2.2").write_bytes(b"other\r\neth0")
    assert not reservations.remove(seen)
    (directory / "10.1.2.2").write_bytes(b"id\r\neth0\n")
    assert reservations.remove(seen)
    assert not reservations.remove(seen)
    assert set(contents(directory)) == {"lock", "last_reserved_ip.0"}


def test_an_empty_file_can_be_removed(directory: Path, reservations: Store):
    """It is nobody's, and stays so only until somebody writes to it."""
    (directory / "10.1.2.2").touch()
    (empty,) = reservations.reservations()
    assert reservations.remove(empty)
    assert set(contents(directory)) == {"lock"}


@pytest.mark.parametrize("text", ["", "10.1.2.3\n", " 10.1.2.3", "10.1.2.03", "nonsense", "\xff"])
def test_a_last_address_that_is_none(directory: Path, reservations: Store, text: str):
    """It is ignored, as the Go plugin does; even a newline makes it one."""
    (directory / "last_reserved_ip.0").write_text(text, encoding="latin-1")
    assert reservations.last_reserved(0) is None


def test_a_last_address_that_cannot_be_read(directory: Path, reservations: Store):
    """That is an error for the caller to weigh."""
    (directory / "last_reserved_ip.0").mkdir()
    with pytest.raises(CniError, match=r"^read .*/last_reserved_ip.0: is a directory") as caught:
        reservations.last_reserved(0)
    assert caught.value.code == 5


def test_a_shorter_last_address_leaves_nothing_of_the_longer(directory: Path, reservations: Store):
    """10.1.2.200 is followed by 10.1.2.3, not by 10.1.2.300."""
    reservations.reserve(Address.parse("10.1.2.200"), "a", "eth0", 0)
    reservations.reserve(THREE, "b", "eth0", 0)
    assert contents(directory)["last_reserved_ip.0"] == b"10.1.2.3"


def killed_while_writing(directory: Path, number: int) -> None:
    """Reserve an address in a process that is killed at the n-th write."""
    pid = os.fork()
    if pid == 0:
        writes = iter(range(number))

        def write(descriptor: int, data: bytes) -> int:
            if next(writes, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(descriptor, data)

        real, os.write = os.write, write  # type: ignore[assignment]
        with Store(str(directory)) as opened:
            opened.reserve(TWO, "id", "eth0", 0)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("number", [0, 1])
def test_whoever_is_killed_leaves_no_address_without_an_owner(directory: Path, number: int):
    """The file is there with its content or not at all, so that DEL finds it."""
    killed_while_writing(directory, number)
    with Store(str(directory)) as opened:
        for one in opened.of("id", "eth0"):
            assert opened.remove(one)
    assert "10.1.2.2" not in contents(directory)


@pytest.mark.parametrize("missing", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
def test_a_file_system_without_unnamed_files(
    directory: Path, reservations: Store, missing: int, monkeypatch: pytest.MonkeyPatch
):
    """As network file systems are: the file is made where it belongs."""

    def opened(path: str, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(missing, os.strerror(missing))
        return real(path, flags, *rest, **more)

    real = os.open
    monkeypatch.setattr(os, "open", opened)
    assert reservations.reserve(TWO, "cid1", "eth0", 0)
    assert not reservations.reserve(TWO, "cid2", "eth0", 0)
    assert contents(directory)["10.1.2.2"] == b"cid1\r\neth0"
    assert modes(directory)["10.1.2.2"] == 0o600


def test_without_proc_the_file_is_made_where_it_belongs(
    directory: Path, reservations: Store, monkeypatch: pytest.MonkeyPatch
):
    """An unnamed file gets its name through /proc."""

    def link(*_: object, **__: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "no /proc")

    monkeypatch.setattr(os, "link", link)
    assert reservations.reserve(TWO, "cid1", "eth0", 0)
    assert contents(directory)["10.1.2.2"] == b"cid1\r\neth0"


def test_without_the_last_address_there_is_no_reservation(directory: Path, reservations: Store):
    """When it cannot be written, the reservation is taken back and the error names the file."""
    (directory / "last_reserved_ip.0").mkdir()
    with pytest.raises(CniError, match=r"^open .*/last_reserved_ip.0: is a directory") as caught:
        reservations.reserve(TWO, "id", "eth0", 0)
    assert caught.value.code == 5
    assert not (directory / "10.1.2.2").exists()


@pytest.mark.parametrize("name", ["10.1.2.2", "last_reserved_ip.0"])
def test_links_are_not_followed(directory: Path, reservations: Store, name: str, tmp_path: Path):
    """Who can put a symbolic link into the directory cannot have another file written."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (directory / name).symlink_to(victim)
    with contextlib.suppress(CniError):
        assert not reservations.reserve(TWO, "id", "eth0", 0)
    assert victim.read_text() == "precious"


def test_a_lock_that_is_a_link(tmp_path: Path):
    """It is refused by name, not followed."""
    (tmp_path / "lock").symlink_to("elsewhere")
    with (
        pytest.raises(CniError, match=r"^open .*/lock: too many levels of symbolic links"),
        Store(str(tmp_path)),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_data_directory_that_is_a_file(tmp_path: Path):
    """The error names the path and where to look; code 5."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "net"):
        with (
            pytest.raises(CniError, match=f"^mkdir {path}: not a directory.*see dataDir") as caught,
            Store(str(path)),
        ):
            pass
        assert caught.value.code == 5


def test_the_lock_is_for_one_at_a_time(directory: Path, reservations: Store):
    """Somebody else waits, and gives up with the lock's path when that lasts too long."""
    assert reservations.last_reserved(0) is None
    with pytest.raises(LockBusy, match=f"^lock {directory}/lock was not free within 0.05 seconds"):
        Store(str(directory), patience=0.05).__enter__()


def test_looking_makes_nothing(directory: Path):
    """Reading without the lock leaves a directory that is not there as it is."""
    assert store.read(str(directory)) == []
    assert store.names(str(directory)) == []
    assert store.read_one(str(directory), TWO) is None
    assert not directory.parent.exists()


def test_one_address(directory: Path, reservations: Store):
    """Whose a single address is can be asked without reading the others, and without the lock."""
    reservations.reserve(SIX, "id", "eth0", 1)
    assert store.read_one(str(directory), SIX) == Reservation(SIX, "id", "eth0")
    assert store.read_one(str(directory), TWO) is None


def test_no_descriptor_is_left_open(directory: Path):
    """Neither when it goes well nor when the lock is somebody else's."""
    before = len(os.listdir("/proc/self/fd"))
    with Store(str(directory)) as reservations:
        reservations.reserve(TWO, "id", "eth0", 0)
        reservations.of("id", "eth0")
        with pytest.raises(LockBusy):
            Store(str(directory), patience=0).__enter__()
    assert len(os.listdir("/proc/self/fd")) == before
