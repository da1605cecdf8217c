"""portmap by itself: a container whose addresses somebody else has set up, and its ports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests import witness
from tests.conftest import unavailable
from tests.kernel.plugins.attachment import Attachment

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Variant = Literal["nft", "legacy"]
Version = Literal[4, 6]

CHAIN = "CNI-DN-a631aa8e1549a3b129110"
"""The chain of container cid1 in network mynet."""
WEB = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
NAMES = {"hostPort": 8053, "containerPort": 53, "protocol": "udp"}
ADDRESSES = {4: "10.0.0.2/24", 6: "2001:db8::2/64"}
PROGRAMS = [
    f"{family}{ending}" for family in ("iptables", "ip6tables") for ending in ("", "-save", "-restore")
]


def previous(version: str, *addresses: str, ifname: str = "eth0", container: str = "cid1") -> dict[str, Any]:
    """Return the Result of the plugin before, in a version's form."""
    interfaces = [{"name": "upstream"}, {"name": ifname, "sandbox": f"/run/netns/{container}"}]
    if version in ("0.1.0", "0.2.0"):
        members = {f"ip{6 if ':' in one else 4}": {"ip": one} for one in addresses}
        return {"cniVersion": version, **members}
    ips: list[dict[str, Any]] = [{"address": one, "interface": 1} for one in addresses]
    if version.startswith("0."):
        ips = [{**ip, "version": "6" if ":" in ip["address"] else "4"} for ip in ips]
    return {"cniVersion": version, "interfaces": interfaces, "ips": ips}


def forwarding(
    node: Node,
    plugins_dir: str,
    *ports: dict[str, Any],
    version: str = "1.1.0",
    addresses: tuple[str, ...] = (ADDRESSES[4], ADDRESSES[6]),
    container: str = "cid1",
    ifname: str = "eth0",
    name: str = "mynet",
    path: str = "",
    **keys: Any,
) -> Attachment:
    """Return an attachment whose list is portmap alone, on a node that has a route to the container."""
    plugin = {"type": "portmap", "runtimeConfig": {"portMappings": list(ports or (WEB,))}, **keys}
    environment = {"PATH": path} if path else {}
    made = Attachment(
        node,
        plugins_dir,
        [plugin],
        container=container,
        ifname=ifname,
        version=version,
        name=name,
        environment=environment,
    )
    made.result = previous(version, *addresses, ifname=ifname, container=container)
    if node.run(["ip", "link", "add", "upstream", "type", "bridge"]).status == 0:
        node.run(["ip", "link", "set", "upstream", "up"]).checked()
        node.run(["ip", "addr", "add", "10.0.0.1/24", "dev", "upstream"]).checked()
    return made


def variant_path(directory: Path, variant: Variant) -> str:
    """Return a PATH in which iptables is that of a variant, as update-alternatives would make it."""
    place = directory / variant
    place.mkdir(exist_ok=True)
    for program in PROGRAMS:
        family, _, ending = program.partition("-")
        real = Path(f"/usr/sbin/{family}-{variant}" + (f"-{ending}" if ending else ""))
        if not real.exists():
            unavailable(f"no {real}")
        if not (place / program).exists():
            (place / program).symlink_to(real)
    return f"{place}:/usr/sbin:/usr/bin:/sbin:/bin"


def recording_path(directory: Path) -> str:
    """Return a PATH whose packet filter programs write their names to the file `log` before they work."""
    script = directory / "xtables-nft-multi"
    script.write_text(f'#!/bin/sh\necho ${{0##*/}} >> {directory}/log\nexec /usr/sbin/${{0##*/}} "$@"\n')
    script.chmod(0o755)
    for program in (*PROGRAMS, "nft"):
        (directory / program).symlink_to(script)
    return f"{directory}:/usr/sbin:/usr/bin:/sbin:/bin"


def recorded(directory: Path) -> list[str]:
    """Return the names written to `log` since the last time."""
    log = directory / "log"
    if not log.exists():
        return []
    names = log.read_text().split()
    log.unlink()
    return names


def nat(node: Node, version: Version = 4, variant: Literal["", "nft", "legacy"] = "") -> list[str]:
    """Return the rules of table nat that are portmap's, as iptables-save lists them."""
    lines = witness.iptables(node, "nat", version=version, variant=variant)
    return [line for line in lines if line.startswith("-A") and "CNI-" in line]


def own(node: Node, version: Version = 4, variant: Literal["", "nft", "legacy"] = "") -> list[str]:
    """Return all lines of table nat that name a container's chain."""
    lines = witness.iptables(node, "nat", version=version, variant=variant)
    return [line for line in lines if "CNI-DN-" in line or "CNI-SN-" in line]


def ruleset(node: Node, family: str = "ip", chain: str = "") -> list[str]:
    """Return the rules of table cni_hostport, or of one of its chains, as nft lists them."""
    what = ["chain", family, "cni_hostport", chain] if chain else ["table", family, "cni_hostport"]
    lines = [line.strip() for line in node.run(["nft", "list", *what]).stdout.splitlines()]
    heads = ("table", "chain", "type", "comment", "}")
    return [line for line in lines if line and not line.startswith(heads)]


def comments(node: Node) -> list[str]:
    """Return the rules of all nftables tables that have a comment."""
    lines = node.run(["nft", "list", "ruleset"]).checked().stdout.splitlines()
    return [line.strip() for line in lines if ' comment "' in line and "CNI" not in line]
