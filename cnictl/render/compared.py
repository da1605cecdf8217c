"""Two sets of plugins compared: what parts, for people and for programs, and how long each took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from cnictl.render.difference import IN_PART, difference_lines, difference_members, unseen_members
from cnictl.render.table import table
from cnictl.render.tree import Line, Sign, Tree, tree
from cnictl.state.lines import lines

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.scenario.compare import Compared, Parting
    from cnictl.spec.document import Json


def compared_tree(compared: Compared) -> Tree:
    """Return a line with the verdict, and below it where the two part."""
    return tree(_lines(compared))


def compared_members(compared: Compared) -> dict[str, Json]:
    """Return the same for `-o json`; `lines` are a difference of states as text, for patterns to fit."""
    return {
        "name": compared.scenario.name,
        "file": compared.scenario.file,
        "verdict": verdict(compared),
        "skipped": compared.skipped,
        "refusal": compared.refusal,
        "partings": [_members(one) for one in compared.partings],
        "unseen": unseen_members(compared.unseen),
        "seconds": [
            {"plugin": plugin, "verb": verb, "a": list(one), "b": list(other)}
            for (plugin, verb), (one, other) in compared.seconds.items()
        ],
    }


def verdict(compared: Compared) -> str:
    """Return `same`, `differs` or `skipped`."""
    return "skipped" if compared.skipped else "differs" if compared.partings else "same"


def summary(several: Sequence[Compared]) -> str:
    """Return how many scenarios were the same with both."""
    counts = {word: sum(verdict(one) == word for one in several) for word in ("same", "differs", "skipped")}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    refused = sum(bool(one.refusal) and verdict(one) == "same" for one in several)
    said += f", {refused} of them added by neither" if refused else ""
    return said + (IN_PART if any(one.unseen for one in several) else "")


def times_table(several: Sequence[Compared]) -> Table:
    """Return the medians of the seconds that each set took, by plugin and verb, in milliseconds."""
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for compared in several:
        for key, (one, other) in compared.seconds.items():
            sums = found.setdefault(key, ([], []))
            sums[0].extend(one)
            sums[1].extend(other)
    rows: list[tuple[str, ...]] = []
    for (plugin, verb), (one, other) in found.items():
        if one and other:
            first, second = median(one) * 1000, median(other) * 1000
            ratio = f"{second / first:.2f}"
            rows.append((plugin, verb, str(len(one)), f"{first:.1f}", f"{second:.1f}", ratio))
    return table(("plugin", "verb", "calls", "A ms", "B ms", "B/A"), rows)


def _lines(compared: Compared) -> Iterator[Line]:
    signs: dict[str, Sign] = {"same": "+", "differs": "-", "skipped": "~"}
    word = verdict(compared)
    reason = f": {compared.skipped}" if compared.skipped else ""
    part = IN_PART if compared.unseen and word == "same" else ""
    yield Line(0, signs[word], f"{word} {compared.scenario.name}{reason}{part}")
    if compared.refusal:
        yield Line(1, "", f"neither adds it: {compared.refusal}")
    for one in compared.partings:
        yield Line(1, "", f"{one.step}: {one.text}")
        if one.difference is not None:
            yield from difference_lines(one.difference, 2)


def _members(parting: Parting) -> dict[str, Json]:
    members: dict[str, Json] = {"step": parting.step, "text": parting.text}
    members |= {
        name: value
        for name, value in (("at", parting.at), ("plugin", parting.plugin), ("message", parting.message))
        if value
    }
    if parting.difference is not None:
        members["difference"] = difference_members(parting.difference)
        members["lines"] = list(lines(parting.difference))
    return members
