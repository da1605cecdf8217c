"""CNI601: a plugin that is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI601", "missing-program", WARNING)
def missing_program(conf: Configuration) -> Iterator[Remark]:
    """Every plugin, and every IPAM plugin, is a program in CNI_PATH.

    ## Why it matters
    A runtime that does not find a program fails ADD.  The rule is only looked at where there is a
    directory to look into.

    ## What to do
    Install the plugin, or correct its name in `type`.  `cnictl install` installs ours.
    """
    if conf.programs is None:
        return
    for plugin in conf.all_plugins:
        for name, where in ((plugin.type, plugin.at("type")), (plugin.ipam_type, plugin.at("ipam", "type"))):
            problem = conf.programs.problem(name) if name else None
            if problem is not None:
                yield Remark(where, str(problem), problem.hint)
