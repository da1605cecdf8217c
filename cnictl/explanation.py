"""What a code stands for, in words: for `cnictl explain`, whoever the code belongs to."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


class Unexplained(CnictlError):
    """Nobody knows what was asked about."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, of which indented lines are to be shown as they are."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to know of a code: a sentence, and sections that tell why and what to do."""

    code: str
    name: str
    severity: str
    summary: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Somebody who has codes.

    `codes` gives all of them; `explain` what is known of a code, a name or a pasted text, nothing when
    it is somebody else's.
    """

    codes: Callable[[], Sequence[Explanation]]
    explain: Callable[[str], Sequence[Explanation]]


def documented(code: str, name: str, severity: str, doc: str) -> Explanation:
    """Return the explanation that a docstring holds, whose sections begin with `##`."""
    first, *rest = _HEADING.split(inspect.cleandoc(doc))
    sections = (Section(rest[i], rest[i + 1].strip("\n")) for i in range(0, len(rest), 2))
    return Explanation(code, name, severity, first.strip(), tuple(sections))


def named(asked: str, known: Sequence[Explanation]) -> list[Explanation]:
    """Return those that have a code or a name, whatever the case."""
    return [one for one in known if asked.casefold() in (one.code.casefold(), one.name.casefold())]


def explain(asked: str, explainers: Sequence[Explainer]) -> list[Explanation]:
    """Return what anybody knows of a code, a name or a text; raises Unexplained, with what may be meant."""
    found = [one for explainer in explainers for one in explainer.explain(asked.strip())]
    if found:
        return found
    known = [word for one in explainers for each in one.codes() for word in (each.code, each.name)]
    folded = {word.casefold(): word for word in known}
    alike = get_close_matches(asked.strip().casefold(), folded, n=1, cutoff=0.7)
    hint = f"did you mean {folded[alike[0]]}?" if alike else "`cnictl explain` lists the codes"
    raise Unexplained(f"nothing is known of {asked.strip()!r}", hint=hint)
