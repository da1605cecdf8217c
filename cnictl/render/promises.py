"""Attachments and their broken promises: as a tree for people, as members of a JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnictl.declare.compare import Drift, sentence
from cnictl.render.difference import entity_members, fact_member
from cnictl.render.tree import Line, Sign, Tree, tree

if TYPE_CHECKING:
    from cnictl.spec.document import Json
    from cnictl.state.attachments import Broken, Examined


def examined_tree(examined: Iterable[Examined], *, all_of_them: bool = False) -> Tree:
    """Return the attachments that are not as they should be, or `all_of_them`.

    `-` is missing, `+` should not be there, `~` is other than promised.
    """
    return tree(line for one in examined for line in _lines(one, shown=all_of_them))


def examined_members(examined: Iterable[Examined]) -> Json:
    """Return all attachments for `-o json`; `holds` is null where not everything could be looked at."""
    return [
        {
            "network": one.cached.network,
            "containerID": one.cached.attachment.container_id,
            "ifname": one.cached.attachment.ifname,
            "netns": one.cached.attachment.netns,
            "holds": False if one.broken else None if one.problems else True,
            "broken": [_broken_members(broken) for broken in one.broken],
            "problems": list(one.problems),
        }
        for one in examined
    ]


def _lines(examined: Examined, *, shown: bool) -> Iterator[Line]:
    if not (examined.broken or examined.problems or shown):
        return
    yield Line(0, "", examined.name)
    plugins: dict[str, list[Drift]] = {}
    for broken in examined.broken:
        plugins.setdefault(broken.plugin, []).append(broken.drift)
    for plugin, drifts in plugins.items():
        yield Line(1, "", plugin)
        yield from (Line(2, sign_of(drift), sentence(drift)) for drift in drifts)
    if not examined.broken and not examined.problems:
        yield Line(1, " ", "as it was promised")
    for problem in examined.problems:
        yield Line(1, " ", f"not compared: {problem}")


def sign_of(drift: Drift) -> Sign:
    """Return what a drift is in the terms of a difference."""
    if drift.expectation.absent:
        return "+"
    return "-" if drift.fact is None else "~"


def _broken_members(broken: Broken) -> dict[str, Json]:
    drift = broken.drift
    members: dict[str, Json] = {
        "plugin": broken.plugin,
        "what": sentence(drift),
        "place": drift.expectation.where or "node",
        **entity_members(drift.expectation.entity),
        "absent": drift.expectation.absent,
    }
    if drift.fact is not None:
        members |= {"fact": drift.fact, "found": fact_member(drift.found)}
    return members
