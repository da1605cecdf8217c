"""The points of the suite, and what was found of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cnictl.conformance.subject import Subject
    from cnictl.spec.document import Json

Verdict = Literal["pass", "fail", "n/a"]


class Failed(Exception):
    """A point does not hold; the message says what was done and what came of it."""


class NotApplicable(Exception):
    """A point cannot be asked of this plugin; the message says why."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is asked of a plugin.

    `section` is that of the CNI spec 1.1.0 that asks it; `try_` raises Failed or NotApplicable, and
    may return a remark.  The docstring of `try_` says what is done.
    """

    name: str
    section: str
    title: str
    try_: Callable[[Subject], str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a point; `reason` says why it failed or is not applicable, or remarks something."""

    name: str
    section: str
    title: str
    verdict: Verdict
    reason: str = ""
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """How a plugin is tried: its configuration, what is run before it in the chain, and on what node.

    `before` are plugins whose Result the one under test gets as prevResult; `ifname` is what it is
    asked for.  `single` says why a container cannot have two attachments, `alone` why the node cannot;
    "" where it can.
    """

    config: Mapping[str, Json]
    before: Sequence[Mapping[str, Json]] = ()
    setup: Sequence[str] = ()
    ifname: str = "eth0"
    single: str = ""
    alone: str = ""
    capability_args: Mapping[str, Json] = field(default_factory=dict)
    ipam: bool = False
    """Whether it is asked as an IPAM plugin: it makes no interface, and its DEL sees no netns."""
