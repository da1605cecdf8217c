"""Configurations written by others, and the verdicts that a careful reader came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cnictl.lint.engine import Report, validate
from cnictl.lint.subject import Configuration
from cnictl.spec.catalog import REFERENCE
from cnictl_plugins import multicall

pytestmark = pytest.mark.corpus

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "conflists"
INDEX = CORPUS / "INDEX.yaml"
ENTRIES: list[dict[str, Any]] = yaml.safe_load(INDEX.read_text())["files"] if INDEX.exists() else []

needs_corpus = pytest.mark.skipif(not ENTRIES, reason=f"no collection of configurations in {CORPUS}")


def verdict(report: Report) -> str:
    if not report.clean:
        return "invalid"
    return "valid-with-warnings" if report.count("warning") else "valid"


def unjudged(path: Path) -> set[str]:
    """The reference plugins in a configuration that are not here yet, so that their keys are not known."""
    named = {
        name
        for plugin in Configuration(str(path), path.read_text()).plugins
        for name in (plugin.type, plugin.ipam_type)
    }
    return named & (REFERENCE.keys() - multicall.PROGRAMS.keys())


def judgements() -> list[Any]:
    """Each file as it lies there, and once more as part of an object that has the network's name."""
    found = []
    for entry in ENTRIES:
        accepted = {entry["verdict"], *entry.get("also_ok", ())}
        found.append(pytest.param(entry["file"], False, accepted, id=entry["file"]))
        if "nad_verdict" in entry:
            found.append(pytest.param(entry["file"], True, {entry["nad_verdict"]}, id=f"{entry['file']}-nad"))
    return found


@needs_corpus
@pytest.mark.parametrize(("name", "embedded", "accepted"), judgements())
def test_the_verdict_is_that_of_the_collection(name: str, embedded: bool, accepted: set[str]):
    """Errors where it says invalid, warnings where it says so, and nothing about what is valid."""
    report = validate([str(CORPUS / name)], embedded=embedded)
    missing = unjudged(CORPUS / name)
    if missing and verdict(report) == "valid" and "valid" not in accepted:
        pytest.skip(f"the keys of {', '.join(sorted(missing))} are not described yet")
    assert verdict(report) in accepted, report.diagnostics


@needs_corpus
def test_nothing_is_left_unread():
    """Every file of the collection is in its index, so that none goes unjudged."""
    assert {path.name for path in CORPUS.iterdir()} - {"INDEX.yaml"} == {entry["file"] for entry in ENTRIES}
