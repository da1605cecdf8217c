"""Either implementation may add, check and delete, and nobody may notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.scenario.load import load_all
from cnictl.scenario.model import ONLY_HERE
from cnictl.scenario.probe import PROGRAMS
from tests.conftest import GO_DIRECTORIES, GO_RELEASE, NEWEST, go_directory
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
BROKEN_BY_THE_NEWEST = Table("What the Go plugins 1.9.1 break, with VRFs")
"""In the state after ADD, and what CHECK of ours says of it."""


def comparable() -> list[ParameterSet]:
    """Return the scenarios with each release of the Go plugins that can do them, and is run beside ours.

    Those for other kernels are marked; the machine that has such a kernel is booted once, for all releases.
    """
    return [
        pytest.param(
            one,
            release,
            id=f"{one.name}-{release}",
            marks=[pytest.mark.kernel_lane, pytest.mark.timeout(900)] if needs_modules(one) else [],
        )
        for one in SCENARIOS
        if one.since != ONLY_HERE
        for release in (GO_DIRECTORIES if needs_modules(one) else (GO_RELEASE,))
        if not one.since or numbers(one.since) <= numbers(release)
    ]


def numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def needs_modules(scenario: Scenario) -> bool:
    """Whether a scenario needs what a kernel may lack, and not only programs."""
    return bool(set(scenario.needs) - set(PROGRAMS))


@pytest.mark.parametrize(("scenario", "release"), comparable())
def test_the_two_are_interchangeable(
    scenario: Scenario, release: str, plugins_dir: str, explained: Callable[[Table, str], str]
) -> None:
    """Same state after ADD; each checks and deletes what the other added; nothing is left."""
    found = compare(go_directory(release), plugins_dir, scenario.file, "--name", scenario.name)
    assert found.refusal == ""
    newest, modules = release == NEWEST, needs_modules(scenario)
    broken = [BROKEN_BY_THE_NEWEST] if newest and modules else []
    tables = [STATE, STATE_WITH_VLANS] if modules and not newest else [STATE, *broken]
    lines = [one for one in found.answers if not explained(FAILURES_OF_DEBIAN_13, one)] + found.differences
    unexplained = [line for line in lines if not any(explained(one, line) for one in tables)]
    assert unexplained == []
    steps = ("check", "del", "del again")
    assert found.failures("B", *steps, of="B") == [], "ours"
    for line in found.failures("B", *steps, of="A"):
        assert any(explained(one, line) for one in broken), f"ours, of what the Go plugins added: {line}"
    theirs = [FAILURES_OF_THE_NEWEST] if newest else []
    for line in found.failures("A", "check", "del"):
        assert any(explained(one, line) for one in [*theirs, FAILURES]), line
    for line in found.failures("A", "del again"):
        assert any(explained(one, line) for one in [*theirs, FAILURES_AGAIN]), line
    assert [line for line in found.left if not explained(FAILURES, line)] == []
