"""What a worker tells of itself."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnictl.render.table import BAD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.worker.client import Calls, Status

COLUMNS = ("PLUGIN", "COMMAND", "CALLS", "FAILED", "MEAN ms", "SLOWEST ms")


def status_table(status: Status) -> Table:
    """Return one line for each plugin and command that was called."""
    return table(COLUMNS, (_row(one, status.bounds) for one in status.calls))


def status_line(status: Status, now: float | None = None) -> str:
    """Return a sentence about the processes; `now` in seconds since 1970 is by default the present."""
    up = int((time.time() if now is None else now) - status.started)
    more = f"; {status.refused} calls refused" if status.refused else ""
    more += f"; {status.killed} processes killed" if status.killed else ""
    processes = f"{status.waiting} waiting, {status.busy} busy, at most {status.most}"
    return f"pid {status.pid}, for {up} s: {processes}{more}"


def status_members(status: Status) -> Data:
    """Return the same for `-o json`."""
    members: Data = asdict(status)
    return members


def _row(one: Calls, bounds: tuple[float, ...]) -> tuple[Cell, ...]:
    last = max(index for index, count in enumerate(one.buckets) if count)
    slowest = f"≤ {bounds[last] * 1000:g}" if last < len(bounds) else f"> {bounds[-1] * 1000:g}"
    failed: Cell = (str(one.failures), BAD) if one.failures else "0"
    mean = f"{one.seconds / one.calls * 1000:.1f}"
    return one.plugin, one.command or "-", str(one.calls), failed, mean, slowest
