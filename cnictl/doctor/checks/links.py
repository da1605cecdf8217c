"""Links, addresses and namespaces, compared with what configurations want of them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cnictl.doctor.finding import Seen, check
from cnictl.doctor.gather.agents import SUBNET_ENV
from cnictl.doctor.place import own_path
from cnictl.doctor.wanted import plugins, subnets
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle, Namespace

PORTS = 1023
"""Ports that a bridge can have (BR_MAX_PORTS, net/bridge/br_private.h)."""
ON_TOP = ("macvlan", "ipvlan", "vlan")
OVERHEAD = {"vxlan": 50, "geneve": 50, "ipip": 20, "wireguard": 60}
"""Bytes that encapsulation takes over IPv4."""
_SMALLEST_V6 = 1280  # RFC 8200, section 5
PATIENCE = 300.0
"""Seconds that an ADD may take, until which its namespace has neither a process nor a place in the cache."""
_RUNTIMES_OWN = ("cni-", "cnitool-")


@check("br-addr-differs", "br-not-bridge", needs=("configurations", "namespaces"))
def other_bridge(bundle: Bundle) -> Iterator[Seen]:
    own = bundle.own
    for network, plugin in plugins(bundle, "bridge"):
        name = str(plugin.get("bridge") or "cni0")
        link = own.link(name)
        if link is None:
            continue
        if link.kind != "bridge":
            line = (
                f"{name} is {link.kind or 'a card'}, and network {network.name} wants a bridge of that name"
            )
            yield Seen("br-not-bridge", name, (line,), {"bridge": name, "network": network.name})
            continue
        if plugin.get("isGateway") is not True and plugin.get("isDefaultGateway") is not True:
            continue
        if plugin.get("forceAddress") is True:
            continue
        for subnet, gateway in subnets(plugin):
            had = [
                one.prefix
                for one in own.addresses
                if one.link == name
                and _version(one.prefix) == subnet.version
                and not _is_link_local(one.prefix)
            ]
            wanted = f"{gateway}/{subnet.prefixlen}"
            if had and wanted not in had and not (subnet.version == 6 and _overlap_none(had, subnet)):
                lines = (
                    f"{name} has {', '.join(had)}",
                    f"network {network.name} wants {wanted}",
                )
                yield Seen("br-addr-differs", name, lines, {"bridge": name, "network": network.name})


@check("br-addr-differs", needs=("configurations", "namespaces", "agents"))
def other_subnet_of_flannel(bundle: Bundle) -> Iterator[Seen]:
    written = next((one for one in bundle.agents if one.path == SUBNET_ENV), None)
    wanted = written.values.get("FLANNEL_SUBNET", "") if written else ""
    for network, plugin in plugins(bundle, "flannel"):
        delegate = plugin.get("delegate")
        name = str(Document(delegate if isinstance(delegate, dict) else {}).get("bridge") or "cni0")
        had = [one.prefix for one in bundle.own.addresses if one.link == name and _version(one.prefix) == 4]
        if wanted and had and wanted not in had:
            lines = (f"{name} has {', '.join(had)}", f"{SUBNET_ENV}: FLANNEL_SUBNET={wanted}")
            yield Seen("br-addr-differs", name, lines, {"bridge": name, "network": network.name})


@check("br-full", needs=("namespaces",))
def full_bridge(bundle: Bundle) -> Iterator[Seen]:
    for link in bundle.own.links:
        ports = sum(one.master == link.name for one in bundle.own.links) if link.kind == "bridge" else 0
        if ports >= PORTS:
            yield Seen(
                "br-full", link.name, (f"{link.name} has {ports} of {PORTS} ports",), {"bridge": link.name}
            )


@check("master-missing", "master-busy", "mtu-invalid", needs=("configurations", "namespaces"))
def parents(bundle: Bundle) -> Iterator[Seen]:
    own = bundle.own
    for network, plugin in plugins(bundle, *ON_TOP):
        kind, name = str(plugin.get("type")), plugin.get("master")
        if plugin.get("linkInContainer") is True:
            continue
        if not isinstance(name, str) or not name:
            if not any(one.destination in ("0.0.0.0/0", "::/0") for one in own.routes):
                line = f"network {network.name} names no master, and the node has no default route"
                yield Seen("master-missing", network.name, (line,), {"network": network.name})
            continue
        link, facts = own.link(name), {"master": name, "network": network.name}
        if link is None:
            there = next((one.path for one in bundle.namespaces if one.path and one.link(name)), "")
            names = ", ".join(one.name for one in own.links if one.name != "lo")
            lines = (
                f"network {network.name} is on {name}, which is not there",
                f"there are {names or 'none'}",
            )
            yield Seen("master-missing", name, (*lines, *([f"{there} has one"] if there else ())), facts)
            continue
        if link.master and kind != "vlan":
            line = f"{name} is a port of {link.master}"
            yield Seen("master-busy", name, (line,), facts)
        other = {"macvlan": "ipvlan", "ipvlan": "macvlan"}.get(kind)
        above = next((one.name for one in own.links if one.parent == name and one.kind == other), "")
        if above:
            yield Seen("master-busy", name, (f"{name} carries {above} of kind {other}",), facts)
        mtu = plugin.get("mtu")
        if isinstance(mtu, int) and mtu > link.mtu:
            line = f"network {network.name} wants an MTU of {mtu}, and {name} has {link.mtu}"
            yield Seen("mtu-invalid", name, (line,), facts)


@check("br-port-state", needs=("configurations", "namespaces", "cache"), partial=True)
def ports_that_are_down(bundle: Bundle) -> Iterator[Seen]:
    bridges = {str(plugin.get("bridge") or "cni0") for _, plugin in plugins(bundle, "bridge")}
    of_pods = {each.name: one for one in bundle.cache for each in one.interfaces if not each.inside}
    for link in bundle.own.links:
        if link.master in bridges and link.operstate in ("down", "lowerlayerdown"):
            owner = of_pods.get(link.name)
            if owner:
                line = (
                    f"{link.name}, port of {link.master} for container {owner.container}, is {link.operstate}"
                )
                facts = {"bridge": link.master, "interface": link.name, "container": owner.container}
                yield Seen("br-port-state", link.name, (line,), facts)


@check("macvlan-mac", needs=("namespaces",), partial=True)
def equal_addresses(bundle: Bundle) -> Iterator[Seen]:
    known: dict[str, tuple[str, bool]] = {}
    for space in bundle.namespaces:
        for link in space.links:
            if link.kind not in ("macvlan", "macvtap") or not link.mac:
                continue
            where = f"{link.name} in {space.path or 'the node'}"
            other, up = known.setdefault(link.mac, (where, link.up))
            # With one parent the kernel lets one of them be up.
            if other != where and not (up and link.up):
                line = f"{other} and {where} have the MAC address {link.mac}"
                yield Seen("macvlan-mac", link.name, (line,), {"interface": link.name})


@check("hostdev-missing", needs=("configurations", "namespaces", "cache"), partial=True)
def missing_devices(bundle: Bundle) -> Iterator[Seen]:
    lent = {one.network for one in bundle.cache}
    for network, plugin in plugins(bundle, "host-device"):
        name = plugin.get("device")
        if isinstance(name, str) and name and network.name not in lent and bundle.own.link(name) is None:
            there = next((one.path for one in bundle.namespaces if one.path and one.link(name)), "")
            where = f"; {there} has one" if there else ""
            line = f"network {network.name} gives pods {name}, which is not there{where}"
            yield Seen("hostdev-missing", name, (line,), {"device": name, "network": network.name})


@check("mtu-overlay", needs=("namespaces",))
def overlay(bundle: Bundle) -> Iterator[Seen]:
    links = bundle.own.links
    tunnels = [one for one in links if one.kind in OVERHEAD and one.up]
    bridges = [
        one for one in links if one.kind == "bridge" and any(each.master == one.name for each in links)
    ]
    for tunnel in tunnels:
        below = next((one for one in links if one.name == tunnel.parent), None)
        if below and tunnel.mtu > below.mtu - OVERHEAD[tunnel.kind]:
            line = (
                f"{tunnel.name} has an MTU of {tunnel.mtu}, and {below.name} carries "
                f"{below.mtu} - {OVERHEAD[tunnel.kind]} = {below.mtu - OVERHEAD[tunnel.kind]}"
            )
            yield Seen("mtu-overlay", tunnel.name, (line,))
        for bridge in bridges:
            if (
                tunnel.name.startswith("flannel")
                and bridge.name.startswith("cni")
                and bridge.mtu > tunnel.mtu
            ):
                line = f"{bridge.name} has an MTU of {bridge.mtu}, and {tunnel.name} carries {tunnel.mtu}"
                yield Seen("mtu-overlay", bridge.name, (line,))


@check("v6-disabled", "v6-module-off", needs=("configurations", "kernel"))
def without_ipv6(bundle: Bundle) -> Iterator[Seen]:
    sysctls = bundle.kernel.sysctls
    for network, plugin in plugins(bundle, "bridge"):
        if not any(subnet.version == 6 for subnet, _ in subnets(plugin)):
            continue
        name, facts = str(plugin.get("bridge") or "cni0"), {"network": network.name}
        if "net/ipv6/conf/all/disable_ipv6" not in sysctls and "net/ipv4/ip_forward" in sysctls:
            line = f"network {network.name} has an IPv6 range, and /proc/sys/net/ipv6 is not there"
            yield Seen("v6-module-off", network.name, (line,), facts | {"interface": name})
            continue
        mtu = plugin.get("mtu")
        if isinstance(mtu, int) and 0 < mtu < _SMALLEST_V6:
            line = f"network {network.name} has an IPv6 range and an MTU of {mtu}, below {_SMALLEST_V6}"
            yield Seen("v6-module-off", network.name, (line,), facts | {"interface": name})
        for link in (name, "default"):
            if sysctls.get(f"net/ipv6/conf/{link}/disable_ipv6") == "1" and (
                link == name or not bundle.own.link(name)
            ):
                line = f"net.ipv6.conf.{link}.disable_ipv6 = 1, and network {network.name} has an IPv6 range"
                yield Seen("v6-disabled", link, (line,), facts | {"interface": link, "bridge": name})


@check("v6-dad", needs=("namespaces",))
def duplicates(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.namespaces:
        for address in one.addresses:
            if address.dad_failed:
                line = f"{address.prefix} on {address.link} in {one.path or 'the node'} is a duplicate"
                yield Seen("v6-dad", address.link, (line,), {"interface": address.link, "netns": one.path})


@check("netns-bad-magic", needs=("namespaces",))
def plain_files(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.namespaces:
        if one.path.startswith("/run/netns/") and "unknown FS magic" in one.problem:
            yield Seen("netns-bad-magic", one.path, (one.problem,), {"netns": one.path})


@check("netns-leak", needs=("namespaces", "cache"))
def leaked(bundle: Bundle) -> Iterator[Seen]:
    kept = {own_path(one.netns) for one in bundle.cache} | {one.netns for one in bundle.sandboxes}
    for one in _left(bundle):
        if one.path not in kept:
            names = ", ".join(link.name for link in one.links if link.name != "lo") or "no interface"
            line = f"{one.path} has no process and no attachment in the cache; it has {names}"
            yield Seen("netns-leak", one.path, (line,), {"netns": one.path})


def _left(bundle: Bundle) -> list[Namespace]:
    return [
        one
        for one in bundle.namespaces
        if one.path.rpartition("/")[2].startswith(_RUNTIMES_OWN)
        and not (one.processes or one.problem)
        and bundle.taken - one.since > PATIENCE
    ]


@check("netns-limit", needs=("namespaces", "kernel"))
def too_many(bundle: Bundle) -> Iterator[Seen]:
    most = bundle.kernel.sysctls.get("user/max_net_namespaces", "")
    count = len({one.inode for one in bundle.namespaces if one.inode})
    if most.isdigit() and count >= int(most) * 0.95:
        line = f"{count} namespaces, and user.max_net_namespaces = {most}"
        yield Seen("netns-limit", "user.max_net_namespaces", (line,))


@check("flannel-no-iface", needs=("configurations", "namespaces", "agents"))
def flannel_without_route(bundle: Bundle) -> Iterator[Seen]:
    written = next((one.there for one in bundle.agents if one.path == "/run/flannel/subnet.env"), True)
    for network, _ in plugins(bundle, "flannel"):
        if not written and not any(one.destination in ("0.0.0.0/0", "::/0") for one in bundle.own.routes):
            line = f"network {network.name} is flannel's, and the node has no default route"
            yield Seen("flannel-no-iface", "default route", (line,))


def _version(prefix: str) -> int:
    return 6 if ":" in prefix else 4


def _is_link_local(prefix: str) -> bool:
    return ipaddress.ip_interface(prefix).is_link_local


def _overlap_none(had: list[str], subnet: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether no address is in a network's subnet: of IPv6 a bridge may have several side by side."""
    return not any(ipaddress.ip_interface(one).ip in subnet for one in had)
