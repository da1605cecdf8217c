"""Network namespaces with a name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnictl.render.attachments import attachment_members
from cnictl.render.table import BAD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.runtime.named import NamedNetns


def netns_table(found: Iterable[NamedNetns]) -> Table:
    """Return one line a namespace."""
    return table(("NAME", "INODE", "PROCESSES", "ATTACHMENTS"), (_row(one) for one in found))


def netns_members(found: Iterable[NamedNetns]) -> list[Data]:
    """Return the same for `-o json`."""
    return [
        {
            "name": one.name,
            "path": one.path,
            "inode": one.inode or None,
            "processes": one.processes,
            "attachments": _members(one.attachments),
            "problem": one.problem or None,
        }
        for one in found
    ]


def _members(attachments: Iterable[CachedAttachment] | None) -> list[Data] | None:
    return None if attachments is None else [attachment_members(each) for each in attachments]


def _row(one: NamedNetns) -> tuple[Cell, ...]:
    attachments = "not known"
    if one.attachments is not None:
        attachments = ", ".join(f"{each.network} {each.attachment.ifname}" for each in one.attachments)
    if one.problem:
        return one.name, ("none", BAD), "", "; ".join(filter(None, [attachments, one.problem]))
    return one.name, str(one.inode), str(one.processes), attachments
