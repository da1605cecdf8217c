"""Durations as Go spells them, and pauses between attempts."""

from __future__ import annotations

from itertools import islice

import pytest

from cnictl.dhcp.timing import JITTER, Timing, duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1m30s", 90),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("0", 0),
        (".5s", 0.5),
        ("+2s", 2),
        ("3µs", 3e-6),
    ],
)
def test_durations(text: str, seconds: float):
    """Numbers with units, one behind the other."""
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "-1s", "1s x", "1d", "ten"])
def test_what_is_no_duration(text: str):
    """It is quoted, with how to write one."""
    with pytest.raises(ValueError, match="is no duration; write it as"):
        duration(text)


def test_pauses_between_attempts():
    """Four short ones, then each twice the last up to the limit, none of them exact."""
    pauses = list(islice(Timing(resend_max=20).delays(), 9))
    for pause, about in zip(pauses, [2, 2, 2, 2, 8, 16, 32, 32, 32], strict=True):
        assert about - JITTER <= pause <= about + JITTER
    assert len(set(pauses)) > 1


def test_pauses_between_questions():
    """Short at first, and never longer than four times the time limit; seven times that are one exchange."""
    timing = Timing(timeout=1)
    assert list(islice(timing.resends(), 7)) == [0.25, 0.5, 1, 2, 4, 4, 4]
    assert list(islice(Timing(timeout=0.1).resends(), 3)) == [0.1, 0.2, 0.4]
    assert timing.exchange == 7
