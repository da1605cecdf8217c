"""What is kept of a lease, and what of it is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnictl.ipam import lease_record
from cnictl.ipam.lease_record import LeaseRecord
from cnictl.spec.address import Prefix
from cnictl.spec.document import encode
from cnictl.spec.errors import CniError

RECORD = LeaseRecord(
    "c1",
    "net",
    "eth0",
    netns="/run/netns/c1",
    netns_inode=4026532000,
    link_index=2,
    address=Prefix.parse("10.44.0.50/24"),
    server="10.44.0.1",
    renew=100,
    rebind=150,
    expire=200,
    sent={55: b"\3\1", 61: b"\0c1/net/eth0"},
    given={1: b"\xff\xff\xff\0"},
)


C2 = encode(RECORD.replace(container_id="c2").members())


@pytest.fixture
def daemon(tmp_path: Path) -> str:
    """The path of a daemon's socket."""
    return str(tmp_path / "cni" / "dhcp.sock")


def test_a_record_comes_back(daemon: str):
    """From a file for root alone, named by its attachment."""
    lease_record.write(daemon, RECORD)
    path = Path(f"{daemon}.leases/c1:net:eth0")
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    assert lease_record.read(daemon) == ([RECORD], {})
    assert lease_record.read_one(daemon, "c1/net/eth0") == RECORD
    lease_record.remove(daemon, "c1/net/eth0")
    lease_record.remove(daemon, "c1/net/eth0")
    assert lease_record.read(daemon) == ([], {})


def test_a_lease_without_end(daemon: str):
    """Its times are left out."""
    endless = RECORD.replace(renew=None, rebind=None, expire=None)
    lease_record.write(daemon, endless)
    assert lease_record.read_one(daemon, "c1/net/eth0") == endless
    assert not endless.is_over(1e12)
    assert RECORD.is_over(200)
    assert not RECORD.is_over(199)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"container": 5}',
        '{"container": "c1", "network": "net", "ifname": "eth0"}',
        C2.replace('"10.44.0.1"', '"somewhere"'),
        C2.replace('"10.44.0.1"', '"fd00::1"'),
        C2.replace("10.44.0.50/24", "fd00::2/64"),
        C2.replace('"61"', '"256"'),
        C2.replace('"61"', '"-1"'),
        C2.replace("/run/netns/c1", "/run/\\u0000"),
    ],
)
def test_what_is_no_record(daemon: str, content: str):
    """It is named with the reason, and hides no other."""
    lease_record.write(daemon, RECORD)
    broken = f"{daemon}.leases/c2:net:eth0"
    Path(broken).write_text(content)
    found, reasons = lease_record.read(daemon)
    assert found == [RECORD]
    assert list(reasons) == [broken]
    assert lease_record.read_one(daemon, "c2/net/eth0") is None


def test_a_record_under_another_name(daemon: str):
    """Whose it is must be what the file is called."""
    lease_record.write(daemon, RECORD)
    os.rename(f"{daemon}.leases/c1:net:eth0", f"{daemon}.leases/c2:net:eth0")
    assert lease_record.read(daemon) == ([], {f"{daemon}.leases/c2:net:eth0": "it is of c1/net/eth0"})


def test_a_client_id_has_an_end():
    """It is cut where an option is full, and between characters; its file has a name that a file may have."""
    name = lease_record.client_id("c" * 300, "net", "eth0")
    assert name == "c" * 254
    assert lease_record.client_id("c" * 252, "ü", "x") == "c" * 252 + "/"
    assert len(os.path.basename(lease_record.path("/run/dhcp.sock", name)).encode()) <= 255


def test_who_holds_the_leases(daemon: str):
    """A daemon that runs is known by its lock; a second one is told."""
    assert not lease_record.is_held(daemon)
    held = lease_record.hold(daemon)
    assert lease_record.is_held(daemon)
    with pytest.raises(BlockingIOError):
        lease_record.hold(daemon)
    os.close(held)
    assert not lease_record.is_held(daemon)
    lease_record.write(daemon, RECORD)
    lease_record.remove_directory(daemon)
    assert lease_record.read_one(daemon, "c1/net/eth0") == RECORD
    lease_record.remove(daemon, "c1/net/eth0")
    lease_record.remove_directory(daemon)
    assert not os.path.exists(f"{daemon}.leases")


def test_what_cannot_be_written():
    """The path and the reason are told."""
    with pytest.raises(CniError, match=r"write /proc/x.leases/c1:net:eth0: "):
        lease_record.write("/proc/x", RECORD)
