"""Many pods at once: how many a second a set of plugins brings up, and how long the worst one waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.bench.judgement import Spread, spread
from cnictl.bench.measure import asked, running
from cnictl.cni_path import directories
from cnictl.sandbox.files import bring
from cnictl.sandbox.node import Node
from cnictl.scenario.run import TIMEOUT, attachment_told, commands_told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.bench.model import Side
    from cnictl.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Load:
    """The seconds that `callers` at once took for all pods together, and for each."""

    callers: int
    seconds: float
    each: tuple[float, ...]

    @property
    def pods(self) -> int:
        return len(self.each)

    @property
    def spread(self) -> Spread:
        return spread(self.each)


def load(
    work: Scenario,
    side: Side,
    *,
    pods: int,
    callers: int,
    worker: Sequence[str] = (),
    timeout: float = TIMEOUT,
) -> Load:
    """Have so many callers attach pods, each the next one that nobody has begun with.

    The attachment is the first of the scenario's; what the runtime does for a pod beside calling
    plugins, its namespace above all, is done before.  Raises CannotMeasure, and SandboxError when there
    can be no node.
    """
    told = {
        "network": side.network or work.network,
        "path": side.path,
        "attachment": attachment_told(work.attachments[0]),
        "setup": commands_told(work.setup),
        "needs": list(work.needs),
        "pods": pods,
        "callers": callers,
        "timeout": timeout,
    }
    with Node() as node:
        bring(node, directories(side.path))
        with running(node, worker):
            answer = asked(node, "cnictl.bench.callers", told, work)
    return Load(callers, answer["seconds"], tuple(answer["each"]))
