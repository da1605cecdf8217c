"""What came of scenarios: a line each for people with what does not hold below, members for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnictl.render.difference import IN_PART, difference_lines, difference_members, unseen_members
from cnictl.render.tree import Line, Sign, Tree, tree

if TYPE_CHECKING:
    from cnictl.scenario.judge import Failure, Outcome
    from cnictl.spec.document import Json


def outcome_tree(outcome: Outcome) -> Tree:
    """Return a line with the verdict, and below it what does not hold."""
    return tree(_lines(outcome))


def outcome_members(outcome: Outcome) -> dict[str, Json]:
    """Return the same for `-o json`."""
    scenario = outcome.scenario
    return {
        "name": scenario.name,
        "file": scenario.file,
        "line": scenario.line,
        "verdict": verdict(outcome),
        "seconds": round(outcome.seconds, 3),
        "skipped": outcome.skipped,
        "failures": [_failure_members(one) for one in outcome.failures],
        "unseen": unseen_members(outcome.unseen),
    }


def verdict(outcome: Outcome) -> str:
    """Return `ok`, `failed` or `skipped`."""
    return "skipped" if outcome.skipped else "ok" if outcome.holds else "failed"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return how many scenarios hold."""
    counts = {word: sum(verdict(one) == word for one in outcomes) for word in ("ok", "failed", "skipped")}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return said + (IN_PART if any(one.unseen for one in outcomes) else "")


def failure_text(failure: Failure) -> str:
    """Return a failure as text of one or more lines."""
    if failure.difference is None:
        return f"{failure.step}: {failure.text}"
    return f"{failure.step}: {failure.text}\n{tree(difference_lines(failure.difference))}".rstrip()


def _lines(outcome: Outcome) -> Iterator[Line]:
    signs: dict[str, Sign] = {"ok": "+", "failed": "-", "skipped": "~"}
    word = verdict(outcome)
    reason = f": {outcome.skipped}" if outcome.skipped else f"  ({outcome.seconds:.1f} s)"
    yield Line(0, signs[word], f"{word} {outcome.scenario.name}{reason}")
    for one in outcome.failures:
        yield Line(1, "", f"{one.step}: {one.text}")
        if one.difference is not None:
            yield from difference_lines(one.difference, 2)


def _failure_members(failure: Failure) -> dict[str, Json]:
    members: dict[str, Json] = {"step": failure.step, "text": failure.text}
    if failure.difference is not None:
        members["difference"] = difference_members(failure.difference)
    return members
