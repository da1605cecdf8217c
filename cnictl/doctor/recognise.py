"""Which class of failure a text tells of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from cnictl.doctor.envelope import Letter, opened
from cnictl.doctor.failure import Failure, catalogue
from cnictl.doctor.pattern import Pattern, compiled

DEL_BLOCKED = "del-blocked"
"""What any failure of DEL comes to."""

MOST_LINES = 20_000
LONGEST_LINE = 1 << 18
_JOINED = 12
"""Lines that can be one that a terminal broke; more are a log."""


@dataclass(slots=True)
class Recognised:
    """A class, the message that told of it, and how sure that is: `weight` counts the words that fit.

    `because` is the code of the class that matched when this one is meant as well; `lines` are all
    messages that told of it.
    """

    failure: Failure
    letter: Letter
    weight: int
    facts: dict[str, str]
    because: str = ""
    lines: list[str] = field(default_factory=list)


def recognise(text: str) -> list[Recognised]:
    """Return the classes that a text tells of, the likeliest first; nothing when it tells of none.

    The text may be one message, a message that a terminal broke into lines, or the output of
    `kubectl describe`, `kubectl get events` or a journal.
    """
    lines = [line[:LONGEST_LINE] for line in text.splitlines() if line.strip()][:MOST_LINES]
    found: dict[str, Recognised] = {}
    for line in lines:
        for one in _of_message(line):
            _keep(found, one, line)
    if not found and 1 < len(lines) <= _JOINED:
        for joined in (" ".join(map(str.strip, lines)), "".join(map(str.strip, lines))):
            for one in _of_message(joined):
                _keep(found, one, joined)
    return sorted(found.values(), key=lambda one: -one.weight)


def message(text: str) -> Letter:
    """Return what is inside of a text that tells of no class that is known."""
    lines = [line for line in text.splitlines() if line.strip()]
    return opened(max(lines, key=len, default="")[:LONGEST_LINE])


def _keep(found: dict[str, Recognised], one: Recognised, line: str) -> None:
    known = found.get(one.failure.code)
    if known is None or one.weight > known.weight:
        one.lines = [*(known.lines if known else ()), line]
        found[one.failure.code] = one
    else:
        known.lines.append(line)


def _of_message(text: str) -> list[Recognised]:
    """Return the classes of one message: that whose words fit best, and those that it is one with."""
    letter = opened(text)
    small = letter.whole.lower()
    best: Recognised | None = None
    for code, pattern in _patterns():
        if (best and pattern.weight <= best.weight) or pattern.anchor not in small:
            continue
        match = pattern.expression.search(letter.whole)
        if match:
            values = {key: value for key, value in match.groupdict().items() if value}
            best = Recognised(catalogue()[code], letter, pattern.weight, letter.facts | values)
    teardown = catalogue()[DEL_BLOCKED]
    if best is None:
        return [Recognised(teardown, letter, 0, letter.facts)] if letter.deleting else []
    others = [one for one in catalogue().values() if best.failure.code in one.like]
    if letter.deleting and best.failure != teardown:
        others.append(teardown)
    return [best, *(Recognised(one, letter, 0, best.facts, because=best.failure.code) for one in others)]


@cache
def _patterns() -> tuple[tuple[str, Pattern], ...]:
    """Return all texts of the catalogue, those that say most first."""
    made = [(code, compiled(text)) for code, one in catalogue().items() for text in one.texts]
    return tuple(sorted(made, key=lambda each: -each[1].weight))
