"""CNI409: a capability that the plugin does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import CAPABILITIES, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration, PluginObject

JUDGED = ("main", "meta")
"""Plugins of the other roles pass on what they get."""


@rule("CNI409", "unread-capability", WARNING)
def unread_capability(conf: Configuration) -> Iterator[Remark]:
    """A plugin asks for the capabilities that it, or its IPAM plugin, reads.

    ## Why it matters
    The runtime takes it that the request is served: a hostPort that bridge is told of is accepted,
    and nothing forwards it.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "capabilities": {"portMappings": true}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true}}]}
    """
    for plugin in conf.all_plugins:
        reference = REFERENCE.get(plugin.type)
        asked = plugin.document.get("capabilities")
        if reference is None or reference.role not in JUDGED or not isinstance(asked, dict):
            continue
        if plugin.ipam_type and plugin.ipam_type not in REFERENCE:
            continue  # somebody else's reads what it likes
        read = _read_by(plugin)
        for name, wanted in asked.items():
            if wanted is True and name in CAPABILITIES and name not in read:  # others are CNI405's
                yield Remark(
                    plugin.at("capabilities", name),
                    f"{plugin.type} does not read the capability {name}",
                    f"it reads {', '.join(read)}" if read else "it reads none",
                    at_key=True,
                )


def _read_by(plugin: PluginObject) -> list[str]:
    programs = readers(plugin)
    described = (key for one in top(plugin, programs).classes for key in one.keys)
    nested = [key.nested for key in described if key.name == "runtimeConfig" and key.nested is not None]
    return list(dict.fromkeys(key.name for one in nested for key in one.keys))
