"""The interfaces of this node, as far as a configuration's author wants them to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.netlink.rtnl import Rtnl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.lint.subject import PluginObject

STACKED = ("ipvlan", "macvlan", "vlan")
"""Plugins whose link sits on a master, and has at most its MTU."""


def mtus_of_this_node() -> Mapping[str, int]:
    """Return the MTU of every interface, by its name; raises NetlinkError."""
    with Rtnl() as host:
        return {link.name: link.mtu for link in host.links()}


def master(plugin: PluginObject) -> str:
    """Return the interface of the node that a plugin sits on, "" for none that is named."""
    if plugin.type not in STACKED or plugin.document.get("linkInContainer") is True:
        return ""
    return plugin.text("master")
