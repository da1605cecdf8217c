"""Scenarios run: each on a throwaway node of its own, several at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from cnictl.cni_path import directories
from cnictl.sandbox.files import bring
from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node
from cnictl.scenario import judge
from cnictl.scenario.judge import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.scenario.model import Attach, Command, Disturbance, Scenario

    Steps = list[list[Any]]
    Following = Callable[[str], dict[str, Any]]
    """Gives the answer to the next step, which must be the one named."""

TIMEOUT = 60.0
"""Seconds for one plugin."""


def run(
    scenario: Scenario, path: str, *, timeout: float = TIMEOUT, keep: Callable[[Node], None] | None = None
) -> Outcome:
    """Run a scenario with the plugins of a CNI_PATH and judge what came of it.

    `keep` is called with the node after ADD and what follows, before DEL.  Raises SandboxError when
    there can be no node.
    """
    began = time.monotonic()
    ending: Steps = [["del", path], ["del", path], ["state"]]
    with Node() as node:
        bring(node, directories(path))
        if keep is None:
            answers = told(node, scenario, lifecycle(scenario, path) + ending, timeout)
        else:
            answers = told(node, scenario, lifecycle(scenario, path), timeout)
            keep(node)
    lacking = str(answers[0].get("lacking", ""))
    if lacking:
        return Outcome(scenario, time.monotonic() - began, skipped=lacking)
    failures = list(_judged(answers, partial(_in_order, scenario)))
    if not failures:
        for disturbance in scenario.disturb:
            if not disturbance.undo:
                failures += _short_life(scenario, disturbance, path, timeout)
    return Outcome(scenario, time.monotonic() - began, tuple(failures), observed=tuple(answers))


def _short_life(scenario: Scenario, disturbance: Disturbance, path: str, timeout: float) -> Iterator[Failure]:
    """Disturb a container of its own on a node of its own, for what is not taken back stays; then DEL."""
    steps: Steps = [_prepare(scenario), ["add", path], *_disturbed(disturbance, path), ["del", path]]
    with Node() as node:
        bring(node, directories(path))
        answers = told(node, scenario, steps, timeout)

    def in_order(following: Following) -> Iterator[Failure]:
        following("prepare")
        yield from judge.adds(scenario, following("add")["answers"])
        yield from _noticed(disturbance, following)
        deleted = following("del")["answers"]
        yield from judge.deletes(scenario, deleted, f"del after disturb: {disturbance.name}")

    yield from _judged(answers, in_order)


def _noticed(disturbance: Disturbance, following: Following) -> Iterator[Failure]:
    following("commands")
    checked = following("check")["answers"]
    yield from judge.noticed(disturbance, checked, following("drift"))


def run_all(
    scenarios: Sequence[Scenario], path: str, *, jobs: int = 1, timeout: float = TIMEOUT
) -> Iterator[Outcome]:
    """Yield the outcomes as they come, `jobs` scenarios at a time."""
    if jobs == 1:
        yield from (run(one, path, timeout=timeout) for one in scenarios)
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        running = [pool.submit(run, one, path, timeout=timeout) for one in scenarios]
        yield from (one.result() for one in as_completed(running))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def lifecycle(scenario: Scenario, path: str) -> Steps:
    """Return the steps from the setup to all disturbances, with one set of plugins."""
    steps: Steps = [_prepare(scenario), ["state"], ["add", path], ["state"]]
    if scenario.fails:
        return steps
    steps.append(["check", path])
    steps += [["reach", asdict(one)] for one in scenario.reach]
    for disturbance in scenario.disturb:
        if disturbance.undo:
            steps += _disturbed(disturbance, path)
            steps += [["commands", commands_told(disturbance.undo)], ["check", path]]
    return steps


def _disturbed(disturbance: Disturbance, path: str) -> Steps:
    return [["commands", commands_told(disturbance.commands)], ["check", path], ["drift", path]]


def told(node: Node, scenario: Scenario, steps: Steps, timeout: float = TIMEOUT) -> list[dict[str, Any]]:
    """Do steps on a node and return what came of each; the last one may say that it broke off.

    Raises SandboxError when what runs there is lost.
    """
    answer = run_main(
        node,
        "cnictl.scenario.inside",
        {
            "network": scenario.network,
            "attachments": [attachment_told(one) for one in scenario.attachments],
            "timeout": timeout,
            "steps": steps,
        },
        called=f"scenario {scenario.name!r}",
        cwd=directory_of(scenario),
    )
    answers: list[dict[str, Any]] = answer["answers"]
    return answers


def attachment_told(one: Attach) -> dict[str, Any]:
    """Return an attachment as what runs on the node is told of it."""
    return {
        "container": one.container,
        "ifname": one.ifname,
        "args": dict(one.args),
        "capabilities": dict(one.capabilities),
    }


def commands_told(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Return commands as what runs on the node is told of them."""
    return [asdict(one) for one in commands]


def directory_of(scenario: Scenario) -> str:
    """Return where the commands of a scenario run: beside its file, "" without one."""
    return os.path.dirname(os.path.abspath(scenario.file)) if scenario.file else ""


def _prepare(scenario: Scenario) -> list[Any]:
    return ["prepare", commands_told(scenario.setup), list(scenario.needs)]


def _judged(
    answers: Sequence[dict[str, Any]], in_order: Callable[[Following], Iterator[Failure]]
) -> Iterator[Failure]:
    """Judge answers step by step, until they end or say that a command of the scenario failed."""
    left = iter(answers)

    def following(step: str) -> dict[str, Any]:
        answer = next(left, None)
        if answer is None:
            raise _Broken
        if answer["step"] != step:
            raise AssertionError(f"{step} was answered by {answer['step']}")
        if "failed" in answer:
            failed.append(Failure("setup" if step == "prepare" else "disturb", str(answer["failed"])))
            raise _Broken
        return answer

    failed: list[Failure] = []
    try:
        yield from in_order(following)
    except _Broken:
        yield from failed


class _Broken(Exception):
    """The answers end early: a command failed, or the node was kept."""


def _in_order(scenario: Scenario, following: Following) -> Iterator[Failure]:
    """Yield the failures of the steps of `lifecycle`, and of DEL twice behind them."""
    following("prepare")
    before = following("state")["state"]
    added = list(judge.adds(scenario, following("add")["answers"]))
    yield from added
    if added:
        return  # all else would only say it again
    yield from judge.state(scenario, following("state"))
    if not scenario.fails:
        yield from judge.checks(scenario, following("check")["answers"])
        for reach in scenario.reach:
            yield from judge.reached(reach, following("reach"))
        for disturbance in scenario.disturb:
            if disturbance.undo:
                yield from _noticed(disturbance, following)
                following("commands")
                undone = following("check")["answers"]
                yield from judge.checks(scenario, undone, f"undo: {disturbance.name}")
    yield from judge.deletes(scenario, following("del")["answers"], "del")
    yield from judge.deletes(scenario, following("del")["answers"], "del again")
    yield from (
        Failure("left", f"after DEL {line}")
        for line in judge.left(scenario, before, following("state")["state"])
    )
