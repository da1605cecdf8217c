"""The kinds of entities, and the one spelling of their keys and facts.

Plugins declare with these functions, the thin observer of CHECK and the full observer of
`cnictl snapshot` report with them.  An argument left at None is a fact that is not stated.
"""

from __future__ import annotations

from cnictl.declare.model import Entity
from cnictl.spec.mac import canonical_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    parent: str | None = None,
    mode: str | None = None,
    vlan_id: int | None = None,
    bcqueuelen: int | None = None,
    table: int | None = None,
    promiscuous: bool | None = None,
    all_multicast: bool | None = None,
    txqlen: int | None = None,
    hairpin: bool | None = None,
    isolated: bool | None = None,
    vlan_filtering: bool | None = None,
    vni: int | None = None,
    local: str | None = None,
    group: str | None = None,
    port: int | None = None,
    learning: bool | None = None,
    owner: int | None = None,
    owner_group: int | None = None,
    multi_queue: bool | None = None,
    alias: str | None = None,
) -> Entity:
    """A link.  `mac` in any spelling, "" as None, `mtu` in bytes, `txqlen` in packets.

    `peer` is the name of a veth's other end in the node, `parent` what a stacked link sits on, `mode`
    that of a macvlan, ipvlan or tun, `bcqueuelen` a macvlan's queue for broadcasts in packets, `table`
    that of a VRF; `vni`, `local`, `group` (addresses), `port` and `learning` are those of a vxlan,
    `owner` and `owner_group` (numbers) and `multi_queue` those of a tun.
    """
    return Entity(
        "link",
        name,
        _stated(
            kind=kind,
            mac=canonical_mac(mac) if mac else None,
            mtu=mtu,
            up=up,
            master=master,
            peer=peer,
            parent=parent,
            mode=mode,
            vlan_id=vlan_id,
            bcqueuelen=bcqueuelen,
            table=table,
            promiscuous=promiscuous,
            all_multicast=all_multicast,
            txqlen=txqlen,
            hairpin=hairpin,
            isolated=isolated,
            vlan_filtering=vlan_filtering,
            vni=vni,
            local=local,
            group=group,
            port=port,
            learning=learning,
            owner=owner,
            owner_group=owner_group,
            multi_queue=multi_queue,
            alias=alias,
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
    kind: str | None = None,
) -> Entity:
    """A route, identified as iproute2 prints it: destination, gateway, device, metric, table.

    The kernel gives every IPv6 route a metric; 1024 (IP6_RT_PRIO_USER) stands for "none given".
    `kind` is stated of routes that lead nowhere (`blackhole`).
    """
    if destination.version == 6 and metric == 1024:
        metric = 0
    words = ["default" if destination.length == 0 else str(destination.network)]
    if gateway is not None:
        words += ["via", str(gateway)]
    if device is not None:
        words += ["dev", device]
    if metric:
        words += ["metric", str(metric)]
    if table != MAIN_TABLE:
        words += ["table", TABLE_NAMES.get(table, str(table))]
    family = "inet6 " if destination.version == 6 and destination.length == 0 else ""
    return Entity(
        "route",
        family + " ".join(words),
        _stated(scope=scope, source=None if source is None else str(source), kind=kind),
    )


def connected(link_name: str, network: Prefix) -> Entity:
    """A route from a link straight to a network, host bits aside, in whichever table it is."""
    return Entity("connected", f"{link_name} {network.network}")


def policy(
    version: int,
    *,
    source: Prefix | None = None,
    destination: Prefix | None = None,
    tos: int = 0,
    mark: tuple[int, int] | None = None,
    incoming: str = "",
    outgoing: str = "",
    inverted: bool = False,
    action: str = "lookup",
    table: int = 0,
    priority: int | None = None,
) -> Entity:
    """A policy routing rule, identified as iproute2 prints it, its priority apart.

    `mark` is a value and a mask, `incoming` and `outgoing` are links; `table` is what `lookup` looks
    in, 0 for the one of a VRF.
    """
    words = ["inet6"] if version == 6 and source is None and destination is None else []
    words += ["not"] if inverted else []
    words += ["from", "all" if source is None else _selected(source)]
    if destination is not None:
        words += ["to", _selected(destination)]
    if tos:
        words += ["tos", f"{tos:#x}"]
    if mark is not None:
        value, mask = mark
        words += ["fwmark", f"{value:#x}" if mask == 0xFFFFFFFF else f"{value:#x}/{mask:#x}"]
    if incoming:
        words += ["iif", incoming]
    if outgoing:
        words += ["oif", outgoing]
    words.append(action)
    if action == "lookup":
        words.append(TABLE_NAMES.get(table, str(table)) if table else "l3mdev")
    return Entity("policy", " ".join(words), _stated(priority=priority))


def _selected(prefix: Prefix) -> str:
    return str(prefix.address) if prefix.length == prefix.address.bits else str(prefix.network)


def neighbour(link_name: str, address: Address, *, mac: str | None = None) -> Entity:
    """A permanent neighbour."""
    return Entity("neighbour", f"{link_name} {address}", _stated(mac=mac))


def fdb(
    link_name: str, mac: str, *, vlan: int = 0, destination: Address | None = None, state: str | None = None
) -> Entity:
    """A forwarding entry that somebody made: of a bridge port, or of a tunnel when it has a destination."""
    words = [link_name, mac]
    if vlan:
        words += ["vlan", str(vlan)]
    if destination is not None:
        words += ["dst", str(destination)]
    return Entity("fdb", " ".join(words), _stated(state=state))


def bridge_vlan(
    link_name: str, vid: int, *, pvid: bool | None = None, untagged: bool | None = None
) -> Entity:
    """A VLAN of a bridge port."""
    return Entity("vlan", f"{link_name} {vid}", _stated(pvid=pvid, untagged=untagged))


def qdisc(
    link_name: str,
    parent: str = "root",
    *,
    kind: str | None = None,
    handle: str | None = None,
    rate: int | None = None,
    limit: int | None = None,
    buffer: int | None = None,
    options: str | None = None,
) -> Entity:
    """A queueing discipline that somebody made.  `parent` is `root`, `ingress`, `clsact` or a class (`1:10`).

    For tbf, `rate` is in bytes a second, `limit` in bytes, `buffer` in the ticks of /proc/net/psched;
    `options` are the parameters of other kinds as JSON.
    """
    facts = _stated(kind=kind, handle=handle, rate=rate, limit=limit, buffer=buffer, options=options)
    return Entity("qdisc", f"{link_name} {parent}", facts)


def traffic_class(
    link_name: str,
    class_id: str,
    *,
    kind: str | None = None,
    parent: str | None = None,
    options: str | None = None,
) -> Entity:
    """A traffic class that somebody made, its options as JSON."""
    return Entity("class", f"{link_name} {class_id}", _stated(kind=kind, parent=parent, options=options))


def traffic_filter(
    link_name: str,
    parent: str,
    *,
    priority: int = 0,
    protocol: str = "all",
    handle: str = "",
    kind: str | None = None,
    options: str | None = None,
    actions: Sequence[str] | None = None,
) -> Entity:
    """A traffic filter.

    `options` are what it looks for, as JSON; the actions are in tc's words
    (`mirred egress redirect dev ifb0 stolen`).
    """
    words = [link_name, parent, "pref", str(priority), protocol]
    if handle:
        words += ["fh", handle]
    facts = _stated(kind=kind, options=options, actions=None if actions is None else tuple(actions))
    return Entity("filter", " ".join(words), facts)


def sysctl(name: str, value: str | None) -> Entity:
    """A sysctl by its path below /proc/sys (`net/ipv4/ip_forward`); runs of blanks count as one."""
    return Entity("sysctl", name, _stated(value=None if value is None else " ".join(value.split())))


def chain(
    tool: str,
    table: str,
    name: str,
    rules: Sequence[str] | None = None,
    *,
    hook: str | None = None,
    policy: str | None = None,
) -> Entity:
    """A chain with its rules in canonical form and order.

    `tool` is `iptables`, `ip6tables` or an nftables family (`nft inet`); without `rules` only
    the chain itself is meant.  `hook` says where an nftables base chain sits, in nft's words;
    `policy` is of built-in and base chains.
    """
    facts = _stated(hook=hook, policy=policy, rules=None if rules is None else tuple(rules))
    return Entity("chain", f"{tool} {table} {name}", facts)


def rules_of(chain_entity: Entity) -> Iterator[Entity]:
    """Yield each rule of a chain as an entity of its own, and as `jump` has it if it leads to a chain."""
    rules = chain_entity.facts.get("rules", ())
    if isinstance(rules, tuple):
        for text in rules:
            yield Entity("rule", f"{chain_entity.key}: {text}")
            words = text.partition(' comment "')[0].split()
            if len(words) >= 2 and words[-2] == "jump":
                yield Entity("rule", f"{chain_entity.key}: ... jump {words[-1]}")


def rule(tool: str, table: str, chain_name: str, text: str) -> Entity:
    """A rule somewhere in a chain, in canonical form (see `cnictl.netfilter`)."""
    return Entity("rule", f"{tool} {table} {chain_name}: {text}")


def jump(family: str, table: str, chain_name: str, target: str) -> Entity:
    """Some rule of an nftables chain that leads to another chain, under whatever conditions."""
    return rule(f"nft {family}", table, chain_name, f"... jump {target}")


def source(zone: str, source: str) -> Entity:
    """An address, network or set of them that is bound to a zone of firewalld."""
    return Entity("source", f"{zone} {source}")


def file(path: str, content: str | None = None) -> Entity:
    """A regular file and its whole content."""
    return Entity("file", path, _stated(content=content))


def reservation(
    directory: str, address: Address, container_id: str | None = None, ifname: str | None = None
) -> Entity:
    """An address that host-local keeps for an attachment in a directory.

    `ifname` is not stated of files of old releases, which name the container only; `compare` lets that pass.
    """
    return Entity("reservation", f"{directory}/{address}", _stated(container=container_id, ifname=ifname))


def holder(directory: str, container_id: str, ifname: str) -> Entity:
    """An attachment for which host-local keeps some address in a directory, whichever it is."""
    return Entity("holder", f"{directory} {container_id} {ifname}")


def lease(socket: str, client_id: str, address: str | None = None) -> Entity:
    """A DHCP lease that the daemon at a socket keeps for a client: address and prefix length."""
    return Entity("lease", f"{socket} {client_id}", _stated(address=address))


def attachment(
    network: str,
    container_id: str,
    ifname: str,
    *,
    netns: str | None = None,
    version: str | None = None,
    plugins: Sequence[str] | None = None,
    interfaces: Sequence[str] | None = None,
    addresses: Sequence[str] | None = None,
    routes: Sequence[str] | None = None,
    dns: Sequence[str] | None = None,
) -> Entity:
    """An attachment that the runtime remembers: its plugins, and the Result of its ADD in words."""
    given = {
        "plugins": plugins,
        "interfaces": interfaces,
        "addresses": addresses,
        "routes": routes,
        "dns": dns,
    }
    listed = {name: None if words is None else tuple(words) for name, words in given.items()}
    facts = _stated(netns=netns, version=version, **listed)
    return Entity("attachment", f"{network} {container_id} {ifname}", facts)
