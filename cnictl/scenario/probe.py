"""What a scenario needs and the kernel, or the node, may lack."""

from __future__ import annotations

import errno
import os
import shutil

from cnictl.netlink.link_kinds import plain
from cnictl.netlink.rtnl import NetlinkError, Rtnl

PROGRAMS = {"firewalld": ("firewalld", "dbus-daemon")}
DEVICES = {"tap": "/dev/net/tun"}

_NAME = "probe0"


def lacking(need: str) -> str:
    """Return why a need of `cnictl.scenario.keys.KERNEL` cannot be met on this node, "" when it can."""
    if need in PROGRAMS:
        missing = [one for one in PROGRAMS[need] if shutil.which(one) is None]
        return f"no program {missing[0]!r} in PATH" if missing else ""
    if need in DEVICES:
        return "" if os.path.exists(DEVICES[need]) else f"there is no {DEVICES[need]}"
    with Rtnl() as node:
        if need == "vlan_filtering":
            return "" if _filters_vlans(node) else "this kernel's bridges know no VLANs"
        return "" if _knows(node, need) else f"this kernel has no {need} links"


def _knows(node: Rtnl, kind: str) -> bool:
    """Whether the kernel knows a kind of links: it is asked for one without the settings that it needs."""
    try:
        node.add_link(_NAME, plain(kind))
    except NetlinkError as error:
        return error.errno != errno.EOPNOTSUPP
    node.delete_link(_NAME)
    return True


def _filters_vlans(node: Rtnl) -> bool:
    try:
        made = node.add_bridge(_NAME, vlan_filtering=True)
    except NetlinkError:
        return False
    node.delete_link(made)
    return bool(made.vlan_filtering)
