"""The kinds of entities, and the one spelling of their keys and facts.

Plugins declare with these functions, the thin observer of CHECK and the full observer of
`cnictl snapshot` report with them.  An argument left at None is a fact that is not stated.
"""

from __future__ import annotations

from cnictl.declare.model import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.declare.model import Fact
    from cnictl.spec.address import Address, Prefix

MAIN_TABLE = 254  # RT_TABLE_MAIN, linux/rtnetlink.h
TABLE_NAMES = {255: "local", 254: "main", 253: "default"}


def _stated(**facts: Fact | None) -> dict[str, Fact]:
    return {name: fact for name, fact in facts.items() if fact is not None}


def link(
    name: str,
    *,
    kind: str | None = None,
    mac: str | None = None,
    mtu: int | None = None,
    up: bool | None = None,
    master: str | None = None,
    peer: str | None = None,
    promiscuous: bool | None = None,
    all_multicast: bool | None = None,
    txqlen: int | None = None,
    hairpin: bool | None = None,
    isolated: bool | None = None,
    vlan_filtering: bool | None = None,
) -> Entity:
    """A link.  `mtu` in bytes, `txqlen` in packets, `peer` the name of a veth's other end in the node."""
    return Entity(
        "link",
        name,
        _stated(
            kind=kind,
            mac=mac,
            mtu=mtu,
            up=up,
            master=master,
            peer=peer,
            promiscuous=promiscuous,
            all_multicast=all_multicast,
            txqlen=txqlen,
            hairpin=hairpin,
            isolated=isolated,
            vlan_filtering=vlan_filtering,
        ),
    )


def address(link_name: str, prefix: Prefix, *, scope: str | None = None) -> Entity:
    """An address on a link, host bits and all."""
    return Entity("address", f"{link_name} {prefix}", _stated(scope=scope))


def route(
    destination: Prefix,
    *,
    device: str | None = None,
    gateway: Address | None = None,
    table: int = MAIN_TABLE,
    metric: int = 0,
    scope: str | None = None,
    source: Address | None = None,
) -> Entity:
    """A route, identified as iproute2 prints it: destination, gateway, device, metric, table.

    The kernel gives every IPv6 route a metric; 1024 (IP6_RT_PRIO_USER) stands for "none given".
    """
    if destination.version == 6 and metric == 1024:
        metric = 0
    words = ["default" if destination.is_default else str(destination.network)]
    if gateway is not None:
        words += ["via", str(gateway)]
    if device is not None:
        words += ["dev", device]
    if metric:
        words += ["metric", str(metric)]
    if table != MAIN_TABLE:
        words += ["table", TABLE_NAMES.get(table, str(table))]
    family = "inet6 " if destination.version == 6 and destination.is_default else ""
    return Entity(
        "route",
        family + " ".join(words),
        _stated(scope=scope, source=None if source is None else str(source)),
    )


def bridge_vlan(
    link_name: str, vid: int, *, pvid: bool | None = None, untagged: bool | None = None
) -> Entity:
    """A VLAN of a bridge port."""
    return Entity("vlan", f"{link_name} {vid}", _stated(pvid=pvid, untagged=untagged))


def sysctl(name: str, value: str | None) -> Entity:
    """A sysctl by its path below /proc/sys (`net/ipv4/ip_forward`); runs of blanks count as one."""
    return Entity("sysctl", name, _stated(value=None if value is None else " ".join(value.split())))


def chain(tool: str, table: str, name: str, rules: Sequence[str] | None = None) -> Entity:
    """A chain with its rules in canonical form and order.

    `tool` is `iptables`, `ip6tables` or an nftables family (`nft inet`); without `rules` only
    the chain itself is meant.
    """
    return Entity("chain", f"{tool} {table} {name}", _stated(rules=None if rules is None else tuple(rules)))


def rule(tool: str, table: str, chain_name: str, text: str) -> Entity:
    """A rule somewhere in a chain, in canonical form (see `cnictl.netfilter`)."""
    return Entity("rule", f"{tool} {table} {chain_name}: {text}")


def file(path: str, content: str | None = None) -> Entity:
    """A regular file and its whole content."""
    return Entity("file", path, _stated(content=content))
