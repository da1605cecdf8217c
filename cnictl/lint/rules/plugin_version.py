"""CNI210: a plugin does not support the list's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec import versions
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI210", "plugin-version")
def plugin_version(conf: Configuration) -> Iterator[Remark]:
    """Every plugin of a list must support the list's version.

    ## Why it matters
    A plugin refuses a version that it does not support, and with it fails the whole ADD.

    ## Instead of
        {"cniVersion": "0.3.1", "name": "web", "plugins": [{"type": "bridge"}, {"type": "firewall"}]}

    ## Write
        {"cniVersion": "0.4.0", "name": "web", "plugins": [{"type": "bridge"}, {"type": "firewall"}]}
    """
    if conf.version not in versions.SUPPORTED:
        return  # CNI203 reports it
    for plugin in conf.plugins:
        reference = REFERENCE.get(plugin.type)
        if reference is None or versions.at_least(conf.version, reference.since):
            continue
        yield Remark(
            plugin.at("type"),
            f"{plugin.type} supports versions from {reference.since} on, and this is {conf.version}",
            f'write "cniVersion": "{reference.since}" or a later one',
        )
