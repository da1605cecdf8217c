"""Forwarding, the packet filter in its variants, and connection tracking."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from cnictl.doctor.collect import networks_of
from cnictl.doctor.finding import Seen, check
from cnictl.doctor.wanted import plugins
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle

NEARLY = 0.9
"""The share of a limit from which the next one may be refused."""
OWN = re.compile(r"^(?:CNI-|CNI_|KUBE-|FLANNEL|cali-|CILIUM_)")
"""Chains of networks and of Kubernetes."""
_NO_TABLE = re.compile(r"can't initialize|Table does not exist|Protocol not supported")
_DPORT = re.compile(r"--dports? (?P<ports>[\d,:]+)")


@check("fwd-off", needs=("configurations", "kernel"))
def not_forwarding(bundle: Bundle) -> Iterator[Seen]:
    wanted = {name for name in ("bridge", "ptp", "flannel", "calico") for _ in plugins(bundle, name)}
    if not wanted:
        return
    if bundle.kernel.sysctls.get("net/ipv4/ip_forward") == "0" and _is_used(bundle, 4):
        yield Seen(
            "fwd-off",
            "net.ipv4.ip_forward",
            ("net.ipv4.ip_forward = 0", f"networks of {', '.join(sorted(wanted))} forward"),
            {"sysctl": "net.ipv4.ip_forward"},
        )
    if bundle.kernel.sysctls.get("net/ipv6/conf/all/forwarding") == "0" and _is_used(bundle, 6):
        yield Seen(
            "fwd-off",
            "net.ipv6.conf.all.forwarding",
            ("net.ipv6.conf.all.forwarding = 0", f"networks of {', '.join(sorted(wanted))} forward IPv6"),
            {"sysctl": "net.ipv6.conf.all.forwarding"},
        )


def _is_used(bundle: Bundle, version: int) -> bool:
    """Whether pods have had addresses: the plugins switch forwarding on at the first ADD."""
    return any((":" in one.address) == (version == 6) for one in bundle.reservations)


@check("br-nf-off", needs=("configurations", "kernel"))
def passes_by(bundle: Bundle) -> Iterator[Seen]:
    value = bundle.kernel.sysctls.get("net/bridge/bridge-nf-call-iptables")
    for network in networks_of(bundle.configurations):
        if not any(one.type == "flannel" for one in network.plugins):
            continue
        if value is None:
            line = "/proc/sys/net/bridge/bridge-nf-call-iptables is not there: br_netfilter is not loaded"
            yield Seen("br-nf-off", "br_netfilter", (line,))
        elif value == "0":
            yield Seen(
                "br-nf-off", "net.bridge.bridge-nf-call-iptables", ("net.bridge.bridge-nf-call-iptables = 0",)
            )


@check("ipt-mixed", needs=("chains",))
def both_variants(bundle: Bundle) -> Iterator[Seen]:
    owned: dict[str, list[str]] = defaultdict(list)
    for one in bundle.chains:
        if one.source in ("legacy", "compat") and (one.rules or OWN.match(one.name)):
            owned[one.source].append(f"{one.tool} {one.table} {one.name}")
    if owned["legacy"] and owned["compat"]:
        lines = [
            f"iptables-{ {'legacy': 'legacy', 'compat': 'nft'}[source] } has {', '.join(names[:4])}"
            for source, names in owned.items()
        ]
        yield Seen("ipt-mixed", "iptables", tuple(lines))


@check("nft-autodetect", needs=("configurations", "chains", "cache"))
def both_backends(bundle: Bundle) -> Iterator[Seen]:
    if bundle.unread_filters:
        return
    for network in networks_of(bundle.configurations):
        if not any(_chooses(one.type, Document(one.members)) for one in network.plugins):
            continue
        own = {one.container for one in bundle.cache if one.network == network.name}
        having: dict[bool, dict[str, str]] = {True: {}, False: {}}
        for chain in bundle.chains:
            for owner in own.intersection(chain.owners):
                having[chain.source == "native"].setdefault(owner, f"{chain.tool} {chain.table} {chain.name}")
        if having[True] and having[False]:
            lines = [
                f"{where} has rules of container {owner}"
                for several in having.values()
                for owner, where in list(several.items())[:1]
            ]
            facts = {"network": network.name, "directory": bundle.runtime.conf_dir}
            yield Seen("nft-autodetect", f"network {network.name}", tuple(lines), facts)


def _chooses(kind: str, members: Document) -> bool:
    """Whether a plugin makes rules and has no backend named."""
    if kind in ("portmap", "firewall"):
        return not members.get("backend")
    return members.get("ipMasq") is True and not members.get("ipMasqBackend")


@check("ipt-neither", needs=("configurations", "chains", "kernel"), partial=True)
def unusable(bundle: Bundle) -> Iterator[Seen]:
    said = [
        reason
        for tool, reason in bundle.unread_filters.items()
        if "tables" in tool and _NO_TABLE.search(reason)
    ]
    if len(said) > 1 and bundle.kernel.programs.get("iptables"):
        yield Seen("ipt-neither", "iptables", tuple(said))


@check("ipt-incompatible", needs=("chains",))
def unreadable(bundle: Bundle) -> Iterator[Seen]:
    for tool, reason in bundle.unread_filters.items():
        found = re.search(r"table `(\w+)' is incompatible", reason)
        if found:
            yield Seen("ipt-incompatible", f"{tool} {found[1]}", (reason,), {"table": found[1]})


@check("ipt-missing", needs=("configurations", "kernel"))
def no_iptables(bundle: Bundle) -> Iterator[Seen]:
    if bundle.kernel.programs.get("iptables", True) or bundle.kernel.programs.get("nft"):
        return
    for network in networks_of(bundle.configurations):
        for plugin in network.plugins:
            members = Document(plugin.members)
            if plugin.type in ("portmap", "firewall") or members.get("ipMasq") is True:
                line = (
                    f"network {network.name}: {plugin.type} needs iptables, and no directory of PATH has it"
                )
                yield Seen(
                    "ipt-missing", "iptables", (line,), {"network": network.name, "plugin": plugin.type}
                )
                return


@check("fw-flushed", needs=("chains", "cache", "namespaces"))
def flushed(bundle: Bundle) -> Iterator[Seen]:
    if bundle.unread_filters:
        return
    owners = {owner for chain in bundle.chains for owner in chain.owners if owner}
    in_use = {one.address for space in bundle.namespaces for one in space.addresses}
    for one in bundle.cache:
        if not one.ports or "portmap" not in one.plugins or not in_use.intersection(one.addresses):
            continue
        if not any(one.container.startswith(owner) for owner in owners):
            ports = ", ".join(map(str, one.ports))
            lines = (
                f"{one.path}: container {one.container} has the host ports {ports}",
                f"no rule is of container {one.container}",
            )
            facts = {"container": one.container, "network": one.network, "interface": one.ifname}
            yield Seen("fw-flushed", f"container {one.container}", lines, facts | {"netns": one.netns})


@check("hostport-stale", needs=("chains", "cache", "reservations"))
def stale_rules(bundle: Bundle) -> Iterator[Seen]:
    known = {one.container for one in bundle.cache} | {one.container for one in bundle.reservations}
    if any(one.problem for one in bundle.cache):
        return
    for chain in bundle.chains:
        gone = [one for one in chain.owners if one and not any(each.startswith(one) for each in known)]
        if gone and (chain.name.startswith("CNI-DN-") or chain.table == "cni_hostport"):
            yield Seen(
                "hostport-stale",
                f"{chain.tool} {chain.table} {chain.name}",
                (f"{chain.name} is of container {gone[0]}, which has no attachment", *chain.rules[:3]),
                {"container": gone[0]},
            )


@check("hostport-conflict", needs=("chains",))
def same_port(bundle: Bundle) -> Iterator[Seen]:
    for chain in bundle.chains:
        if chain.name != "CNI-HOSTPORT-DNAT":
            continue
        owners: dict[tuple[str, str], list[str]] = defaultdict(list)
        for rule in chain.rules:
            found = _DPORT.search(rule)
            protocol = "udp" if "-p udp" in rule else "sctp" if "-p sctp" in rule else "tcp"
            for port in found["ports"].split(",") if found else ():
                owners[protocol, port].append(rule)
        for (protocol, port), rules in owners.items():
            if len(rules) > 1 and not any("-d " in one for one in rules):
                yield Seen("hostport-conflict", f"{port}/{protocol}", tuple(rules), {"port": port})


@check("ct-full", needs=("kernel",))
def full_table(bundle: Bundle) -> Iterator[Seen]:
    sysctls = bundle.kernel.sysctls
    now, most = (
        sysctls.get("net/netfilter/nf_conntrack_count", ""),
        sysctls.get("net/netfilter/nf_conntrack_max", ""),
    )
    if now.isdigit() and most.isdigit() and int(now) >= int(most) * NEARLY:
        line = f"net.netfilter.nf_conntrack_count = {now} of net.netfilter.nf_conntrack_max = {most}"
        yield Seen("ct-full", "nf_conntrack", (line,), {"most": str(int(most) * 4)})
