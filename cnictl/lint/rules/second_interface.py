"""CNI407: two plugins of a list make the same interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

LOOPBACK = "loopback"
"""It sets an interface up that is there already, under a name of its own."""


@rule("CNI407", "second-interface")
def second_interface(conf: Configuration) -> Iterator[Remark]:
    """One plugin of a list makes the interface, and those behind it work on that.

    ## Why it matters
    Every plugin of a list is told the same name, such as eth0.  The second that makes an interface
    finds that there is one of that name, and ADD fails.  For a second interface the container is
    attached to a second network.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}, {"type": "macvlan"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    first = ""
    for plugin in conf.plugins:
        reference = REFERENCE.get(plugin.type)
        if reference is None or reference.role != "main" or plugin.type == LOOPBACK:
            continue
        if first:
            yield Remark(
                plugin.at("type"),
                f"{plugin.type} makes the interface that {first} has made",
                "put it into a list of its own, and attach containers to both networks",
            )
        first = first or plugin.type
