"""Finding a plugin in the directories of CNI_PATH, as libcni does."""

from __future__ import annotations

import errno
import os

from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class NotFound(CnictlError):
    """No directory holds a program of that name."""


def directories(path: str) -> list[str]:
    """The directories of a CNI_PATH, without the empty ones.

    The Go plugins keep an empty component and so look in the working directory; nobody means that.
    """
    return [directory for directory in path.split(os.pathsep) if directory]


def find(name: str, directories: Iterable[str]) -> str:
    """The path of the plugin, in the first directory that has a regular file of that name.

    Raises NotFound, or CannotRun for a file without an execute bit: as in libcni the file is what
    was asked for, and a later directory is no substitute.
    """
    if not name:
        raise NotFound("no plugin name provided")
    if os.sep in name:
        raise NotFound(f"invalid plugin name: {name}")
    searched = [directory for directory in directories if directory]
    if not searched:
        raise NotFound("no paths provided", hint="set CNI_PATH to the directories that hold the plugins")
    for directory in searched:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            if not os.access(path, os.X_OK):
                from cnictl.child import CannotRun

                raise CannotRun(path, errno.EACCES, "the file is not executable", f"chmod +x {path}")
            return path
    raise NotFound(
        f"failed to find plugin {go_quote(name)} in path [{' '.join(searched)}]",
        hint=f"install {name} there, or correct the plugin's type",
    )
