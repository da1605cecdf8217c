"""Reservations of host-local, the disk below them, and the daemon of dhcp."""

from __future__ import annotations

import ipaddress
import os
from collections import Counter
from typing import TYPE_CHECKING

from cnictl.doctor.collect import networks_of
from cnictl.doctor.finding import Seen, Unchecked, check
from cnictl.doctor.reserved import SOURCES, evidence_of, judged
from cnictl.doctor.wanted import plugins
from cnictl.leases.verdict import is_free
from cnictl.spec.document import Document
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle
    from cnictl.leases.verdict import Judged
    from cnictl.spec.document import Json

SHOWN = 5
"""Cases of one class that are shown."""
LITTLE = 0.02
"""The share of a disk below which the next write may fail."""
LITTLE_BYTES = 16 << 20


@check("hl-empty-files", needs=("reservations",))
def without_owner(bundle: Bundle) -> Iterator[Seen]:
    in_use, unseen = _configured(bundle), bundle.unseen.get("namespaces")
    for one in bundle.reservations:
        if one.container:
            continue
        facts = {"network": one.network}
        if one.address in in_use:
            where = "in use: leave the file"
        elif unseen:
            where = "perhaps in use, as not all namespaces could be seen"
        else:
            where = "in no namespace"
        yield Seen("hl-empty-files", one.path, (f"{one.path} is empty; the address is {where}",), facts)


@check("hl-leak", "hl-duplicate", needs=SOURCES, partial=("hl-duplicate",))
def outlived(bundle: Bundle) -> Iterator[Seen | Unchecked]:
    evidence = evidence_of(bundle)
    if evidence.gaps:
        yield Unchecked("hl-leak", "; ".join(evidence.gaps))
    for directory, judged_here in judged(bundle, evidence).items():
        orphans = [one for one in judged_here if one.verdict == "orphan" and is_free(one)]
        if orphans and not evidence.gaps:
            yield _leak(bundle, directory, orphans, len(judged_here))
        yield from (_duplicate(directory, one) for one in judged_here if one.verdict == "duplicate")


def _duplicate(directory: str, one: Judged) -> Seen:
    kept = one.kept
    line = (
        f"{directory}/{kept.address}: {kept.container_id} {kept.ifname} has another address of "
        "the same range, and this one is in no network namespace"
    )
    network = os.path.basename(directory)
    facts = {"network": network, "container": kept.container_id, "address": str(kept.address)}
    return Seen("hl-duplicate", f"{directory}/{kept.address}", (line,), facts, "warning")


def _leak(bundle: Bundle, directory: str, orphans: list[Judged], count: int) -> Seen:
    network = os.path.basename(directory)
    before = sum(one.kept.age(bundle.kernel.boot) > 0 for one in orphans)
    lines = [
        f"{len(orphans)} of {count} reservations of {network} are nobody's"
        + (f"; {before} are from before the last boot" if before else "")
    ]
    for one in orphans[:SHOWN]:
        kept = one.kept
        why = "; ".join(fact.words for fact in one.facts)
        lines.append(f"{directory}/{kept.address}: container {kept.container_id} {kept.ifname}: {why}")
    first = orphans[0].kept
    facts = {"network": network, "container": first.container_id, "interface": first.ifname or "eth0"}
    return Seen("hl-leak", f"network {network}", tuple(lines), facts)


@check("hl-exhausted", "hl-range-lt-maxpods", needs=("configurations", "reservations"))
def used_up(bundle: Bundle) -> Iterator[Seen]:
    verdicts = {
        f"{directory}/{one.kept.address}": one.verdict
        for directory, found in judged(bundle, evidence_of(bundle)).items()
        for one in found
    }
    for network in networks_of(bundle.configurations):
        for plugin in network.plugins:
            section = Document(plugin.members).get("ipam")
            if plugin.ipam_type != "host-local" or not isinstance(section, dict):
                continue
            mine = [one for one in bundle.reservations if one.network == network.name]
            for first, last, size in _sets(section):
                taken = [one for one in mine if _between(one.address, first, last)]
                if len(taken) < size:
                    continue
                known = Counter(verdicts.get(one.path, "unknown") for one in taken)
                count = ", ".join(f"{number} {verdict}" for verdict, number in known.most_common())
                line = (
                    f"{first}-{last} of {network.name} has {size} addresses and {len(taken)} reservations: "
                    f"{count}"
                )
                facts = {"network": network.name, "range": f"{first}-{last}"}
                yield Seen("hl-exhausted", f"network {network.name}", (line,), facts)
                if known["live"] == len(taken):
                    yield Seen("hl-range-lt-maxpods", f"network {network.name}", (line,), facts)


def _sets(section: dict[str, Json]) -> Iterator[tuple[str, str, int]]:
    """Yield first, last and number of the addresses that a range set of one range can give."""
    ranges = Document(section).get("ranges")
    listed = [one for one in ranges if isinstance(one, list)] if isinstance(ranges, list) else []
    if isinstance(Document(section).get("subnet"), str):
        listed.append([section])
    for one in listed:
        if len(one) != 1 or not isinstance(one[0], dict):
            continue
        members = Document(one[0])
        try:
            subnet = ipaddress.ip_network(members.string("subnet"), strict=False)
            start = ipaddress.ip_address(members.string("rangeStart") or int(subnet.network_address) + 1)
            broadcast = subnet.version == 4 and subnet.prefixlen < 31
            end = ipaddress.ip_address(
                members.string("rangeEnd") or int(subnet.broadcast_address) - broadcast
            )
            gateway = ipaddress.ip_address(members.string("gateway") or int(subnet.network_address) + 1)
        except (ValueError, CnictlError):
            continue
        inside = start.version == gateway.version and int(start) <= int(gateway) <= int(end)
        size = int(end) - int(start) + 1 - inside
        if size > 0:
            yield str(start), str(end), size


def _between(address: str, first: str, last: str) -> bool:
    here, start = ipaddress.ip_address(address), ipaddress.ip_address(first)
    return here.version == start.version and int(start) <= int(here) <= int(ipaddress.ip_address(last))


@check("hl-lock-held", "xt-lock", needs=("locks",))
def held(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.locks:
        code = "xt-lock" if one.path.endswith("xtables.lock") else "hl-lock-held"
        state = {"D": "waits for a disk or a device", "T": "is stopped", "Z": "is dead"}.get(
            one.state, "runs"
        )
        line = f"process {one.pid} ({one.command}) has locked {one.path}, and {state}"
        yield Seen(code, one.path, (line,), {"file": one.path, "pid": str(one.pid)})


@check("hl-store-unwritable", needs=("disks",))
def full(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.disks:
        if one.path != "/var/lib/cni":
            continue
        if one.read_only:
            yield Seen("hl-store-unwritable", one.path, (f"the file system of {one.path} is read-only",))
        if one.size and one.available < min(one.size * LITTLE, LITTLE_BYTES):
            line = f"the file system of {one.path} has {one.available} bytes of {one.size} left"
            yield Seen("hl-store-unwritable", one.path, (line,))
        if one.inodes and one.free_inodes < one.inodes * LITTLE and one.free_inodes < 1000:
            line = f"the file system of {one.path} has {one.free_inodes} inodes of {one.inodes} left"
            yield Seen("hl-store-unwritable", one.path, (line,))


@check("netns-mount", needs=("disks", "kernel"))
def run_is_full(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.disks:
        if one.path == "/run" and one.inodes and one.free_inodes < 10:
            yield Seen("netns-mount", "/run", (f"/run has {one.free_inodes} inodes of {one.inodes} left",))
        if one.path == "/run" and one.size and one.available < 4096:
            yield Seen("netns-mount", "/run", (f"/run has {one.available} bytes of {one.size} left",))
    most, now = bundle.kernel.sysctls.get("fs/mount-max", ""), bundle.kernel.counters.get("mounts", 0)
    if most.isdigit() and now >= int(most) * 0.95:
        yield Seen("netns-mount", "mounts", (f"{now} mounts of fs.mount-max = {most}",))


@check("dhcp-socket", needs=("configurations", "agents"))
def no_dhcp_daemon(bundle: Bundle) -> Iterator[Seen]:
    for network in networks_of(bundle.configurations):
        for plugin in network.plugins:
            section = Document(plugin.members).get("ipam")
            if plugin.ipam_type != "dhcp" or not isinstance(section, dict):
                continue
            path = str(Document(section).get("daemonSocketPath") or "/run/cni/dhcp.sock")
            agent = next((one for one in bundle.agents if one.path == path), None)
            if agent and not (agent.there and agent.listening):
                why = "and nobody listens there" if agent.there else "which is not there"
                line = f"network {network.name} asks the daemon at {path}, {why}"
                yield Seen("dhcp-socket", path, (line,), {"network": network.name, "file": path})


@check("dhcp-no-offer", needs=("configurations", "namespaces", "cache", "kernel"), partial=True)
def no_way_to_a_server(bundle: Bundle) -> Iterator[Seen]:
    of_pods = {each.name for one in bundle.cache for each in one.interfaces if not each.inside}
    for network, plugin in plugins(bundle, "bridge"):
        section = plugin.get("ipam")
        if not isinstance(section, dict) or Document(section).get("type") != "dhcp":
            continue
        name = str(plugin.get("bridge") or "cni0")
        ports = {one.name for one in bundle.own.links if one.master == name}
        if bundle.own.link(name) and ports <= of_pods and not bundle.kernel.counters.get("dhcp_servers"):
            line = (
                f"network {network.name} asks for addresses on {name}, which has no port but pods' "
                f"({len(ports)}), and nobody on the node listens at the port of a DHCP server"
            )
            yield Seen("dhcp-no-offer", name, (line,), {"network": network.name, "bridge": name})


def _configured(bundle: Bundle) -> set[str]:
    """Return the addresses of all namespaces."""
    return {each.address for one in bundle.namespaces for each in one.addresses}
