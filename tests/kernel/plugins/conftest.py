"""Attachments on the test's node, and servers in its pods."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.filtering import start_firewalld
from tests.kernel.plugins.kubernetes import Kubernetes, make_certificates
from tests.kernel.plugins.traffic import SERVER, Serve, python


@pytest.fixture
def attach(node: Node, plugins_dir: str) -> Callable[..., Attachment]:
    """Make an attachment to a list of the plugins given; keywords are those of `Attachment`."""

    def make(*plugins: dict[str, Any], **more: Any) -> Attachment:
        return Attachment(node, plugins_dir, list(plugins), **more)

    return make


@pytest.fixture
def serve(node: Node) -> Iterator[Serve]:
    """Start a server in a pod that tells every client as whom it appears; it ends with the test."""
    with contextlib.ExitStack() as started:

        def start(netns: str, version: Literal[4, 6], port: int, name: str = "pod") -> None:
            process = started.enter_context(
                node.start(python(SERVER, str(version), str(port), name), netns=netns)
            )
            started.callback(os.killpg, process.pid, signal.SIGKILL)
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"

        yield start


@pytest.fixture
def uplink(node: Node) -> str:
    """Plug the node into a network: its link `uplink` leads to `outside`, who has 10.1.2.9 and fd00:1::9."""
    node.new_netns("outside")
    words = "ip link add uplink up type veth peer name eth0 netns outside".split()
    node.run(words).checked()
    for command in (
        "link set eth0 up",
        "addr add 10.1.2.9/24 dev eth0",
        "addr add fd00:1::9/64 dev eth0 nodad",
    ):
        node.run(["ip", *command.split()], netns="outside").checked()
    return "uplink"


@pytest.fixture
def firewalld(node: Node) -> Node:
    """The test's node, on which firewalld runs."""
    start_firewalld(node)
    return node


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of a cluster, made once."""
    return make_certificates(tmp_path_factory.mktemp("certificates") / "pki")


@pytest.fixture
def cluster(node: Node, tmp_path: Path, certificates: Path) -> Iterator[Kubernetes]:
    """An API server on the test's node."""
    made = Kubernetes(node, tmp_path / "cluster", certificates)
    yield made
    made.stop()
