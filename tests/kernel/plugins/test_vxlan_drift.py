"""vxlan: what CHECK says when somebody has changed something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.overlay import FLOOD, MAC1, MAC2, MODES, UNDERLAY, give_underlay, shell

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]


DISTURBED: dict[str, tuple[str, str, str]] = {
    "down": ("both", "ip link set vxlan.4096 down", "vxlan.4096 is not up"),
    "gone": ("both", "ip link del vxlan.4096", "there is no link vxlan.4096"),
    "MTU": ("both", "ip link set vxlan.4096 mtu 1300", "vxlan.4096 has MTU 1300, not 1450"),
    "MAC address": (
        "both",
        "ip link set vxlan.4096 address 02:00:00:00:00:01",
        f"vxlan.4096 has MAC address 02:00:00:00:00:01, not {MAC1}",
    ),
    "alias": (
        "both",
        "ip link set vxlan.4096 alias mine",
        "vxlan.4096 has alias mine, not vxlan of network net",
    ),
    "local": (
        "both",
        "ip link set vxlan.4096 type vxlan id 4096 local 192.0.2.9",
        "vxlan.4096 has local 192.0.2.9, not 192.0.2.1",
    ),
    "underlay down": ("both", f"ip link set {UNDERLAY} down", f"{UNDERLAY} is not up"),
    "learning": (
        "routed",
        "ip link set vxlan.4096 type vxlan id 4096 learning",
        "vxlan.4096 is learning",
    ),
    "address": (
        "routed",
        "ip addr del 10.244.1.0/32 dev vxlan.4096",
        "vxlan.4096 has lost address 10.244.1.0/32",
    ),
    "neighbour": (
        "routed",
        "ip neigh del 10.244.2.0 dev vxlan.4096",
        "neighbour vxlan.4096 10.244.2.0 is missing",
    ),
    "another neighbour": (
        "routed",
        "ip neigh replace 10.244.2.0 lladdr 02:00:00:00:00:01 dev vxlan.4096 nud permanent",
        f"neighbour vxlan.4096 10.244.2.0 has MAC address 02:00:00:00:00:01, not {MAC2}",
    ),
    "a neighbour more": (
        "routed",
        "ip neigh add 10.244.9.0 lladdr 02:00:00:00:00:01 dev vxlan.4096 nud permanent",
        "neighbour vxlan.4096 10.244.9.0 is there, and should not be",
    ),
    "forwarding entry": (
        "routed",
        f"bridge fdb del {MAC2} dev vxlan.4096 dst 192.0.2.2 self",
        f"fdb vxlan.4096 {MAC2} dst 192.0.2.2 is missing",
    ),
    "a forwarding entry more": (
        "routed",
        "bridge fdb add 02:00:00:00:00:01 dev vxlan.4096 dst 192.0.2.3 self permanent",
        "fdb vxlan.4096 02:00:00:00:00:01 dst 192.0.2.3 is there, and should not be",
    ),
    "route": (
        "routed",
        "ip route del 10.244.2.0/24",
        "route 10.244.2.0/24 via 10.244.2.0 dev vxlan.4096 is missing",
    ),
    "own route": (
        "routed",
        "ip route del 10.244.1.0/24",
        "route 10.244.1.0/24 dev vxlan.4096 is missing",
    ),
    "a route more": (
        "routed",
        "ip route add 10.244.9.0/24 via 10.244.9.0 dev vxlan.4096 onlink",
        "route 10.244.9.0/24 via 10.244.9.0 dev vxlan.4096 is there, and should not be",
    ),
    "masquerading": (
        "routed",
        "iptables -t nat -D CNI-623e1c388032b20529218ecc 1",
        "-o vxlan.4096 -m comment",
    ),
    "pod's MTU": ("both", "ip -n c1 link set eth0 mtu 1400", "eth0 has MTU 1400, not 1450 in /run/netns/c1"),
    "pod's address": (
        "routed",
        "ip -n c1 addr del 10.244.1.2/24 dev eth0",
        "eth0 has lost address 10.244.1.2/24",
    ),
    "port": ("bridge", "ip link set vxlan.4096 nomaster", "vxlan.4096 has no master, not vxbr.4096"),
    "bridge's MTU": (
        "bridge",
        "ip link set vxbr.4096 mtu 1300",
        "vxbr.4096 has MTU 1300, not 1450",
    ),
    "flooding": (
        "bridge",
        f"bridge fdb del {FLOOD} dev vxlan.4096 dst 192.0.2.2 self",
        f"fdb vxlan.4096 {FLOOD} dst 192.0.2.2 is missing",
    ),
    "flooding elsewhere": (
        "bridge",
        f"bridge fdb append {FLOOD} dev vxlan.4096 dst 192.0.2.3 self permanent",
        f"fdb vxlan.4096 {FLOOD} dst 192.0.2.3 is there, and should not be",
    ),
}


@pytest.fixture(autouse=True)
def _underlay(node: Node) -> None:
    give_underlay(node)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        (mode, name)
        for name, (modes, _, _) in DISTURBED.items()
        for mode in (MODES if modes == "both" else (modes,))
    ],
)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, mode: str, name: str) -> None:
    """In words that say what is."""
    _, command, message = DISTURBED[name]
    attachment = attach(MODES[mode](ipMasq=mode == "routed"), version="1.1.0")
    attachment.add()
    assert attachment.check() == ""
    shell(node, command)
    assert message in attachment.check()
