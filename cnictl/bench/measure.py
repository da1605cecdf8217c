"""Two sets of plugins measured on a throwaway node."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cnictl.bench.model import USUAL_VERBS, VERBS, Timing
from cnictl.cni_path import directories
from cnictl.sandbox.files import bring
from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node
from cnictl.scenario.run import TIMEOUT, attachment_told, commands_told, directory_of
from cnictl.spec.errors import CnictlError
from cnictl.worker import client
from cnictl.worker.paths import SOCKET

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from cnictl.bench.model import Present, Side
    from cnictl.scenario.model import Scenario

_WORKER_PATIENCE = 20.0  # seconds


class CannotMeasure(CnictlError):
    """The work cannot be done, by one of the sets or at all."""


class Skipped(CannotMeasure):
    """The kernel lacks what the work needs."""


def measure(
    work: Scenario,
    one: Side,
    other: Side,
    *,
    rounds: int,
    warm_up: int = 1,
    verbs: Collection[str] = USUAL_VERBS,
    present: Present | None = None,
    worker: Sequence[str] = (),
    timeout: float = TIMEOUT,
) -> list[Timing]:
    """Have both sets attach, check and detach the containers of a scenario, in turn, `rounds` times.

    Which one is the first alternates.  The rounds of `warm_up` come before and are not counted: they make
    what containers share.  `worker` is the command of a daemon that is to run on the node.  Returned are
    the times of all plugins together, and those of each, by verb.  Raises CannotMeasure, and SandboxError
    when there can be no node.
    """
    told = {
        "network": work.network,
        "attachments": [attachment_told(each) for each in work.attachments],
        "setup": commands_told(work.setup),
        "needs": list(work.needs),
        "sides": [asdict(side) for side in (one, other)],
        "present": [present.kind, present.count] if present else None,
        "verbs": list(verbs),
        "rounds": rounds,
        "warm_up": warm_up,
        "timeout": timeout,
    }
    with Node() as node:
        bring(node, [*directories(one.path), *directories(other.path)])
        with running(node, worker):
            answer = asked(node, "cnictl.bench.inside", told, work)
            if worker and not sum(each.calls for each in client.status(node.path(SOCKET)).calls):
                raise CannotMeasure(
                    "no call reached the worker", hint="`cnictl install --worker` makes launchers that ask it"
                )
    return list(_timings(work.name, answer, verbs, present))


def asked(node: Node, module: str, told: dict[str, Any], work: Scenario) -> dict[str, Any]:
    """Run a module of ours on a node; raises CannotMeasure with what it says against it."""
    answer = run_main(
        node,
        module,
        told,
        called=f"the measurement of {work.name}",
        cwd=directory_of(work),
    )
    if "lacking" in answer:
        raise Skipped(f"{work.name}: {answer['lacking']}")
    if "failed" in answer:
        raise CannotMeasure(f"{work.name}: {answer['failed']}", hint=answer.get("hint", ""))
    return answer


@contextmanager
def running(node: Node, worker: Sequence[str]) -> Iterator[None]:
    """Have a worker on a node while the block runs, or none without a command."""
    if not worker:
        yield
        return
    with (
        open(os.devnull, "wb") as null,
        node.start(worker, stdout=null.fileno(), stderr=null.fileno()) as process,
    ):
        try:
            end = time.monotonic() + _WORKER_PATIENCE
            while not _is_waiting(node):
                if process.poll() is not None or time.monotonic() > end:
                    raise CannotMeasure(f"the worker does not start: {' '.join(worker)}")
                time.sleep(0.02)
            yield
        finally:
            process.kill()  # nsenter; what it started ends with the node


def _is_waiting(node: Node) -> bool:
    try:
        return client.status(node.path(SOCKET)).waiting > 0
    except client.NoWorker:
        return False


def _timings(
    name: str, answer: dict[str, Any], verbs: Collection[str], present: Present | None
) -> Iterator[Timing]:
    rounds = answer["rounds"]
    plugins = list(dict.fromkeys(plugin for plugin, _, _ in rounds[0][0]))
    refusals = [
        f"{side}: {said}" for side, each in zip("AB", answer["refusals"], strict=True) for said in each
    ]
    for verb in VERBS:
        if verb not in verbs:
            continue
        remarks = tuple(refusals) if verb == "CHECK" else ()
        for plugin in ("", *plugins):
            one, other = (
                tuple(
                    sum(took for who, what, took in calls[side] if what == verb and plugin in ("", who))
                    for calls in rounds
                )
                for side in (0, 1)
            )
            yield Timing(name, verb, one, other, plugin, present, remarks if not plugin else ())
