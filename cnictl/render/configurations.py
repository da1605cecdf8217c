"""Configuration files and what a runtime makes of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.render.table import BAD, DIM, GOOD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.selection import Choice, Selection

_STYLES = {"used": GOOD, "by name": "", "broken": BAD}


def selection_table(selection: Selection) -> Table:
    """Return one line a file, in the runtime's order."""
    return table(
        ("FILE", "NETWORK", "VERSION", "PLUGINS", "VERDICT", "WHY"), (_row(one) for one in selection.choices)
    )


def selection_members(runtime: str, directory: str, selection: Selection) -> dict[str, Data]:
    """Return the same for `-o json`; `problem` is null when pods get a network."""
    return {
        "runtime": runtime,
        "directory": directory,
        "problem": selection.problem or None,
        "remark": selection.remark or None,
        "files": [
            {
                "file": one.path,
                "verdict": one.verdict,
                "reason": one.reason,
                "network": one.network.name if one.network else None,
                "cniVersion": one.network.cni_version if one.network else None,
                "plugins": [plugin.type for plugin in one.network.plugins] if one.network else [],
            }
            for one in selection.choices
        ],
    }


def _row(one: Choice) -> tuple[Cell, ...]:
    network = one.network
    style = _STYLES.get(one.verdict, DIM)
    return (
        os.path.basename(one.path),
        network.name if network else "",
        network.cni_version if network else "",
        " ".join(plugin.type for plugin in network.plugins) if network else "",
        (one.verdict, style),
        (one.reason, BAD if one.verdict == "broken" else ""),
    )
