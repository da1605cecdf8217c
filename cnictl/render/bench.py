"""Measurements of two sets of plugins, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.bench.judgement import CONFIDENCE, judge
from cnictl.render.table import BAD, DIM, GOOD, Cell, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from cnictl.bench.judgement import Spread, Verdict
    from cnictl.bench.load import Load
    from cnictl.bench.model import Timing
    from cnictl.spec.document import Json

STYLES: dict[Verdict, str] = {"faster": GOOD, "slower": BAD, "cannot tell": DIM}
LEGEND = (
    "ms: the median of the rounds, and its quartiles; ratio: A in times of B, the median of the rounds,"
    f" and what it lies between with {CONFIDENCE:.0%} confidence"
)


def timings_table(timings: Sequence[Timing]) -> Table:
    """Return one row for each verb, those of single plugins below the network's."""
    return table(("", "verb", "A ms", "B ms", "A/B", "A is"), map(_row, timings))


def timings_members(timings: Sequence[Timing]) -> list[Json]:
    """Return the same for programs, with the seconds of each round."""
    return [_members(one) for one in timings]


def remarks(timings: Sequence[Timing]) -> list[str]:
    """Return what must be known about the numbers, each thing once."""
    return list(dict.fromkeys(f"{one.name}: {remark}" for one in timings for remark in one.remarks))


def label(timing: Timing) -> str:
    """Return what was measured, in one word or two."""
    words = f"  {timing.plugin}" if timing.plugin else timing.name
    return f"{words}, {timing.present}" if timing.present else words


def loads_table(loads: Sequence[tuple[str, Load]]) -> Table:
    """Return how many pods a second each set brought up, and the worst of them."""
    rows = [
        (
            side,
            str(load.pods),
            str(load.callers),
            f"{load.pods / load.seconds:.1f}",
            _milliseconds(load.spread),
            f"{max(load.each) * 1000:.0f}",
        )
        for side, load in loads
    ]
    return table(("", "pods", "callers", "pods/s", "ms a pod", "worst ms"), rows)


def loads_members(loads: Sequence[tuple[str, Load]]) -> list[Json]:
    """Return the same for programs, with the seconds of each pod."""
    return [
        {
            "side": side,
            "pods": load.pods,
            "callers": load.callers,
            "seconds": round(load.seconds, 6),
            "podsPerSecond": round(load.pods / load.seconds, 3),
            "each": [round(one, 6) for one in load.each],
        }
        for side, load in loads
    ]


def _row(timing: Timing) -> tuple[Cell, ...]:
    found = judge(timing)
    within = f" ({found.interval[0]:.2f}-{found.interval[1]:.2f})" if found.interval else ""
    return (
        label(timing),
        timing.verb,
        _milliseconds(found.one),
        _milliseconds(found.other),
        f"{found.ratio:.2f}{within}",
        (found.verdict, STYLES[found.verdict]),
    )


def _milliseconds(spread: Spread) -> str:
    median, low, high = (
        f"{one * 1000:.{0 if one >= 0.1 else 1}f}" for one in (spread.median, spread.low, spread.high)
    )
    return f"{median} ({low}-{high})"


def _members(timing: Timing) -> dict[str, Json]:
    found = judge(timing)
    present: dict[str, Json] = {timing.present.kind: timing.present.count} if timing.present else {}
    return {
        "name": timing.name,
        "verb": timing.verb,
        "plugin": timing.plugin,
        "present": present,
        "rounds": len(timing.one),
        "a": _spread_members(found.one, timing.one),
        "b": _spread_members(found.other, timing.other),
        "ratio": round(found.ratio, 4),
        "interval": [round(one, 4) for one in found.interval] if found.interval else None,
        "verdict": found.verdict,
        "remarks": list(timing.remarks),
    }


def _spread_members(spread: Spread, seconds: Sequence[float]) -> dict[str, Json]:
    return {
        "median": round(spread.median, 6),
        "quartiles": [round(spread.low, 6), round(spread.high, 6)],
        "seconds": [round(one, 6) for one in seconds],
    }
