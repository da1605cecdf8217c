"""firewall with real packets: what passes a node that drops what it forwards, and who is kept from whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.filtering import start_firewalld
from tests.kernel.plugins.traffic import Serve, ask

Version = Literal[4, 6]
Pod = Callable[..., Attachment]

OUTSIDE: dict[Version, str] = {4: "192.168.60.2", 6: "fd00:60::2"}
PODS: dict[Version, str] = {4: "10.1.{}.{}", 6: "fd00:1:{}::{}"}
CUT_OFF = "TimeoutError"


@pytest.fixture
def strict(node: Node) -> Node:
    """A node between its pods and somebody outside, which drops all that it is to forward."""
    node.new_netns("outside")
    for command in (
        "ip link add uplink up type veth peer name eth0 netns outside",
        "ip addr add 192.168.60.1/24 dev uplink",
        "ip addr add fd00:60::1/64 dev uplink nodad",
        "iptables -P FORWARD DROP",
        "ip6tables -P FORWARD DROP",
        "sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1",
    ):
        node.run(command.split()).checked()
    for command in (
        "link set eth0 up",
        f"addr add {OUTSIDE[4]}/24 dev eth0",
        f"addr add {OUTSIDE[6]}/64 dev eth0 nodad",
        "route add default via 192.168.60.1",
        "route add default via fd00:60::1",
    ):
        node.run(["ip", *command.split()], netns="outside").checked()
    return node


@pytest.fixture
def pod(attach: Pod) -> Pod:
    """Make pod NUMBER of network NUMBER: `pod(1, 2, ingressPolicy="isolated")` is c12 with 10.1.1.2."""

    def make(network: int, number: int, *, filtered: bool = True, **keys: Any) -> Attachment:
        ranges = [
            [{"subnet": f"10.1.{network}.0/24"}],
            [{"subnet": f"fd00:1:{network}::/64"}],
        ]
        bridge = {
            "type": "bridge",
            "bridge": f"br{network}",
            "isDefaultGateway": True,
            "ipam": {"type": "host-local", "ranges": ranges},
        }
        plugins = [bridge, {"type": "firewall", **keys}] if filtered else [bridge]
        made = attach(*plugins, container=f"c{network}{number}", name=f"net{network}")
        result = made.add()
        expected = [PODS[4].format(network, number), PODS[6].format(network, number)]
        assert [ip["address"].partition("/")[0] for ip in result["ips"]] == expected
        return made

    return make


def reach(node: Node, netns: str, host: str, *, cut_off: bool = False) -> str:
    """Return what the server on port 80 said; one who is cut off is not waited for long."""
    return ask(node, host, 80, "tcp udp", netns=netns, wait=0.4 if cut_off else 3)


@pytest.mark.parametrize("version", [4, 6])
def test_a_pod_is_let_out_and_answered(version: Version, strict: Node, pod: Pod, serve: Serve) -> None:
    """With firewall, and not without it; whom it does not know is still not let in; after DEL nobody is."""
    serve("outside", version, 80, "outside")
    without = pod(1, 2, filtered=False)
    assert reach(strict, without.container, OUTSIDE[version], cut_off=True) == CUT_OFF
    filtered = pod(1, 3)
    address = PODS[version].format(1, 3)
    assert reach(strict, filtered.container, OUTSIDE[version]) == f"outside saw {address}"
    assert reach(strict, without.container, OUTSIDE[version], cut_off=True) == CUT_OFF
    serve(filtered.container, version, 80)
    assert reach(strict, "outside", address, cut_off=True) == CUT_OFF
    assert filtered.call("DEL", filtered.plugins[1]).status == 0
    assert reach(strict, filtered.container, OUTSIDE[version], cut_off=True) == CUT_OFF


@pytest.mark.parametrize("version", [4, 6])
def test_the_administrator_comes_first(version: Version, strict: Node, pod: Pod, serve: Serve) -> None:
    """What CNI-ADMIN drops does not pass, and what it accepts does."""
    program = "iptables" if version == 4 else "ip6tables"
    serve("outside", version, 80, "outside")
    made = pod(1, 2)
    address = PODS[version].format(1, 2)
    serve(made.container, version, 80)
    seen = f"outside saw {address}"
    assert reach(strict, made.container, OUTSIDE[version]) == seen
    strict.run([program, "-A", "CNI-ADMIN", "-d", OUTSIDE[version], "-j", "DROP"]).checked()
    assert reach(strict, made.container, OUTSIDE[version], cut_off=True) == CUT_OFF
    assert made.check() == ""
    strict.run([program, "-F", "CNI-ADMIN"]).checked()
    assert reach(strict, made.container, OUTSIDE[version]) == seen
    assert reach(strict, "outside", address, cut_off=True) == CUT_OFF
    strict.run([program, "-A", "CNI-ADMIN", "-d", address, "-j", "ACCEPT"]).checked()
    assert reach(strict, "outside", address) == f"pod saw {OUTSIDE[version]}"


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("policy", ["open", "same-bridge", "isolated"])
def test_who_reaches_whom(policy: str, version: Version, strict: Node, pod: Pod, serve: Serve) -> None:
    """Pods of two networks, of one network, and the world, whatever the order in which they came."""
    first, neighbour, other = (pod(*one, ingressPolicy=policy) for one in ((1, 2), (1, 3), (2, 2)))
    addresses = {one.container: PODS[version].format(*one.container[1:]) for one in (first, neighbour, other)}
    for container in addresses:
        serve(container, version, 80)
    serve("outside", version, 80, "outside")
    apart, together = policy != "open", policy != "isolated"
    for source, target, passes in (
        (first, other, not apart),
        (other, first, not apart),
        (first, neighbour, together),
        (neighbour, first, together),
    ):
        said = reach(strict, source.container, addresses[target.container], cut_off=not passes)
        assert said == (f"pod saw {addresses[source.container]}" if passes else CUT_OFF), (source, target)
        assert reach(strict, source.container, OUTSIDE[version]) == (
            f"outside saw {addresses[source.container]}"
        )


def test_within_a_bridge_only_the_netfilter_of_bridges_sees_packets(
    strict: Node, pod: Pod, serve: Serve
) -> None:
    """Without bridge-nf-call-iptables isolated pods of one bridge reach one another, as with Go."""
    strict.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0"]).checked()
    for number in (2, 3):
        pod(1, number, ingressPolicy="isolated")
    serve("c13", 4, 80)
    assert reach(strict, "c12", "10.1.1.3") == "pod saw 10.1.1.2"


@pytest.mark.parametrize("version", [4, 6])
def test_firewalld_lets_its_sources_through(version: Version, strict: Node, pod: Pod, serve: Serve) -> None:
    """What comes from a pod passes firewalld's own filter, and does not without the plugin."""
    start_firewalld(strict)
    for program in ("iptables", "ip6tables"):
        strict.run([program, "-P", "FORWARD", "ACCEPT"]).checked()
    serve("outside", version, 80, "outside")
    without = pod(1, 2, filtered=False)
    assert "saw" not in reach(strict, without.container, OUTSIDE[version], cut_off=True)
    filtered = pod(1, 3)
    address = PODS[version].format(1, 3)
    assert reach(strict, filtered.container, OUTSIDE[version]) == f"outside saw {address}"
    assert filtered.call("DEL", filtered.plugins[1]).status == 0
    assert "saw" not in reach(strict, filtered.container, OUTSIDE[version], cut_off=True)
