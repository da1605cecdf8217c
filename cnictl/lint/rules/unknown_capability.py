"""CNI405: a capability that no runtime knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.similar import similar
from cnictl.spec.catalog import CAPABILITIES, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI405", "unknown-capability", WARNING)
def unknown_capability(conf: Configuration) -> Iterator[Remark]:
    """A reference plugin asks for capabilities of the conventions, spelled as there.

    ## Why it matters
    The runtime looks a capability up by its name, and its case counts.  What it does not know it
    never passes on.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true, "portmappings": true}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true}}]}
    """
    for plugin in conf.all_plugins:
        asked = plugin.document.get("capabilities")
        if plugin.type not in REFERENCE or not isinstance(asked, dict):
            continue
        for name in asked:
            if name in CAPABILITIES:
                continue
            meant = similar(name, CAPABILITIES)
            yield Remark(
                plugin.at("capabilities", name),
                f"no runtime knows the capability {name!r}",
                f"did you mean {meant}?"
                if meant
                else f"there are {', '.join(list(CAPABILITIES)[:7])} and others",
                at_key=True,
            )
