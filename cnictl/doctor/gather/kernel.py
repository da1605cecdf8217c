"""What the kernel says of itself: sysctls, limits and their use, modules; and programs that plugins call."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from cnictl.doctor.bundle import Disk, Kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.place import Place

SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/default/disable_ipv6",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/ipv4/conf/all/rp_filter",
    "net/netfilter/nf_conntrack_count",
    "net/netfilter/nf_conntrack_max",
    "net/ipv4/neigh/default/gc_thresh3",
    "net/ipv6/neigh/default/gc_thresh3",
    "user/max_net_namespaces",
    "fs/inotify/max_user_instances",
    "fs/mount-max",
    "kernel/pid_max",
    "kernel/threads-max",
    "kernel/modules_disabled",
)
MODULES = (
    "br_netfilter",
    "bridge",
    "veth",
    "vxlan",
    "macvlan",
    "ipvlan",
    "8021q",
    "dummy",
    "vrf",
    "ifb",
    "sch_tbf",
    "sch_ingress",
    "act_mirred",
    "nf_conntrack",
    "xt_comment",
    "xt_MASQUERADE",
    "xt_multiport",
    "xt_mark",
)  # fmt: skip
DISKS = ("/var/lib/cni", "/run", "/etc/cni/net.d")
PROGRAMS = ("iptables", "ip6tables", "nft")
_DHCP = 67
"""The port of a DHCP server (RFC 2131, section 4.1)."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def gather(place: Place, links: Iterable[str] = (), inotify: int = 0) -> Kernel:
    """Return what there is; `links` are those whose own settings are wanted as well, `inotify` is counted."""
    release = os.uname().release
    with place.inside():
        sysctls = dict(_sysctls(place, links))
    return Kernel(
        place.text_or("/proc/sys/kernel/osrelease", release).strip(),
        os.uname().machine,
        boot_time(place),
        sysctls,
        _modules(place, place.text_or("/proc/sys/kernel/osrelease", release).strip()),
        {**dict(_counters(place)), "inotify": inotify},
        {name: _is_there(place, name) for name in PROGRAMS},
    )


def gather_disks(place: Place, more: Iterable[str] = ()) -> list[Disk]:
    """Return the file systems of the directories that are written to for every pod, and of some more."""
    found = []
    for path in dict.fromkeys([*DISKS, *more]):
        there = path
        while there != "/" and not place.there(there):
            there = os.path.dirname(there)
        try:
            about = os.statvfs(place.at(there))
        except OSError:
            continue
        found.append(
            Disk(
                path,
                about.f_blocks * about.f_frsize,
                about.f_bavail * about.f_frsize,
                about.f_files,
                about.f_favail,
                bool(about.f_flag & os.ST_RDONLY),
                bool(about.f_flag & os.ST_NOEXEC),
            )
        )
    return found


def _sysctls(place: Place, links: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in (*SYSCTLS, *(f"net/ipv6/conf/{link}/disable_ipv6" for link in links if "/" not in link)):
        value = place.text_or(f"/proc/sys/{name}", "\0").strip()
        if value != "\0":
            yield name, value


def _modules(place: Place, release: str) -> dict[str, bool]:
    """Return of each module whether it is there; nothing when the kernel's own list cannot be read.

    A kernel that has no module of the tree may have everything built in without a list of that.
    """
    folder = f"/lib/modules/{release}"
    texts = [place.text_or(f"{folder}/{name}") for name in ("modules.dep", "modules.builtin")]
    loaded = {line.split(" ")[0] for line in place.text_or("/proc/modules").splitlines()}
    if not any(texts):
        return dict.fromkeys(loaded & set(MODULES), True)
    known = {
        os.path.basename(line.partition(":")[0]).partition(".")[0].replace("-", "_")
        for text in texts
        for line in text.splitlines()
    }
    return {name: name in known or name in loaded for name in MODULES}


def boot_time(place: Place) -> float:
    """Return when the node was started, in seconds since 1970, 0 when that is not known."""
    for line in place.text_or("/proc/stat").splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return 0.0


def _counters(place: Place) -> Iterator[tuple[str, int]]:
    yield "mounts", place.text_or("/proc/1/mountinfo").count("\n")
    for name, table in (("neighbours4", "arp_cache"), ("neighbours6", "ndisc_cache")):
        lines = place.text_or(f"/proc/1/net/stat/{table}").splitlines()
        if len(lines) > 1:
            yield name, int(lines[1].split()[0], 16)
    yield "dhcp_servers", sum(f":{_DHCP:04X} " in line for line in place.table("udp").splitlines())
    load = place.text_or("/proc/loadavg").split()
    if len(load) > 3 and "/" in load[3]:
        yield "threads", int(load[3].partition("/")[2])


def _is_there(place: Place, name: str) -> bool:
    return any(shutil.which(place.at(f"{directory}/{name}")) for directory in _PATH.split(":"))
