"""What GC of a network would do, or did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.attachments import attachment_members, netns_cell, short_id
from cnictl.render.result import cached_addresses
from cnictl.render.table import BAD, DIM, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.runtime.collection import GCPlan

DELETE: Cell = ("delete", BAD)
KEEP: Cell = ("keep", DIM)


def plan_table(plan: GCPlan) -> Table:
    """Return one line an attachment and one a plugin."""
    rows = [_row(DELETE, one) for one in plan.stale] + [_row(KEEP, one) for one in plan.kept]
    rows += [("ask", f"plugin {one.type}", "", "", "") for one in plan.plugins]
    return table(("GC", "CONTAINER", "IFNAME", "ADDRESSES", "NETNS"), rows)


def plan_members(network: str, plan: GCPlan) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "network": network,
        "disabled": plan.disabled,
        "problem": str(plan.problem) if plan.problem is not None else None,
        "valid": [{"containerID": one, "ifname": other} for one, other in plan.valid],
        "delete": [attachment_members(one) for one in plan.stale],
        "keep": [attachment_members(one) for one in plan.kept],
        "ask": [one.type for one in plan.plugins],
        "skipped": [{"file": one.path, "reason": one.reason} for one in plan.skipped],
    }


def _row(verdict: Cell, cached: CachedAttachment) -> tuple[Cell, ...]:
    attachment = cached.attachment
    return (
        verdict,
        short_id(attachment.container_id),
        attachment.ifname,
        " ".join(cached_addresses(cached.result)),
        netns_cell(cached),
    )
