"""Files that plugins and the runtime keep, and what is said of those that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnictl.declare.model import Entity
from cnictl.ipam import lease_record
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.state.files import KEPT, attachments, directories, files, leases, reservations
from cnictl.state.snapshot import Unseen


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """What host-local has of one network, and what others may have put there."""
    directory = tmp_path / "networks" / "n"
    directory.mkdir(parents=True)
    for name, content in {
        "lock": "",
        "10.1.0.2": "c1\r\neth0",
        "fd00::2": "c1\r\neth0\n",
        "10.1.0.3": "c2",
        "10.1.0.4": "",
        "10.1.0.04": "no address",
        "last_reserved_ip.0": "10.1.0.3",
    }.items():
        (directory / name).write_text(content, newline="")
    (directory / "loop").symlink_to("loop")
    os.mkfifo(directory / "10.1.0.5")
    return tmp_path / "networks"


def test_reservations(networks: Path):
    """A file called like an address is a reservation, old ones name the container only; others are files."""
    unread: list[OSError] = []
    found = {one.key.removeprefix(f"{networks}/n/"): one for one in reservations([str(networks)], unread)}
    of = {name: one.facts for name, one in found.items() if one.kind == "reservation"}
    assert of == {
        "10.1.0.2": {"container": "c1", "ifname": "eth0"},
        "fd00::2": {"container": "c1", "ifname": "eth0"},
        "10.1.0.3": {"container": "c2"},
        "10.1.0.4": {"container": ""},
    }
    assert found.keys() - of.keys() == {"lock", "10.1.0.04", "last_reserved_ip.0"}
    assert found["last_reserved_ip.0"] == Entity(
        "file", f"{networks}/n/last_reserved_ip.0", {"content": "10.1.0.3"}
    )
    assert not unread


def test_a_missing_directory_is_empty(tmp_path: Path):
    """Nothing was reserved yet: that is no failure."""
    unread: list[OSError] = []
    assert not list(files([str(tmp_path / "nowhere")], unread))
    assert not list(attachments(str(tmp_path / "nowhere"), unread))
    assert not unread


def test_what_cannot_be_read_is_told(networks: Path, monkeypatch: pytest.MonkeyPatch):
    """Not root, perhaps: an unreadable directory must not look like an empty one."""
    refused = str(networks / "n")
    scandir = os.scandir

    def forbidding(path: str) -> object:
        if path == refused:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidding)
    unread: list[OSError] = []
    assert not list(reservations([str(networks)], unread))
    assert [(one.filename, one.strerror) for one in unread] == [(refused, "Permission denied")]


def test_where_configurations_say(tmp_path: Path):
    """A directory named by the configuration of an attachment is looked into besides the usual one."""
    config = (
        b'{"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge", "ipam": {"type": "host-local",'
        b' "DataDir": "/srv/reservations/"}}, {"type": "tuning", "dataDir": "/srv/backups"}]}'
    )
    Cache(str(tmp_path)).write("n", Attachment("c1", "/run/netns/c1"), config, None)
    Cache(str(tmp_path)).write("n", Attachment("c2", "/run/netns/c2"), b"junk", None)
    assert directories(str(tmp_path)) == (
        ["/var/lib/cni/networks", "/srv/reservations"],
        [*(place for _, place in KEPT.values()), "/srv/backups"],
    )


def test_a_daemon_that_ends_at_this_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Has no lease left: it takes its directory along."""
    socket = str(tmp_path / "dhcp.sock")
    descriptor = lease_record.hold(socket)
    unseen: list[Unseen] = []
    assert list(leases([socket], unseen)) == []
    is_held = lease_record.is_held

    def and_then_it_ends(socket: str) -> bool:
        held = is_held(socket)
        lease_record.remove_directory(socket)
        return held

    monkeypatch.setattr(lease_record, "is_held", and_then_it_ends)
    assert list(leases([socket], unseen)) == []
    assert unseen == []
    os.close(descriptor)
