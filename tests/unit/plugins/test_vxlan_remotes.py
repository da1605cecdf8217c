"""vxlan: reading what a directory of files, and the configuration, say of the other nodes."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnictl.spec.address import Address
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main import vxlan_remotes
from cnictl_plugins.main.vxlan_config import VxlanConfig
from cnictl_plugins.main.vxlan_remotes import Remotes

LOCAL = Address.parse("192.0.2.1")
SUBNET = {"type": "host-local", "subnet": "10.244.1.0/24"}


def node(number: int, **more: Any) -> dict[str, Any]:
    """Return what the file of a node says."""
    return {"vtep": f"192.0.2.{number}", "podCIDRs": [f"10.244.{number}.0/24"], **more}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "node2.json").write_text(json.dumps(node(2)))
    return tmp_path


def read(directory: Path | None, **keys: Any) -> Remotes:
    members = {"type": "vxlan", "name": "net", "vni": 7, "mode": "routed", "ipam": SUBNET, **keys}
    if directory is not None:
        members["remotesDir"] = str(directory)
    return vxlan_remotes.read(VxlanConfig(Document(members)), LOCAL)


def known(remotes: Remotes) -> list[str]:
    return [str(one.vtep) for one in remotes.known]


def test_a_node_is_what_its_file_says(directory: Path) -> None:
    """The MAC address is derived unless it is there; the source is kept for messages."""
    (directory / "node3.json").write_text(
        json.dumps(node(3, vtepMAC="02-00-00-00-00-0A", vni=7, port=4789, whatever="is ignored"))
    )
    (two, three) = read(directory).known
    assert (str(two.vtep), two.mac, [str(one) for one in two.pod_cidrs], two.source) == (
        "192.0.2.2",
        VxlanConfig(Document({"name": "net", "vni": 7})).mac_of(two.vtep),
        ["10.244.2.0/24"],
        f"{directory}/node2.json",
    )
    assert three.mac == "02:00:00:00:00:0a"


def test_the_configurations_nodes_come_first(directory: Path) -> None:
    """Both places count."""
    assert known(read(directory, remotes=[node(9)])) == ["192.0.2.9", "192.0.2.2"]


def test_without_a_directory_there_are_those_of_the_configuration() -> None:
    assert known(read(None, remotes=[node(9)])) == ["192.0.2.9"]


def test_this_node_is_left_out(directory: Path) -> None:
    """One may spread the same files to all nodes, and the same configuration."""
    (directory / "node1.json").write_text(json.dumps(node(1)))
    found = read(directory, remotes=[node(1)])
    assert (known(found), found.problems) == (["192.0.2.2"], [])


@pytest.mark.parametrize("name", [".node9.json", "node9.json.tmp", "node9.json~", "README", ".json"])
def test_files_in_the_making_are_left_alone(directory: Path, name: str) -> None:
    """What is not called NODE.json is no node's, whatever is in it."""
    (directory / name).write_text("{")
    found = read(directory)
    assert (known(found), found.problems) == (["192.0.2.2"], [])


PROBLEMS: dict[str, tuple[str, str]] = {
    "half a file": ('{"vtep": "192.0.2.9", "podCI', "unterminated string; line 1 column 23"),
    "an empty file": ("", "unexpected end of JSON input; line 1 column 1"),
    "a list": ("[]", "expected an object, found a list"),
    "no address": ("{}", 'it has no address of the node; add "vtep"'),
    "null": ("null", 'it has no address of the node; add "vtep"'),
    "an odd address": ('{"vtep": "node9"}', "invalid IP address: node9; in key 'vtep'"),
    "another type": ('{"vtep": 9}', 'key "vtep": expected a string, found number 9'),
    "another family": (
        json.dumps({"vtep": "2001:db8::9"}),
        '2001:db8::9 is no IPv4 address of a node; the underlay is of that family; "vtep"',
    ),
    "a group": (
        json.dumps({"vtep": "239.1.1.1"}),
        '239.1.1.1 is no IPv4 address of a node; the underlay is of that family; "vtep"',
    ),
    "another network": (
        json.dumps(node(9, vni=8)),
        "it is about vni 8, not 7; it belongs to another network",
    ),
    "no networks": (
        json.dumps({"vtep": "192.0.2.9"}),
        'it does not say which networks the pods of the node are in; add "podCIDRs"',
    ),
    "this node's pods": (
        json.dumps(node(9, podCIDRs=["10.244.0.0/16"])),
        "its pods' network 10.244.0.0/16 overlaps with 10.244.1.0/24, which is this node's own",
    ),
    "everything": (
        json.dumps(node(9, podCIDRs=["0.0.0.0/0"])),
        "its pods' network 0.0.0.0/0 has this node's own address 192.0.2.1 in it",
    ),
    "another node's address": (
        json.dumps(node(2, podCIDRs=["10.244.9.0/24"])),
        "address 192.0.2.2 is that of another node; {}/node2.json says so",
    ),
    "another node's MAC address": (
        json.dumps(node(9, vtepMAC="02:00:00:00:00:03")),
        "MAC address 02:00:00:00:00:03 is that of another node; {}/node3.json says so",
    ),
    "another node's pods": (
        json.dumps(node(9, podCIDRs=["10.244.9.0/24", "10.244.2.0/24"])),
        "10.244.2.0/24 is that of another node; {}/node2.json says so",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_file_that_cannot_be_used(directory: Path, name: str) -> None:
    """Is a problem of the node that it is about, led by its name; the others are known."""
    text, problem = PROBLEMS[name]
    (directory / "node3.json").write_text(json.dumps(node(3, vtepMAC="02:00:00:00:00:03")))
    (directory / "node9.json").write_text(text)
    found = read(directory)
    assert known(found) == ["192.0.2.2", "192.0.2.3"]
    assert found.problems == [f"{directory}/node9.json: {problem.format(directory)}"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9", "10.244.9.0/24", "0.0.0.0/0", "::/0"]),
    st.sampled_from(["02:00:00:00:00:09", "00:00:00:00:00:00", "10.244.9.0/33", "7", ""]),
)
NAMES = st.sampled_from(["vtep", "VTEP", "vtepMAC", "podCIDRs", "podcidrs", "vni", "port", "other"])
FILES = st.one_of(
    st.binary(),
    st.dictionaries(NAMES, st.one_of(VALUES, st.lists(VALUES))).map(lambda one: json.dumps(one).encode()),
)


@given(FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_file(directory: Path, data: bytes) -> None:
    """It is a node or a problem, and the other nodes are known."""
    (directory / "node9.json").write_bytes(data)
    found = read(directory)
    assert known(found)[0] == "192.0.2.2"
    assert len(found.known) + len(found.problems) == 2 or b"192.0.2.1" in data


def test_what_is_no_file_does_not_hold_anybody_up(directory: Path) -> None:
    """A FIFO, a directory, more than a file should have; a link that leads nowhere has just vanished."""
    os.mkfifo(directory / "fifo.json")
    (directory / "dir.json").mkdir()
    (directory / "huge.json").write_bytes(b" " * (vxlan_remotes.LONGEST + 1))
    (directory / "gone.json").symlink_to("nowhere")
    found = read(directory)
    assert known(found) == ["192.0.2.2"]
    assert found.problems == [
        f"{directory}/dir.json: it is not a regular file",
        f"{directory}/fifo.json: it is not a regular file",
        f"{directory}/huge.json: it has more than 65536 bytes",
    ]


def test_links_are_followed(tmp_path: Path, directory: Path) -> None:
    """A volume of Kubernetes consists of them: one link is renamed, and all files are others at once."""
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "..data").symlink_to(directory)
    (volume / "node2.json").symlink_to("..data/node2.json")
    assert known(read(volume)) == ["192.0.2.2"]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is known then, which is not the same as that there are no nodes."""
    with pytest.raises(CniError) as refused:
        read(tmp_path / "nope")
    assert refused.value.code == 11
    assert refused.value.msg == (
        f"cannot read the directory of remotes {tmp_path}/nope: no such file or directory"
    )


def test_in_mode_bridge_an_address_is_enough(tmp_path: Path) -> None:
    """The tunnel learns where pods are; a network that all nodes share is no contradiction."""
    for number in (2, 3):
        shared = {"vtep": f"192.0.2.{number}", "podCIDRs": ["10.244.0.0/16"]}
        (tmp_path / f"node{number}.json").write_text(json.dumps(shared))
    (tmp_path / "node4.json").write_text(json.dumps({"vtep": "192.0.2.4"}))
    found = read(tmp_path, mode="bridge")
    assert (known(found), found.problems) == (["192.0.2.2", "192.0.2.3", "192.0.2.4"], [])


def test_files_that_come_and_go_meanwhile(directory: Path) -> None:
    """A reader finds the old one, the new one or none, and never a problem, as long as writers rename."""
    end = threading.Event()

    def write() -> None:
        number = 0
        while not end.is_set():
            number += 1
            (directory / "node5.tmp").write_text(json.dumps(node(5, generation=number)))
            (directory / "node5.tmp").replace(directory / "node5.json")
            (directory / "node6.tmp").write_text(json.dumps(node(6)))
            (directory / "node6.tmp").replace(directory / "node6.json")
            (directory / "node6.json").unlink()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            found = read(directory)
            assert found.problems == []
            assert set(known(found)) <= {"192.0.2.2", "192.0.2.5", "192.0.2.6"}
            assert "192.0.2.2" in known(found)
    finally:
        end.set()
        writer.join()
