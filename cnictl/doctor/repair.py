"""Healing what a report names, step by step, and taking it back.

A step is written to a journal before it is done.  It is done only when the thing is still as it was when
it was shown, and taken back only when it still is as the step has left it.

    {"kind": "cnictl doctor 1", "time": "2026-01-31T12:00:00Z"}
    {"code": "fwd-off", "command": "sysctl -w net.ipv4.ip_forward=1", "before": "0", "after": "1"}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cnictl import journal
from cnictl.doctor.action import action
from cnictl.doctor.failure import complete
from cnictl.journal import CannotWrite
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.doctor.action import Action, Means
    from cnictl.doctor.finding import Finding
    from cnictl.doctor.judge import Report
    from cnictl.spec.document import Document, Json

KIND = "cnictl doctor 1"
DIRECTORY = "repaired"
"""Where journals are, beside the runtime's cache."""

Result = Literal["", "done", "put back", "not needed", "changed meanwhile", "failed"]


@dataclass(slots=True)
class Step:
    """A change: of what, from what, to what, and what became of it ("" for one that was only shown).

    `later` is a step whose thing is there only when the steps before it are done.
    """

    code: str
    command: str
    before: Json
    after: Json
    told: str
    action: Action
    result: Result = ""
    reason: str = ""
    later: bool = False


@dataclass(slots=True)
class Fix:
    """The steps that heal a finding, and after them whether it is gone."""

    finding: Finding
    steps: list[Step] = field(default_factory=list)
    healed: bool | None = None

    @property
    def was_tried(self) -> bool:
        """Whether there is any sense in looking whether it has healed."""
        return any(one.result in ("done", "failed", "not needed") for one in self.steps)


def fixes(report: Report, means: Means, tried: Sequence[Fix] = ()) -> list[Fix]:
    """Return how the findings that have a safe fix would be healed, causes first, each step once.

    What was tried already is not tried again.
    """
    found: list[Fix] = []
    known = {step.command for one in tried for step in one.steps}
    for finding in report.every():
        if not finding.failure.safe:
            continue
        commands = [complete(each, finding.facts) for each in finding.failure.run]
        if None in commands:
            continue  # what the command is about is not known, or better left
        fix = Fix(finding)
        for command in commands:
            step = _step(finding.failure.code, command or "", means)
            if step and command not in known:
                known.add(command or "")
                fix.steps.append(step)
        if fix.steps:
            found.append(fix)
    return found


def _step(code: str, command: str, means: Means) -> Step | None:
    """Return the change that a command makes, None for one that changes nothing."""
    found = action(command, means)
    if found is None:
        return None
    try:
        before = found.look()
        after = found.wanted(before)
        told = found.told(before)
    except (CnictlError, OSError) as error:
        return Step(code, command, None, None, f"cannot be looked at yet: {error}", found, later=True)
    return Step(code, command, before, after, told, found) if before != after else None


def carry_out(fix: Fix, written: journal.Journal) -> None:
    """Do the steps of a fix, each as soon as it is in the journal.  Raises CnictlError when that fails."""
    for one in fix.steps:
        try:
            now = one.action.look()
            if one.later:
                one.before, one.after = now, one.action.wanted(now)
            if now == one.after:
                one.result = "not needed"
                continue
            if now != one.before:
                one.result = "changed meanwhile"
                continue
            written.append([_members(one)])
            one.action.put(one.after)
            one.result = "done"
        except CannotWrite:
            raise
        except (CnictlError, OSError) as error:
            one.result, one.reason = "failed", str(error)


def judged_again(done: list[Fix], report: Report) -> None:
    """Note of each fix that was tried whether its finding is gone."""
    left = {(one.failure.code, one.where) for one in report.every()}
    for fix in done:
        if fix.was_tried:
            fix.healed = (fix.finding.failure.code, fix.finding.where) not in left


def read(path: str, means: Means) -> list[Step]:
    """Return the steps of a journal, the last one first.  Raises CnictlError."""

    def build(document: Document) -> Step:
        command = document.string("command")
        found = action(command, means)
        if found is None:
            raise CnictlError(f"no command of a fix: {command}")
        before, after = document.get("before"), document.get("after")
        return Step(document.string("code"), command, before, after, command, found)

    return journal.read(path, KIND, build)[::-1]


def take_back(steps: list[Step], *, only_show: bool = False) -> Iterator[Step]:
    """Put things back as they were, where they still are as they were left, and yield what became of each."""
    for one in steps:
        try:
            now = one.action.look()
            if now == one.before:
                one.result = "not needed"
            elif now != one.after:
                one.result = "changed meanwhile"
            elif not only_show:
                one.action.put(one.before)
                one.result = "put back"
        except (CnictlError, OSError) as error:
            one.result, one.reason = "failed", str(error)
        yield one


def _members(one: Step) -> dict[str, object]:
    return {"code": one.code, "command": one.command, "before": one.before, "after": one.after}
