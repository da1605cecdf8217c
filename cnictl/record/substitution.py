"""Words of a recorded call, of which others take the place on the node where it is done again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def replaced(text: str, words: Mapping[str, str]) -> str:
    """Return a text with each of some words replaced, all at once; of two that fit the longer one counts."""
    if not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda match: words[match[0]], text)
