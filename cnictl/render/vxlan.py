"""Overlay networks: the nodes that one knows of, and what keeping up with them changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.table import BAD, GOOD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl_plugins.main.vxlan_entries import Report
    from cnictl_plugins.main.vxlan_remotes import Remotes

STYLES = {"+": GOOD, "-": BAD}


def report_table(report: Report) -> Table:
    """Return one line a change."""
    rows: list[tuple[Cell, ...]] = [
        ((one.sign, STYLES.get(one.sign, "")), one.kind, one.words) for one in report.changes
    ]
    return table(("", "KIND", "ENTRY"), rows)


def report_members(network: str, report: Report) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "network": network,
        "changes": [{"sign": one.sign, "kind": one.kind, "entry": one.words} for one in report.changes],
        "problems": list(report.problems),
    }


def remotes_table(remotes: Remotes) -> Table:
    """Return one line a node."""
    rows = [(str(one.vtep), one.mac, " ".join(map(str, one.pod_cidrs)), one.source) for one in remotes.known]
    return table(("VTEP", "MAC", "POD CIDRS", "SOURCE"), rows)


def remotes_members(network: str, remotes: Remotes) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "network": network,
        "remotes": [
            {
                "vtep": str(one.vtep),
                "vtepMAC": one.mac,
                "podCIDRs": [str(prefix) for prefix in one.pod_cidrs],
                "source": one.source,
            }
            for one in remotes.known
        ],
        "problems": list(remotes.problems),
    }
