"""CNI506: files of several network providers in one directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.lint.directory import provider
from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI506", "other-provider", WARNING)
def other_provider(conf: Configuration) -> Iterator[Remark]:
    """A directory has the files of one network provider.

    ## Why it matters
    Who removes a provider seldom removes its file from every node.  When that file comes first, the
    runtime calls a plugin whose daemon is gone, and no pod starts; when it comes second, it takes over
    as soon as the first is removed.

    ## What to do
    Remove the files of the provider that is no longer there.  Files of multus name its delegates, and
    are left alone.
    """
    if conf.directory is None:
        return
    first, mine = conf.directory.first_provider, provider(conf)
    if first is None or not mine or provider(first) == mine:
        return
    name = os.path.basename(first.path)
    yield Remark(
        (),
        f"this is a file of {mine}, and {name}, which comes before it, is of {provider(first)}",
        f"remove the one that was left over{_hint(conf, first)}",
    )


def _hint(conf: Configuration, first: Configuration) -> str:
    """Return which of two files has a plugin that is not installed."""
    programs = conf.programs
    missing = [
        os.path.basename(one.path)
        for one in (conf, first)
        if programs is not None and any(programs.problem(plugin.type) for plugin in one.plugins)
    ]
    return f", such as {missing[0]}, whose plugin is not installed" if len(missing) == 1 else ""
