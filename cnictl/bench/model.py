"""What is measured: two sets of plugins that do the same work in turn, and how long each of them took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VERBS = ("VERSION", "ADD", "CHECK", "DEL")
USUAL_VERBS = ("ADD", "CHECK", "DEL")

Kind = Literal["reservations", "rules", "ports"]
KINDS: tuple[Kind, ...] = ("reservations", "rules", "ports")


@dataclass(frozen=True, slots=True)
class Side:
    """A set of plugins, by the directories of a CNI_PATH.

    `network` takes the place of the one that both are given.
    """

    path: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """What is on the node before the first call, from `count` pods that were there before."""

    kind: Kind
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds that a verb took in each round, with the one set and with the other.

    A round calls both, so that its two numbers belong together.  `plugin` is "" for all plugins of the
    network together.  `remarks` are errors of CHECK, which are part of what was measured.
    """

    name: str
    verb: str
    one: tuple[float, ...]
    other: tuple[float, ...]
    plugin: str = ""
    present: Present | None = None
    remarks: tuple[str, ...] = ()
