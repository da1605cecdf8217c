"""A node on which pods come and go while it is looked at."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from cnictl.doctor.gather import networks, processes
from cnictl.doctor.place import Place

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

SECONDS = 4
FOR_A_WHILE = ("timeout", f"{SECONDS + 2}", "sh", "-c")
NAMES = "while :; do ip netns add going; ip netns del going; done"
PROCESSES = "while :; do unshare --net true; done"


def test_namespaces_that_go_hide_no_other(node: Node) -> None:
    """Nor is anything said of them: they are not there any more."""
    node.new_netns("stays")
    os.symlink("/proc/4000000/ns/net", node.path("/run/netns/nowhere"))
    place = Place(node.path("")[:-1], node.netns)
    looks = 0
    with node.start([*FOR_A_WHILE, NAMES]), node.start([*FOR_A_WHILE, PROCESSES]):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = {one.path: one for one in networks.gather(place)}
            assert found["/run/netns/stays"].links
            assert "/run/netns/nowhere" not in found
            assert {one.problem for one in found.values() if "going" not in one.path} == {""}
            looks += 1
    assert looks > 20


def test_a_runtime_that_ends_is_none(node: Node) -> None:
    """While its descriptors are counted."""
    place = Place(node.path("")[:-1], node.netns)
    node.run(["cp", "/bin/true", "/run/crio"]).checked()
    with node.start([*FOR_A_WHILE, "while :; do /run/crio; done"]):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            processes.gather(place, "/etc/cni/net.d")
