"""What is certainly meant is written, and nothing else is touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cnictl.lint import fix
from cnictl.lint.fix import NotMended, mend, mended_text, write
from cnictl.lint.silence import Silence, Silences
from tests.unit.lint.test_manifest import CONFIG_MAP, definition

NONE = Silences("", ())
HEAD = '{"cniVersion": "1.0.0", "name": "web", "plugins": ['


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HEAD + '{"type": "bridge", "mtu": "1500"}]}', HEAD + '{"type": "bridge", "mtu": 1500}]}'),
        (HEAD + '{"type": "bridge", "vlan": "007"}]}', HEAD + '{"type": "bridge", "vlan": 7}]}'),
        (
            HEAD + '{"type": "bridge", "isGateway": "True"}]}',
            HEAD + '{"type": "bridge", "isGateway": true}]}',
        ),
        (HEAD + '{"type": "bridge", "ISGATEWAY": true}]}', HEAD + '{"type": "bridge", "isGateway": true}]}'),
        (HEAD + '{"type": "bridge",},\n],\n}', HEAD + '{"type": "bridge"}\n]\n}'),
        ("\ufeff" + HEAD + '{"type": "bridge"}]}', HEAD + '{"type": "bridge"}]}'),
        (
            '{"cniVersion": "1.0", "name": "web", "plugins": [{"type": "bridge"}]}',
            HEAD + '{"type": "bridge"}]}',
        ),
        (
            '{"disableCheck": "TRUE", ' + HEAD[1:] + '{"type": "bridge"}]}',
            '{"disableCheck": true, ' + HEAD[1:] + '{"type": "bridge"}]}',
        ),
    ],
)
def test_what_is_mended(before: str, after: str):
    """Values that are right but for their spelling; blanks, order and everything else stay."""
    assert mended_text("web.conflist", before, NONE)[0] == after


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '{"type": "bridge", "isMasq": true}]}',
        HEAD + '{"type": "bridge", "mtu": 1500, "MTU": 9000}]}',
        HEAD + '{"type": "brigde"}]}',
        HEAD + '{"type": "bridge", "mtu": "jumbo"}]}',
        HEAD + '{"type": "bridge", "vlanTrunk": [{"id": "a"}]}]}',
        HEAD + '{"type": "bridge"} // why\n]}',
        '{"cniVersion": "0.8.5", "name": "web", "plugins": [{"type": "bridge"}]}',
        '{"mtu": "1500"',
    ],
)
def test_what_is_left_to_a_person(text: str):
    """A guess, a change of what the network does, or something that would be lost."""
    assert mended_text("web.conflist", text, NONE) == (text, 0)


def test_in_yaml_only_the_text_within_is_touched():
    """And only where a character of it is a character of the file."""
    bad = '{"cniVersion": "1.0.0", "type": "bridge", "mtu": "1500"}'
    good = bad.replace('"1500"', "1500")
    for text in (definition(f"'{bad}'"), definition(f"|\n    {bad}")):
        assert mended_text("web.yaml", text, NONE) == (text.replace(bad, good), 1)
    escaped = definition('"' + bad.replace('"', '\\"') + '"')
    assert mended_text("web.yaml", escaped, NONE) == (escaped, 0)
    placeholder = CONFIG_MAP.replace("__CNI_MTU__}", '__CNI_MTU__, "a": 1,}')
    assert mended_text("map.yaml", placeholder, NONE)[0] == placeholder.replace(",}", "}")


def test_what_is_silenced_is_left():
    """Somebody said that it is meant."""
    text = HEAD + '{"type": "bridge", "ISGATEWAY": true, "mtu": "1500"}]}'
    silences = Silences("x", (Silence(1, "CNI304", "", "", "an older program reads it"),))
    assert mended_text("web.conflist", text, silences) == (text.replace('"1500"', "1500"), 1)


class TestFiles:
    """Writing them."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "web.conflist"
        path.write_text(HEAD + '{"type": "bridge", "mtu": "1500"}]}')
        return path

    def test_mode_owner_and_link_stay(self, file: Path):
        """What changes is the text."""
        file.chmod(0o640)
        if not os.geteuid():
            os.chown(file, 1234, 4321)
        before = file.stat()
        link = file.with_name("link.conflist")
        link.symlink_to(file.name)
        (one,) = mend([str(link)], NONE)
        assert '"1500"' in file.read_text()
        write(one)
        assert '"mtu": 1500' in file.read_text()
        after = file.stat()
        assert link.is_symlink()
        assert stat.S_IMODE(after.st_mode) == 0o640
        assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
        assert sorted(each.name for each in file.parent.iterdir()) == ["link.conflist", "web.conflist"]

    def test_of_a_directory_what_a_runtime_reads(self, file: Path):
        """Each once, whatever links there are to it; a copy that somebody has put aside is left."""
        file.with_name("a.conflist").symlink_to(file.name)
        file.with_name("web.conflist.bak").write_text(file.read_text())
        assert [one.count for one in mend([str(file.parent)], NONE)] == [1]

    def test_a_file_that_has_changed_is_left(self, file: Path):
        """Somebody else is at it."""
        (one,) = mend([str(file)], NONE)
        file.write_text("{}")
        with pytest.raises(NotMended, match="has changed meanwhile"):
            write(one)
        assert file.read_text() == "{}"

    def test_a_failure_leaves_the_old_file(self, file: Path, monkeypatch: pytest.MonkeyPatch):
        """Whole, and nothing beside it."""
        (one,) = mend([str(file)], NONE)
        before = file.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("cnictl.durable.os.fsync", full)
        with pytest.raises(NotMended, match=r"cannot write .*: no space left on device"):
            write(one)
        assert file.read_bytes() == before
        assert [each.name for each in file.parent.iterdir()] == ["web.conflist"]

    def test_what_is_no_text_is_left(self, file: Path):
        """Reading it has replaced characters, which must not be written."""
        file.write_bytes(file.read_bytes() + b"\xff")
        assert list(mend([str(file)], NONE)) == []

    def test_line_ends_stay(self, file: Path):
        """Also those of another system."""
        file.write_bytes(file.read_bytes().replace(b", ", b",\r\n"))
        (one,) = mend([str(file)], NONE)
        write(one)
        assert b'\r\n"mtu": 1500}' in file.read_bytes()


def test_mending_ends(monkeypatch: pytest.MonkeyPatch):
    """However many mistakes hide one another."""
    monkeypatch.setattr(fix, "ROUNDS", 3)
    text = HEAD + "{" + '"a": [' * 9 + ",]" * 9
    assert mended_text("web.conflist", text, NONE)[1] <= 3
