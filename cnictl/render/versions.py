"""What plugins say about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnictl.render.execution import error_members
from cnictl.render.table import BAD, Cell, table
from cnictl.spec.errors import CniError
from cnictl.spec.versions import SUPPORTED

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.inventory import PluginVersions


def versions_table(found: Sequence[PluginVersions]) -> Table:
    """Return one line a plugin; with the part it plays where it is one of a network's."""
    if any(one.role for one in found):
        return table(
            ("PLUGIN", "ROLE", "SUPPORTS", "SAYS"), ((one.plugin, one.role, *_answer(one)) for one in found)
        )
    return table(("PLUGIN", "SUPPORTS", "SAYS"), ((one.plugin, *_answer(one)) for one in found))


def versions_members(found: Sequence[PluginVersions]) -> list[Data]:
    """Return the same for `-o json`; `refuses` is the network's version if that is not supported."""
    return [_members(one) for one in found]


def span(versions: Sequence[str]) -> str:
    """Return versions as `0.1.0 to 1.1.0` when no known one between them is missing, else all of them."""
    known = [one for one in SUPPORTED if one in versions]
    if len(known) < 3 or len(known) != len(versions):
        return " ".join(versions)
    first, last = SUPPORTED.index(known[0]), SUPPORTED.index(known[-1])
    whole = list(SUPPORTED[first : last + 1]) == known
    return f"{known[0]} to {known[-1]}" if whole else " ".join(versions)


def _answer(one: PluginVersions) -> tuple[Cell, Cell]:
    if one.problem is not None:
        return ("?", BAD), (str(one.problem), BAD)
    if one.refuses:
        return (f"{span(one.supported)}, not {one.refuses}", BAD), one.about
    return span(one.supported), one.about


def _members(one: PluginVersions) -> Data:
    problem = one.problem
    error: Data = None
    if problem is not None:
        error = error_members(problem if isinstance(problem, CniError) else CniError(0, str(problem)))
    return {
        "plugin": one.plugin,
        "path": one.path,
        "role": one.role or None,
        "supportedVersions": list(one.supported),
        "about": one.about or None,
        "refuses": one.refuses or None,
        "error": error,
    }
