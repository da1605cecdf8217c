"""A difference as lines that patterns can fit: `PLACE: + KIND KEY`, `PLACE: KIND KEY: FACT OLD -> NEW`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.state.difference import Difference


def lines(found: Difference) -> Iterator[str]:
    """Yield a line for every entity that came or went, and for every fact that changed."""
    for change in found.changes:
        entity = f"{change.entity.kind} {change.entity.key}"
        if change.sign != "~":
            yield f"{change.where}: {change.sign} {entity}"
        for fact in change.facts:
            simple = not isinstance(fact.before, tuple) and "\n" not in str(fact.before)
            told = f" {fact.before} -> {fact.after}" if simple and fact.before is not None else ""
            yield f"{change.where}: {entity}: {fact.name}{told}"
