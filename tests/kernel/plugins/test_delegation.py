"""Delegating in process and by executing give the same state and the same errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.sandbox.node import ROOT
from cnictl.spec.versions import SUPPORTED
from tests import witness
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.leftovers import leftovers

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

HOWS: list[dict[str, str]] = [{}, {"CNICTL_DELEGATE": "exec"}]
STATIC = {"type": "static", "addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}]}
IPAM: dict[str, dict[str, Any]] = {
    "host-local": {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "10.9.0.0/16"}]},
    "static": STATIC,
}
FAILING: dict[str, dict[str, Any]] = {
    "no ranges": {"type": "host-local"},
    "bad subnet": {"type": "host-local", "subnet": "10.1.2.3/24"},
    "wrong type": {"type": "host-local", "subnet": 5},
    "no such plugin": {"type": "nothing"},
    "path as plugin": {"type": "../bridge"},
    "full": {"type": "host-local", "subnet": "10.1.2.0/24", "rangeStart": "10.1.2.1", "rangeEnd": "10.1.2.1"},
    "no addresses": {"type": "static"},
    "data directory is a file": {"type": "host-local", "subnet": "10.1.2.0/24", "dataDir": "/etc/hostname"},
}


def comparable(state: dict[str, object]) -> dict[str, object]:
    """Return a state without what is random in every run: names and MAC addresses of veths."""
    return {name: part for name, part in state.items() if not name.endswith((" links", " queues"))}


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("ipam", IPAM)
def test_the_same_is_made(make_node: Callable[[], Node], plugins_dir: str, ipam: str, version: str) -> None:
    """Result and state are the same, and so is what is left after DEL."""
    seen = []
    for environment in HOWS:
        node = make_node()
        plugin = {"type": "bridge", "isGateway": True, "ipam": IPAM[ipam]}
        attachment = Attachment(node, plugins_dir, [plugin], version=version, environment=environment)
        result = attachment.add()
        added = comparable(leftovers(node, "c1"))
        attachment.delete()
        result.pop("interfaces", None)
        seen.append((result, added, comparable(leftovers(node, "c1"))))
    in_process, executed = seen
    assert in_process == executed


DELEGATING: dict[str, dict[str, Any]] = {
    "flannel": {"type": "flannel", "subnetFile": f"{ROOT}/testdata/flannel/subnet.env"},
    "multus": {
        "type": "multus",
        "delegates": [
            {
                "cniVersion": "1.0.0",
                "name": "one",
                "plugins": [{"type": "bridge", "ipam": IPAM["host-local"]}],
            },
            {"cniVersion": "0.4.0", "name": "two", "type": "bridge", "ipam": STATIC},
        ],
    },
}


@pytest.mark.parametrize("name", DELEGATING)
def test_the_same_is_made_of_whole_networks(
    make_node: Callable[[], Node], plugins_dir: str, name: str
) -> None:
    """By plugins that delegate to others, which delegate to IPAM plugins; CHECK and DEL go the same way."""
    seen = []
    for environment in HOWS:
        node = make_node()
        attachment = Attachment(node, plugins_dir, [DELEGATING[name]], environment=environment)
        result = attachment.add()
        kept = {
            path: data
            for path, data in witness.files(node, "/var/lib/cni").items()
            if "/results/" not in path and not path.endswith("/lock")
        }
        assert attachment.check() == ""
        attachment.delete()
        result.pop("interfaces")
        seen.append((result, kept, comparable(leftovers(node, "c1"))))
    in_process, executed = seen
    assert in_process == executed


@pytest.mark.parametrize("command", ["ADD", "DEL"])
@pytest.mark.parametrize("name", FAILING)
def test_the_same_errors_reach_the_runtime(node: Node, plugins_dir: str, name: str, command: str) -> None:
    """Code, message and details do not tell how the delegate was called."""
    said = []
    for environment in HOWS:
        plugin = {"type": "bridge", "ipam": FAILING[name]}
        attachment = Attachment(node, plugins_dir, [plugin], environment=environment)
        done = attachment.call(command, plugin)
        said.append(json.loads(done.stdout) if done.status else None)
    assert said[0] == said[1]
    if command == "ADD":
        assert said[0] is not None


def test_another_program_of_that_name_is_executed(node: Node, plugins_dir: str, tmp_path: Any) -> None:
    """CNI_PATH decides: ours is called in process only where it is ours that would be executed."""
    other = tmp_path / "host-local"
    other.write_text('#!/bin/sh\necho \'{"ips": [{"address": "10.7.7.7/24"}]}\'\n')
    os.chmod(other, 0o755)
    attachment = Attachment(node, plugins_dir, [{"type": "bridge", "ipam": IPAM["host-local"]}])
    config = {"cniVersion": "1.0.0", "name": "net", **attachment.plugins[0]}
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": f"{tmp_path}:{plugins_dir}",
    }
    done = node.run([f"{plugins_dir}/bridge"], env=environment, stdin=json.dumps(config))
    assert json.loads(done.stdout)["ips"][0]["address"] == "10.7.7.7/24"


def test_the_plugins_are_commands_too(node: Node, plugins_dir: str) -> None:
    """`cnictl bridge` is bridge, and executes its IPAM plugin from CNI_PATH."""
    attachment = Attachment(node, plugins_dir, [])
    config = {"cniVersion": "1.0.0", "name": "net", "type": "bridge", "ipam": IPAM["host-local"]}
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins_dir,
    }
    done = node.run([sys.executable, "-m", "cnictl", "bridge"], env=environment, stdin=json.dumps(config))
    assert json.loads(done.stdout)["ips"][0]["address"] == "10.1.2.2/24"
