"""host-local on disks that do not take what it writes, and in a directory with very many reservations."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.program import Program

DATA = "/run/data"
NET = f"{DATA}/net"


@pytest.fixture
def host_local(node: Node, plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/host-local", node)


def configuration(subnet: str = "10.1.2.0/24", **ipam: Any) -> dict[str, Any]:
    section = {"type": "host-local", "dataDir": DATA, "ranges": [[{"subnet": subnet}]], **ipam}
    return {"cniVersion": "1.1.0", "name": "net", "type": "any", "ipam": section}


def mount(node: Node, options: str) -> None:
    """Put a small file system at the data directory."""
    os.makedirs(node.path(DATA), exist_ok=True)
    node.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", DATA]).checked()


def fill(node: Node, leave: int) -> None:
    """Take all space of the data directory but some pages of 4096 bytes."""
    with open(node.path(f"{DATA}/filler"), "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
        filler.truncate(max(0, filler.tell() - 4096 * leave))


def reservations(node: Node) -> dict[str, bytes]:
    return {name: content for name, content in witness.files(node, NET).items() if name != "lock"}


def test_a_disk_without_a_byte_left(node: Node, host_local: Program):
    """The error names the file that could not be written, and the file does not stay."""
    mount(node, "size=64k")
    fill(node, leave=0)
    answer = host_local("ADD", configuration())
    text = f"failed to allocate for range 0: write {NET}/10.1.2.2: no space left on device"
    assert answer.error == (5, text)
    assert answer.members["details"] == f"free space, or inodes, on the file system of {NET}"
    assert reservations(node) == {}


def test_a_disk_with_room_for_one_file_of_two(node: Node, host_local: Program):
    """Without the last address there is no reservation either."""
    mount(node, "size=64k")
    fill(node, leave=1)
    answer = host_local("ADD", configuration())
    text = f"failed to allocate for range 0: write {NET}/last_reserved_ip.0: no space left on device"
    assert answer.error == (5, text)
    assert reservations(node) == {"last_reserved_ip.0": b""}


def test_a_disk_that_was_full_goes_on_where_it_was(node: Node, host_local: Program):
    """The last address survives a failing ADD: the next address is another one than the last."""
    mount(node, "size=64k")
    host_local("ADD", configuration())
    fill(node, leave=0)
    assert host_local("ADD", configuration(), container="c2").error[0] == 5
    assert reservations(node) == {"10.1.2.2": b"c1\r\neth0", "last_reserved_ip.0": b"10.1.2.2"}
    assert host_local("DEL", configuration()).status == 0
    os.unlink(node.path(f"{DATA}/filler"))
    assert host_local("ADD", configuration(), container="c2").addresses == ["10.1.2.3/24"]


def test_a_disk_without_inodes(node: Node, host_local: Program):
    """The word is open, not write: so the two kinds of full disk can be told apart."""
    mount(node, "nr_inodes=4")  # the root, the network, its lock, and one more
    os.makedirs(node.path(NET))
    with open(node.path(f"{NET}/lock"), "xb"), open(node.path(f"{NET}/10.1.2.9"), "xb"):
        pass
    answer = host_local("ADD", configuration())
    assert answer.error == (
        5,
        f"failed to allocate for range 0: open {NET}/10.1.2.2: no space left on device",
    )
    assert reservations(node) == {"10.1.2.9": b""}


def test_a_disk_that_is_read_only(node: Node, host_local: Program):
    """ADD, DEL and STATUS say so; CHECK, which only reads, works."""
    mount(node, "size=64k")
    host_local("ADD", configuration())
    node.run(["mount", "-o", "remount,ro", DATA]).checked()
    answer = host_local("ADD", configuration(), container="c2")
    assert answer.error == (5, f"failed to allocate for range 0: open {NET}/10.1.2.3: read-only file system")
    assert answer.members["details"] == f"{NET} is on a file system that is mounted read-only"
    assert host_local("CHECK", configuration()).status == 0
    assert host_local("STATUS", configuration()).error == (50, f"no reservations can be kept in {NET}")
    assert host_local("DEL", configuration()).error == (5, f"unlink {NET}/10.1.2.2: read-only file system")
    assert host_local("DEL", configuration(), container="nobody").status == 0


def test_an_empty_disk_that_is_read_only(node: Node, host_local: Program):
    """Not even the network's directory can be made; DEL has nothing to do."""
    mount(node, "size=64k,ro")
    assert host_local("ADD", configuration()).error == (5, f"mkdir {NET}: read-only file system")
    assert host_local("STATUS", configuration()).error == (50, f"no reservations can be kept in {NET}")
    assert host_local("DEL", configuration()).status == 0


def test_by_default_reservations_are_where_the_go_plugins_have_them(node: Node, host_local: Program):
    """Without dataDir, and with an empty one, it is /var/lib/cni/networks."""
    for container, ipam in (("c1", {"dataDir": ""}), ("c2", {"dataDir": None})):
        assert host_local("ADD", configuration(**ipam), container=container).status == 0
    found = witness.files(node, "/var/lib/cni/networks/net")
    assert found["10.1.2.2"] == b"c1\r\neth0"
    assert found["10.1.2.3"] == b"c2\r\neth0"


def test_a_directory_with_very_many_reservations(node: Node, host_local: Program):
    """It gets an index; all the same nothing that others do there in the meantime is missed."""
    os.makedirs(node.path(NET))
    for number in range(1500):
        with open(node.path(f"{NET}/10.9.{number // 256}.{number % 256}"), "xb") as file:
            file.write(b"%064x\r\neth0" % number)
    given = configuration("10.0.0.0/8")
    assert host_local("ADD", given).addresses == ["10.0.0.2/8"]
    assert len(os.listdir(node.path("/run/cnictl/reservations"))) == 1
    assert (
        host_local("ADD", given)
        .error[1]
        .endswith("10.0.0.2 has been allocated to c1, duplicate allocation is not allowed")
    )
    with open(node.path(f"{NET}/10.0.0.99"), "xb") as file:
        file.write(b"theirs\r\neth0")
    assert (
        host_local("ADD", given, container="theirs")
        .error[1]
        .startswith("failed to allocate for range 0: 10.0.0.99 has been allocated to theirs")
    )
    assert host_local("DEL", given, container="theirs").status == 0
    assert host_local("DEL", given, container=f"{77:064x}").status == 0
    assert host_local("DEL", given).status == 0
    left = reservations(node)
    assert len(left) == 1500  # one less, and the last address
    assert not {"10.0.0.2", "10.0.0.99", "10.9.0.77"} & set(left)


def test_below_bridge_an_address_comes_and_goes_with_the_attachment(node: Node, plugins_dir: str):
    """A main plugin that fails after it has an address gives it back."""
    given = configuration(dataDir="/run/data")
    given.update(type="bridge", bridge="br0", isGateway=True)
    bridge = Program(f"{plugins_dir}/bridge", node)
    netns = node.new_netns("pod")
    assert bridge("ADD", given, netns=netns).addresses == ["10.1.2.2/24"]
    assert set(reservations(node)) == {"10.1.2.2", "last_reserved_ip.0"}
    node.run(["ip", "address", "flush", "dev", "br0"]).checked()
    node.run(["ip", "address", "add", "192.0.2.1/24", "dev", "br0"]).checked()
    failed = bridge("ADD", given, netns=netns, ifname="eth1")
    assert "already has an IP address different from" in json.dumps(failed.error)
    assert set(reservations(node)) == {"10.1.2.2", "last_reserved_ip.0"}
    assert bridge("DEL", given, netns=netns).status == 0
    assert set(reservations(node)) == {"last_reserved_ip.0"}
