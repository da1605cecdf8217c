"""Podman on a throwaway node that has a neighbour, and the image its containers are made of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnictl.sandbox.node import Node, SandboxError
from tests.conftest import unavailable
from tests.runtime.image import write_image
from tests.runtime.podman import Podman

NODE_ADDRESS, NODE_ADDRESS_6 = "192.0.2.1", "2001:db8::1"
NEIGHBOUR, NEIGHBOUR_6 = "192.0.2.2", "2001:db8::2"
"""The namespace `outside`, which knows no way to the containers' networks."""

_UPLINK = f"""
    link add uplink0 type veth peer name uplink1 netns outside
    address add {NODE_ADDRESS}/24 dev uplink0
    address add {NODE_ADDRESS_6}/64 dev uplink0 nodad
    link set uplink0 up
    netns exec outside ip link set lo up
    netns exec outside ip address add {NEIGHBOUR}/24 dev uplink1
    netns exec outside ip address add {NEIGHBOUR_6}/64 dev uplink1 nodad
    netns exec outside ip link set uplink1 up
"""


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of an image with a web server."""
    if not os.access("/bin/busybox", os.X_OK):
        unavailable("no /bin/busybox: install the package busybox-static")
    path = tmp_path_factory.mktemp("image") / "image.tar"
    write_image(path)
    return path


@pytest.fixture
def podman(make_node: Callable[[], Node], image: Path) -> Iterator[Podman]:
    """Podman without plugins, on a node with the namespace `outside` beside it."""
    for program in ("podman", "runc"):
        if shutil.which(program) is None:
            unavailable(f"no program {program!r}: install the package {program}")
    if os.geteuid() != 0:
        unavailable("only root has podman's networks made by CNI plugins")
    node = make_node()
    node.new_netns("outside")
    # duplicate address detection goes on for seconds after a link came up, and changes what is listed
    node.run(["sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"]).checked()
    for line in _UPLINK.strip().splitlines():
        node.run(["ip", *line.split()]).checked()
    try:
        podman = Podman(node, image)
    except SandboxError as error:
        if "cni support is not enabled" in str(error):
            unavailable("this podman, as all since release 5, is made without CNI plugins")
        raise
    try:
        yield podman
    finally:
        podman.close()
