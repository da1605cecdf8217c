"""Whether a node's ranges have room for as many pods as kubelet may start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnictl.cri.sockets import KUBELET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.leases.survey import Surveyed, Usage

DEFAULT = 110
"""What kubelet takes when nothing says how many."""
_FLAG = "--max-pods"


class MaxPods(NamedTuple):
    """How many pods kubelet runs at most, and what says so."""

    number: int
    source: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """A range set, and how much of it no pod can have: reservations that nobody is known to use."""

    usage: Usage
    lost: int

    @property
    def room(self) -> int:
        """How many pods can have an address at once, as long as nothing is freed by hand."""
        return self.usage.ranges.size - self.lost


def max_pods(given: int | None = None) -> MaxPods | None:
    """Return the number of pods: the one given, or that of kubelet if there is one on this node."""
    if given is not None:
        return MaxPods(given, _FLAG)
    for pid in (name for name in os.listdir("/proc") if name.isdigit()):
        words = _command(pid)
        if words and os.path.basename(words[0]) == "kubelet":
            found = _flag(words)
            if found is not None:
                return MaxPods(found, f"{_FLAG} of kubelet (process {pid})")
    return _configured()


def outlooks(surveyed: Surveyed) -> Iterator[Outlook]:
    """Yield the outlook of each range set of a network."""
    lost = [0] * len(surveyed.network.sets)
    for one in surveyed.judged:
        if not one.in_use and one.verdict in ("orphan", "empty"):
            number = surveyed.network.range_set(one.kept.address)
            if number is not None:
                lost[number] += 1
    for usage in surveyed.usages():
        yield Outlook(usage, lost[usage.number])


def _configured() -> MaxPods | None:
    try:
        with open(KUBELET, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip("\"' ") == "maxPods" and not key.startswith((" ", "\t", "#")):
            number = value.partition("#")[0].strip("\"' ,")
            if _is_number(number) and int(number):
                return MaxPods(int(number), KUBELET)
    return MaxPods(DEFAULT, f"kubelet's default, as {KUBELET} does not say")


def _command(pid: str) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")
    except OSError:
        return []


def _flag(words: list[str]) -> int | None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        number = value if equals else following
        if name == _FLAG and _is_number(number):
            return int(number)
    return None


def _is_number(text: str) -> bool:
    """Whether it is one that kubelet reads, in 32 bits; anybody may call a process kubelet."""
    return text.isascii() and text.isdigit() and len(text) <= 10
