"""Open files of processes: how many inotify instances there are, and who writes into a plugin's file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.place import Place


class Descriptors(NamedTuple):
    """`inotify` counts root's instances, `writers` are processes by the file that they have open to write."""

    inotify: int
    writers: dict[str, tuple[str, ...]]


def gather(place: Place, files: Iterable[str]) -> Descriptors:
    """Return what the descriptors of all processes tell; what we may not look at is left out."""
    wanted: dict[str, list[str]] = {}
    for path in files:
        wanted.setdefault(os.path.basename(path), []).append(path)
    inotify, writers = 0, dict[str, list[str]]()
    for pid in place.pids():
        folder = place.at(f"/proc/{pid}")
        try:
            is_root = not os.stat(folder).st_uid
            numbers = os.listdir(f"{folder}/fd")
        except OSError:
            continue
        for number in numbers:
            try:
                target = os.readlink(f"{folder}/fd/{number}")
            except OSError:
                continue
            if target == "anon_inode:inotify":
                inotify += is_root
            for path in wanted.get(target.rpartition("/")[2], ()):
                if _writes(place, pid, number, path):
                    name = place.text_or(f"/proc/{pid}/comm").strip()
                    writers.setdefault(path, []).append(f"process {pid} ({name})")
    return Descriptors(inotify, {path: tuple(names) for path, names in writers.items()})


def _writes(place: Place, pid: str, number: str, path: str) -> bool:
    try:
        if not os.path.samefile(place.at(f"/proc/{pid}/fd/{number}"), place.at(path)):
            return False
    except OSError:
        return False
    return any(flags & os.O_ACCMODE for flags in _flags(place.text_or(f"/proc/{pid}/fdinfo/{number}")))


def _flags(text: str) -> Iterator[int]:
    for line in text.splitlines():
        if line.startswith("flags:"):
            yield int(line.partition(":")[2], 8)
