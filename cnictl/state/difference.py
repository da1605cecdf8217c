"""What is different between two states: entities, their facts, and rules in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from cnictl.declare.model import NODE
from cnictl.state.binding import bind
from cnictl.state.kinds import KINDS, natural
from cnictl.state.snapshot import ANY, Snapshot, Unseen, told_elsewhere

if TYPE_CHECKING:
    from cnictl.declare.model import Entity, Fact, State

Sign = Literal["+", "-", "~"]
EditSign = Literal["+", "-", " "]
PLUS: Sign = "+"
MINUS: Sign = "-"


@dataclass(frozen=True, slots=True)
class Edit:
    """One line of a list before and after: put in, taken out, or there as before."""

    sign: EditSign
    text: str


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that is not what it was; None for one that is not stated."""

    name: str
    before: Fact | None
    after: Fact | None

    def edits(self) -> list[Edit]:
        """Return the change of a list, or of a text of several lines, line by line; nothing for others."""
        before, after = _lines(self.before), _lines(self.after)
        if before is None and after is None:
            return []
        before, after = before or (), after or ()
        found: list[Edit] = []
        for verb, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if verb == "equal":
                found += [Edit(" ", text) for text in before[i:j]]
            else:
                found += [Edit("-", text) for text in before[i:j]]
                found += [Edit("+", text) for text in after[k:m]]
        return found


def _lines(fact: Fact | None) -> tuple[str, ...] | None:
    if isinstance(fact, str) and "\n" in fact.rstrip("\n"):
        return tuple(fact.split("\n"))
    return fact if isinstance(fact, tuple) else None


@dataclass(frozen=True, slots=True)
class Change:
    """An entity that was added (`+`), removed (`-`) or changed (`~`).

    `where` is what a person calls the place.  `entity` is as it is after the change, or as it was
    if it is gone; `facts` are only given for `~`.
    """

    sign: Sign
    where: str
    entity: Entity
    facts: tuple[FactChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, by place and kind; as a truth value, whether there are any.

    `gone` and `new` are pods that only one side has, with whatever is in them.  `unseen` could not
    be read on one side at least and was not compared.
    """

    changes: tuple[Change, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.gone or self.new)

    def places(self) -> dict[str, list[Change]]:
        """Return the changes of each place that has some."""
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.where, []).append(change)
        return found


def difference(
    before: Snapshot | State,
    after: Snapshot | State,
    *,
    bind_random: bool = False,
    given: Collection[str] = (),
) -> Difference:
    """Return what turns `before` into `after`.

    Pods are the same when they have the same name.  What one side does not know is not compared:
    it is not whole and does not name it, or could not read it.  With `bind_random`, generated
    names of veths and MAC addresses that differ but belong to the same thing on both sides count
    as equal, except those `given` by a configuration (see `cnictl.state.binding`).
    """
    old = before if isinstance(before, Snapshot) else Snapshot(before)
    new = after if isinstance(after, Snapshot) else Snapshot(after)
    old, new = bind(old, new, given) if bind_random else (old.by_name(), new.by_name())
    unseen = (*old.unseen, *(one for one in new.unseen if one not in old.unseen))
    whole = old.whole and new.whole
    pods = {*old.state.places, *new.state.places} - {NODE} if whole else set()
    gone, come = pods - new.state.places.keys(), pods - old.state.places.keys()
    places = dict.fromkeys((*old.state.places, *new.state.places, *(one[0] for one in old.absent)))
    changes = [
        change
        for where in places.keys() - gone - come
        for change in _in_place(old, new, where)
        if not any(one.covers(where, change.entity) for one in unseen)
    ]
    kinds = list(KINDS)
    changes.sort(
        key=lambda one: (
            one.where != "node",
            natural(one.where),
            kinds.index(one.entity.kind),
            natural(one.entity.key),
        )
    )
    return Difference(
        tuple(changes),
        tuple(sorted(map(old.name_of, gone), key=natural)),
        tuple(sorted(map(new.name_of, come), key=natural)),
        tuple(Unseen(old.name_of(one.where), one.what, one.reason) for one in unseen),
    )


def _in_place(old: Snapshot, new: Snapshot, where: str) -> Iterator[Change]:
    place = old.name_of(where)
    whole = old.whole and new.whole
    for entity in old.state.places.get(where, {}).values():
        other = new.state.find(where, entity.kind, entity.key)
        if other is not None:
            facts = tuple(_facts(entity, other, old, new))
            if facts:
                yield Change("~", place, other, facts)
    for sign, here, there in ((MINUS, old, new), (PLUS, new, old)):
        told = told_elsewhere(here.state, where)
        for entity in here.state.places.get(where, {}).values():
            identity = (where, entity.kind, entity.key)
            if there.state.find(*identity):
                continue
            if identity in there.absent:
                yield Change(sign, place, entity)
            elif not there.tells_all_of(where, entity.kind):
                continue
            elif (entity.kind, entity.key) in told and there.whole:
                continue  # the change of what tells it says so
            elif not (whole and (_is_idle(entity) or _goes_with_its_link(here, there, where, entity))):
                yield Change(sign, place, entity)


def _facts(before: Entity, after: Entity, old: Snapshot, new: Snapshot) -> Iterator[FactChange]:
    for name in KINDS[before.kind].facts:
        was, now = before.facts.get(name), after.facts.get(name)
        if was == now or (was == ANY and now is not None) or (now == ANY and was is not None):
            continue
        if (was is not None or old.whole) and (now is not None or new.whole):
            yield FactChange(name, was, now)


def _is_idle(entity: Entity) -> bool:
    """Whether it is a built-in chain of iptables that does nothing: looking at a table may make them."""
    return (
        entity.kind == "chain"
        and entity.key.startswith(("iptables", "ip6tables"))
        and entity.facts == {"policy": "ACCEPT", "rules": ()}
    )


def _goes_with_its_link(here: Snapshot, there: Snapshot, where: str, entity: Entity) -> bool:
    """Whether it is a sysctl of a link that the other side lacks, at the value that links begin with."""
    if entity.kind != "sysctl":
        return False
    family, _, rest = entity.key.rpartition("/conf/")
    link, _, name = rest.rpartition("/")
    if there.state.find(where, "link", link) or not here.state.find(where, "link", link):
        return False
    usual = here.state.find(where, "sysctl", f"{family}/conf/default/{name}")
    return usual is not None and usual.facts == entity.facts
