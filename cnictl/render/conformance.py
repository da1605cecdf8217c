"""What a plugin was found to do: by section for people, as members for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnictl.render.tree import Line, Sign, Tree, tree

if TYPE_CHECKING:
    from cnictl.conformance.model import Finding
    from cnictl.spec.document import Json

SIGNS: dict[str, Sign] = {"pass": "+", "fail": "-", "n/a": " "}


def findings_tree(plugin: str, found: Sequence[Finding]) -> Tree:
    """Return the findings below the sections of the spec that ask for them."""
    return tree(_lines(plugin, found))


def findings_members(plugin: str, found: Sequence[Finding]) -> Json:
    """Return the same for `-o json`."""
    return {
        "plugin": plugin,
        "findings": [
            {
                "point": one.name,
                "section": one.section,
                "title": one.title,
                "verdict": one.verdict,
                "reason": one.reason,
                "seconds": round(one.seconds, 3),
            }
            for one in found
        ],
    }


def summary(found: Sequence[Finding]) -> str:
    """Return how many points passed, failed and do not apply."""
    words = {"pass": "passed", "fail": "failed", "n/a": "not applicable"}
    counts = {word: sum(one.verdict == verdict for one in found) for verdict, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _lines(plugin: str, found: Sequence[Finding]) -> Iterator[Line]:
    yield Line(0, "", plugin)
    for section in dict.fromkeys(one.section for one in found):
        yield Line(0, "", f"spec 1.1.0, {section}")
        for one in found:
            if one.section == section:
                remark = f" ({one.reason})" if one.reason and one.verdict != "fail" else ""
                yield Line(1, SIGNS[one.verdict], f"{one.verdict:4} {one.name}: {one.title}{remark}")
                if one.verdict == "fail":
                    yield Line(3, "", one.reason)
