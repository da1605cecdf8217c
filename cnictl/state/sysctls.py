"""The sysctls by which plugins, and those who repair their work, change how a namespace forwards."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from cnictl import sysctl
from cnictl.declare import entities

if TYPE_CHECKING:
    from cnictl.declare.model import Entity

SWITCHES = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/ipv4/ip_unprivileged_port_start",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_nonlocal_bind",
    "net/core/somaxconn",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/vrf/strict_mode",
)
"""Of a whole namespace: forwarding, what bridge, portmap and vrf need, what tuning is mostly used for."""

PER_LINK = {
    "ipv4": (
        "accept_local",
        "arp_announce",
        "arp_filter",
        "arp_ignore",
        "arp_notify",
        "log_martians",
        "proxy_arp",
        "route_localnet",
        "rp_filter",
        "src_valid_mark",
    ),
    "ipv6": (
        "accept_dad",
        "accept_ra",
        "addr_gen_mode",
        "autoconf",
        "disable_ipv6",
        "keep_addr_on_down",
        "ndisc_notify",
        "proxy_ndp",
    ),
}
"""Of each link, `all` and `default`, below net/FAMILY/conf; not forwarding, which follows its switch."""


def sysctls(extra: Collection[str] = (), root: str = sysctl.ROOT) -> Iterator[Entity]:
    """Yield the values in the namespace this thread is in; `extra` are further names.

    What the kernel does not have, or does not let us read, is left out.
    """
    for name in dict.fromkeys((*SWITCHES, *extra)):
        yield from _read(name, root)
    for family, names in PER_LINK.items():
        top = f"net/{family}/conf"
        try:
            links = sorted(os.listdir(f"{root}/{top}"))
        except OSError:
            continue
        for link in links:
            for name in names:
                yield from _read(f"{top}/{link}/{name}", root)


def _read(name: str, root: str) -> Iterator[Entity]:
    try:
        value = sysctl.read(name, root)
    except sysctl.SysctlError:
        return
    yield entities.sysctl(sysctl.path_of(name, "").removeprefix("/"), value)
