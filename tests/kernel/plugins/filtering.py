"""firewall by itself: a container whose addresses somebody else has set up, let through the node's filter."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests import witness
from tests.conftest import unavailable
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.forwarding import ADDRESSES, previous

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node
    from tests.kernel.plugins.forwarding import Version

FIREWALLD = Path(__file__).parents[3] / "testdata" / "firewalld" / "start.sh"
COMMENT = '-m comment --comment "CNI firewall plugin rules'
TO_FORWARD = f'-A FORWARD {COMMENT}" -j CNI-FORWARD'
TO_ADMIN = '-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN'


def filtering(
    node: Node,
    plugins_dir: str,
    *,
    version: str = "1.1.0",
    addresses: tuple[str, ...] = (ADDRESSES[4], ADDRESSES[6]),
    container: str = "cid1",
    ifname: str = "eth0",
    name: str = "mynet",
    path: str = "",
    bridge: str = "upstream",
    **keys: Any,
) -> Attachment:
    """Return an attachment whose list is firewall alone, on a bridge that need not be there."""
    environment = {"PATH": path} if path else {}
    made = Attachment(
        node,
        plugins_dir,
        [{"type": "firewall", **keys}],
        container=container,
        ifname=ifname,
        version=version,
        name=name,
        environment=environment,
    )
    made.result = previous(version, *addresses, ifname=ifname, container=container)
    made.result["interfaces"][0]["name"] = bridge
    return made


def accepted(*addresses: str) -> list[str]:
    """Return the rules of addresses as iptables-save lists them."""
    hosts = [f"{one}/{128 if ':' in one else 32}" for one in addresses]
    return [
        line
        for host in hosts
        for line in (
            f"-A CNI-FORWARD -d {host} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"-A CNI-FORWARD -s {host} -j ACCEPT",
        )
    ]


def rules(node: Node, version: Version = 4, variant: Literal["", "nft", "legacy"] = "") -> list[str]:
    """Return all rules of table filter."""
    lines = witness.iptables(node, "filter", version=version, variant=variant)
    return [line for line in lines if line.startswith("-A")]


def own(node: Node, version: Version = 4, variant: Literal["", "nft", "legacy"] = "") -> list[str]:
    """Return the rules of table filter that are a container's."""
    return [line for line in rules(node, version, variant) if line.endswith("-j ACCEPT")]


def recorded_addresses(node: Node) -> list[str]:
    """Return the addresses of which it is written down whose they are."""
    return sorted(witness.files(node, "/run/cni/firewall"))


def start_firewalld(node: Node) -> None:
    """Have a system bus and firewalld on a node."""
    for program in ("/usr/bin/dbus-daemon", "/usr/sbin/firewalld"):
        if not os.access(program, os.X_OK):
            unavailable(f"no {program}")
    node.run(["sh", str(FIREWALLD)], timeout=60).checked()


def stop(node: Node, name: Literal["firewalld", "bus"]) -> None:
    """End a daemon that `start_firewalld` started, and wait until it has ended."""
    script = f"pid=$(cat /run/{name}.pid); kill $pid; while [ -d /proc/$pid ]; do sleep 0.05; done"
    node.run(["sh", "-c", script], timeout=20).checked()


def sources(node: Node, zone: str = "trusted") -> list[str]:
    """Return the sources of a zone, as firewalld's own program lists them."""
    return node.run(["firewall-cmd", f"--zone={zone}", "--list-sources"]).checked().stdout.split()


def fill(node: Node, plugins_dir: str, count: int, version: Version = 4) -> list[str]:
    """Have the rules of so many other pods, behind those that all share, and return all rules."""
    first = int(ipaddress.ip_address("198.18.0.1" if version == 4 else "2001:2::1"))
    others = [str(ipaddress.ip_address(first + number)) for number in range(count)]
    shared = filtering(node, plugins_dir, container="shared", addresses=(ADDRESSES[version],))
    shared.add()
    shared.delete()
    text = "\n".join(("*filter", *accepted(*others), "COMMIT", ""))
    node.run([f"ip{'6' if version == 6 else ''}tables-restore", "--noflush"], stdin=text).checked()
    return rules(node, version)
