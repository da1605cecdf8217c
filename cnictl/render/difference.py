"""Differences and drifts: as a tree for people, as members of a JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnictl.render.tree import Line, Tree, tree
from cnictl.state.kinds import KINDS

if TYPE_CHECKING:
    from cnictl.declare.model import Entity, Fact
    from cnictl.spec.document import Json
    from cnictl.state.difference import Change, Difference, Edit, FactChange
    from cnictl.state.snapshot import Unseen

CONTEXT = 1
"""Unchanged lines shown on either side of a changed one."""

IN_PART = ", in what could be seen"
"""Behind a verdict that nobody may take for more."""

_LONG = 60


def difference_tree(difference: Difference) -> Tree:
    """Return the changes by place: `+` what came, `-` what went, `~` what is not as it was."""
    return tree(difference_lines(difference))


def difference_members(difference: Difference) -> Json:
    """Return the same for `-o json`."""
    return {
        "gone": list(difference.gone),
        "new": list(difference.new),
        "changes": [_change_members(change) for change in difference.changes],
        "unseen": unseen_members(difference.unseen),
    }


def unseen_members(several: Iterable[Unseen]) -> list[Json]:
    """Return what could not be read, its places by their names."""
    return [{"place": one.where, "what": one.what, "reason": one.reason} for one in several]


def unseen_remarks(lead: str, several: Iterable[Unseen]) -> list[str]:
    """Return a line for each, which begins with what was not done with it."""
    return [f"{lead}: {one.what} of {one.where}: {one.reason}" for one in dict.fromkeys(several)]


def difference_lines(difference: Difference, depth: int = 0) -> Iterator[Line]:
    """Yield the lines of the tree, so far in."""
    yield from (Line(one.depth + depth, one.sign, one.text) for one in _difference_lines(difference))


def _difference_lines(difference: Difference) -> Iterator[Line]:
    for place, changes in difference.places().items():
        yield Line(0, "", place)
        for change in changes:
            yield from _change_lines(change)
    for place in difference.gone:
        yield Line(0, "-", f"pod {place} is gone")
    for place in difference.new:
        yield Line(0, "+", f"pod {place} is new")
    if difference.unseen:
        yield Line(0, "", "not compared")
        for one in difference.unseen:
            yield Line(1, " ", f"{one.what} of {one.where}: {one.reason}")


def _change_lines(change: Change) -> Iterator[Line]:
    entity = change.entity
    if change.sign == "~":
        yield Line(1, "~", f"{entity.kind} {entity.key}")
        for fact in change.facts:
            yield from _fact_lines(fact)
        return
    main = entity.facts.get(KINDS[entity.kind].main)
    telling = [f"{name}={_word(fact)}" for name, fact in entity.facts.items() if _is_telling(name, fact)]
    if isinstance(main, str):
        telling = [f"= {_word(main)}"]
    yield Line(1, change.sign, " ".join([f"{entity.kind} {entity.key}", *telling]))
    for listed in entity.facts.values():
        if isinstance(listed, tuple):
            yield from (Line(2, change.sign, text) for text in listed)


def _is_telling(name: str, fact: Fact) -> bool:
    """Whether a fact of a new or lost entity is worth its place: most switches are off, most names empty."""
    return not isinstance(fact, tuple) and (fact not in ("", False) or name == "up")


def _fact_lines(fact: FactChange) -> Iterator[Line]:
    edits = fact.edits()
    if edits:
        if fact.name != "rules":
            yield Line(2, "~", fact.name)
        yield from _edit_lines(edits, 2 if fact.name == "rules" else 3)
        return
    before, after = _word(fact.before), _word(fact.after)
    if len(before) + len(after) > _LONG:
        yield Line(2, "~", fact.name)
        if fact.before is not None:
            yield Line(3, "-", before)
        if fact.after is not None:
            yield Line(3, "+", after)
    else:
        yield Line(2, "~", f"{fact.name} {before} -> {after}")


def _edit_lines(edits: list[Edit], depth: int) -> Iterator[Line]:
    """Yield changed lines with a little of what is around them, and dots for what is left out."""
    shown = {
        place
        for number, edit in enumerate(edits)
        if edit.sign != " "
        for place in range(number - CONTEXT, number + CONTEXT + 1)
    }
    shown |= {number for number in range(len(edits)) if {number - 1, number + 1} <= shown | {-1, len(edits)}}
    for number, edit in enumerate(edits):
        if number in shown:
            yield Line(depth, edit.sign, edit.text)
        elif number == 0 or number - 1 in shown:
            yield Line(depth, " ", "...")


def _word(fact: Fact | None) -> str:
    """Return a fact as it reads in a line; an empty text and one with blanks in quotes."""
    if fact is None:
        return "none"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, tuple):
        return ", ".join(fact) or "none"
    text = str(fact)
    return text if text and text.isprintable() and " " not in text else repr(text)


def _change_members(change: Change) -> dict[str, Json]:
    members: dict[str, Json] = {
        "change": {"+": "added", "-": "removed", "~": "changed"}[change.sign],
        "place": change.where,
        **entity_members(change.entity),
    }
    if change.sign == "~":
        members["changed"] = {
            fact.name: {"before": fact_member(fact.before), "after": fact_member(fact.after)}
            for fact in change.facts
        }
    return members


def entity_members(entity: Entity) -> dict[str, Json]:
    """Return kind, key and facts of an entity."""
    return {
        "kind": entity.kind,
        "key": entity.key,
        "facts": {name: fact_member(fact) for name, fact in entity.facts.items()},
    }


def fact_member(fact: Fact | None) -> Json:
    """Return a fact as JSON has it; null for one that is not stated."""
    return list(fact) if isinstance(fact, tuple) else fact
