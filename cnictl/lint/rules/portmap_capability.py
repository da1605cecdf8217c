"""CNI404: portmap is never told a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI404", "portmap-capability", WARNING)
def portmap_capability(conf: Configuration) -> Iterator[Remark]:
    """portmap asks the runtime for the ports: `"capabilities": {"portMappings": true}`.

    ## Why it matters
    A runtime passes port mappings on to plugins that ask for them.  Without the capability a
    pod's hostPort is accepted, and nothing forwards it.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}, {"type": "portmap"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true}}]}
    """
    for plugin in conf.all_plugins:
        if plugin.type != "portmap" or plugin.asks_for("portMappings"):
            continue
        given = plugin.document.get("runtimeConfig")
        if isinstance(given, dict) and Document(given).get("portMappings"):
            continue  # CNI306 speaks of it
        yield Remark(
            plugin.at("type"),
            "portmap does not ask for port mappings, so it never gets any",
            'add "capabilities": {"portMappings": true}',
        )
