"""Measurements as a picture: bars for ratios, lines for growth, in SVG that needs nothing else."""

from __future__ import annotations

import math
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from cnictl.bench.judgement import judge
from cnictl.render.bench import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnictl.bench.judgement import Verdict
    from cnictl.bench.model import Timing

WIDTH, LEFT, RIGHT = 760, 190, 70
BAR, GAP, TOP = 16, 8, 60
PLOT = 220
"""Height of a diagram with lines."""
FILLS: dict[Verdict, str] = {"faster": "#2a9d6e", "slower": "#d1603d", "cannot tell": "#9aa3ad"}
ONE, OTHER = "#2a6fd1", "#d1603d"
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".dim{fill:#6b747d}"
    ".title{font-weight:600;font-size:15px}.end{text-anchor:end}.middle{text-anchor:middle}line{stroke:#c3c9d0}.strong{stroke:#24292f}"
    ".within{stroke:#24292f;stroke-width:1.5}polyline{fill:none;stroke-width:2}"
)


def chart(timings: Sequence[Timing], *, one: str, other: str) -> str:
    """Return the picture; `one` and `other` are what the two sets are called in it.

    Where there are several counts of something present, each verb has a diagram of how its time grows.
    """
    growing = [each for each in timings if each.present is not None]
    if growing and len({each.present for each in growing}) > 1:
        parts, height = _growth(growing, one, other)
    else:
        parts, height = _bars(timings, one, other)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img">'
    )
    background = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", background, *parts, "</svg>", ""])


def _bars(timings: Sequence[Timing], one: str, other: str) -> tuple[list[str], int]:
    """One bar for each row, a line at 1, and what the ratio lies between."""
    judged = [(each, judge(each)) for each in timings]
    reach = max([1.25, *((found.interval or (0, found.ratio))[1] for _, found in judged)])

    def across(ratio: float) -> float:
        return LEFT + ratio / reach * (WIDTH - LEFT - RIGHT)

    height = TOP + len(judged) * (BAR + GAP) + 34
    bottom = height - 30
    parts = [
        _text(16, 26, f"{one} in times of {other}", "title"),
        _text(across(1), 46, "1", "dim middle"),
    ]
    for number, (timing, found) in enumerate(judged):
        y = TOP + number * (BAR + GAP)
        middle = y + BAR / 2
        parts += [
            _text(LEFT - 10, y + 13, f"{label(timing).strip()} {timing.verb}", "end"),
            _bar(LEFT, y, across(found.ratio) - LEFT, BAR, FILLS[found.verdict]),
        ]
        end = found.ratio
        if found.interval:
            low, end = found.interval
            parts.append(_line(across(low), middle, across(end), middle, "within"))
        parts.append(_text(across(max(end, found.ratio)) + 6, y + 13, f"{found.ratio:.2f}"))
    parts.append(_line(across(1), TOP - 6, across(1), bottom, "strong"))
    x = LEFT
    for word, fill in FILLS.items():
        parts += [
            _bar(x, height - 22, 10, 10, fill),
            _text(x + 15, height - 13, word, "dim"),
        ]
        x += 90
    return parts, height


def _growth(timings: Iterable[Timing], one: str, other: str) -> tuple[list[str], int]:
    """A diagram for each verb: the median time by how much was there before, both axes logarithmic."""
    ordered = sorted(timings, key=_subject)
    groups = [(name, list(several)) for name, several in groupby(ordered, key=_subject)]
    parts = [
        _text(16, 26, "milliseconds, by what was there before", "title"),
        *_named(WIDTH - RIGHT - 300, 26, one, ONE),
        *_named(WIDTH - RIGHT - 300, 44, other, OTHER),
    ]
    for number, (name, several) in enumerate(groups):
        parts += _diagram(name, several, TOP + number * (PLOT + 70))
    return parts, TOP + len(groups) * (PLOT + 70)


def _subject(timing: Timing) -> str:
    kind = timing.present.kind if timing.present else ""
    return f"{timing.plugin or timing.name} {timing.verb}: {kind}"


def _diagram(name: str, timings: Sequence[Timing], top: int) -> Iterator[str]:
    counts = [max(1, each.present.count) for each in timings if each.present]
    judged = [judge(each) for each in timings]
    times = [spread.median * 1000 for found in judged for spread in (found.one, found.other)]
    low, high = _decades(times)
    first, last = math.log10(min(counts)), math.log10(max(counts))
    bottom = top + PLOT

    def across(count: float) -> float:
        return LEFT + (math.log10(count) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def up(time: float) -> float:
        return bottom - (math.log10(time) - low) / (high - low) * (PLOT - 30)

    yield _text(16, top + 10, name)
    for decade in range(low, high + 1):
        yield _line(LEFT, up(10**decade), WIDTH - RIGHT, up(10**decade))
        yield _text(LEFT - 10, up(10**decade) + 4, f"{10**decade:g}", "dim end")
    for count in counts:
        yield _text(across(count), bottom + 18, f"{count:,}", "dim middle")
    for colour, pairs in (
        (ONE, [(found.one, found.other) for found in judged]),
        (OTHER, [(found.other, found.one) for found in judged]),
    ):
        points = [
            (across(count), up(own.median * 1000)) for count, (own, _) in zip(counts, pairs, strict=True)
        ]
        yield f'<polyline stroke="{colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
        for (x, y), (own, others) in zip(points, pairs, strict=True):
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
            aside = -6 if own.median > others.median else 16  # the lower one's number stands below it
            yield _text(x + 6, y + aside, f"{own.median * 1000:.1f}", "dim")


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _named(x: float, y: float, name: str, colour: str) -> tuple[str, str]:
    return f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>', _text(x + 9, y, name)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"' + (f' class="{kind}"' if kind else "") + f">{escape(text)}</text>"


def _bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{shown}/>'
