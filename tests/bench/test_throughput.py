"""Many pods at once: how many a second, and that nothing fails or is left while processes are killed."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from cnictl.bench.load import load
from cnictl.bench.model import Side
from cnictl.bench.usual import PLUGINS, chain
from tests.bench.conftest import FULL
from tests.bench.test_against_go import ROOT, WORKER

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node
    from tests.bench.conftest import Aims

pytestmark = pytest.mark.bench

PODS = 200 if FULL else 48
CALLERS = 8
SECONDS = int(os.environ.get("CNICTL_SOAK_SECONDS", "10"))
SEED = int(os.environ.get("CNICTL_SOAK_SEED", "1"))


def test_pods_per_second(plugins_dir: str, launchers: str, go_plugins: str, aims: Aims) -> None:
    """With a worker at least twice as many as with the Go plugins."""
    found = {
        name: load(chain(), Side(path), pods=PODS, callers=CALLERS, worker=worker)
        for name, path, worker in (
            ("Go", go_plugins, ()),
            ("worker", launchers, WORKER),
            ("one-shot", plugins_dir, ()),
        )
    }
    for name, one in found.items():
        print(
            f"\n{name}: {one.pods} pods by {one.callers} callers: {one.pods / one.seconds:.1f} a second,"
            f" median {one.spread.median * 1000:.0f} ms, worst {max(one.each) * 1000:.0f} ms"
        )
        assert one.pods == PODS
    ratio = {name: one.seconds / found["Go"].seconds for name, one in found.items()}
    worst = max(found["worker"].each) / max(found["Go"].each)
    aims.hold(f"{PODS} pods by {CALLERS} callers, worker, of Go's time", ratio["worker"], 0.5)
    aims.hold(f"{PODS} pods by {CALLERS} callers, worst pod, worker, of Go's", worst, 0.5)
    print(f"one-shot {ratio['one-shot']:.2f} of Go's time")


@pytest.mark.timeout(SECONDS + 120)
def test_nothing_fails_while_callers_and_workers_are_killed(node: Node, launchers: str) -> None:
    """And nothing is left then; CNICTL_SOAK_SECONDS=600 makes ten minutes of it."""
    told = {
        "directory": launchers,
        "worker": WORKER,
        "plugins": PLUGINS,
        "seconds": SECONDS,
        "callers": CALLERS,
        "seed": SEED,
    }
    done = node.run(
        [sys.executable, "-m", "tests.bench.soak"],
        stdin=json.dumps(told),
        env=dict(os.environ),
        cwd=str(ROOT),
        timeout=SECONDS + 110,
    ).checked()
    found = json.loads(done.stdout)
    print(
        f"\nin {SECONDS} s: "
        + ", ".join(f"{count} {what}" for what, count in sorted(found["counts"].items()))
    )
    assert not found["failures"], "\n".join(found["failures"])
    assert not found["left"], "\n".join(found["left"])
    for what in ("pods", "calls killed", "workers killed"):
        assert found["counts"].get(what, 0) > SECONDS / 5, what
