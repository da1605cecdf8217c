"""Packet forwarding of the node."""

from __future__ import annotations

from cnictl import sysctl

PARAMETERS = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}


def enable_forwarding(version: int, root: str = sysctl.ROOT) -> None:
    """Let the node forward IPv4 (4) or IPv6 (6) packets.  Raises SysctlError.

    Nothing is written when forwarding is on already: /proc may be read-only.
    """
    name = PARAMETERS[version]
    if sysctl.read(name, root).strip() != "1":
        sysctl.write(name, "1", root)
