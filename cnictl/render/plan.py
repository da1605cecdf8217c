"""What a verb would change: as a tree for people, as members for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnictl.render.difference import difference_lines, difference_members
from cnictl.render.tree import Line, Tree, tree

if TYPE_CHECKING:
    from cnictl.plan.model import Plan, Step
    from cnictl.spec.document import Json


def plan_tree(plan: Plan, *, per_plugin: bool = False, verbose: bool = False) -> Tree:
    """Return what would change, perhaps plugin by plugin with what each was told and said."""
    return tree(_lines(plan, per_plugin=per_plugin or verbose, verbose=verbose))


def plan_members(plan: Plan) -> dict[str, Json]:
    """Return the same for `-o json`, always with every plugin."""
    return {
        "network": plan.network,
        "verb": plan.verb,
        "error": plan.error,
        "difference": difference_members(plan.difference),
        "plugins": [
            {
                "plugin": one.plugin,
                "verb": one.verb,
                "seconds": round(one.seconds, 4),
                "status": one.status,
                "stdin": one.stdin,
                "stdout": one.stdout,
                "stderr": one.stderr,
                "difference": difference_members(one.difference),
            }
            for one in plan.steps
        ],
        "notCopied": list(plan.missing),
    }


def _lines(plan: Plan, *, per_plugin: bool, verbose: bool) -> Iterator[Line]:
    if per_plugin:
        for step in plan.steps:
            yield from _step(step, verbose=verbose)
    else:
        yield from difference_lines(plan.difference)
    if plan.missing:
        yield Line(0, "", "not copied from the node, so that it may come out differently there")
        yield from (Line(1, " ", one) for one in plan.missing)


def _step(step: Step, *, verbose: bool) -> Iterator[Line]:
    status = "" if step.status == 0 else f", exit status {step.status}"
    yield Line(0, "", f"{step.plugin} {step.verb}  ({step.seconds * 1000:.0f} ms{status})")
    if verbose:
        for name, text in (("stdin", step.stdin), ("stdout", step.stdout), ("stderr", step.stderr)):
            yield from (Line(1, " ", f"{name}: {one}") for one in text.strip().splitlines())
    if step.difference:
        yield from difference_lines(step.difference, 1)
    else:
        yield Line(1, " ", "changes nothing")
