"""The configuration directory of the runtime, and files that lie where it does not look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS, SINGLES
from cnictl.doctor.bundle import ConfigurationFile
from cnictl.doctor.gather.runtime import CONF_DIRECTORIES
from cnictl.doctor.redact import redacted
from cnictl.spec.errno_text import errno_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.place import Place

MOST = 1000


def gather(place: Place, directory: str) -> list[ConfigurationFile]:
    """Return the files of a directory in the runtime's order, with the texts of those that it reads."""
    return list(_files(place, directory))


def gather_others(place: Place, directory: str) -> list[ConfigurationFile]:
    """Return the configurations that are in other directories, where a runtime may be meant to look."""
    return [
        one
        for other in CONF_DIRECTORIES
        if other != directory and not _same(place, other, directory)
        for one in _files(place, other)
        if one.listed
    ]


def _files(place: Place, directory: str) -> Iterator[ConfigurationFile]:
    for name in sorted(place.names(directory), key=os.fsencode)[:MOST]:
        path = f"{directory}/{name}"
        if os.path.isdir(place.at(path)):
            continue
        if os.path.splitext(f"x{name}")[1] not in LISTS + SINGLES:
            yield ConfigurationFile(path, listed=False)
            continue
        try:
            changed = os.stat(place.at(path)).st_ctime
            yield ConfigurationFile(path, redacted(place.text(path)), changed=changed)
        except OSError as error:
            yield ConfigurationFile(path, unread=errno_text(error.errno or 0))


def _same(place: Place, one: str, other: str) -> bool:
    try:
        return os.path.samefile(place.at(one), place.at(other))
    except OSError:
        return False
