"""Either implementation may add, check and delete, and nobody may notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.differences import Table
from tests.interop.run import both_ways, left, parted
from tests.interop.scenario import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.sandbox.node import Node
    from tests.interop.scenario import Scenario

SCENARIOS = load()
STATE = Table("State after ADD")
STATE_WITH_VLANS = Table("State after ADD, with VLANs")
FAILURES = Table("What the Go plugins' own CHECK and DEL fail at")
GO_RELEASE = (1, 1, 1)
"""Of the Debian package; its plugins do not tell."""


def comparable() -> list[object]:
    """Return the scenarios that the packaged Go plugins can do, those for other kernels marked."""
    return [
        pytest.param(
            one, id=one.name, marks=[pytest.mark.kernel_lane, pytest.mark.timeout(900)] if one.needs else []
        )
        for one in SCENARIOS
        if not one.since or tuple(map(int, one.since.split("."))) <= GO_RELEASE
    ]


@pytest.mark.parametrize("scenario", comparable())
def test_the_two_are_interchangeable(
    scenario: Scenario,
    make_node: Callable[[], Node],
    go_plugins: str,
    plugins_dir: str,
    explained: Callable[[Table, str], str],
) -> None:
    """Same state after ADD; each checks and deletes what the other added; nothing is left."""
    by_go, by_us = both_ways(make_node, scenario, go_plugins, plugins_dir)
    assert by_go.errors("add", 0) == by_us.errors("add", 0) == []
    tables = (STATE, STATE_WITH_VLANS) if scenario.needs else (STATE,)
    unexplained = [
        line for line in parted(scenario, by_go, by_us) if not any(explained(one, line) for one in tables)
    ]
    assert unexplained == []
    assert by_go.errors("check", 1) == by_us.errors("check", 0) == [], "our CHECK"
    assert by_go.errors("del", 0) == by_go.errors("del", 1) == [], "our DEL"
    for line in by_go.errors("check", 0) + by_us.errors("check", 1) + by_us.errors("del", 0):
        assert explained(FAILURES, line), line
    assert by_us.errors("del", 1) == [], "the Go plugins' second DEL"
    assert left(scenario, by_go) == left(scenario, by_us) == []
