"""A state as a file that a person can read and edit, and what such a file expects of another state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnictl.declare.model import NODE, Entity, Expectation, State
from cnictl.state.kinds import views

VERSION = 1
"""Of the files' form; another number is refused."""

ANY = "*"
"""A fact that must be there with whatever value."""


EVERYTHING = "everything"
"""What is unseen of a place that cannot be entered."""

IN_FILES = ("reservation", "holder")
"""Kinds that are read from files."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something of a place that could not be read, and why.

    `what` is a kind, with the first words of the keys if it was not all of that kind (`chain ip6tables`);
    a `file` with its path, which may be a directory of reservations; or EVERYTHING.
    """

    where: str
    what: str
    reason: str

    def covers(self, where: str, entity: Entity) -> bool:
        """Whether an entity is among what could not be read."""
        if self.where != where:
            return False
        read_from = "route" if entity.kind == "connected" else entity.kind
        if entity.kind in IN_FILES and self.what.startswith("file "):
            read_from = "file"
        words = f"{read_from} {entity.key} "
        return self.what == EVERYTHING or words.startswith((f"{self.what} ", f"{self.what}/"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state, the names of its pods, and how much it says.

    `pods` maps a name to the path of a netns, which is the pod's place in the state.  When it is
    `whole`, what is neither in the state nor `unseen` is not there; else only what is named is
    known, except for the (place, kind) sections that are `exact`.  `absent` are (place, kind, key)
    of entities that must not be there.
    """

    state: State
    pods: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    exact: frozenset[tuple[str, str]] = frozenset()
    absent: tuple[tuple[str, str, str], ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all there is was seen, and is in the state."""
        return self.whole and not self.unseen

    def tells_all_of(self, where: str, kind: str) -> bool:
        """Whether an entity of that kind that is not in the snapshot is one too many."""
        return self.whole or (where, kind) in self.exact

    def expectations(self) -> list[Expectation]:
        """Return what is named as expectations, for `cnictl.declare.compare`."""
        wanted = [
            Expectation(where, entity)
            for where, found in self.state.places.items()
            for entity in found.values()
        ]
        return wanted + [
            Expectation(where, Entity(kind, key), absent=True) for where, kind, key in self.absent
        ]

    def placed(self, pods: Mapping[str, str]) -> Snapshot:
        """Return the same with its pods in other places: name to path of the netns."""
        moved = {self.pods.get(name, name): path for name, path in pods.items()}
        state = State()
        for where, found in self.state.places.items():
            state.extend(moved.get(where, where), found.values())
        return Snapshot(
            state,
            {name: moved.get(path, path) for name, path in self.pods.items()},
            self.whole,
            frozenset((moved.get(where, where), kind) for where, kind in self.exact),
            tuple((moved.get(where, where), kind, key) for where, kind, key in self.absent),
            tuple(Unseen(moved.get(one.where, one.where), one.what, one.reason) for one in self.unseen),
        )

    def by_name(self) -> Snapshot:
        """Return the same with each pod's name as its place, so that two nodes can be compared."""
        return self.placed({name: name for name in self.pods})

    def name_of(self, where: str) -> str:
        """Return what a person calls a place: `node`, a pod's name, or the path of a netns without one."""
        if where == NODE:
            return "node"
        return next((name for name, path in self.pods.items() if path == where), where)


def told_elsewhere(state: State, where: str) -> set[tuple[str, str]]:
    """Return kind and key of what a place's other entities tell, and what needs no telling again."""
    found = list(state.places.get(where, {}).values())
    return {(view.kind, view.key) for entity in found for view in views(entity)}
