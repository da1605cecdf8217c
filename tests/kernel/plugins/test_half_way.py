"""What is left when ADD fails, or is killed, at any of its steps."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.launcher import library_places
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.links import require_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.sandbox.node import Node

TESTDATA = Path(__file__).parents[3] / "testdata"
RANGE = {"type": "host-local", "subnet": "10.1.2.0/24"}
SECOND = {"type": "host-local", "subnet": "10.1.3.0/24"}
DUAL = {"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]}
ONE = {"type": "static", "addresses": [{"address": "10.1.2.7/24"}]}
PORTS = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
BRIDGE = {"type": "bridge", "isDefaultGateway": True, "ipam": RANGE}
REMOTES = [{"vtep": "192.0.2.2", "podCIDRs": ["10.1.3.0/24"]}]
LISTS: dict[str, list[dict[str, Any]]] = {
    "loopback": [{"type": "loopback"}],
    "bridge": [{**BRIDGE, "ipMasq": True, "macspoofchk": True, "ipam": DUAL, "hairpinMode": True}],
    "bridge-nftables": [{**BRIDGE, "ipMasq": True, "ipMasqBackend": "nftables"}],
    "bridge-layer2": [{"type": "bridge", "mtu": 1400}],
    "dhcp": [{"type": "bridge", "bridge": "br0", "ipam": {"type": "dhcp"}}],
    "ptp": [{"type": "ptp", "ipMasq": True, "ipam": DUAL}],
    "vxlan": [
        {
            "type": "vxlan",
            "vni": 7,
            "isDefaultGateway": True,
            "ipMasq": True,
            "ipam": RANGE,
            "remotes": REMOTES,
        }
    ],
    "vxlan-routed": [
        {"type": "vxlan", "vni": 7, "mode": "routed", "ipMasq": True, "ipam": RANGE, "remotes": REMOTES}
    ],
    "macvlan": [{"type": "macvlan", "master": "uplink", "ipam": DUAL}],
    "macvlan-layer2": [{"type": "macvlan", "master": "uplink", "mode": "passthru"}],
    "vlan": [{"type": "vlan", "master": "uplink", "vlanId": 100, "ipam": ONE}],
    "host-device": [{"type": "host-device", "device": "port0", "ipam": DUAL}],
    "host-device-layer2": [{"type": "host-device", "hwaddr": "02:00:00:00:00:0a"}],
    "tap": [{"type": "tap", "mac": "02:00:00:00:00:0b", "mtu": 1300, "ipam": DUAL}],
    "tap-layer2": [{"type": "tap", "owner": 0, "group": 0, "bridge": "lan"}],
    "dummy": [{"type": "dummy", "ipam": RANGE}],
    "portmap": [BRIDGE, {"type": "portmap", "runtimeConfig": PORTS}],
    "portmap-nftables": [BRIDGE, {"type": "portmap", "backend": "nftables", "runtimeConfig": PORTS}],
    "firewall": [{"type": "loopback"}, {"type": "firewall", "ingressPolicy": "isolated"}],
    "firewall-firewalld": [{"type": "loopback"}, {"type": "firewall", "backend": "firewalld"}],
    "flannel": [
        {
            "type": "flannel",
            "subnetFile": str(TESTDATA / "flannel" / "subnet.env"),
            "delegate": {"isDefaultGateway": True},
        }
    ],
    "multus": [
        {
            "type": "multus",
            "delegates": [
                {"cniVersion": "1.0.0", "name": "first", "type": "ptp", "ipMasq": True, "ipam": RANGE},
                {"cniVersion": "1.0.0", "name": "second", "plugins": [{"type": "ptp", "ipam": SECOND}]},
            ],
        }
    ],
    "vrf": [{**BRIDGE, "isDefaultGateway": False, "ipam": DUAL}, {"type": "vrf", "vrfname": "red"}],
    "tuning": [
        BRIDGE,
        {
            "type": "tuning",
            "mac": "02:00:00:00:00:77",
            "mtu": 1300,
            "promisc": True,
            "allmulti": True,
            "txQLen": 50,
            "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1", "net.core.somaxconn": "300"},
        },
    ],
    "bandwidth": [
        BRIDGE,
        {
            "type": "bandwidth",
            "ingressRate": 8000000,
            "ingressBurst": 800000,
            "egressRate": 8000000,
            "egressBurst": 800000,
        },
    ],
    "sbr": [{**BRIDGE, "ipam": DUAL}, {"type": "sbr"}],
    "sbr-hints": [{**BRIDGE, "ipam": DUAL}, {"type": "sbr", "addSourceHints": True}],
    "sbr-table": [{**BRIDGE, "ipam": DUAL}, {"type": "sbr", "table": 100}],
}
UPLINK = "ip link add uplink up type bridge"
UNDERLAY = f"{UPLINK}; ip addr add 192.0.2.1/24 dev uplink; ip route add default via 192.0.2.254"
PORT = "ip link add port0 address 02:00:00:00:00:0a type veth peer name switch0"
LAN = "ip netns add c1; ip -n c1 link add lan address 02:00:00:00:00:0c type bridge"
SETUP = {
    "dhcp": f"sh {TESTDATA}/dhcp/network.sh;"
    f" sh {TESTDATA}/dhcp/daemon.sh /run/cni/dhcp.sock {sys.executable} -P -m cnictl dhcp daemon",
    "firewall-firewalld": f"sh {TESTDATA}/firewalld/start.sh",
    "macvlan": UPLINK,
    "macvlan-layer2": UPLINK,
    "vlan": UPLINK,
    "vxlan": UNDERLAY,
    "vxlan-routed": UNDERLAY,
    "host-device": PORT,
    "host-device-layer2": PORT,
    "tap-layer2": LAN,
}
"""What there is on the node before, by the name of the list."""
NEEDS = {"dummy": "dummy", "vlan": "vlan id 5", "vrf": "vrf table 10"}
"""The kind of link that a kernel may lack, by the name of the list."""
MOVING = {"sbr", "sbr-hints"}
"""Lists whose last plugin takes routes away from an earlier one's interface, with which they vanish."""


@pytest.fixture(scope="session")
def faulty_plugins(tmp_path_factory: pytest.TempPathFactory, import_root: str) -> str:
    """The directory of plugins that fail where they are told to."""
    directory = tmp_path_factory.mktemp("faulty")
    launcher = directory / "faulty"
    source = Path(__file__).with_name("faulty.py")
    places = [import_root, *library_places()]
    script = f"import sys\nsys.path[:0] = {places!r}\nexec(open({str(source)!r}).read())\n"
    launcher.write_text(f"#!{sys.executable} -IS\n{script}")
    launcher.chmod(0o755)
    for name in importlib.import_module("cnictl_plugins.multicall").PROGRAMS:
        (directory / name).symlink_to(launcher.name)
    return str(directory)


def add_all_but_the_last(attachment: Attachment) -> None:
    """ADD the plugins that the one under test works on."""
    for plugin in attachment.plugins[:-1]:
        done = attachment.call("ADD", plugin)
        assert done.status == 0, done.stdout
        attachment.result = json.loads(done.stdout)


def count_steps(attachment: Attachment, faulty: str) -> int:
    """Return how many steps ADD of the last plugin takes."""
    add_all_but_the_last(attachment)
    last = attachment.plugins[-1]
    attachment.environment["FAULT_COUNT"] = "/run/steps"
    done = attachment.call("ADD", last, plugins_dir=faulty)
    assert done.status == 0, done.stdout
    return int(Path(attachment.node.path("/run/steps")).read_text(encoding="ascii"))


@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[pytest.mark.kernel_lane] if one in NEEDS else []) for one in LISTS],
)
@pytest.mark.parametrize("how", ["raise", "kill"])
def test_nothing_is_left_whichever_step_fails(
    name: str, how: str, make_node: Callable[[], Node], plugins_dir: str, faulty_plugins: str
) -> None:
    """A failing ADD leaves the node as it was; DEL after a killed one does."""
    first, node = make_node(), make_node()
    if name in NEEDS:
        require_kind(first, NEEDS[name])
    for one in (first, node):
        # Duplicate address detection on the bridge would end some time between two looks.
        one.run(["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]).checked()
        one.run(["sh", "-ec", SETUP.get(name, "")]).checked()
    steps = count_steps(Attachment(first, plugins_dir, LISTS[name]), faulty_plugins)
    attachment = Attachment(node, plugins_dir, LISTS[name])
    untouched = leftovers(node, "c1")
    add_all_but_the_last(attachment)
    last = attachment.plugins[-1]
    clean = leftovers(node, "c1")
    failed = 0
    for step in range(steps):
        attachment.environment = {"FAULT_STEP": str(step), "FAULT_HOW": how}
        done = attachment.call("ADD", last, plugins_dir=faulty_plugins)
        attachment.environment = {}
        if (done.status == 0 or how == "kill") and name in MOVING:
            attachment.delete()
            node.run(["ip", "link", "delete", "cni0"]).checked()
            assert leftovers(node, "c1") == untouched, f"step {step} of {steps}: {done.stdout}"
            attachment.result = None
            add_all_but_the_last(attachment)
            clean = leftovers(node, "c1")
            continue
        if done.status == 0 or how == "kill":
            deleted = attachment.call("DEL", last)
            assert (deleted.status, deleted.stdout) == (0, ""), f"step {step}: {deleted.stdout}"
            if len(attachment.plugins) == 1:
                for link in ("cni0", "vxlan.7", "vxbr.7"):
                    node.run(["ip", "link", "delete", link])  # which DEL leaves for the next container
        else:
            assert done.status == 1, done.stderr
            assert said(done), f"step {step}"
            failed += 1
        assert leftovers(node, "c1") == clean, f"step {step} of {steps}: {done.stdout}"
    assert how == "kill" or failed, "no step made ADD fail"


@pytest.mark.parametrize("name", ["firewall", "firewall-firewalld"])
def test_firewall_needs_no_result_to_clean_up(
    name: str, make_node: Callable[[], Node], plugins_dir: str, faulty_plugins: str
) -> None:
    """A runtime has none of an ADD that was killed: what is made is written down before."""
    first, node = make_node(), make_node()
    for one in (first, node):
        one.run(["sh", "-ec", SETUP.get(name, "")]).checked()
    steps = count_steps(Attachment(first, plugins_dir, LISTS[name]), faulty_plugins)
    attachment = Attachment(node, plugins_dir, LISTS[name])
    add_all_but_the_last(attachment)
    clean, given = leftovers(node, "c1"), attachment.result
    for step in range(steps + 1):
        attachment.environment, attachment.result = {"FAULT_STEP": str(step), "FAULT_HOW": "kill"}, given
        done = attachment.call("ADD", attachment.plugins[-1], plugins_dir=faulty_plugins)
        attachment.environment, attachment.result = {}, None
        assert done.status in (0, 137)
        deleted = attachment.call("DEL", attachment.plugins[-1], netns="/run/netns/never")
        assert (deleted.status, deleted.stdout) == (0, ""), f"step {step}: {deleted.stdout}"
        assert leftovers(node, "c1") == clean, f"step {step} of {steps}"
