"""The examples on the plugins' pages work as they stand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cnictl.lint.engine import validate
from cnictl.sandbox.node import Node
from cnictl_plugins import multicall
from tests.kernel.plugins.links import require_kind

EXAMPLES = Path(__file__).parents[2] / "testdata" / "examples"
FILES = {
    "flannel": {"/run/flannel/subnet.env": EXAMPLES.parent / "flannel" / "subnet.env"},
    "vxlan": {"/run/overlay/node2.json": EXAMPLES.parent / "vxlan" / "node2.json"},
}
"""What a daemon, or another node, would have written on the node, by the plugin."""
UPLINK = """
ip link add eth0 up type bridge
ip link add enp7s0 type veth peer name switch7
ip addr add 192.0.2.1/24 dev eth0
ip route add default via 192.0.2.254
"""
"""What the node has in the place of hardware, for the plugins that use some."""
SETUP = {
    "dhcp": "sh testdata/dhcp/network.sh;"
    f" sh testdata/dhcp/daemon.sh /run/cni/dhcp.sock {sys.executable} -P -m cnictl dhcp daemon"
}
"""What else there must be on the node, by the plugin."""
NEEDS = {"dummy": "dummy", "ipvlan": "ipvlan", "vlan": "vlan id 5", "vrf": "vrf table 10"}
"""The kind of link that a kernel may lack, by the plugin."""
CNICTL = str(Path(sys.executable).with_name("cnictl"))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one, marks=[pytest.mark.kernel_lane] if one in NEEDS else [])
        for one in multicall.PROGRAMS
    ],
)
def test_an_example_is_valid_and_works(name: str, node: Node, plugins_dir: str):
    """Nothing is to be remarked of it, and ADD, CHECK and DEL succeed; the plugin is in it."""
    path = EXAMPLES / f"{name}.conflist"
    assert validate([str(path)]).diagnostics == ()
    network = json.loads(path.read_text())
    used = {one["type"] for one in network["plugins"]}
    used |= {one["ipam"]["type"] for one in network["plugins"] if "ipam" in one}
    assert name in used

    if name in NEEDS:
        require_kind(node, NEEDS[name])

    def cnictl(*words: str) -> str:
        return node.run([CNICTL, *words], env={"CNI_PATH": plugins_dir, "LANG": "C.UTF-8"}).checked().stdout

    for place, source in FILES.get(name, {}).items():
        there = Path(node.path(place))
        there.parent.mkdir(parents=True)
        there.write_bytes(source.read_bytes())
    node.run(["sh", "-ec", UPLINK]).checked()
    node.run(["sh", "-ec", SETUP.get(name, "")], cwd=str(EXAMPLES.parents[1])).checked()
    cnictl("netns", "new", "pod")
    added = json.loads(cnictl("add", str(path), "pod", "-o", "json"))
    assert added["cniVersion"] == network["cniVersion"]
    cnictl("check", str(path), "pod")
    cnictl("del", str(path), "pod")


def test_there_is_an_example_for_nothing_else():
    """What is in the directory is on a page."""
    assert {one.stem for one in EXAMPLES.iterdir()} == set(multicall.PROGRAMS)
