"""`cnictl add` into a namespace that somebody else uses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
NETWORK = {
    "cniVersion": "1.0.0",
    "name": "net",
    "plugins": [
        {"type": "bridge", "bridge": "br0", "ipam": {"type": "host-local", "subnet": "10.1.0.0/28"}},
    ],
}


def test_a_failed_add_leaves_an_interface_alone_that_was_there_before(node: Node, plugins_dir: str) -> None:
    """Another runtime's cache, or another container id: DEL would take eth0 from a pod that runs."""

    def cnictl(*words: str) -> Completed:
        return node.run([CNICTL, *words], env={"CNI_PATH": plugins_dir}, timeout=60)

    def eth0() -> object:
        return json.loads(node.run(["ip", "-n", "pod", "-j", "address", "show", "eth0"]).stdout)

    os.makedirs(node.path("/etc/cni/net.d"))
    Path(node.path("/etc/cni/net.d/net.conflist")).write_text(json.dumps(NETWORK))
    assert node.run(["ip", "netns", "add", "pod"]).status == 0
    assert cnictl("add", "net", "pod", "--container-id", "runs").status == 0
    before = eth0()
    done = cnictl("add", "net", "pod", "--container-id", "other")
    assert done.status == 3
    assert "already exists" in done.stderr
    assert "note: rolled back without the netns: eth0 was in /run/netns/pod before" in done.stderr
    assert eth0() == before
    assert len(os.listdir(node.path("/var/lib/cni/results"))) == 1
    kept = os.listdir(node.path("/var/lib/cni/networks/net"))
    assert sorted(one for one in kept if one[0].isdigit()) == ["10.1.0.2"]
