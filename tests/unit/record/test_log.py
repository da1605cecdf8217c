"""The log of calls: what was cut short, what is none, and how many are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.record import log
from cnictl.record.choice import choose
from cnictl.record.model import Call, RecordError


def part(name: str, data: bytes) -> bytes:
    """What a stand-in appends."""
    return b"%s %d\n%s\n" % (name.encode(), len(data), data)


CALL = part("call", b"path=/opt/cni/bin/bridge\ntime=12.5\npid=7\nuid=0\n")
END = part("end", b"status=-9\nseconds=0.250000\n")


def write(directory: Path, number: int, data: bytes) -> None:
    (directory / f"{number:08}").write_bytes(data)


def test_parts_that_are_not_whole_are_none(tmp_path: Path) -> None:
    """Whoever was killed while writing leaves what was written before."""
    whole = CALL + part("stderr", b"ab\n") + part("stderr", b"c\n") + END
    found: list[Call] = []
    for length in range(len(whole) + 1):
        write(tmp_path, 1, whole[:length])
        found = log.calls(str(tmp_path))
        if length < len(CALL) - 1:
            assert found == []
        else:
            assert (found[0].plugin, found[0].time, found[0].pid) == ("bridge", 12.5, 7)
            assert found[0].stderr in (b"", b"ab\n", b"ab\nc\n")
            assert found[0].status in (None, -9)
    assert (found[0].stderr, found[0].status, found[0].seconds) == (b"ab\nc\n", -9, 0.25)


def test_what_is_no_call(tmp_path: Path) -> None:
    """Is not looked at."""
    write(tmp_path, 1, b"something else\n")
    (tmp_path / "notes").write_text("mine")
    assert log.calls(str(tmp_path)) == []
    assert log.calls(str(tmp_path / "none")) == []


def test_numbers_go_on(tmp_path: Path) -> None:
    """Also where the ring was lost; fewer are kept when fewer are wanted."""
    for number in (7, 8, 9):
        write(tmp_path, number, CALL)
    log.prepare(str(tmp_path), 100)
    assert log.ring(str(tmp_path)) == log.Ring(next=10, keep=100, lost=0)
    log.prepare(str(tmp_path), 2)
    assert [one.number for one in log.calls(str(tmp_path))] == [8, 9]
    assert log.delete(str(tmp_path)) == 2
    assert not tmp_path.exists()


def test_a_call_by_its_plugin(tmp_path: Path) -> None:
    """The last one, of a verb if there is one."""
    for number, (plugin, verb) in enumerate([("bridge", "ADD"), ("bridge", "DEL"), ("ptp", "ADD")], start=1):
        facts = part("call", f"path=/opt/cni/bin/{plugin}\n".encode())
        write(tmp_path, number, facts + part("environment", f"CNI_COMMAND={verb}\0".encode()))
    found = log.calls(str(tmp_path))
    meant = {
        word: choose(str(tmp_path), found, word).number
        for word in ("1", "last", "bridge", "bridge/add", "last/DEL")
    }
    assert meant == {"1": 1, "last": 3, "bridge": 2, "bridge/add": 1, "last/DEL": 2}
    for word in ("4", "bridge/GC", "portmap"):
        with pytest.raises(RecordError, match=f"^there is no call {word}$"):
            choose(str(tmp_path), found, word)


def test_a_directory_of_something_else(tmp_path: Path) -> None:
    """Becomes no log: it would be for its owner only from then on."""
    (tmp_path / "notes").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(RecordError, match="is no log of calls, and not empty"):
        log.prepare(str(tmp_path), 100)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_part_whose_length_is_no_number(tmp_path: Path) -> None:
    """Of any number of digits."""
    write(tmp_path, 1, CALL + b"stdin " + b"9" * 5000 + b"\nabc\n")
    write(tmp_path, 2, b"call " + b"9" * 5000 + b"\nabc\n")
    assert [one.number for one in log.calls(str(tmp_path))] == [1]


@pytest.mark.parametrize("time", ["inf", "nan", "-1", "1e300", "253402300800"])
def test_a_call_at_no_time(tmp_path: Path, time: str) -> None:
    """Is damaged, and named as such, and hides no other."""
    write(tmp_path, 1, CALL + END)
    call = f"path=/opt/cni/bin/bridge\ntime={time}\npid=7\nuid=0\n".encode()
    write(tmp_path, 2, part("call", call))
    write(tmp_path, 3, CALL + part("end", f"status=0\nseconds={time}\n".encode()))
    found = log.calls(str(tmp_path))
    assert [one.number for one in found] == [1]
    assert [Path(path).name for path in log.broken(str(tmp_path), found)] == ["00000002", "00000003"]
