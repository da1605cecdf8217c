"""A call done again: whether it did the same, and where not, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnictl.invoke import Completed
from cnictl.render.execution import milliseconds, text_member
from cnictl.render.tree import Line, Tree, tree

if TYPE_CHECKING:
    from cnictl.record.replay import Again, Replay
    from cnictl.render.form import Data


def replay_tree(found: Replay) -> Tree:
    """Return a line with the verdict, and below it what was done before, what parts, and how long it took."""
    return tree(_lines(found))


def replay_members(found: Replay) -> dict[str, Data]:
    """Return the same for `-o json`, and all that was said."""
    return {
        **_members(found.again),
        "before": [_members(one) for one in found.before],
        "notes": list(found.notes),
    }


def verdict(again: Again) -> str:
    """Return `same` or `differs`."""
    return "differs" if again.partings else "same"


def _lines(found: Replay) -> Iterator[Line]:
    call, again = found.again.call, found.again
    word = verdict(again)
    yield Line(0, "-" if again.partings else "+", f"{word} call {call.number}: {call.verb} {call.plugin}")
    for one in found.before:
        did = "" if not one.partings else ", which differs"
        yield Line(1, " ", f"after call {one.call.number}: {one.call.verb} {one.call.plugin}{did}")
    if not again.partings and again.status is not None:
        yield Line(1, " ", f"{Completed(again.status).reason}, then and now")
    for parting in again.partings:
        yield Line(1, "", parting.where)
        yield from (Line(2, "-", one) for one in parting.then.splitlines() or [""])
        yield from (Line(2, "+", one) for one in parting.now.splitlines() or [""])
    then = milliseconds(call.seconds) if call.seconds is not None else "nobody knows how long"
    yield Line(1, " ", f"took {then} then, {milliseconds(again.seconds)} now")


def _members(again: Again) -> dict[str, Data]:
    return {
        "call": again.call.number,
        "plugin": again.call.plugin,
        "verb": again.call.verb,
        "verdict": verdict(again),
        "partings": [{"where": one.where, "then": one.then, "now": one.now} for one in again.partings],
        "status": again.status,
        "stdout": text_member(again.stdout),
        "stderr": text_member(again.stderr),
        "seconds": {"then": again.call.seconds, "now": round(again.seconds, 6)},
    }
