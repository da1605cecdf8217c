"""What somebody probably meant who wrote a name that nobody knows."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LIKENESS = 0.72
"""difflib's ratio from which two names count as alike: isMasq and ipMasq have 0.83, vlan and mac 0.29."""


def similar(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like another, whatever its case; None when none is alike."""
    spelled = {one.casefold(): one for one in known}
    found = get_close_matches(name.casefold(), spelled, n=1, cutoff=LIKENESS)
    return spelled[found[0]] if found else None
