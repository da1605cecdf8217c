"""Entities of a node's state, expectations about them, and the state itself.

A plugin declares expectations; an observer returns a state; `cnictl.declare.compare`
says where they part.  CHECK, `cnictl diff` and `cnictl test` all work on these values,
so that they cannot disagree.
"""

from __future__ import annotations

from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Fact = bool | int | str | tuple[str, ...]
    """What is known of one property of an entity."""

NODE = ""
"""The place that a plugin sees as the host; every other place is the path of a netns."""


class Entity(Value):
    """One thing in a node's state: what kind it is, which one it is, and what is known of it.

    `key` identifies the entity among those of its kind in one place, in words that a person
    reads (`eth0 10.1.0.2/16`).  The functions of `cnictl.declare.entities` make all of them.
    """

    __slots__ = ("kind", "key", "facts")

    def __init__(self, kind: str, key: str, facts: Mapping[str, Fact] | None = None) -> None:
        self.kind = kind
        self.key = key
        self.facts: dict[str, Fact] = dict(facts or {})


class Expectation(Value):
    """An entity that must be in a place with at least the facts given, or must be absent there.

    A route of a container's main table may be in the table of one of its addresses instead, where the
    plugin sbr moves it, or in that of its link's VRF, unless it `stays`.
    """

    __slots__ = ("where", "entity", "absent", "stays")

    def __init__(self, where: str, entity: Entity, *, absent: bool = False, stays: bool = False) -> None:
        self.where = where
        self.entity = entity
        self.absent = absent
        self.stays = stays


class State(Value):
    """What was observed: for each place the entities found there, by kind and key."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        self.places: dict[str, dict[tuple[str, str], Entity]] = {}

    def add(self, where: str, entity: Entity) -> None:
        """Put an entity into a place, replacing the one of the same kind and key."""
        self.places.setdefault(where, {})[entity.kind, entity.key] = entity

    def extend(self, where: str, entities: Iterable[Entity]) -> None:
        """Put entities into a place.  A place where nothing was found is known all the same."""
        self.places.setdefault(where, {})
        for entity in entities:
            self.add(where, entity)

    def find(self, where: str, kind: str, key: str) -> Entity | None:
        """Return the entity of that kind and key in a place, if it was found there."""
        return self.places.get(where, {}).get((kind, key))

    def of_kind(self, where: str, kind: str) -> Iterator[Entity]:
        """Yield a place's entities of one kind, in the order in which they were found."""
        return (entity for (its, _), entity in self.places.get(where, {}).items() if its == kind)
