"""Whether the node's filters let pass what pods send to the outside."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from cnictl.doctor.finding import Seen, Unchecked, check
from cnictl.doctor.forwarding import Packet, outcome
from cnictl.doctor.wanted import plugins, subnets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle
    from cnictl.spec.document import Document

    Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

SHOWN = 5
_PROGRAMS = {4: "iptables", 6: "ip6tables"}
_DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}
_NFT_FAMILIES = {4: ("nft inet", "nft ip"), 6: ("nft inet", "nft ip6")}
_PASSES = re.compile(r"\b(?:accept|jump|goto|queue|vmap)\b")


@check("fwd-drop", needs=("configurations", "namespaces", "chains"))
def drops(bundle: Bundle) -> Iterator[Seen | Unchecked]:
    for network, plugin in [*plugins(bundle, "bridge"), *plugins(bundle, "ptp")]:
        for subnet, _ in subnets(plugin):
            source = _address_of_a_pod(bundle, network.name, subnet)
            if source:
                packet = Packet(source, _inside(bundle, plugin, source), _outside(bundle, subnet.version))
                facts = {"subnet": str(subnet), "network": network.name}
                yield from _iptables(bundle, packet, subnet, facts)
                yield from _native(bundle, subnet, facts)


def _iptables(
    bundle: Bundle, packet: Packet, subnet: Subnet, facts: dict[str, str]
) -> Iterator[Seen | Unchecked]:
    program = _PROGRAMS[subnet.version]
    tools = {one.tool for one in bundle.chains if one.tool.startswith(program) and one.table == "filter"}
    for tool in sorted(tools):
        chains = {one.name: one for one in bundle.chains if one.tool == tool and one.table == "filter"}
        if "FORWARD" not in chains:
            continue
        found = outcome(chains, packet)
        if found.verdicts == {"DROP"}:
            said = f"{tool}: what {packet.source} of {facts['network']} sends to the outside is dropped by"
            about = facts | {"tool": tool}
            yield Seen("fwd-drop", f"{tool} FORWARD", (said, *found.deciding[-SHOWN:]), about)
        elif "DROP" in found.verdicts:
            doubt = (found.doubtful or found.deciding)[0]
            what = f"whether {tool} forwards for {facts['network']}"
            yield Unchecked("fwd-drop", f"{what} depends on a rule that is not understood: {doubt}")


def _native(bundle: Bundle, subnet: Subnet, facts: dict[str, str]) -> Iterator[Seen | Unchecked]:
    for chain in bundle.chains:
        if (
            chain.tool in _NFT_FAMILIES[subnet.version]
            and "hook forward" in chain.hook
            and chain.policy == "drop"
        ):
            where = f"{chain.tool} {chain.table} {chain.name}"
            if any(_PASSES.search(one) for one in chain.rules):
                reason = (
                    f"whether {where} forwards for {facts['network']} depends on rules that are not evaluated"
                )
                yield Unchecked("fwd-drop", reason)
            else:
                line = f"{where} has the policy drop, and no rule accepts anything"
                yield Seen("fwd-drop", where, (line, *chain.rules[:SHOWN]), facts)


def _address_of_a_pod(bundle: Bundle, network: str, subnet: Subnet) -> str:
    """Return an address of the subnet that a container of the network has, "" for none."""
    in_use = {one.address for space in bundle.namespaces for one in space.addresses}
    known = (one.address for one in bundle.reservations if one.network == network)
    return next((one for one in known if one in in_use and _within(one, subnet)), "")


def _within(address: str, subnet: Subnet) -> bool:
    return ipaddress.ip_address(address) in subnet


def _inside(bundle: Bundle, plugin: Document, address: str) -> str:
    """Return the node's interface that a container's packets come from, "" when it is not known."""
    if plugin.get("type") == "bridge":
        return str(plugin.get("bridge") or "cni0")
    owner = next((one for one in bundle.cache if address in one.addresses), None)
    return next((one.name for one in owner.interfaces if not one.inside), "") if owner else ""


def _outside(bundle: Bundle, version: int) -> str:
    return next((one.link for one in bundle.own.routes if one.destination == _DEFAULTS[version]), "")
