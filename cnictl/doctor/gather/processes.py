"""The processes of the runtime: what they watch, and how many descriptors they have left."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cnictl.doctor.bundle import RuntimeProcess

if TYPE_CHECKING:
    from cnictl.doctor.place import Place

NAMES = ("containerd", "crio", "k3s-server", "k3s-agent")
_WATCH = re.compile(r"^inotify wd:\S+ ino:(?P<inode>[0-9a-f]+) ", re.MULTILINE)
_MOST = re.compile(r"^Max open files +(?P<most>\d+)", re.MULTILINE)


def gather(place: Place, conf_dir: str) -> list[RuntimeProcess]:
    """Return the runtimes that run.  Raises OSError for one that may not be looked at."""
    found = []
    for pid in place.pids():
        name = place.text_or(f"/proc/{pid}/comm").strip()
        if name in NAMES:
            try:
                found.append(_process(place, int(pid), name, conf_dir))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since
    return found


def _process(place: Place, pid: int, name: str, conf_dir: str) -> RuntimeProcess:
    descriptors = os.listdir(place.at(f"/proc/{pid}/fd"))
    told = (place.text_or(f"/proc/{pid}/fdinfo/{one}") for one in descriptors)
    watches = {int(found["inode"], 16) for text in told for found in _WATCH.finditer(text)}
    watcher = any(_target(place, f"/proc/{pid}/fd/{one}") == "anon_inode:inotify" for one in descriptors)
    most = _MOST.search(place.text_or(f"/proc/{pid}/limits"))
    try:
        directory = os.stat(place.at(conf_dir)).st_ino
    except FileNotFoundError:
        directory = 0
    allowed = int(most["most"]) if most else 0
    return RuntimeProcess(name, pid, len(descriptors), allowed, watcher, tuple(sorted(watches)), directory)


def _target(place: Place, path: str) -> str:
    try:
        return os.readlink(place.at(path))
    except OSError:
        return ""
