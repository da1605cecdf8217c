"""Texts with variable parts, as the catalogue has them, made into what can be searched for."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 400
"""Characters of a variable part: bounded, so that no text makes the search slow."""

_PART = re.compile(r"\{([a-z_]+)\}|…|\s+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text of the catalogue matches.

    `anchor` is its longest fixed part in small letters, to look for first; `weight` counts the fixed
    characters: of two texts that match the one that says more wins.
    """

    text: str
    expression: re.Pattern[str]
    anchor: str
    weight: int


def compiled(text: str) -> Pattern:
    """Return the pattern of a text: `{name}` is a value to keep, `…` anything, a space any white space.

    A value may stand in quotes; letters match in either case.
    """
    made, fixed, last = "", [], 0
    for part in _PART.finditer(text):
        literal = text[last : part.start()]
        fixed.append(literal)
        made += re.escape(literal)
        ends = part.end() == len(text)
        if part[1]:
            made += rf"[\"'`]?(?P<{part[1]}>{_value(text[: part.start()], text[part.end() :])})" + (
                "" if ends else "[\"'`]?"
            )
        elif part[0] == "…":
            made += f".{{0,{LONGEST}}}?"
        else:
            made += r"\s+"
        last = part.end()
    fixed.append(text[last:])
    made += re.escape(text[last:])
    anchor = max(fixed, key=len).lower()
    return Pattern(text, re.compile(made, re.IGNORECASE | re.DOTALL), anchor, sum(map(len, fixed)))


def _value(before: str, after: str) -> str:
    """Return what a value may be: a word at either end, else all up to what follows but no second message."""
    if before and after:
        return f"(?:(?!: ).){{0,{LONGEST}}}?"
    return r"[^\s\"',;]{1,200}"
