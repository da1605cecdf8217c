"""A node and a pod, each with a client of ours open in it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

import pytest

from cnictl.netlink.rtnl import Link, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from tests.conftest import unavailable

POD = "pod"


@pytest.fixture
def pod_path(node: Node) -> str:
    """The pod's namespace, by a path that can be opened from here."""
    if os.geteuid():
        unavailable("needs root: to open a socket in a namespace takes CAP_SYS_ADMIN over it")
    return node.path(node.new_netns(POD))


@pytest.fixture
def inside(pod_path: str) -> Iterator[Rtnl]:
    with Rtnl(pod_path) as channel:
        yield channel


@pytest.fixture
def host(node: Node, pod_path: str) -> Iterator[Rtnl]:
    del pod_path  # asked for because it knows who may
    with Rtnl(node.netns) as channel:
        yield channel


@pytest.fixture
def veth(host: Rtnl, inside: Rtnl) -> Link:
    """`eth0` in the pod, both ends of the pair up and settled, the other one `veth1` on the node."""
    link = inside.add_veth("eth0", peer="veth1", peer_netns=host)
    inside.set_up(link)
    host.set_up(host.link("veth1"))
    end = time.monotonic() + 10
    while {inside.link("eth0").operstate, host.link("veth1").operstate} != {"up"}:
        assert time.monotonic() < end, "the pair does not come up"
        time.sleep(0.01)
    return inside.link("eth0")


@contextlib.contextmanager
def required() -> Iterator[None]:
    """Skip with the kernel's words when it lacks what the block asks for."""
    try:
        yield
    except NetlinkError as error:
        if error.reason == "operation not supported":
            unavailable(f"this kernel refuses: {error}")
        raise
