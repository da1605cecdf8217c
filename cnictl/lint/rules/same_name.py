"""CNI501: two files of a directory have one network's name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI501", "same-name", WARNING)
def same_name(conf: Configuration) -> Iterator[Remark]:
    """The networks of a directory have names of their own.

    ## Why it matters
    Of two files with one name a runtime that looks for it takes the first, lists before single
    plugins.  Reservations, chains and cached Results are kept by the network's name: what one file
    set up is garbage to the other.

    ## What to do
    Rename one of the networks, or remove the file that is not wanted.  What the network of the removed
    file still has attached must be detached first.
    """
    if conf.directory is None or not conf.name:
        return
    first = conf.directory.by_name[conf.name][0]
    if first is not conf:
        yield Remark(
            ("name",),
            f"{os.path.basename(first.path)} has the network {conf.name!r} as well, and comes first",
            "rename one of the networks, or remove one of the files",
        )
