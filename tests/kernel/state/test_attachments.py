"""What attachments promised is held against the node, and the observer of CHECK sees the same."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import ROOT
from cnictl.scenario.load import load_all
from cnictl.scenario.model import Scenario
from tests import witness
from tests.kernel.plugins.links import require_kind
from tests.kernel.state.conftest import Observed

SCENARIOS = {one.name: one for one in load_all([f"{ROOT}/testdata/scenarios"])}
TELLING = (
    "bandwidth-both",
    "bandwidth-ingress",
    "bridge-dual-stack",
    "bridge-mac-spoof-check",
    "bridge-masquerade-nftables",
    "firewall-dual-stack",
    "firewall-firewalld",
    "firewall-isolated",
    "host-device",
    "host-local-data-dir",
    "macvlan-broadcast-queue",
    "macvlan-everything",
    "macvlan-master-in-container",
    "portmap-many",
    "portmap-nftables",
    "ptp-masquerade-mtu-resolver",
    "ptp-dual-stack",
    "tap-mac-mtu",
    "tap-owner-group-queues",
    "tuning-interface",
    "vxlan",
    "vxlan-everything",
    "vxlan-group",
    "vxlan-layer2",
    "vxlan-routed",
    "vxlan-routed-directory",
)
KINDS = {
    "vlan": "vlan id 5",
    "vlan_filtering": "bridge vlan_filtering 1",
    "vrf": "vrf table 10",
}
"""What `ip link add type` takes, for what scenarios need and a kernel may lack."""
IN_MACHINE = ("bridge-vlan-trunk", "vlan", "vrf")
BRIDGE = {
    "type": "bridge",
    "bridge": "cni0",
    "isDefaultGateway": True,
    "ipMasq": True,
    "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"},
}


def network(*plugins: dict[str, Any]) -> dict[str, Any]:
    return {"cniVersion": "1.0.0", "name": "n", "plugins": list(plugins)}


def attach(observed: Observed, scenario: Scenario, plugins_dir: str) -> None:
    for command in scenario.setup:
        observed.sh(f"cd {Path(scenario.file).parent}; {shlex.join(command.words)}")
    for one in scenario.attachments:
        observed.attach(
            json.loads(scenario.network),
            plugins_dir,
            one.container,
            ifname=one.ifname,
            args=dict(one.args),
            capabilities=dict(one.capabilities),
        )


@pytest.mark.parametrize(
    "name", [*TELLING, *(pytest.param(one, marks=pytest.mark.kernel_lane) for one in IN_MACHINE)]
)
def test_both_observers_see_what_was_declared(name: str, observed: Observed, plugins_dir: str):
    """Every fact of every expectation as it was stated, through our own client and through pyroute2."""
    for need in SCENARIOS[name].needs:
        if need in KINDS:
            require_kind(observed.node, KINDS[need])
    attach(observed, SCENARIOS[name], plugins_dir)
    seen = observed.ask("agree")
    assert seen
    assert [(one["name"], one["thin"]) for one in seen] == [(one["name"], one["stated"]) for one in seen]
    assert [(one["name"], one["full"]) for one in seen] == [(one["name"], one["stated"]) for one in seen]
    assert [(one["broken"], one["problems"]) for one in observed.ask("examine")] == [
        ([], []) for _ in SCENARIOS[name].attachments
    ]


@pytest.fixture
def attached(observed: Observed, plugins_dir: str) -> Observed:
    """A container behind a bridge with everything, a forwarded port, and one changed by tuning."""
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    tuning = {"type": "tuning", "sysctl": {"net.ipv4.conf.eth0.arp_announce": "2"}, "mtu": 1400}
    mappings = [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
    observed.attach(network(BRIDGE, portmap, tuning), plugins_dir, capabilities={"portMappings": mappings})
    return observed


DISTURBED = {
    "ip link set cni0 down": "bridge: cni0 is not up",
    "ip -n c1 link set eth0 mtu 1300": "tuning: eth0 has MTU 1300, not 1400 in /run/netns/c1",
    "ip -n c1 route del default": ("bridge: route default via 10.1.0.1 dev eth0 is missing in /run/netns/c1"),
    "ip -n c1 route del 10.1.0.0/16": "bridge: there is no route to 10.1.0.0/16 on eth0 in /run/netns/c1",
    "ip route del 10.1.0.0/16": "bridge: there is no route to 10.1.0.0/16 on cni0",
    "ip -n c1 addr del 10.1.0.2/16 dev eth0": "bridge: eth0 has lost address 10.1.0.2/16 in /run/netns/c1",
    "ip addr del 10.1.0.1/16 dev cni0": "bridge: cni0 has lost address 10.1.0.1/16",
    "sysctl -qw net.ipv4.ip_forward=0": "bridge: net/ipv4/ip_forward has value 0, not 1",
    "rm /var/lib/cni/networks/n/10.1.0.2": (
        "host-local: no reservation of container c1 (eth0) for 10.1.0.2 in /var/lib/cni/networks/n"
    ),
    "ip netns exec c1 sysctl -qw net.ipv4.conf.eth0.arp_announce=0": (
        "tuning: net/ipv4/conf/eth0/arp_announce has value 0, not 2 in /run/netns/c1"
    ),
}


HEALED = {"bridge: cni0 is not up", "bridge: there is no route to 10.1.0.0/16 on cni0"}
"""What `ip link set cni0 up` puts right again."""


def test_each_disturbance_breaks_the_promise_of_its_plugin(attached: Observed):
    """In words that say what is, led by the plugin whose promise it was; CHECK would say the same."""
    assert attached.ask("examine") == [{"name": "n c1 eth0", "broken": [], "problems": []}]
    broken: list[str] = []
    for command, sentence in DISTURBED.items():
        attached.sh(command)
        (one,) = attached.ask("examine")
        assert sentence in one["broken"], command
        assert set(broken) - HEALED <= set(one["broken"])
        broken = one["broken"]
        attached.sh("ip link set cni0 up")
    drifts = attached.ask("drifts")
    assert drifts["full"] == drifts["thin"]


def test_a_flushed_table(attached: Observed):
    """`iptables -t nat -F` takes the work of two plugins, and both say so."""
    attached.sh("iptables -t nat -F; iptables -t nat -X")
    (one,) = attached.ask("examine")
    assert {text.partition(":")[0] for text in one["broken"]} == {"bridge", "portmap"}


def test_rules_that_cannot_be_read(attached: Observed):
    """Without the programs that list rules nothing is said of them: they are not missing but unseen."""
    (one,) = attached.ask("examine", path="/nowhere")
    assert one["broken"] == []
    assert [text for text in one["problems"] if "executable file not found" in text]
    attached.sh("ip link set cni0 down")
    (one,) = attached.ask("examine", path="/nowhere")
    assert set(one["broken"]) == HEALED


def test_a_namespace_that_is_gone(attached: Observed):
    """Is one problem, not a broken promise for each thing in it; the node is compared all the same."""
    attached.sh("ip link set cni0 down; ip netns del c1")
    (one,) = attached.ask("examine")
    assert one["problems"] == [
        "network namespace '/run/netns/c1': failed to Statfs \"/run/netns/c1\": no such file or directory"
    ]
    assert "bridge: cni0 is not up" in one["broken"]
    assert not [text for text in one["broken"] if "/run/netns/c1" in text]


def test_a_plugin_of_others_is_held_to_its_result(observed: Observed):
    """Its interfaces, their addresses, and the routes whose gateway is known; that it is all, is said."""
    observed.node.new_netns("c1")
    observed.sh(
        "ip -n c1 link add eth0 address 02:00:00:00:00:03 type bridge; ip -n c1 link set eth0 up;"
        "ip -n c1 addr add 10.1.0.2/16 dev eth0; ip -n c1 route add 10.9.0.0/16 via 10.1.0.1"
    )
    result = {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "mac": "02:00:00:00:00:03", "sandbox": "/run/netns/c1"}],
        "ips": [{"address": "10.1.0.2/16", "interface": 0}],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.1.0.1"}],
    }
    observed.ask(
        "remember",
        network=network({"type": "calico", "ipam": {"type": "calico-ipam"}}),
        netns="/run/netns/c1",
        result=result,
    )
    words = "result: calico, calico-ipam: no plugin of cnictl; compared is what the result says"
    assert observed.ask("examine") == [{"name": "n c1 eth0", "broken": [], "problems": [words]}]
    observed.sh("ip -n c1 route del 10.9.0.0/16; ip -n c1 link set eth0 address 02:00:00:00:00:04")
    (one,) = observed.ask("examine")
    assert one["broken"] == [
        "result: eth0 has MAC address 02:00:00:00:00:04, not 02:00:00:00:00:03 in /run/netns/c1",
        "result: route 10.9.0.0/16 via 10.1.0.1 dev eth0 is missing in /run/netns/c1",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"netns": ""}, "result: the cache names no network namespace"),
        ({"network": {"plugins": []}}, "result: the cache cannot be understood: "),
        ({"result": {"cniVersion": "9.9.9"}}, "result: the cache cannot be understood: "),
        ({"network": network({"type": "ptp", "mtu": "big"})}, "ptp: "),
    ],
)
def test_what_cannot_be_looked_at_is_said(change: dict[str, Any], problem: str, observed: Observed):
    """A cache entry that says too little is a problem, never a promise that holds."""
    observed.node.new_netns("c1")
    given = {"network": network(BRIDGE), "netns": "/run/netns/c1", "result": {"cniVersion": "1.0.0"}} | change
    observed.ask("remember", **given)
    (one,) = observed.ask("examine")
    assert one["broken"] == []
    assert [text for text in one["problems"] if text.startswith(problem)], json.dumps(one)


def test_promises_of_a_delegate_are_its_own(observed: Observed, plugins_dir: str):
    """What flannel keeps is flannel's, what bridge made by its order is bridge's; foreign ones are named."""
    observed.sh(f"mkdir /run/flannel; cp {ROOT}/testdata/flannel/subnet.env /run/flannel")
    observed.attach(network({"type": "flannel", "ipam": {"type": "host-local"}}), plugins_dir)
    assert observed.ask("examine") == [{"name": "n c1 eth0", "broken": [], "problems": []}]
    observed.sh("rm /var/lib/cni/networks/n/10.244.1.2; ip link set cni0 down")
    (one,) = observed.ask("examine")
    assert {text.partition(":")[0] for text in one["broken"]} == {"bridge", "host-local"}
    drifts = observed.ask("drifts")
    assert drifts["full"] == drifts["thin"]
    observed.sh('sed -i \'s/"type":"bridge"/"type":"calico"/\' /var/lib/cni/flannel/c1')
    (one,) = observed.ask("examine")
    assert [text for text in one["problems"] if "calico: no plugin of cnictl" in text]
    observed.sh("rm /var/lib/cni/flannel/c1 /run/flannel/subnet.env")
    (one,) = observed.ask("examine")
    assert "flannel: file /var/lib/cni/flannel/c1 is missing" in one["broken"]
    assert [text for text in one["problems"] if "what it delegates to is not known" in text]


def test_promises_of_all_networks_of_a_pod(observed: Observed, plugins_dir: str):
    """Those that multus delegates to as well, each with the interface and the Result of its own ADD."""
    second = {
        **network({"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.9.0.0/24"}}),
        "name": "two",
    }
    observed.attach(network({"type": "multus", "delegates": [network(BRIDGE), second]}), plugins_dir)
    assert observed.ask("examine") == [{"name": "n c1 eth0", "broken": [], "problems": []}]
    observed.sh("ip -n c1 link set net1 down; rm /var/lib/cni/networks/two/10.9.0.2")
    (one,) = observed.ask("examine")
    assert "ptp: net1 is not up in /run/netns/c1" in one["broken"]
    assert {text.partition(":")[0] for text in one["broken"]} == {"ptp", "host-local"}
    drifts = observed.ask("drifts")
    assert drifts["full"] == drifts["thin"]
    observed.sh("rm /var/lib/cni/multus/c1")
    (one,) = observed.ask("examine")
    assert "multus: file /var/lib/cni/multus/c1 is missing" in one["broken"]


def test_what_a_plugin_keeps_of_a_pod_is_in_the_snapshot(observed: Observed, plugins_dir: str):
    """A file a container, with its content."""
    observed.sh(f"mkdir /run/flannel; cp {ROOT}/testdata/flannel/subnet.env /run/flannel")
    before = observed.snapshot()
    observed.attach(network({"type": "flannel"}), plugins_dir)
    found = observed.snapshot().state.find("", "file", "/var/lib/cni/flannel/c1")
    assert before.state.find("", "file", "/var/lib/cni/flannel/c1") is None
    assert found is not None
    assert '"subnet":"10.244.1.0/24"' in str(found.facts["content"])


DIRECTED = {
    "tc qdisc del dev VETH root": "qdisc VETH root is missing",
    "tc qdisc add dev VETH root handle 1: tbf rate 1gbit burst 1mb latency 1ms": (
        "qdisc VETH root has rate 125000000, not 12500000000"
    ),
    "tc filter del dev VETH parent ffff:": "filter VETH ffff: pref 1 all fh 800::800 is missing",
    "tc qdisc del dev bwp9b00b9b7c279 root": "qdisc bwp9b00b9b7c279 root is missing",
    "ip link del bwp9b00b9b7c279": "there is no link bwp9b00b9b7c279",
    "ip -n c1 route del default table 100": "route default via 10.1.0.1 dev eth0 is missing in /run/netns/c1",
    "ip -n c1 route add 10.1.0.0/16 dev eth0": (
        "route 10.1.0.0/16 dev eth0 is there in /run/netns/c1, and should not be"
    ),
    "ip -n c1 rule del from 10.1.0.2": "policy from 10.1.0.2 lookup 100 is missing in /run/netns/c1",
}


def test_both_observers_notice_the_same_of_traffic(observed: Observed, plugins_dir: str):
    """What bandwidth limits and sbr directs, and what is expected of plugins whose routes sbr has moved."""
    limits = {"type": "bandwidth", "ingressRate": 100_000_000_000, "ingressBurst": 8_000_000}
    limits |= {"egressRate": 8_000_000, "egressBurst": 800_000}
    observed.attach(network(BRIDGE, limits, {"type": "sbr"}), plugins_dir)
    assert observed.ask("drifts") == {"thin": [], "full": []}
    for command, sentence in DIRECTED.items():
        veth = next(
            one["ifname"] for one in witness.ip(observed.node, "link") if one["ifname"].startswith("veth")
        )
        observed.sh(command.replace("VETH", veth))
        drifts = observed.ask("drifts")
        assert drifts["thin"] == drifts["full"]
        found = [one for one in drifts["full"] if one.startswith(sentence.replace("VETH", veth))]
        assert found, (command, drifts["full"])
