"""CNI602: an installed plugin does not support the configuration's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI602", "program-version")
def program_version(conf: Configuration) -> Iterator[Remark]:
    """Every installed plugin supports the configuration's version.

    ## Why it matters
    A plugin compares the version with those that it supports, and fails when it is not among them.
    The rule asks the programs, with `--cni-path` only: it runs them with the command VERSION.

    ## What to do
    Install a newer plugin, or state a `cniVersion` that all plugins of the list support; `cnictl version`
    shows which those are.
    """
    if conf.programs is None or not conf.programs.ask:
        return
    for plugin in conf.plugins:
        for name, where in ((plugin.type, plugin.at("type")), (plugin.ipam_type, plugin.at("ipam", "type"))):
            if not name or conf.programs.problem(name) is not None:
                continue  # CNI601 reports it
            versions = conf.programs.versions(name)
            if isinstance(versions, CnictlError):
                yield Remark(
                    where, f"{name} does not answer VERSION: {versions}", versions.hint, severity=WARNING
                )
            elif conf.version not in versions:
                yield Remark(
                    where,
                    f"the installed {name} supports {', '.join(versions)}, and this is {conf.version}",
                    "install a newer plugin, or state a version that all of them support",
                )
