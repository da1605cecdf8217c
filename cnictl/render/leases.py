"""DHCP leases, as the daemon keeps them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnictl.render.table import BAD, Cell, table

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.ipam.lease_record import LeaseRecord
    from cnictl.render.form import Data

COLUMNS = ("CONTAINER", "NETWORK", "IFNAME", "ADDRESS", "SERVER", "RENEWED", "EXPIRES")


def leases_table(found: Iterable[LeaseRecord], now: float | None = None) -> Table:
    """Return one line a lease; `now` in seconds since 1970 is by default the present."""
    moment = time.time() if now is None else now
    return table(COLUMNS, (_row(one, moment) for one in found))


def leases_members(found: Iterable[LeaseRecord]) -> list[Data]:
    """Return the same for `-o json`; times in seconds since 1970, null for never."""
    return [
        {
            "container": one.container_id,
            "network": one.network,
            "ifname": one.ifname,
            "netns": one.netns,
            "address": str(one.address),
            "server": one.server,
            "renew": one.renew,
            "rebind": one.rebind,
            "expire": one.expire,
        }
        for one in found
    ]


def _row(one: LeaseRecord, now: float) -> tuple[Cell, ...]:
    expires: Cell = ("expired", BAD) if one.is_over(now) else _in(one.expire, now)
    names = (one.container_id, one.network, one.ifname)
    return (*names, str(one.address), one.server, _in(one.renew, now), expires)


def _in(moment: int | None, now: float) -> str:
    """Return words for when something is due: `in 1h 5m`, `due`, `never`."""
    if moment is None:
        return "never"
    seconds = int(moment - now)
    if seconds <= 0:
        return "due"
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part
            return f"in {seconds // size}{unit}" + (f" {rest}{smaller}" if rest else "")
    return f"in {seconds}s"
