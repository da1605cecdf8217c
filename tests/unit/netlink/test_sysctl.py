"""Sysctls in a directory that stands for /proc/sys: names, texts, and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnictl import sysctl
from cnictl.forwarding import enable_forwarding
from cnictl.spec.errors import CnictlError
from cnictl.sysctl import SysctlError


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A tree with both forwarding switches off."""
    for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("0\n")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/arp_notify", "/proc/sys/net/ipv4/conf/eth0.100/arp_notify"),
        ("net.ipv4.conf.eth0/100.arp_notify", "/proc/sys/net/ipv4/conf/eth0.100/arp_notify"),
    ],
)
def test_the_first_separator_decides_how_a_name_is_read(name: str, path: str) -> None:
    """With dots first, dots and slashes change places, so that links with a dot can be named either way."""
    assert sysctl.path_of(name) == path


@pytest.mark.parametrize("name", ["../x", "net/../../x", "/net/ipv4/ip_forward", "", "net/ipv4/..", "net/\0"])
def test_a_name_cannot_lead_out_of_proc_sys(root: str, name: str) -> None:
    """Such a name is as good as missing, and nothing is read or written."""
    for step in (lambda: sysctl.read(name, root), lambda: sysctl.write(name, "1", root)):
        with pytest.raises(SysctlError) as refusal:
            step()
        assert str(refusal.value) == f"open {root}/{name}: no such file or directory"


def test_a_missing_parameter_is_named_as_go_does(root: str) -> None:
    """The text is the one upstream prints; the error can be caught as ours and as the system's."""
    with pytest.raises(SysctlError) as refusal:
        sysctl.write("net/ipv4/nope", "1", root)
    error = refusal.value
    assert str(error) == f"open {root}/net/ipv4/nope: no such file or directory"
    assert error.reason == error.strerror == "no such file or directory"
    assert error.filename == f"{root}/net/ipv4/nope"
    assert isinstance(error, CnictlError)
    assert isinstance(error, OSError)
    assert not os.path.exists(f"{root}/net/ipv4/nope")


def test_a_value_is_written_bare_and_read_back(root: str) -> None:
    """No newline is added, and one at the end is not part of what is read."""
    assert sysctl.read("net/ipv4/ip_forward", root) == "0"
    assert sysctl.write("net/ipv4/ip_forward", "1", root) == "1"
    assert Path(root, "net/ipv4/ip_forward").read_bytes() == b"1"


def test_quiet_writing_says_whether_it_worked(root: str) -> None:
    """A parameter that this kernel lacks stops nobody."""
    assert sysctl.write_quietly("net/ipv4/ip_forward", "1", root)
    assert not sysctl.write_quietly("net/ipv6/conf/eth0/ndisc_notify", "1", root)


@pytest.mark.parametrize("version", [4, 6])
def test_forwarding_is_switched_on_once(root: str, version: int) -> None:
    """What is on already is not written again, so that a read-only /proc is no obstacle."""
    path = Path(root, {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}[version])
    enable_forwarding(version, root)
    assert path.read_text() == "1"
    path.write_text(" 1\n")
    before = path.stat().st_mtime_ns
    enable_forwarding(version, root)
    assert (path.read_text(), path.stat().st_mtime_ns) == (" 1\n", before)
