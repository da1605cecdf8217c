"""CNI503: two networks of a directory assign the same addresses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI503", "overlapping-ranges", WARNING)
def overlapping_ranges(conf: Configuration) -> Iterator[Remark]:
    """Networks of one node assign addresses of their own.

    ## Why it matters
    Reservations are kept by the network's name, so that two networks give the same address to two
    containers.  With a bridge each, the node has two routes to one network and uses the first.

    ## What to do
    Give each network a subnet of its own, or, where they share a segment, each a part of it with
    `rangeStart` and `rangeEnd`.  Networks on different masters may have the same addresses.
    """
    if conf.directory is None:
        return
    for mine, other in conf.directory.overlaps.get(conf, ()):
        yield Remark(
            (*mine.plugin.where, *mine.where),
            f"{mine.range} overlaps with {other.range} of {os.path.basename(other.conf.path)}",
            f"{conf.name} and {other.conf.name} may assign the same address twice",
        )
