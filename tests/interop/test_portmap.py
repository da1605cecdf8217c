"""portmap beside the Go plugin: the same rules to the byte, and either removes what the other made."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.conftest import GO_RELEASE, NEWEST
from tests.kernel.plugins.forwarding import (
    ADDRESSES,
    NAMES,
    WEB,
    Variant,
    comments,
    forwarding,
    own,
    previous,
    variant_path,
)

pytestmark = pytest.mark.interop

PORTS = [
    {"hostPort": 9000 + i, "containerPort": 80 + i, "protocol": ("tcp", "udp", "sctp")[i % 3]}
    for i in range(50)
]
MARKED = ["-m", "mark", "--mark", "0x1", "-m", "conntrack", "--ctstate", "NEW", "!", "-s", "10.9.9.9"]
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "one port": ([WEB], {}),
    "every kind of hostIP": (
        [
            WEB,
            NAMES,
            {"hostPort": 1, "containerPort": 2, "protocol": "tcp", "hostIP": "192.168.0.2"},
            {"hostPort": 3, "containerPort": 4, "protocol": "sctp", "hostIP": "0.0.0.0"},
            {"hostPort": 5, "containerPort": 6, "protocol": "udp", "hostIP": "::"},
            {"hostPort": 7, "containerPort": 8, "protocol": "tcp", "hostIP": "2001:db8:a::1"},
        ],
        {},
    ),
    "fifty ports of three protocols": (PORTS, {}),
    "capitals": ([{"HostPort": 8080, "ContainerPort": 80, "Protocol": "TCP", "HostIP": ""}, WEB, NAMES], {}),
    "without snat": ([WEB, NAMES], {"snat": False}),
    "another bit": ([WEB], {"markMasqBit": 31}),
    "an external chain": ([WEB, NAMES], {"externalSetMarkChain": "KUBE-MARK-MASQ"}),
    "conditions": (
        [WEB, NAMES],
        {"conditionsV4": MARKED, "conditionsV6": ["!", "-d", "fd00::/8", "-i", "lo"]},
    ),
    "a long name": ([WEB], {"name": "n" * 200, "container": "c" * 60}),
    "IPv4 alone": ([WEB], {"addresses": (ADDRESSES[4],)}),
    "addresses without a network": ([WEB], {"addresses": ("10.0.0.2/32", "2001:db8::2/128")}),
}


def tables(node: Node, variant: Variant) -> tuple[list[str], list[str], str]:
    """Return table nat of both families and the one setting that portmap changes."""
    localnet = witness.sysctl(node, "net/ipv4/conf/upstream/route_localnet")
    return (
        witness.iptables(node, "nat", version=4, variant=variant),
        witness.iptables(node, "nat", version=6, variant=variant),
        localnet,
    )


def overlooks_the_last_option(node: Node) -> bool:
    """Whether this ip6tables takes one port's rule for another's, so that Go makes only the first."""
    rule = ["PREROUTING", "-p", "tcp", "-j", "ACCEPT", "--dport"]
    node.run(["ip6tables-legacy", "-t", "nat", "-A", *rule, "1"]).checked()
    return node.run(["ip6tables-legacy", "-t", "nat", "-C", *rule, "2"]).status == 0


def clear(node: Node, variant: Variant) -> None:
    """Bring the node back to where it was, but for a chain that others are supposed to have made."""
    for program in (f"iptables-{variant}", f"ip6tables-{variant}"):
        for words in (["-F"], ["-X"], ["-N", "KUBE-MARK-MASQ"]):
            node.run([program, "-t", "nat", *words]).checked()
    node.run(["sysctl", "-q", "net.ipv4.conf.upstream.route_localnet=0"]).checked()


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("case", CASES)
def test_both_make_the_same_and_remove_what_either_made(
    case: str, variant: Variant, node: Node, plugins_dir: str, go_plugins: str, tmp_path: Path
) -> None:
    """Rule by rule and in the same order; CHECK is content with both, and a second ADD changes nothing."""
    ports, keys = CASES[case]
    attachment = forwarding(
        node, plugins_dir, *ports, version="1.0.0", path=variant_path(tmp_path, variant), **keys
    )
    if variant == "legacy" and len(ports) > 1 and overlooks_the_last_option(node):
        attachment.result = previous("1.0.0", ADDRESSES[4])
    made = []
    for adding in (go_plugins, plugins_dir):
        for deleting in (plugins_dir, go_plugins):
            clear(node, variant)
            attachment.add(adding)
            made.append(tables(node, variant))
            assert attachment.check() == ""
            attachment.add(plugins_dir)
            assert tables(node, variant) == made[-1]
            attachment.delete(deleting)
            assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])
            attachment.delete(plugins_dir)
            attachment.delete(go_plugins)
    assert len(made[0][0]) > 8
    for one, other in pairwise(made):
        assert one == other


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_containers_of_both_live_together(
    variant: Variant, node: Node, plugins_dir: str, go_plugins: str, tmp_path: Path
) -> None:
    """Whoever comes first makes the shared chains; the order of the rest is that of the ADDs."""
    path = variant_path(tmp_path, variant)
    containers = [
        forwarding(
            node,
            plugins_dir,
            {**WEB, "hostPort": 9000 + i},
            version="1.0.0",
            container=f"c{i}",
            addresses=(f"10.0.0.{i + 2}/24", f"2001:db8::{i + 2}/64"),
            path=path,
        )
        for i in range(4)
    ]
    made = []
    for order in ((go_plugins, plugins_dir) * 2, (plugins_dir, go_plugins) * 2, (go_plugins,) * 4):
        clear(node, variant)
        for container, directory in zip(containers, order, strict=True):
            container.add(directory)
        assert [container.check() for container in containers] == [""] * 4
        made.append(tables(node, variant))
        containers[1].delete(go_plugins)
        containers[2].delete(plugins_dir)
        assert [containers[0].check(), containers[3].check()] == ["", ""]
        for container in containers:
            container.delete()
        assert own(node, 4, variant) == []
    assert made[0] == made[1] == made[2]


@pytest.mark.skipif(GO_RELEASE != NEWEST, reason="the Go portmap of this release has no nftables")
def test_nftables_rules_of_both_live_together(node: Node, plugins_dir: str, go_plugins: str) -> None:
    """To the byte, whoever comes first and whoever removes what; CHECK of either finds the other's."""
    ports = ([WEB], [{**NAMES, "hostIP": "10.0.0.1"}, {**WEB, "hostPort": 1}], [{**WEB, "protocol": "sctp"}])
    containers = [
        forwarding(
            node,
            plugins_dir,
            *several,
            container=f"c{i}",
            addresses=(f"10.0.0.{i + 2}/24", f"2001:db8::{i + 2}/64"),
            backend="nftables",
            conditionsV4=["ip", "saddr", "!=", f"192.0.2.{i}"],
        )
        for i, several in enumerate(ports)
    ]
    made = []
    orders = [
        (go_plugins,) * 3,
        (go_plugins, plugins_dir, go_plugins),
        (plugins_dir, go_plugins, plugins_dir),
    ]
    for order in orders:
        for container, directory in zip(containers, order, strict=True):
            container.add(directory)
        added = node.run(["nft", "list", "ruleset"]).checked().stdout
        for container in containers:
            assert (container.check(go_plugins), container.check(plugins_dir)) == ("", "")
        containers[1].delete(order[0])
        made.append((added, node.run(["nft", "list", "ruleset"]).checked().stdout))
        containers[0].delete(order[1])
        containers[2].delete(order[2])
        assert comments(node) == []
        for family in ("ip", "ip6"):
            node.run(["nft", "delete", "table", family, "cni_hostport"]).checked()
    assert 'comment "c1"' in made[0][0]
    assert made[0] == made[1] == made[2]
