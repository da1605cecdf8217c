"""The place in a configuration that a plugin's error message speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnictl.lint.locate import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.spec.document import Json

PATH, VALUE, NAME = 8, 3, 2
"""How much it counts that a message spells the path of a key, its value, or its name."""

_LEAST = 3
"""Shorter values and names stand in many a text by chance; as words of their own they still count."""


def mentioned(
    text: str, value: Json, *, above: Pointer = (), skip: tuple[str, ...] = ("type", "name", "cniVersion")
) -> Pointer | None:
    """Return the place below a value that a text is about, the first of several; None when it names none.

    A text may name it by its path (`ipam.ranges[0]`), its value (`RangeStart 10.1.2.3 not in ...`),
    or its key in words (`cannot set hairpin mode`), of which a longer one tells more.  Paths begin
    with `above`; keys in `skip` count by their path only.
    """
    best, found = 0.0, None
    for where, one in _places(value, ()):
        points = _points(where, one, text, dotted((*above, *where)), skip)
        if points > best:
            best, found = points, where
    return found


def _places(value: Json, where: Pointer) -> Iterator[tuple[Pointer, Json]]:
    if where:
        yield where, value
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _places(one, (*where, name))
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from _places(one, (*where, i))


def _points(where: Pointer, value: Json, text: str, path: str, skip: tuple[str, ...]) -> float:
    points = 0.0
    if path != where[-1] and _has_word(text, path):
        points += PATH + len(where)
    name = where[-1]
    if name in skip:
        return points
    if isinstance(name, str) and (
        _has_word(text, name) or (len(name) > _LEAST and _folded(name) in _folded(text))
    ):
        points += NAME + len(name) / 100
    if isinstance(value, (str, int)) and not isinstance(value, bool) and _has_word(text, str(value)):
        points += VALUE
    return points


def _folded(text: str) -> str:
    return re.sub(r"[\s_./-]", "", text).casefold()


def _has_word(text: str, word: str) -> bool:
    if not word:
        return False
    return re.search(rf"(?<![\w.]){re.escape(word)}(?![\w\[]|\.\w)", text, re.IGNORECASE) is not None
