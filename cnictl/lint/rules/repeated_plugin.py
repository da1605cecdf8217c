"""CNI410: a plugin that is twice in a list and does its work once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

ONCE = ("bandwidth", "firewall", "portmap", "sbr", "vrf")
"""Plugins that name what they make after the container, so that a second makes the same."""


@rule("CNI410", "repeated-plugin", WARNING)
def repeated_plugin(conf: Configuration) -> Iterator[Remark]:
    """A plugin that works on the interface stands once in a list; only tuning may do so more often.

    ## Why it matters
    bandwidth, firewall, portmap, sbr and vrf name what they make after the container.  The second makes
    it again, or finds it there and fails, and the DEL of one takes away what the other made.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "firewall"}, {"type": "firewall", "backend": "iptables"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "firewall", "backend": "iptables"}]}
    """
    seen = set()
    for plugin in conf.plugins:
        if plugin.type in ONCE and plugin.type in seen:
            yield Remark(
                plugin.at("type"), f"{plugin.type} is in this list already", "put its keys into one object"
            )
        seen.add(plugin.type)
