"""`cnictl ports` on a node where portmaps of both kinds have forwarded ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.forwarding import variant_path

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
RANGES = [[{"subnet": "10.7.0.0/24"}]]
BOTH = [*RANGES, [{"subnet": "fd00:7::/64"}]]
BRIDGE = {"type": "bridge", "bridge": "br0", "isGateway": True}
POD = "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=shop"
LISTENING = "import socket, sys; s = socket.create_server(('', int(sys.argv[1]))); print(flush=True); input()"

Run = Callable[..., "Completed"]


class Ports:
    """cnictl on a node that has one network with portmap."""

    def __init__(
        self, node: Node, plugins_dir: str, path: str = "", ranges: Any = RANGES, **keys: Any
    ) -> None:
        self.node = node
        self.environment = {
            "LANG": "C.UTF-8",
            "PATH": path or os.environ["PATH"],
            "CNI_PATH": plugins_dir,
            "NETCONFPATH": "/etc/cni/net.d",
        }
        portmap = {"type": "portmap", "capabilities": {"portMappings": True}, **keys}
        bridge = {**BRIDGE, "ipam": {"type": "host-local", "ranges": ranges}}
        members = {"cniVersion": "1.0.0", "name": "net", "plugins": [bridge, portmap]}
        os.makedirs(node.path("/etc/cni/net.d"), exist_ok=True)
        Path(node.path("/etc/cni/net.d/net.conflist")).write_text(json.dumps(members))

    def cnictl(self, *words: str) -> Completed:
        return self.node.run([CNICTL, *words], env=self.environment, timeout=60)

    def add(self, container: str, *ports: str, args: str = "") -> None:
        self.cnictl("netns", "new", container).checked()
        for netns in ("", container):  # whether addresses are duplicates is not waited for
            words = ["sysctl", "-qw", *(f"net.ipv6.conf.{one}.accept_dad=0" for one in ("all", "default"))]
            self.node.run(words, netns=netns).checked()
        more = [word for port in ports for word in ("--port", port)]
        more += ["--args", args] if args else []
        self.cnictl("add", "net", container, "--container-id", container, *more).checked()

    def forget(self, container: str) -> None:
        """Have the runtime's cache forget a container."""
        os.unlink(self.node.path(f"/var/lib/cni/results/net-{container}-eth0"))

    def __call__(self, *, status: int) -> Any:
        """Return what there is; the exit status must be as given."""
        done = self.cnictl("ports", "--whole-node", "-o", "json")
        assert "Traceback" not in done.stderr
        assert done.status == status, done
        return json.loads(done.stdout)


@pytest.fixture
def make(node: Node, plugins_dir: str, go_plugins: str, tmp_path: Path) -> Callable[..., Ports]:
    """Make a network, given in which packet filter and whose plugins: `legacy go`."""

    def made(variant: str, ranges: Any = RANGES) -> Ports:
        where, whose = variant.split()
        path = variant_path(tmp_path, "legacy" if where == "legacy" else "nft")
        keys = {"backend": "nftables"} if where == "nft" else {}
        return Ports(node, plugins_dir if whose == "ours" else go_plugins, path, ranges, **keys)

    return made


@pytest.fixture
def mine(node: Node, plugins_dir: str) -> Ports:
    """A network of our own plugins."""
    return Ports(node, plugins_dir)


def kinds(shown: Any) -> list[tuple[str, list[str]]]:
    return [
        (f"{one['port']}/{one['protocol']}", [each["kind"] for each in one["problems"]])
        for one in shown["ports"]
    ]


def everything(node: Node) -> list[Any]:
    """Return all that could have changed, as other programs see it."""
    listed = [node.run(["ls", "-lR", "--full-time", place]).stdout for place in ("/var/lib/cni", "/etc/cni")]
    looks = ["ip -br link", "ip -br -4 addr", "ip -4 route show table all"]
    seen = [node.run(words.split()).stdout for words in looks]
    variants = [["iptables-nft-save"], ["iptables-legacy-save"], ["nft", "-s", "list", "ruleset"]]
    rules = [node.run(words).stdout.split("\n") for words in variants]
    return [listed, seen, [[line for line in each if not line.startswith(("#", ":"))] for each in rules]]


@pytest.mark.parametrize("variant", ["compat go", "legacy ours", "nft ours"])
def test_what_carries_a_port(variant: str, make: Callable[..., Ports], node: Node) -> None:
    """For each address of the container one line with its rule and where that is; and nothing changes."""
    ports = make(variant, BOTH)
    ports.add("shop", "8080:80/tcp", "127.0.0.1:8053:53/udp", args=POD)
    before = everything(node)
    shown = ports(status=0)
    assert everything(node) == before
    where = variant.partition(" ")[0]
    assert [
        (one["port"], one["address"], one["destination"], one["pod"], one["state"]) for one in shown["ports"]
    ] == [
        (8053, "127.0.0.1", "10.7.0.2:53", "prod/shop", "ok"),
        (8080, None, "10.7.0.2:80", "prod/shop", "ok"),
        (8080, None, "[fd00:7::2]:80", "prod/shop", "ok"),
    ]
    rules = [rule for one in shown["ports"] for rule in one["rules"]]
    assert [rule["variant"] for rule in rules] == [where] * 3
    assert "to-destination 10.7.0.2:53" in rules[0]["rule"] or "dnat to 10.7.0.2:53" in rules[0]["rule"]
    assert (shown["sound"], shown["problems"]) == (True, [])


@pytest.mark.parametrize("variant", ["compat ours", "legacy go", "nft ours"])
def test_rules_that_nobody_asked_for(variant: str, make: Callable[..., Ports]) -> None:
    """A container that the runtime has forgotten; whether anybody has its address is said."""
    ports = make(variant)
    ports.add("shop", "8080:80/tcp")
    ports.forget("shop")
    shown = ports(status=1)
    assert kinds(shown) == [("8080/tcp", ["stale"])]
    assert "10.7.0.2 is on eth0 in /run/netns/shop" in shown["ports"][0]["problems"][0]["text"]
    ports.cnictl("netns", "rm", "shop").checked()
    (first,) = ports(status=1)["ports"]
    (problem,) = first["problems"]
    assert problem["text"] == "container shop is not in the runtime's cache, and no namespace has 10.7.0.2"
    if variant == "nft ours":  # whose rules do not say of which network they are
        assert problem["fix"] is None
    else:
        ports.cnictl(*problem["fix"].split()[1:]).checked()
        assert ports(status=0)["ports"] == []


@pytest.mark.parametrize(
    ("variant", "way", "rule"),
    [
        ("compat go", "iptables-nft -t nat -F CNI-HOSTPORT-DNAT", "iptables-nft -t nat -F"),
        (
            "nft ours",
            "nft flush chain ip cni_hostport prerouting",
            "nft flush chain ip cni_hostport hostports",
        ),
    ],
)
def test_rules_that_are_gone(
    variant: str, way: str, rule: str, make: Callable[..., Ports], node: Node
) -> None:
    """First nothing leads to them, then the attachment has none."""
    ports = make(variant)
    ports.add("shop", "8080:80/tcp")
    node.run(way.split()).checked()
    assert kinds(ports(status=1)) == [("8080/tcp", ["unreached"])]
    node.run(rule.split()).checked()
    shown = ports(status=1)
    assert kinds(shown) == [("8080/tcp", ["missing"])]
    assert "10.7.0.2:80 of container shop" in shown["ports"][0]["problems"][0]["text"]


def test_a_chain_that_leads_nowhere(mine: Ports, node: Node) -> None:
    """What is left of a container that nobody knows; the command that is given removes it."""
    node.run(["iptables", "-t", "nat", "-N", "CNI-DN-0123456789abcdef01234"]).checked()
    (problem,) = mine(status=1)["problems"]
    assert problem["text"] == "iptables nat: chain CNI-DN-0123456789abcdef01234 leads nowhere"
    node.run(["sh", "-c", problem["fix"]]).checked()
    assert mine(status=0)["problems"] == []


def test_two_containers_and_a_process_want_a_port(mine: Ports, node: Node) -> None:
    """Each is told of the other, and of the process; another protocol is no conflict."""
    mine.add("shop", "8080:80/tcp", "8080:80/udp")
    mine.add("till", "192.0.2.1:8080:80/tcp")
    server = node.start([sys.executable, "-c", LISTENING, "8080"], stdin=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    shown = mine(status=1)
    server.kill()
    server.communicate()
    assert kinds(shown) == [
        ("8080/tcp", ["conflict", "listener"]),
        ("8080/tcp", ["conflict", "listener"]),
        ("8080/udp", []),
    ]
    texts = [each["text"] for one in shown["ports"] for each in one["problems"]]
    assert texts[0] == "container shop and container till want it; the first rule gets the connections"
    assert texts[1].startswith("python")
    assert "listens on 0.0.0.0:8080" in texts[1]


def test_a_rule_of_another_program(mine: Ports, node: Node) -> None:
    """It is shown, and is a conflict only where it is for a port that a container asked for."""
    mine.add("shop", "8080:80/tcp")
    rule = "iptables -t nat -A OUTPUT -p tcp --dport {} -j DNAT --to-destination 10.9.9.9:1"
    node.run(rule.format(9000).split()).checked()
    assert kinds(mine(status=0)) == [("8080/tcp", []), ("9000/tcp", [])]
    node.run(rule.format(8080).split()).checked()
    states = {(one["port"], one["destination"]): one["state"] for one in mine(status=1)["ports"]}
    assert states == {
        (8080, "10.7.0.2:80"): "conflict",
        (8080, "10.9.9.9:1"): "foreign",
        (9000, "10.9.9.9:1"): "foreign",
    }


def test_connections_that_go_on_to_where_a_port_led_once(mine: Ports, node: Node) -> None:
    """To an address that nobody has, or past a rule that came later; one to where it leads is fine."""
    mine.add("shop", "8053:53/udp")
    track = "conntrack -I -p udp -t 100 -u ASSURED -s 192.0.2.9 -d 10.7.0.1 --orig-port-dst 8053"
    ends = {
        "1001": "--dst-nat 10.7.0.2:53",
        "1002": "--dst-nat 10.7.0.77:53",
        "1003": "",
    }
    for source, end in ends.items():
        node.run([*track.split(), "--orig-port-src", source, *end.split()]).checked()
    assert sum("src=192.0.2.9 " in one for one in witness.conntrack(node)) == len(ends)
    shown = mine(status=1)
    assert [one["kind"] for one in shown["problems"]] == ["flow", "flow"]
    assert "answered by 10.7.0.77:53: no attachment has 10.7.0.77" in shown["problems"][0]["text"]
    assert "it is older than the rule" in shown["problems"][1]["text"]
    node.run(shown["problems"][0]["fix"].split()).checked()
    assert mine(status=0)["problems"] == []


def test_for_people(mine: Ports) -> None:
    """A line for each port; below them what is wrong, once, and what to do."""
    mine.add("shop", "8080:80/tcp", args=POD)
    head, first = mine.cnictl("ports").stdout.splitlines()
    assert head.split() == ["PORT", "CONTAINER", "TO", "RULES", "STATE"]
    assert first.split() == ["8080/tcp", "prod/shop", "10.7.0.2:80", "compat", "CNI-DN-9c07e…", "ok"]
    mine.forget("shop")
    mine.cnictl("netns", "rm", "shop").checked()
    done = mine.cnictl("ports", "--no-trunc", "--whole-node")
    assert "    cnictl del net --container-id shop --port 8080:80/tcp\n" in done.stdout
    assert "1 host port, 1 with something wrong" in done.stderr
