"""CNI505: a directory has more than one network, and a runtime takes the first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.lint.model import INFO, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI505", "not-first", INFO)
def not_first(conf: Configuration) -> Iterator[Remark]:
    """Of the files of a directory, pods get the network of the first.

    ## Why it matters
    containerd and CRI-O sort the files by their names and use the first, so that a file that sorts before
    changes the network of every new pod.  The others are for whoever asks for them by name.  The second
    file has the remark, for itself and all behind it.

    ## What to do
    Nothing, if the first is the one that pods should get.  `cnictl conf ls` shows what each runtime makes
    of the directory.
    """
    if conf.directory is None or not conf.directory.whole:
        return
    first, *others = conf.directory.in_order
    if others and conf is others[0]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield Remark(
            (),
            f"{os.path.basename(first.path)} comes before this{more}, and is the one for pods",
            "containerd and CRI-O take the first; `cnictl conf ls` tells more",
        )
