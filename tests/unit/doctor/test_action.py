"""What a command of a fix does, both ways; and that nothing else is taken for one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.doctor.action import CannotDo, Means, action
from cnictl.doctor.failure import catalogue, complete, filled
from cnictl.doctor.repair import KIND, read, take_back
from cnictl.leases.evidence import Gatherer, Sandboxes
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from cnictl.doctor.action import Action
    from cnictl.spec.document import Json

MEANS = Means(Gatherer(Sandboxes), "/etc/cni/net.d", "/var/lib/cni", "/run/journal.jsonl")
LOOKS = ("cnictl conf ls", "sysctl net")
PLACES = dict.fromkeys(
    ("sysctl", "most", "tool", "subnet", "file", "network", "interface", "plugin", "module"), "/x"
) | {"tool": "iptables"}


def of(command: str) -> Action:
    found = action(command, MEANS)
    assert found is not None, command
    return found


@pytest.mark.parametrize("code", [code for code, one in catalogue().items() if one.safe])
def test_a_safe_fix_is_made_of_what_can_be_taken_back(code: str):
    """Or only looks: what is printed for it is what is done."""
    commands = [filled(each, PLACES) for each in catalogue()[code].run]
    assert all(action(each, MEANS) or each.startswith(LOOKS) for each in commands)
    assert any(action(each, MEANS) for each in commands)


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /", "rm x", "rm /a /b", "mv -f /a /b", "mv a /b", "chmod -R 755 /a",
        "sysctl net.ipv4.ip_forward", "sysctl -w -a", "iptables -F", "iptables -P FORWARD ACCEPT",
        "sh -I x", "modprobe -r x", "kill 1",
        "cnictl ipam reclaim web", "cnictl del web", "", "rm '/a", "chmod 999 /a", "rm /\0", "mv /a /\0",
        "chmod 755 /\0", "sysctl -w a\0=1",
    ],
)  # fmt: skip
def test_other_commands_are_nobodys(command: str):
    """However near they come."""
    assert action(command, MEANS) is None


def both_ways(one: Action) -> None:
    """Go there and back, and find it as it was."""
    before = one.look()
    after = one.wanted(before)
    assert before != after
    assert one.told(before)
    one.put(after)
    assert one.look() == after
    one.put(before)
    assert one.look() == before


def test_files(tmp_path: Path):
    """Removed, moved and given another mode; contents, mode and time come back."""
    file = tmp_path / "a b"
    file.write_bytes(b"\0\xff\n")
    file.chmod(0o640)
    os.utime(file, ns=(10**18, 10**18 + 7))
    about = file.stat()
    both_ways(of(f"rm '{file}'"))
    assert (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns) == (
        b"\0\xff\n", about.st_mode, about.st_mtime_ns,
    )  # fmt: skip
    both_ways(of(f"mv '{file}' {tmp_path}/c"))
    both_ways(of(f"chmod 0755 '{file}'"))


def test_what_is_in_the_way(tmp_path: Path):
    """Is never replaced, nor what a link leads to."""
    file, other, link = tmp_path / "a", tmp_path / "b", tmp_path / "link"
    file.write_text("a")
    other.write_text("b")
    link.symlink_to(file)
    move = of(f"mv {file} {other}")
    with pytest.raises(CannotDo, match="there is a"):
        move.put(move.wanted(move.look()))
    assert (file.read_text(), other.read_text()) == ("a", "b")
    for command in (f"rm {link}", f"chmod 0755 {link}"):
        one = of(command)
        with pytest.raises((OSError, CnictlError)):
            one.put(one.wanted(one.look()))
    assert file.read_text() == "a"
    gone = of(f"rm {tmp_path}/none")
    assert gone.look() == gone.wanted(gone.look())
    with pytest.raises(CannotDo, match="no file of at most"):
        of(f"rm {tmp_path}").look()


def test_a_command_with_an_unknown_place_is_none():
    """Rather than one about a file called FILE."""
    assert complete("rm {file}", {}) is None
    assert complete("rm {file}", {"file": "/a b"}) == "rm '/a b'"


@pytest.mark.parametrize(
    ("command", "before"),
    [("chmod 755 {}", "rw"), ("chmod 755 {}", None), ("rm {}/gone", {"content": "YQ==", "mode": "rw"})],
)
def test_a_state_that_is_none(tmp_path: Path, command: str, before: Json):
    """Of a journal that somebody has edited is said to be none, and the other steps are taken back."""
    told: dict[str, Json] = {"code": "x", "command": command.format(tmp_path), "before": before}
    told["after"] = of(command.format(tmp_path)).look()
    after: dict[str, Json] = {"code": "x", "command": "chmod 755 /", "before": "0755", "after": "0755"}
    journal = tmp_path / "journal"
    journal.write_text(f'{{"kind": "{KIND}"}}\n{json.dumps(told)}\n{json.dumps(after)}\n')
    results = [one.result for one in take_back(read(str(journal), MEANS))]
    assert results == ["not needed", "failed"]


@pytest.mark.parametrize("command", ["rm '/a", "chmod 999 /a", "rm /\0"])
def test_a_command_that_is_none(tmp_path: Path, command: str):
    """In a journal is named with its line."""
    journal = tmp_path / "journal"
    journal.write_text(f'{{"kind": "{KIND}"}}\n{json.dumps({"code": "x", "command": command})}\n')
    with pytest.raises(CnictlError, match="journal:2: no command of a fix"):
        read(str(journal), MEANS)
