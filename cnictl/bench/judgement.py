"""Which of two sets is faster, as far as the rounds can tell.

The rule: each round gives one ratio, and the ratio that is told is the median of them.  Of that median
an interval is known without any assumption about how times are distributed (a sign test turned round):
if the rounds are independent, it lies between the k-th smallest and the k-th largest ratio with the
probability that a fair coin thrown once a round shows either side at least k times.  The k is the largest for
which that is 99 % or more.  A verdict is given when the whole interval is on one side of 1, and never for
fewer than 8 rounds, which cannot give such an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from statistics import median, quantiles
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.bench.model import Timing

CONFIDENCE = 0.99
"""How probable it must be that an interval holds the true median."""

Verdict = Literal["faster", "slower", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and the quartiles around it: half of the values lie between those."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Times of both sets in seconds, and those of the first in times of the other's.

    `interval` is None when there were too few rounds for one.
    """

    one: Spread
    other: Spread
    ratio: float
    interval: tuple[float, float] | None
    verdict: Verdict


def judge(timing: Timing) -> Judgement:
    """Compare the two sets round by round."""
    ratios = [one / other for one, other in zip(timing.one, timing.other, strict=True)]
    bounds = interval(ratios)
    verdict: Verdict = "cannot tell"
    if bounds is not None and bounds[1] < 1:
        verdict = "faster"
    elif bounds is not None and bounds[0] > 1:
        verdict = "slower"
    return Judgement(spread(timing.one), spread(timing.other), median(ratios), bounds, verdict)


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles of values, of which there is at least one."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return what the median of all such values lies between, or None when these are too few to say."""
    count, rank, outside = len(values), 0, 0
    while True:
        outside += 2 * comb(count, rank)
        if outside > (1 - CONFIDENCE) * 2**count:
            break
        rank += 1
    if not rank:
        return None
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]
