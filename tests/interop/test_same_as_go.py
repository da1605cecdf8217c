"""Either implementation may add, check and delete, and nobody may notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.scenario.load import load_all
from cnictl.scenario.model import ONLY_HERE
from cnictl.scenario.probe import PROGRAMS
from tests.conftest import GO_RELEASE, NEWEST
from tests.interop.compared import compare
from tests.interop.differences import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark.structures import ParameterSet

    from cnictl.scenario.model import Scenario

SCENARIOS = load_all([str(Path(__file__).parents[2] / "testdata" / "scenarios")])
STATE = Table("State after ADD")
STATE_WITH_VLANS = Table("State after ADD, with VLANs")
FAILURES = Table("What the Go plugins' own CHECK and DEL fail at")
FAILURES_AGAIN = Table("What a second DEL of the Go plugins fails at")
FAILURES_OF_DEBIAN_13 = Table("What the Go plugins of Debian 13 fail at")
"""Of which nothing need happen where the tests run."""
FAILURES_OF_THE_NEWEST = Table("What the Go plugins 1.9.1 fail at")


def comparable() -> list[ParameterSet]:
    """Return the scenarios that the Go plugins can do, those for other kernels marked."""
    return [
        pytest.param(
            one,
            id=one.name,
            marks=[pytest.mark.kernel_lane, pytest.mark.timeout(900)] if needs_modules(one) else [],
        )
        for one in SCENARIOS
        if one.since != ONLY_HERE and (not one.since or release(one.since) <= release(GO_RELEASE))
    ]


def release(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def needs_modules(scenario: Scenario) -> bool:
    """Whether a scenario needs what a kernel may lack, and not only programs."""
    return bool(set(scenario.needs) - set(PROGRAMS))


@pytest.mark.parametrize("scenario", comparable())
def test_the_two_are_interchangeable(
    scenario: Scenario, go_plugins: str, plugins_dir: str, explained: Callable[[Table, str], str]
) -> None:
    """Same state after ADD; each checks and deletes what the other added; nothing is left."""
    found = compare(go_plugins, plugins_dir, scenario.file, "--name", scenario.name)
    assert found.refusal == ""
    tables = (STATE, STATE_WITH_VLANS) if needs_modules(scenario) else (STATE,)
    lines = [one for one in found.answers if not explained(FAILURES_OF_DEBIAN_13, one)] + found.differences
    unexplained = [line for line in lines if not any(explained(one, line) for one in tables)]
    assert unexplained == []
    assert found.failures("B", "check", "del", "del again") == [], "ours"
    newest = [FAILURES_OF_THE_NEWEST] if GO_RELEASE == NEWEST else []
    for line in found.failures("A", "check", "del"):
        assert any(explained(one, line) for one in [*newest, FAILURES]), line
    for line in found.failures("A", "del again"):
        assert any(explained(one, line) for one in [*newest, FAILURES_AGAIN]), line
    assert [line for line in found.left if not explained(FAILURES, line)] == []
