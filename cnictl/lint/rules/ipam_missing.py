"""CNI307: a plugin that needs addresses has nobody to ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI307", "ipam-missing")
def ipam_missing(conf: Configuration) -> Iterator[Remark]:
    """A plugin that routes names an IPAM plugin in `ipam.type`.

    ## Why it matters
    Without addresses there is nothing to route: ADD fails.  ipvlan can do without only behind a plugin
    whose addresses it takes over.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "ptp"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}}
        ]}
    """
    for number, plugin in enumerate(conf.all_plugins):
        program = multicall.load(plugin.type)
        if program is None or plugin.ipam_type:
            continue
        if program.ipam != "required" and (plugin.type != "ipvlan" or number):
            continue
        has_section = plugin.document.get("ipam") is not None
        yield Remark(
            plugin.at("ipam") if has_section else plugin.at("type"),
            f"{plugin.type} needs addresses, and ipam names no plugin to assign them",
            'add "ipam": {"type": "host-local", "subnet": ...}',
        )
