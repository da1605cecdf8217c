"""The scenarios that a command line means."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.cli import options
from cnictl.cli.problems import UsageProblem
from cnictl.scenario.load import EXTENSIONS, ScenarioError, load_all
from cnictl.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cnictl.scenario.model import Attach


def loaded(paths: Sequence[str]) -> list[Scenario]:
    """The scenarios of files and directories; raises UsageProblem when something is wrong in one."""
    try:
        return load_all(paths)
    except ScenarioError as error:
        raise UsageProblem(str(error), hint=error.hint) from error


def named(scenarios: Sequence[Scenario], names: Collection[str]) -> list[Scenario]:
    """Those of the names given, or all; raises UsageProblem for a name that none has."""
    for name in names:
        if not any(one.name == name for one in scenarios):
            known = ", ".join(one.name for one in scenarios)
            raise UsageProblem(f"no scenario {name!r} in these files", hint=f"scenarios in them: {known}")
    return [one for one in scenarios if not names or one.name in names]


def meant(text: str, conf_dir: str, attach: Attach) -> list[Scenario]:
    """The scenarios of a file or directory, or a network with one attachment; raises UsageProblem."""
    if text.endswith(EXTENSIONS) or os.path.isdir(text):
        return loaded([text])
    network = options.network(conf_dir, text)
    return [Scenario(network.name, network.raw.decode(errors="surrogateescape"), attachments=(attach,))]
