"""Files that a crash, or somebody else, has left otherwise than they were."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path


def damage(chance: random.Random, place: Path, ways: Callable[[bytes], Sequence[bytes | None]]) -> None:
    """Have each file of a directory be what one of `ways` makes of its content: None takes it away."""
    for path in place.iterdir() if place.exists() else ():
        damaged = chance.choice(ways(path.read_bytes()))
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
