"""Programs of others, kept aside in a directory of plugins while something of ours has their place.

A runtime takes no directory for a plugin, nor what is in one.
"""

from __future__ import annotations

import os

REPLACED = ".replaced-by-cnictl"
"""Below it, what `cnictl install --force` replaced."""
RECORDED = ".recorded-by-cnictl"
"""Below it, what `cnictl record` keeps: the plugins that are recorded, and a link to their log."""
PLUGINS = "plugins"
MARK = b"\n# cnictl record: this is no plugin, but stands in for one\n"
"""At the end of every stand-in, program or script."""
_FRESH = ".new-"


def keep(path: str, kept: str) -> None:
    """Give a program a second name, in place of an older one that was kept there.  Raises OSError."""
    fresh = fresh_name(kept)
    os.link(path, fresh, follow_symlinks=False)
    os.replace(fresh, kept)
    remove(fresh)  # which rename(2) leaves when both are the same file already


def fresh_name(path: str) -> str:
    """Return a name beside a path for what is to be renamed to it, and free it of what a crash left."""
    directory, _, name = path.rpartition("/")
    fresh = f"{directory}/{_FRESH}{name}"
    remove(fresh)
    return fresh


def names(directory: str) -> list[str]:
    """Return the names of what is kept in a directory, sorted, and remove what is not whole.

    Raises OSError.
    """
    found = sorted(os.listdir(directory))
    for name in found:
        if name.startswith(_FRESH):
            remove(os.path.join(directory, name))
    return [name for name in found if not name.startswith(_FRESH)]


def remove(path: str) -> None:
    """Remove a file, if there is one.  Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def is_stand_in(path: str) -> bool:
    """Whether a file is a stand-in of `cnictl record`, and not the plugin itself."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.fstat(descriptor).st_size
        return size > len(MARK) and os.pread(descriptor, len(MARK), size - len(MARK)) == MARK
    except OSError:
        return False
    finally:
        os.close(descriptor)


def recorded(directory: str) -> list[str]:
    """Return the names of the plugins of a directory that are recorded, sorted."""
    try:
        kept = sorted(os.listdir(os.path.join(directory, RECORDED, PLUGINS)))
    except OSError:
        return []
    return [name for name in kept if is_stand_in(os.path.join(directory, name))]
