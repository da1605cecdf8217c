"""A node that has been in use: what many pods have left there that are running still.

It is made by the kernel's own tools, in the names and forms that the plugins use.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from cnictl import sysctl
from cnictl.ipam.store import DATA_DIR
from cnictl.netfilter import program
from cnictl.plugin.masquerade import chain_name
from cnictl.ports import forwards
from cnictl.spec.address import Prefix
from cnictl.spec.document import Document
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnictl.bench.model import Kind, Present
    from cnictl.spec.conflist import NetworkList

POD_ADDRESSES = Prefix.parse("198.18.0.0/15")
"""For benchmarks (RFC 2544), so that no network is likely to give them away."""
MOST_PORTS = 1000
"""A bridge has room for 1023 (BR_MAX_PORTS, net/bridge/br_private.h); some are for the pods measured."""
_PATIENCE = 300.0  # seconds


def fill(present: Present, network: NetworkList) -> None:
    """Have so many pods on this node; raises CnictlError when the network has no place for what they have."""
    _FILLS[present.kind](present.count, network)


def _reservations(count: int, network: NetworkList) -> None:
    """Reserve addresses as host-local does, each for a container of its own."""
    for plugin in network.plugins:
        ipam = Document(plugin.members).object("ipam")
        if ipam is not None and "host-local" in (plugin.type, plugin.ipam_type):
            directory = os.path.join(ipam.string("dataDir") or DATA_DIR, network.name)
            break
    else:
        raise CnictlError(f"network {network.name} reserves no addresses with host-local")
    os.makedirs(directory, exist_ok=True)
    for number, address in enumerate(_addresses(count)):
        with open(os.path.join(directory, address), "xb") as file:
            file.write(b"%064x\r\neth0" % number)


def _ports(count: int, network: NetworkList) -> None:
    """Make veth pairs, the one end of each a port of the network's bridge."""
    bridges = [Document(one.members) for one in network.plugins if one.type == "bridge"]
    if not bridges:
        raise CnictlError(f"network {network.name} has no bridge for ports")
    if count > MOST_PORTS:
        raise CnictlError(f"a bridge has no room for {count} ports", hint=f"{MOST_PORTS} at most")
    name = bridges[0].string("bridge") or "cni0"
    lines = [f"link add {name} type bridge", f"link set {name} up"]
    for number in range(count):
        lines += [
            f"link add veth{number:08x} type veth peer name pod{number}",
            f"link set veth{number:08x} master {name} up",
            f"link set pod{number} up",
        ]
    quiet = "net/ipv6/conf/default/disable_ipv6"
    before = sysctl.read(quiet)
    sysctl.write(quiet, "1")  # or all of them would talk to one another, for minutes
    try:
        _run(["ip", "-batch", "-"], lines)
    finally:
        sysctl.write(quiet, before)


def _rules(count: int, network: NetworkList) -> None:
    """Make the rules of ipMasq, of one published port, and of firewall, for each pod."""
    dnat, forward = forwards.DISPATCH, "CNI-FORWARD"
    nat = [f":{dnat} - [0:0]"]
    rules = [f"-A {entry} -m addrtype --dst-type LOCAL -j {dnat}" for entry in ("PREROUTING", "OUTPUT")]
    accepted: list[str] = []
    for number, address in enumerate(_addresses(count)):
        pod, port = f"pod{number}", 20000 + number % 40000
        masquerade, forwarded = chain_name(network.name, pod), forwards.chain_name(network.name, pod)
        whose = f'-m comment --comment "name: \\"{network.name}\\" id: \\"{pod}\\""'
        named = f'-m comment --comment "dnat name: \\"{network.name}\\" id: \\"{pod}\\""'
        nat += (f":{masquerade} - [0:0]", f":{forwarded} - [0:0]")
        rules += (
            f"-A {masquerade} -d {POD_ADDRESSES} {whose} -j ACCEPT",
            f"-A {masquerade} ! -d 224.0.0.0/4 {whose} -j MASQUERADE",
            f"-A POSTROUTING -s {address} {whose} -j {masquerade}",
            f"-A {forwarded} -p tcp --dport {port} -j DNAT --to-destination {address}:80",
            f"-A {dnat} {named} -p tcp -m multiport --destination-ports {port} -j {forwarded}",
        )
        accepted += (
            f"-A {forward} -d {address} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"-A {forward} -s {address} -j ACCEPT",
        )
    _run(["iptables-restore", "--noflush"], ["*nat", *nat, *rules, "COMMIT"])
    _run(["iptables-restore", "--noflush"], ["*filter", f":{forward} - [0:0]", *accepted, "COMMIT"])


def _addresses(count: int) -> Iterator[str]:
    first = int(POD_ADDRESSES.address)
    if count >= 1 << (32 - POD_ADDRESSES.length):
        raise CnictlError(f"there is no room for {count} pods in {POD_ADDRESSES}")
    for number in islice(range(first + 1, first + count + 1), count):
        yield ".".join(str(byte) for byte in number.to_bytes(4, "big"))


def _run(words: list[str], lines: list[str]) -> None:
    path = program.locate(words[0])
    done = program.run(path, words[1:], "\n".join([*lines, ""]), _PATIENCE)
    if done.status:
        raise program.Failed(path, words[1:], done)


_FILLS: dict[Kind, Callable[[int, NetworkList], None]] = {
    "reservations": _reservations,
    "rules": _rules,
    "ports": _ports,
}
