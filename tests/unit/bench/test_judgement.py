"""Which of two sets is faster, and when that cannot be told."""

from __future__ import annotations

import random

import pytest

from cnictl.bench.judgement import interval, judge, spread
from cnictl.bench.model import Timing


def timing(one: list[float], other: list[float]) -> Timing:
    return Timing("net", "ADD", tuple(one), tuple(other))


def test_a_set_that_is_faster_in_every_round_is_faster():
    """Eight rounds are enough for that, however little it is."""
    found = judge(timing([0.9] * 8, [1.0] * 8))
    assert (found.verdict, found.ratio, found.interval) == ("faster", 0.9, (0.9, 0.9))
    assert judge(timing([1.0] * 8, [0.9] * 8)).verdict == "slower"


@pytest.mark.parametrize("rounds", range(1, 8))
def test_few_rounds_tell_nothing(rounds: int):
    """A coin shows the same side seven times in a row more often than once in a hundred."""
    found = judge(timing([0.1] * rounds, [1.0] * rounds))
    assert (found.verdict, found.interval) == ("cannot tell", None)
    assert found.ratio == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("count", "rank"), [(8, 1), (10, 1), (11, 1), (12, 2), (15, 3), (20, 4), (25, 6), (50, 16), (100, 37)]
)
def test_the_interval_is_that_of_the_tables(count: int, rank: int):
    """Ranks for the 99 % interval of a median, as printed in textbooks (Conover, table A3)."""
    assert interval([float(one) for one in range(1, count + 1)]) == (rank, count + 1 - rank)


def test_one_slow_round_changes_nothing():
    """What else the machine did in one moment is not what a set is judged by."""
    calm = judge(timing([1.0] * 15, [2.0] * 15))
    found = judge(timing([1.0] * 14 + [50.0], [2.0] * 15))
    assert (found.verdict, found.ratio) == (calm.verdict, calm.ratio)


def test_a_machine_that_gets_slower_changes_nothing():
    """Both are called in each round, and only those numbers are compared."""
    one = [1.0 * 2**number for number in range(10)]
    assert judge(timing(one, [1.1 * each for each in one])).verdict == "faster"


def test_equal_sets_are_seldom_told_apart():
    """Not more often than the confidence leaves, however odd the times are distributed."""
    chance = random.Random(7)
    wrong = 0
    for _ in range(1000):
        pairs = [(chance.lognormvariate(0, 1), chance.lognormvariate(0, 1)) for _ in range(15)]
        wrong += judge(timing(*map(list, zip(*pairs, strict=True)))).verdict != "cannot tell"
    assert wrong < 20


def test_quartiles():
    """Half of the values lie between them; one value is all three."""
    found = spread([5.0, 1.0, 2.0, 4.0, 3.0])
    assert (found.low, found.median, found.high) == (2.0, 3.0, 4.0)
    assert (spread([7.0]).low, spread([7.0]).high) == (7.0, 7.0)
