"""Configurations written by others, and the verdicts that a careful reader came to.

They are not part of the project: CNICTL_CORPUS names their directory, which else is looked for beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cnictl.lint.engine import Report, validate

pytestmark = pytest.mark.corpus

BESIDE = Path(__file__).parents[4] / "shared" / "corpus" / "conflists"
CORPUS = Path(os.environ.get("CNICTL_CORPUS") or BESIDE)
INDEX = CORPUS / "INDEX.yaml"
ENTRIES: list[dict[str, Any]] = yaml.safe_load(INDEX.read_text())["files"] if INDEX.exists() else []

needs_corpus = pytest.mark.skipif(not ENTRIES, reason=f"no collection of configurations in {CORPUS}")


def verdict(report: Report) -> str:
    if not report.clean:
        return "invalid"
    return "valid-with-warnings" if report.count("warning") else "valid"


ENOUGH = 0.97
"""How many of the verdicts must be those of the collection: some are judgement calls."""


def judgements() -> Iterator[tuple[str, bool, set[str]]]:
    """Each file as it lies there, and once more as part of an object that has the network's name."""
    for entry in ENTRIES:
        yield entry["file"], False, {entry["verdict"], *entry.get("also_ok", ())}
        if "nad_verdict" in entry:
            yield entry["file"], True, {entry["nad_verdict"]}


@needs_corpus
def test_the_verdicts_are_those_of_the_collection():
    """Errors where it says invalid, warnings where it says so, and silence about what is valid."""
    judged = {
        (name, embedded): (verdict(validate([str(CORPUS / name)], embedded=embedded)), accepted)
        for name, embedded, accepted in judgements()
    }
    wrong = {one: said for one, (said, accepted) in judged.items() if said not in accepted}
    assert len(wrong) <= (1 - ENOUGH) * len(judged), wrong


@needs_corpus
def test_nothing_is_left_unread():
    """Every file of the collection is in its index, so that none goes unjudged."""
    assert {path.name for path in CORPUS.iterdir()} - {"INDEX.yaml"} == {entry["file"] for entry in ENTRIES}
