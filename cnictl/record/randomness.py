"""What in a plugin's answer is different every time, and so tells nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from cnictl.state.binding import GENERATED

if TYPE_CHECKING:
    from cnictl.spec.document import Json

MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")
_NAME = re.compile(rf"\b{GENERATED.pattern}\b")
_MOMENT = re.compile(
    r"\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b\d+(?:\.\d+)?[mu]?s\b"
)
ANY = "*"


def is_random(text: str) -> bool:
    """Whether a text is a MAC address or a generated name."""
    return MAC.fullmatch(text) is not None or _NAME.fullmatch(text) is not None


def without_random(value: Json, given: Collection[str] = ()) -> Json:
    """Return JSON in which ANY stands for what is random, within texts too; what was given stays."""
    if isinstance(value, dict):
        return {name: without_random(one, given) for name, one in value.items()}
    if isinstance(value, list):
        return [without_random(one, given) for one in value]
    return text_without_random(value, given) if isinstance(value, str) else value


def text_without_random(text: str, given: Collection[str] = ()) -> str:
    """Return a text in which ANY stands for what is random."""
    return _NAME.sub(ANY, MAC.sub(lambda match: match[0] if match[0] in given else ANY, text))


def log_without_random(text: str) -> str:
    """Return what a plugin logged without times and durations either."""
    return _MOMENT.sub(ANY, text_without_random(text))
