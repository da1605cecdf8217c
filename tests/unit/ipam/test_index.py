"""The index of a big directory never misses what somebody else did there."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cnictl.ipam import index, store
from cnictl.ipam.index import Index
from cnictl.ipam.store import Reservation, Store
from cnictl.spec.address import Address


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where indexes are made, of directories however small."""
    monkeypatch.setattr(index, "LEAST", 1)
    return tmp_path / "indexes"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    return tmp_path / "net"


@pytest.fixture
def descriptor(directory: Path) -> Iterator[int]:
    opened = os.open(directory, os.O_RDONLY)
    yield opened
    os.close(opened)


def usable(descriptor: int, place: Path) -> bool:
    """Whether the index would be trusted now."""
    one = Index(descriptor, str(place))
    trusted = one.usable
    one.close()
    return trusted


def build(descriptor: int, place: Path, directory: Path) -> None:
    one = Index(descriptor, str(place))
    one.build({path.name: path.read_bytes() for path in directory.iterdir()})
    one.close()


def address(number: int) -> Address:
    return Address.parse("10.1.0.0") + number


def test_an_untouched_directory_keeps_its_index(directory: Path, descriptor: int, place: Path):
    """Looking at it, and writing into a file that is there, do not cost the index."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    build(descriptor, place, directory)
    assert usable(descriptor, place)
    (directory / "10.1.0.1").read_bytes()
    os.listdir(directory)
    assert usable(descriptor, place)
    one = Index(descriptor, str(place))
    assert one.names("a") == ["10.1.0.1"]
    assert one.names("b") == []
    one.close()


@pytest.mark.parametrize("change", ["create", "remove", "rename"])
def test_whatever_others_do_ends_it(directory: Path, descriptor: int, place: Path, change: str):
    """However soon after the index was made: the clock of modification times need not have moved on."""
    for _ in range(50):
        (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
        build(descriptor, place, directory)
        if change == "create":
            (directory / "10.1.0.2").write_bytes(b"b\r\neth0")
        elif change == "remove":
            (directory / "10.1.0.1").unlink()
        else:
            (directory / "10.1.0.1").rename(directory / "10.1.0.3")
        assert not usable(descriptor, place)
        (directory / "10.1.0.2").unlink(missing_ok=True)


def test_the_directory_stays_recent(directory: Path, descriptor: int, place: Path):
    """Its modification time is moved by seconds: who looks when something happened last is not misled."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    build(descriptor, place, directory)
    assert 0 < time.time() - directory.stat().st_mtime < 60


def test_a_directory_of_the_same_name_is_another_one(directory: Path, place: Path):
    """A directory that was removed and made anew starts without an index."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    first = os.open(directory, os.O_RDONLY)
    build(first, place, directory)
    directory.rename(directory.with_name("old"))
    directory.mkdir()
    second = os.open(directory, os.O_RDONLY)
    assert not usable(second, place)
    os.close(first)
    os.close(second)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"cnictl reservations 3 1 1\n", b"\xff" * 100])
def test_a_damaged_index_is_none(directory: Path, descriptor: int, place: Path, damage: bytes):
    """It is not trusted, and the next one takes its place."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    build(descriptor, place, directory)
    (path,) = place.iterdir()
    path.write_bytes(damage)
    assert not usable(descriptor, place)
    build(descriptor, place, directory)
    assert usable(descriptor, place)


@pytest.mark.parametrize(
    ("at", "damage"),
    [(64, b"\xff" * 4), (68, b"\xff" * 4), (68, b"\1\0\0\0"), (76, b"\xff\0/etc\0"), (115, b"\xff")],
)
def test_a_record_that_is_damaged_misleads_nobody(
    directory: Path, descriptor: int, place: Path, at: int, damage: bytes
):
    """A chain that leads beyond the end or to itself ends the index; a name that is none is not found."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    build(descriptor, place, directory)
    (path,) = place.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:at] + damage + content[at + len(damage) :])
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.of("a", "eth0", thorough=True) == [Reservation(address(1), "a", "eth0")]


@pytest.mark.parametrize("cut", [1, 48, 49, 52])
def test_an_index_that_is_cut_off_is_none(directory: Path, descriptor: int, place: Path, cut: int):
    """As one whose writer was killed, in the middle of a record or before it."""
    (directory / "10.1.0.1").write_bytes(b"a\r\neth0")
    build(descriptor, place, directory)
    (path,) = place.iterdir()
    os.truncate(path, path.stat().st_size - cut)
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.of("a", "eth0") == [Reservation(address(1), "a", "eth0")]


def test_every_container_of_a_big_directory_is_found(directory: Path, place: Path):
    """And no other; also those that came after the index was made.  What is no address is passed over."""
    (directory / ("c" * 60)).write_bytes(b"long\r\neth0")
    (directory / "2001:db8:ffff:ffff:ffff:ffff:ffff:fff0").write_bytes(b"six\r\neth0")
    for number in range(1000):
        (directory / str(address(number))).write_bytes(b"c%d\r\neth0" % number)
    for number in range(1000, 1400):
        with Store(str(directory), index_place=str(place)) as reservations:
            assert reservations.of(f"c{number}", "eth0") == []
            reservations.reserve(address(number), f"c{number}", "eth0", 0)
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.of("long", "eth0") == []
        assert [str(one.address)[-4:] for one in reservations.of("six", "eth0")] == ["fff0"]
        for number in range(1400):
            assert [one.address for one in reservations.of(f"c{number}", "eth0")] == [address(number)]


def test_a_look_up_reads_no_more_where_there_is_more(
    directory: Path, place: Path, monkeypatch: pytest.MonkeyPatch
):
    """Bytes of the index that ADD and DEL read, on average, beside 300 reservations and beside 3,000."""
    read = []
    genuine = os.pread

    def counting(fd: int, size: int, at: int) -> bytes:
        read.append(size)
        return genuine(fd, size, at)

    monkeypatch.setattr(os, "pread", counting)
    for many in (300, 3000):
        for number in range(many):
            (directory / str(address(number))).write_bytes(b"c%d\r\neth0" % number)
        with Store(str(directory), index_place=str(place)) as reservations:
            reservations.of("nobody", "eth0")
        read.clear()
        for number in range(100):
            with Store(str(directory), index_place=str(place)) as reservations:
                reservations.of(f"c{number}", "eth0")
        assert sum(read) / 100 < 64 + 4 + 2 * 48


def test_without_a_place_there_is_no_index(directory: Path, descriptor: int, tmp_path: Path):
    """Where it cannot be written, everything works without."""
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "below"
    build(descriptor, place, directory)
    assert not usable(descriptor, place)
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.reserve(address(1), "a", "eth0", 0)
        assert reservations.of("a", "eth0") == [Reservation(address(1), "a", "eth0")]


def test_small_directories_have_none(directory: Path, tmp_path: Path):
    """A node with some hundred pods never sees an index."""
    place = tmp_path / "indexes"
    with Store(str(directory), index_place=str(place)) as reservations:
        for number in range(200):
            reservations.reserve(address(number), "a", "eth0", 0)
        reservations.of("a", "eth0")
    assert not place.exists()


def test_with_an_index_the_files_are_not_read(directory: Path, place: Path, monkeypatch: pytest.MonkeyPatch):
    """An ADD costs the same however many reservations there are."""
    with Store(str(directory), index_place=str(place)) as reservations:
        for number in range(100):
            reservations.reserve(address(number), f"c{number}", "eth0", 0)
        reservations.of("c0", "eth0")
    opened: list[object] = []
    genuine = os.open

    def counting(path: str, *arguments: int, **more: int) -> int:
        opened.append(path)
        return genuine(path, *arguments, **more)

    monkeypatch.setattr(os, "open", counting)
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.of("nobody", "eth0") == []
        assert reservations.of("c7", "eth0") == [Reservation(address(7), "c7", "eth0")]
    assert [path for path in opened if str(path).startswith("10.")] == ["10.1.0.7"]


def test_an_index_that_has_grown_is_made_anew(directory: Path, place: Path):
    """Containers come and go; the index stays in proportion to what is there."""
    with Store(str(directory), index_place=str(place)) as reservations:
        reservations.reserve(address(0), "kept", "eth0", 0)
    for number in range(1, 60):
        with Store(str(directory), index_place=str(place)) as reservations:
            reservations.of(f"c{number}", "eth0")
            reservations.reserve(address(number), f"c{number}", "eth0", 0)
            reservations.remove(Reservation(address(number), f"c{number}", "eth0"))
    (path,) = place.iterdir()
    assert path.stat().st_size < 250


def test_a_reservation_that_fails_leaves_the_index_right(directory: Path, place: Path):
    """What was recorded for a file that was not kept is looked up, and not found."""
    with Store(str(directory), index_place=str(place)) as reservations:
        reservations.reserve(address(0), "a", "eth0", 0)
        reservations.of("a", "eth0")
    (directory / "last_reserved_ip.1").mkdir()
    with Store(str(directory), index_place=str(place)) as reservations:
        reservations.of("a", "eth0")
        with pytest.raises(Exception, match="is a directory"):
            reservations.reserve(address(1), "b", "eth0", 1)
        assert reservations.of("b", "eth0") == []
        assert reservations.of("a", "eth0") == [Reservation(address(0), "a", "eth0")]


def test_what_is_edited_in_place_is_released_all_the_same(directory: Path, place: Path):
    """No index notices that; the thorough search of DEL reads all files when the index knows of none."""
    with Store(str(directory), index_place=str(place)) as reservations:
        reservations.reserve(address(0), "a", "eth0", 0)
        reservations.of("a", "eth0")
    (directory / "10.1.0.0").write_bytes(b"b\r\neth0")
    with Store(str(directory), index_place=str(place)) as reservations:
        assert reservations.of("b", "eth0", thorough=True) == [Reservation(address(0), "b", "eth0")]
        assert reservations.of("a", "eth0") == []


class Sharing(RuleBasedStateMachine):
    """We and the Go plugin work in one directory, in any order and without a pause."""

    numbers = st.integers(0, 12)
    owners = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["eth0", "net1"]))

    def __init__(self) -> None:
        super().__init__()
        self.top = tempfile.TemporaryDirectory()
        self.directory = f"{self.top.name}/net"
        self.place = f"{self.top.name}/indexes"
        self.least, index.LEAST = index.LEAST, 1

    def teardown(self) -> None:
        index.LEAST = self.least
        self.top.cleanup()

    def ours(self) -> Store:
        return Store(self.directory, index_place=self.place)

    def write(self, number: int, content: str) -> None:
        os.makedirs(self.directory, exist_ok=True)
        try:
            with open(f"{self.directory}/{address(number)}", "xb") as file:
                file.write(content.encode())
        except FileExistsError:
            pass

    @rule(number=numbers, owner=owners, look=st.booleans())
    def we_reserve(self, number: int, owner: tuple[str, str], look: bool) -> None:
        with self.ours() as reservations:
            if look:
                reservations.of(*owner)
            reservations.reserve(address(number), *owner, 0)

    @rule(owner=owners)
    def we_release(self, owner: tuple[str, str]) -> None:
        with self.ours() as reservations:
            for one in reservations.of(*owner, thorough=True):
                reservations.remove(one)

    @rule(number=numbers, owner=owners)
    def they_reserve(self, number: int, owner: tuple[str, str]) -> None:
        self.write(number, "\r\n".join(owner))

    @rule(number=numbers)
    def they_release(self, number: int) -> None:
        Path(f"{self.directory}/{address(number)}").unlink(missing_ok=True)

    @rule(number=numbers, container=st.sampled_from(["a", "b"]))
    def an_old_release_reserves(self, number: int, container: str) -> None:
        self.write(number, container)

    @rule()
    def we_crash(self) -> None:
        """A process dies between changing the directory and bringing the index up to date."""
        reservations = self.ours().__enter__()
        reservations.reserve(address(99), "a", "eth0", 0)
        os.unlink(f"{self.directory}/{address(99)}")
        reservations._index._release()
        reservations._release()

    @invariant()
    def everybody_finds_what_is_theirs(self) -> None:
        """Whether the index is used or not, the answer is the one that reading all files gives."""
        truth = store.read(self.directory)
        with self.ours() as reservations:
            for owner in (("a", "eth0"), ("b", "net1"), ("c", "eth0")):
                expected = {one.address for one in truth if one.may_be_of(*owner)}
                assert {one.address for one in reservations.of(*owner)} == expected


TestSharing = Sharing.TestCase
TestSharing.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
