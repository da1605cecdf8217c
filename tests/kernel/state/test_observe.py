"""Whatever somebody changes on a node shows as that difference, and undone as none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import unavailable
from tests.kernel.state.conftest import Observed

SETTING = """
ip link add cni0 address 02:00:00:00:00:01 type bridge
ip link set cni0 up
ip link add veth12345678 address 02:00:00:00:00:02 type veth peer name eth0 address 02:00:00:00:00:03 netns c1
ip link set veth12345678 master cni0 up
ip addr add 10.1.0.1/16 dev cni0
ip -6 addr add fd00::1/64 dev cni0 nodad
ip -n c1 link set lo up
ip -n c1 link set eth0 up
ip -n c1 addr add 10.1.0.2/16 dev eth0
ip -n c1 route add default via 10.1.0.1
for tool in iptables ip6tables; do
    $tool -t nat -N OTHERS
    $tool -t nat -A OTHERS -j RETURN
done
nft add table inet theirs
mkdir -p /var/lib/cni/networks/n
"""

DISTURBANCES = yaml.safe_load((Path(__file__).parents[3] / "testdata/disturbances.yaml").read_text())


@pytest.fixture
def setting(observed: Observed) -> Observed:
    observed.node.new_netns("c1")
    observed.sh(SETTING)
    return observed


def test_every_change_is_seen_and_undone_is_gone(setting: Observed):
    """Each shows as that and nothing else, not even what the one before left; in the end nothing does."""
    steps = [(one["do"], one["undo"]) for one in DISTURBANCES]
    found = setting.ask("disturb", pods={"c1": "/run/netns/c1"}, steps=steps)
    wanted = {one["name"]: one["difference"] for one in DISTURBANCES}
    during = dict(zip(wanted, found["during"], strict=True))
    assert {name: masked(during[name], wanted[name]) for name in wanted} == wanted
    assert found["after"] == ""


def masked(shown: str, wanted: str) -> str:
    """Put `*` for what the expected text has it."""
    lines = []
    for line, pattern in zip(shown.splitlines(), wanted.splitlines(), strict=False):
        marks = [word.partition("=")[0] for word in pattern.split() if word.endswith("=*")]
        words = [
            word if (name := word.partition("=")[0]) not in marks else f"{name}=*" for word in line.split(" ")
        ]
        lines.append(" ".join(words))
    lines += shown.splitlines()[len(lines) :]
    return "\n".join([*lines, ""]) if lines else ""


@pytest.mark.kernel_lane
def test_vlans(setting: Observed):
    """VLANs of bridge ports, where the kernel has VLAN filtering."""
    if setting.node.run(["ip", "link", "set", "cni0", "type", "bridge", "vlan_filtering", "1"]).status:
        unavailable("this kernel's bridges know no VLANs")
    do = "bridge vlan add vid 100 pvid untagged dev veth12345678"
    undo = "bridge vlan del vid 100 dev veth12345678; bridge vlan add vid 1 pvid untagged dev veth12345678"
    found = setting.ask("disturb", pods={}, steps=[(do, undo)])
    assert "+ vlan veth12345678 100 pvid=yes untagged=yes" in found["during"][0]
    assert found["after"] == ""


def test_the_kernels_own_is_no_news(setting: Observed):
    """Nothing of what the kernel makes of itself is in a snapshot: it would differ at every look."""
    state = setting.snapshot(c1="/run/netns/c1").state
    keys = [entity.key for place in state.places.values() for entity in place.values()]
    assert not [key for key in keys if "fe80" in key or "ff00" in key or "table local" in key]
    assert not list(state.of_kind("", "policy"))
    assert not list(state.of_kind("", "fdb"))
    assert not list(state.of_kind("", "qdisc"))


def test_a_veth_names_its_other_end(setting: Observed):
    """From the pod's side, so that one sees which of the node's links belongs to which pod."""
    state = setting.snapshot(c1="/run/netns/c1").state
    eth0 = state.find("/run/netns/c1", "link", "eth0")
    assert eth0 is not None
    assert eth0.facts["peer"] == "veth12345678"


def test_looking_changes_nothing(setting: Observed):
    """Not even a table of iptables comes into being."""
    witness = "nft list ruleset; cat /proc/net/ip_tables_names; ip -4 addr; ip -4 route; find /run /var"
    before = setting.node.run(["sh", "-c", witness]).stdout
    setting.snapshot(c1="/run/netns/c1")
    after = setting.node.run(["sh", "-c", witness]).stdout
    assert after == before


def test_a_pod_that_is_gone(setting: Observed):
    """Is told, and neither stops the others nor counts as empty."""
    found = setting.snapshot(c1="/run/netns/c1", c2="/run/netns/c2")
    assert [(one.where, one.what) for one in found.unseen] == [("/run/netns/c2", "everything")]
    assert found.state.find("/run/netns/c1", "link", "eth0") is not None


def test_attachments(setting: Observed):
    """The runtime's cache is part of the state, in words; what is no attachment shows as a file."""
    result = {
        "cniVersion": "1.0.0",
        "interfaces": [
            {"name": "cni0", "mac": "0A:00:00:00:00:01"},
            {"name": "eth0", "sandbox": "/run/netns/c1"},
        ],
        "ips": [{"address": "10.1.0.2/16", "gateway": "10.1.0.1", "interface": 1}],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.2.0.0/16", "gw": "10.1.0.9", "mtu": 1400}],
        "dns": {"nameservers": ["192.0.2.1"], "domain": "example"},
    }
    plugins = {"name": "n", "plugins": [{"type": "a"}, {"type": "b"}]}
    setting.ask("remember", network=plugins, netns="/run/netns/c1", result=result)
    setting.sh("echo junk > /var/lib/cni/results/n-c2-eth0")
    state = setting.snapshot().state
    (attachment,) = state.of_kind("", "attachment")
    assert attachment.key == "n c1 eth0"
    assert attachment.facts == {
        "netns": "/run/netns/c1",
        "version": "1.0.0",
        "plugins": ("a", "b"),
        "interfaces": ("cni0 0a:00:00:00:00:01", "eth0 in /run/netns/c1"),
        "addresses": ("10.1.0.2/16 via 10.1.0.1 dev eth0",),
        "routes": ("default", "10.2.0.0/16 via 10.1.0.9 mtu 1400"),
        "dns": ("domain example", "nameserver 192.0.2.1"),
    }
    junk = state.find("", "file", "/var/lib/cni/results/n-c2-eth0")
    assert junk is not None
    assert junk.facts == {"content": "junk\n"}
