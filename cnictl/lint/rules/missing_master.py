"""CNI604: a master that this node does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.interfaces import master
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.similar import similar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI604", "missing-master", WARNING)
def missing_master(conf: Configuration) -> Iterator[Remark]:
    """The master of macvlan, ipvlan or vlan is an interface of the node.

    ## Why it matters
    Without it ADD fails, until somebody makes it.  The rule looks at this node's interfaces, with `--node`
    only.

    ## What to do
    Name an interface that there is on every node with the file; `ip link` lists those of this one.
    """
    if conf.mtus is None:
        return
    for plugin in conf.all_plugins:
        name = master(plugin)
        if name and name not in conf.mtus:
            meant = similar(name, conf.mtus)
            yield Remark(
                plugin.at("master"),
                f"this node has no interface {name!r}",
                f"did you mean {meant}?" if meant else f"it has {', '.join(sorted(conf.mtus)[:8])}",
            )
