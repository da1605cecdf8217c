"""Reservations: how full the ranges are, whose the addresses are, and what is wrong with them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from cnictl.leases.verdict import VERDICTS
from cnictl.render.attachments import short_id
from cnictl.render.table import BAD, DIM, GOOD, Cell, table
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from cnictl.leases.evidence import Evidence
    from cnictl.leases.findings import Finding
    from cnictl.leases.reclaim import Outcome
    from cnictl.leases.survey import Surveyed, Usage
    from cnictl.leases.verdict import Judged
    from cnictl.render.form import Data

MOST = 40
"""Rows of `show` unless all are wanted."""
_BAR = 10
_LARGE = 10_000_000
_WARM, _FULL = 0.8, 0.95
_STYLES = {"live": GOOD, "orphan": BAD, "empty": BAD, "duplicate": BAD}
_SEVERITIES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def usage_table(found: Iterable[Surveyed]) -> Table:
    """Return one line a range set, and one for each directory whose ranges are not known."""
    rows = [row for one in found for row in _usage_rows(one)]
    return table(("NETWORK", "RANGES", "USED", "FREE", "LAST", "USAGE"), rows)


def usage_members(found: Iterable[Surveyed]) -> list[Data]:
    """Return the same for `-o json`; `free` counts what no file reserves."""
    return [
        {
            "network": one.network.name,
            "directory": one.network.directory,
            "configurations": [source.path for source in one.network.sources],
            "reservations": len(one.contents.reservations),
            "problem": one.contents.problem or None,
            "rangeSets": [
                {
                    "ranges": [str(each) for each in usage.ranges.ranges],
                    "size": usage.ranges.size,
                    "used": usage.used,
                    "free": usage.free,
                    "lastReserved": usage.last or None,
                }
                for usage in one.usages()
            ],
        }
        for one in found
    ]


def reservations_table(found: Sequence[Surveyed], now: float) -> RenderableType:
    """Return one line a reservation; of more than MOST, those that are not live, and a count."""
    from rich.console import Group
    from rich.text import Text

    rows = [(one, each) for one in found for each in one.judged]
    remark = ""
    if len(rows) > MOST:
        notable = [row for row in rows if row[1].verdict != "live"][:MOST]
        remark = f"and {len(rows) - len(notable)} more, which --all shows; of all, {_counted(found)}"
        rows = notable
    several = len(found) > 1
    made = table(_heads(several), (_row(one, each, now)[0 if several else 1 :] for one, each in rows))
    parts: list[RenderableType] = [made] if rows else []
    return Group(*parts, Text(remark)) if remark else made


def reservations_text(found: Sequence[Surveyed], now: float) -> str:
    """Return one line a reservation, of all and in full: there may be more than a table can hold."""
    several = len(found) > 1
    rows = [_heads(several)] if any(one.judged for one in found) else []
    for one in found:
        for each in one.judged:
            cells = _row(one, each, now, whole=True)[0 if several else 1 :]
            rows.append(tuple(line(cell if isinstance(cell, str) else cell[0]) for cell in cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join([cell.ljust(width) for cell, width in zip(row, widths, strict=True)]).rstrip() + "\n"
        for row in rows
    )


def reservations_members(found: Iterable[Surveyed], evidence: Evidence) -> dict[str, Data]:
    """Return all of them for `-o json`, and what is not known."""
    return {
        "unknown": list(evidence.gaps),
        "networks": [
            {
                "network": one.network.name,
                "directory": one.network.directory,
                "counts": dict(_counts(one)),
                "reservations": [_members(each) for each in one.judged],
            }
            for one in found
        ],
    }


def findings_table(found: Iterable[Finding]) -> RenderableType:
    """Return what is wrong, each with what to do about it."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for one in found:
        head = Text.assemble(
            (f"{one.severity}: ", _SEVERITIES[one.severity]),
            (f"{line(one.network)}: " if one.network else "", "bold"),
            f"{line(one.message)} ",
            (f"[{one.code}]", "dim"),
        )
        parts.append(head)
        if one.hint:
            parts.append(Padding(Text(f"hint: {line(one.hint)}"), (0, 0, 0, 4)))
    return Group(*parts)


def findings_members(found: Iterable[Finding], evidence: Evidence) -> dict[str, Data]:
    """Return the same for `-o json`."""
    return {
        "unknown": list(evidence.gaps),
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "network": one.network,
                "message": one.message,
                "hint": one.hint or None,
            }
            for one in found
        ],
    }


def outcomes_table(outcomes: Sequence[Outcome], *, planned: bool) -> RenderableType:
    """Return one line a reservation that was, or would be, freed or put back; of many, how many more."""
    from rich.console import Group
    from rich.text import Text

    done = DIM if planned else GOOD
    rows = [
        (
            one.network,
            str(one.address),
            short_id(one.container_id),
            one.ifname,
            (one.words, done if one.done else BAD),
        )
        for one in outcomes[:MOST]
    ]
    made = table(("NETWORK", "ADDRESS", "CONTAINER", "IFNAME", "OUTCOME"), rows)
    more = len(outcomes) - MOST
    return Group(made, Text(f"and {more} more, which -o json has")) if more > 0 else made


def outcomes_members(outcomes: Iterable[Outcome], journal: str, *, planned: bool) -> dict[str, Data]:
    """Return all of them for `-o json`; `journal` is null when nothing was changed."""
    return {
        "planned": planned,
        "journal": journal or None,
        "reservations": [
            {
                "network": one.network,
                "address": str(one.address),
                "containerID": one.container_id,
                "ifname": one.ifname,
                "done": one.done,
                "outcome": one.words,
            }
            for one in outcomes
        ],
    }


def _usage_rows(one: Surveyed) -> list[tuple[Cell, ...]]:
    usages = one.usages()
    if not usages:
        why: Cell = ("no configuration", BAD) if not one.network.sources else ("not known", DIM)
        return [(one.network.name, why, str(len(one.contents.reservations)), "", "", "")]
    rows: list[tuple[Cell, ...]] = []
    for usage in usages:
        ranges = ", ".join(map(str, usage.ranges.ranges))
        numbers = (str(usage.used), _number(usage.free))
        rows.append((one.network.name, ranges, *numbers, usage.last, _bar(usage)))
    return rows


def _bar(usage: Usage) -> Cell:
    size = usage.ranges.size
    part = usage.used / size if size else 1.0
    filled = max(min(round(part * _BAR), _BAR - (part < 1)), usage.used > 0)
    text = f"{'#' * filled}{'.' * (_BAR - filled)} {int(part * 100)}%"
    return (text, BAD if part >= _FULL else "yellow" if part >= _WARM else GOOD)


def _number(number: int) -> str:
    return str(number) if number < _LARGE else f"{number:.1e}".replace("e+", "e")


def _heads(several: bool) -> tuple[str, ...]:
    heads = ("NETWORK", "ADDRESS", "CONTAINER", "IFNAME", "AGE", "VERDICT", "EVIDENCE")
    return heads if several else heads[1:]


def _row(one: Surveyed, judged: Judged, now: float, *, whole: bool = False) -> tuple[Cell, ...]:
    kept = judged.kept
    return (
        one.network.name,
        str(kept.address),
        short_id(kept.container_id, whole=whole),
        kept.ifname,
        _age(kept.age(now)),
        (judged.verdict, _STYLES.get(judged.verdict, "yellow")),
        "; ".join(_telling(judged)),
    )


def _telling(one: Judged) -> list[str]:
    """Return the words of the facts that decide: what is known if it is in use, what is missing if not."""
    if one.in_use is not False:
        return [fact.words for fact in one.facts if fact.holds is one.in_use]
    plain = ("address", "sandbox", "process", "not cached")
    said = [fact.words for fact in one.facts if fact.source not in plain and fact.words not in plain]
    return ["nobody has it", *said]


def _members(one: Judged) -> dict[str, Data]:
    return {
        "address": str(one.kept.address),
        "containerID": one.kept.container_id,
        "ifname": one.kept.ifname,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.kept.made // 1_000_000_000)),
        "verdict": one.verdict,
        "inUse": one.in_use,
        "evidence": [fact.words for fact in one.facts],
    }


def _counts(one: Surveyed) -> list[tuple[str, int]]:
    count = Counter(each.verdict for each in one.judged)
    return [(verdict, count[verdict]) for verdict in VERDICTS]


def _counted(found: Iterable[Surveyed]) -> str:
    count = Counter(each.verdict for one in found for each in one.judged)
    return ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS if count[verdict])


def _age(seconds: float) -> str:
    if seconds < 0:
        return "future"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds) // size}{unit}"
    return f"{int(seconds)}s"
