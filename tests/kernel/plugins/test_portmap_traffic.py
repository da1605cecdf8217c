"""portmap with real packets: who reaches a container through a port of the node, and as whom."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.traffic import Serve, ask, python

Version = Literal[4, 6]
Attach = Callable[..., Attachment]

STEADY = """
    import socket, sys, time
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", 5555))
        client.settimeout(0.1)
        client.sendto(b"hello", (sys.argv[1], int(sys.argv[2])))
        print("sent", flush=True)
        while True:
            try:
                client.sendto(b"hello", (sys.argv[1], int(sys.argv[2])))
                print(client.recv(100).decode(), flush=True)
            except OSError:
                pass
            time.sleep(0.02)
"""
NODE: dict[Version, str] = {4: "192.168.60.1", 6: "fd00:60::1"}
OUTSIDE: dict[Version, str] = {4: "192.168.60.2", 6: "fd00:60::2"}
GATEWAY: dict[Version, str] = {4: "10.1.2.1", 6: "fd00:1::1"}
SUBNET: dict[Version, str] = {4: "10.1.2.0/24", 6: "fd00:1::/64"}
DEFAULT: dict[Version, str] = {4: "0.0.0.0/0", 6: "::/0"}


@pytest.fixture
def town(node: Node) -> Node:
    """A node with an address of its own on a link to the outside, where somebody lives."""
    node.new_netns("outside")
    node.run(["ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", "outside"])
    for place, link, addresses in (("", "uplink", NODE), ("outside", "eth0", OUTSIDE)):
        node.run(["ip", "link", "set", link, "up"], netns=place).checked()
        node.run(["ip", "addr", "add", f"{addresses[4]}/24", "dev", link], netns=place).checked()
        node.run(["ip", "addr", "add", f"{addresses[6]}/64", "dev", link, "nodad"], netns=place).checked()
    return node


@pytest.fixture
def pod(attach: Attach) -> Callable[..., Attachment]:
    """Make a pod with bridge or ptp and forward ports to it: `pod("bridge", mapping..., snat=False)`."""

    def make(
        kind: str,
        *ports: dict[str, Any],
        container: str = "c1",
        versions: Sequence[Version] = (4,),
        **keys: Any,
    ) -> Attachment:
        ipam = {
            "type": "host-local",
            "ranges": [[{"subnet": SUBNET[version]}] for version in versions],
            "routes": [{"dst": DEFAULT[version]} for version in versions],
        }
        main = {"type": kind, "isGateway": True, "hairpinMode": True, "ipam": ipam}
        mappings = [{"containerPort": 80, "protocol": "tcp", **port} for port in ports]
        portmap = {"type": "portmap", "runtimeConfig": {"portMappings": mappings}, **keys}
        made = attach(main, portmap, container=container)
        made.add()
        return made

    return make


WEB = {"hostPort": 8080}
NAMES = {"hostPort": 8080, "protocol": "udp"}
BACKENDS = ["iptables", "nftables"]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("kind", "backend"), [("bridge", "iptables"), ("ptp", "iptables"), ("ptp", "nftables")]
)
def test_a_port_of_the_node_is_one_of_the_container(
    kind: str, backend: str, version: Version, town: Node, pod: Attach, serve: Serve
) -> None:
    """For the world, the node, its localhost, other pods and the container itself, with TCP and UDP."""
    first = pod(kind, WEB, NAMES, backend=backend, versions=[version])
    pod(kind, container="c2", versions=[version])
    serve("c1", version, 80)
    gateway, node, outside = GATEWAY[version], NODE[version], OUTSIDE[version]
    neighbour = {4: "10.1.2.3", 6: "fd00:1::3"}[version]
    assert ask(town, node, 8080, "tcp udp", netns="outside") == f"pod saw {outside}"
    assert ask(town, node, 8080, "tcp udp") == f"pod saw {node}"
    assert ask(town, node, 8080, "tcp udp", netns="c1") == f"pod saw {gateway}"
    # iptables masquerades what comes from the container's whole network, nftables the container alone.
    seen = gateway if backend == "iptables" else neighbour
    assert ask(town, node, 8080, "tcp udp", netns="c2") == f"pod saw {seen}"
    if version == 4:
        assert ask(town, "127.0.0.1", 8080, "tcp udp") == f"pod saw {gateway}"
    first.delete()
    assert ask(town, node, 8080, netns="outside") == "ConnectionRefusedError"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_host_ip_is_the_only_address_that_answers(
    backend: str, town: Node, pod: Attach, serve: Serve
) -> None:
    """Of its family; the other family has no such port."""
    pod("ptp", {**WEB, "hostIP": NODE[4]}, backend=backend, versions=[4, 6])
    serve("c1", 4, 80)
    assert ask(town, NODE[4], 8080, netns="outside") == f"pod saw {OUTSIDE[4]}"
    assert ask(town, "127.0.0.1", 8080) == "ConnectionRefusedError"
    assert ask(town, GATEWAY[4], 8080) == "ConnectionRefusedError"
    assert ask(town, NODE[6], 8080, netns="outside") == "ConnectionRefusedError"


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("backend", BACKENDS)
def test_masq_all_hides_everybody(
    backend: str, version: Version, town: Node, pod: Attach, serve: Serve
) -> None:
    """The container sees the node's address instead of the world's."""
    pod("ptp", WEB, backend=backend, masqAll=True, versions=[version])
    serve("c1", version, 80)
    # Which address of the node that is, the kernel decides; a new IPv6 address it does not use at once.
    its = {f"pod saw {address}" for address in (GATEWAY[version], NODE[version])}
    assert ask(town, NODE[version], 8080, netns="outside") in its
    assert ask(town, NODE[version], 8080, netns="c1") in its


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_snat_only_others_reach_the_container(
    backend: str, town: Node, pod: Attach, serve: Serve
) -> None:
    """localhost and the container itself do not get an answer."""
    pod("ptp", WEB, backend=backend, snat=False)
    serve("c1", 4, 80)
    assert ask(town, NODE[4], 8080, netns="outside") == f"pod saw {OUTSIDE[4]}"
    assert ask(town, "127.0.0.1", 8080, wait=0.5) == "TimeoutError"
    assert ask(town, NODE[4], 8080, netns="c1", wait=0.5) == "TimeoutError"


@pytest.mark.parametrize(
    ("backend", "conditions"), [("iptables", ["-i", "uplink"]), ("nftables", ["iifname", "uplink"])]
)
def test_conditions_must_hold(
    backend: str, conditions: list[str], town: Node, pod: Attach, serve: Serve
) -> None:
    """For a packet to be forwarded; here it must come from the outside."""
    made = pod("ptp", WEB, backend=backend, conditionsV4=conditions)
    assert made.check() == ""
    serve("c1", 4, 80)
    assert ask(town, NODE[4], 8080, netns="outside") == f"pod saw {OUTSIDE[4]}"
    assert ask(town, NODE[4], 8080, netns="c1") == "ConnectionRefusedError"


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_external_chain_or_another_bit_marks_as_well(
    backend: str, town: Node, pod: Attach, serve: Serve
) -> None:
    """What is marked by whomever, with whichever bit, is masqueraded; nftables needs no mark."""
    if backend == "iptables":
        for words in (
            "-N MARKS",
            "-A MARKS -j MARK --or-mark 0x4000",
            "-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE",
        ):
            town.run(["iptables", "-t", "nat", *words.split()]).checked()
        pod("ptp", {**WEB, "hostIP": "0.0.0.0"}, backend=backend, externalSetMarkChain="MARKS")
    else:
        pod("ptp", WEB, backend=backend, markMasqBit=5)
    pod("ptp", {"hostPort": 8081}, container="c2", backend=backend, markMasqBit=5)
    for container, port in (("c1", 8080), ("c2", 8081)):
        serve(container, 4, 80)
        assert ask(town, "127.0.0.1", port) == f"pod saw {GATEWAY[4]}"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_flow_from_before_finds_the_container(backend: str, town: Node, pod: Attach, serve: Serve) -> None:
    """UDP from the same port, tracked while nobody listened, reaches the container that comes later."""
    steady = python(STEADY, NODE[4], "8080")
    with town.start(steady, netns="outside") as client:
        assert client.stdout is not None
        try:
            assert client.stdout.readline() == b"sent\n"
            town.run(["iptables", "-t", "nat", "-S"]).checked()
            first = pod("ptp", NAMES, backend=backend)
            serve("c1", 4, 80, "first")
            assert client.stdout.readline() == b"first saw 192.168.60.2\n"
            first.delete()
            pod("ptp", NAMES, container="c2", backend=backend)
            serve("c2", 4, 80, "second")
            while (line := client.stdout.readline()) == b"first saw 192.168.60.2\n":
                continue
            assert line == b"second saw 192.168.60.2\n"
        finally:
            os.killpg(client.pid, signal.SIGKILL)
