"""How long plugins take whose calls a worker answers, as ratios to the Go plugins in the same run."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from tests.bench.test_against_go import CASES, ROUNDS, rows
from tests.bench.worker import ROOT
from tests.daemon import calls, serving

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

pytestmark = pytest.mark.bench

AIMS = {"ADD": 0.4, "CHECK": 0.5, "DEL": 0.5}
"""Of the chain of five plugins, in times of what it takes with the Go plugins."""
GROSS = 2.0
"""Times the aim: more than a busy machine explains."""


@pytest.mark.timeout(200)
def test_a_worker_is_faster_than_the_go_plugins(node: Node, launchers: str, go_plugins: str) -> None:
    """Called as a runtime calls plugins, a program for each call."""
    told = {
        "directories": {"ours": launchers, "go": go_plugins},
        "rounds": ROUNDS,
        "cases": [asdict(case) for case in CASES if case.name in ("chain", "five")],
    }
    argv = [sys.executable, "-m", "tests.bench.worker"]
    with serving(node):
        done = node.run(argv, stdin=json.dumps(told), cwd=str(ROOT), timeout=190).checked()
        answered = sum(calls(node).values())
    measured = rows(json.loads(done.stdout))
    print(f"\n{answered} calls answered by a worker")
    for row in measured:
        aim = AIMS.get(row.verb, 0)
        verdict = f"  more than {aim:g}" if aim and row.ratio > aim else ""
        print(f"{row.case:10} {row.verb:8} {row.ours:8.1f} {row.go:8.1f} {row.ratio:6.2f}{verdict}")
    assert answered >= len(measured) * ROUNDS
    for row in measured:
        if row.case == "five" and row.verb in AIMS:
            assert row.ratio <= AIMS[row.verb] * GROSS, row
