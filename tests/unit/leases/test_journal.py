"""The journal of what was freed: on the disk before it is, and read back as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.leases import journal
from cnictl.leases.journal import Entry, Journal
from cnictl.leases.reclaim import preview, undo
from cnictl.spec.address import Address
from cnictl.spec.errors import CnictlError


def entry(directory: str = "/data/net", address: str = "10.1.0.2", content: bytes = b"c1\r\neth0") -> Entry:
    return Entry(directory, Address.parse(address), content, 1_700_000_000_123_456_789)


def written(path: Path, *entries: Entry) -> Path:
    with Journal(str(path)) as made:
        made.write(entries)
    return path


@given(
    content=st.binary(max_size=200), number=st.integers(1, (1 << 128) - 1), modified=st.integers(0, 1 << 62)
)
def test_whatever_was_in_a_file_comes_back(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, number: int, modified: int
):
    """To the byte and the nanosecond."""
    one = Entry("/data/net", Address.from_int(6, number), content, modified)
    file = written(tmp_path_factory.mktemp("journal") / "j", one)
    assert journal.read(str(file)) == [one]


def test_nothing_is_made_for_nothing(tmp_path: Path):
    """A journal without entries is no file."""
    with Journal(str(tmp_path / "a" / "j")) as made:
        assert not made.is_written
    assert os.listdir(tmp_path) == []


def test_it_is_for_its_owner_only(tmp_path: Path):
    """And so is its directory; what is there already is not written over."""
    file = written(tmp_path / "a" / "j", entry())
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    before = file.read_bytes()
    with pytest.raises(CnictlError, match="file exists"):
        written(file, entry())
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    with pytest.raises(CnictlError, match="cannot write"):
        written(link, entry())
    assert file.read_bytes() == before
    assert not (tmp_path / "target").exists()


def test_a_last_line_that_was_cut_off(tmp_path: Path):
    """Was to say what was not freed any more."""
    file = written(tmp_path / "j", entry(), entry(address="10.1.0.3"))
    data = file.read_bytes()
    file.write_bytes(data[:-10])
    assert [str(one.address) for one in journal.read(str(file))] == ["10.1.0.2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no journal"),
        ("hello\n", "expecting value"),
        ('{"kind": "other"}\n', "no journal"),
        ('{"kind": "cnictl reclaim 1"}\n{"directory": "/d", "address": "../x"}\n', "no address"),
        ('{"kind": "cnictl reclaim 1"}\n{"directory": "/d", "address": "lock"}\n', "no address"),
        ('{"kind": "cnictl reclaim 1"}\n{"directory": "d", "address": "10.1.0.2"}\n', "no absolute path"),
        (
            '{"kind": "cnictl reclaim 1"}\n{"directory": "/d/../e", "address": "10.1.0.2"}\n',
            "no absolute path",
        ),
        (
            '{"kind": "cnictl reclaim 1"}\n{"directory": "/d", "address": "10.1.0.2", "content": "?"}\n',
            "base64",
        ),
        (
            '{"kind": "cnictl reclaim 1"}\n{"directory": "/d", "address": "10.1.0.2", "modified": -1}\n',
            "modified",
        ),
    ],
)
def test_what_is_no_journal(tmp_path: Path, line: str, said: str):
    """Makes no file anywhere."""
    file = tmp_path / "j"
    file.write_text(line)
    with pytest.raises(CnictlError, match=said):
        journal.read(str(file))


def test_undo_follows_no_link_and_makes_no_directory(tmp_path: Path):
    """A network that was removed is not made again."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    gone = [entry(str(tmp_path / "gone")), entry(str(tmp_path / "link"))]
    assert [one.done for one in undo(gone)] == [False, False]
    assert os.listdir(tmp_path / "real") == []
    assert not (tmp_path / "gone").exists()
    assert not next(preview(gone[:1])).done


def test_a_file_that_never_ends():
    """Is no journal, and not read for ever."""
    with pytest.raises(CnictlError, match="/dev/zero"):
        journal.read("/dev/zero")


def test_a_directory_that_is_a_link_by_now(tmp_path: Path):
    """Gets nothing back, and one is told so before."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "net").symlink_to("elsewhere")
    one = entry(str(tmp_path / "net"))
    assert [each.words for each in preview([one])] == [each.words for each in undo([one])]
    assert not os.listdir(tmp_path / "elsewhere")
