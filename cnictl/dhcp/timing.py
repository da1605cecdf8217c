"""How long the daemon waits for servers, and the spelling of times on its command line."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnictl.spec.quote import go_quote

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")

FIRST_RESEND = 0.25
QUICK, QUICK_DELAY = 4, 2.0
SLOW_DELAY = 4.0
JITTER = 1.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits in seconds.

    A server has `timeout` to answer, then twice and four times that; after a failure the next attempt
    comes later and later, but `resend_max` at most; after `resend_timeout` all has failed.
    """

    timeout: float = 10.0
    resend_max: float = 62.0
    resend_timeout: float = 208.0

    @property
    def exchange(self) -> float:
        """Seconds for one question and its answer."""
        return self.timeout * 7

    def resends(self) -> Iterator[float]:
        """Yield the pauses after which a question is asked again.

        They begin short, because the first question often meets a bridge's port that does not forward yet.
        """
        pause = min(FIRST_RESEND, self.timeout)
        while True:
            yield pause
            pause = min(pause * 2, self.timeout * 4)

    def delays(self) -> Iterator[float]:
        """Yield the pauses between failed attempts: a few quick ones, then each twice the last."""
        for _ in range(QUICK):
            yield _jittered(QUICK_DELAY)
        delay = SLOW_DELAY
        while True:
            if delay < self.resend_max:
                delay *= 2
            yield _jittered(delay)


def duration(text: str) -> float:
    """Return the seconds of a duration as Go spells it (`1m30s`, `500ms`); raises ValueError."""
    unsigned = text.removeprefix("+")
    parts = _PART.findall(unsigned)
    if unsigned == "0":
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != unsigned:
        raise ValueError(f"{go_quote(text)} is no duration; write it as 500ms, 10s or 1m30s")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _jittered(delay: float) -> float:
    return delay + random.uniform(-JITTER, JITTER)  # noqa: S311 - so that a node's containers do not ask as one
