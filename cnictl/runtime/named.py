"""The network namespaces with a name: what they are good for, and removing them without a loss."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl import netns_named
from cnictl.netns import Netns, NetnsError
from cnictl.netns_named import DIRECTORY
from cnictl.runtime.cache import CannotRead
from cnictl.runtime.container import netns_path, same_place, similar_name
from cnictl.runtime.lookup import listed
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import is_name
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.runtime.cache import Cache, CachedAttachment


class NotAName(CnictlError):
    """What was given is no name of a namespace that is there, or that there could be."""


class StillAttached(CnictlError):
    """A namespace has attachments, whose reservations and rules nobody would free after it is gone."""


@dataclass(frozen=True, slots=True)
class NamedNetns:
    """A namespace with a name; `inode` is 0 and `problem` says why when the file is none.

    `attachments` is None where the cache could not be read.
    """

    name: str
    path: str
    inode: int
    processes: int
    attachments: tuple[CachedAttachment, ...] | None
    problem: str = ""


def listing(cache: Cache, warn: Callable[[str], None]) -> list[NamedNetns]:
    """All that there are, by name.  Processes are counted as far as this user may see them.

    `warn` is told why nobody knows what is attached to them.
    """
    running = _processes()
    attachments: list[CachedAttachment] | None = None
    try:
        attachments = cache.listing().attachments
    except CannotRead as error:
        warn(f"not seen: attachments: {error}")
    found = []
    for name in netns_named.names():
        path = os.path.join(DIRECTORY, name)
        its = None
        if attachments is not None:
            its = tuple(one for one in attachments if same_place(one.attachment.netns, path))
        try:
            with Netns(path) as netns:
                inode = netns.inode
        except NetnsError as error:
            found.append(NamedNetns(name, path, 0, 0, its, str(error)))
        else:
            found.append(NamedNetns(name, path, inode, running.get(inode, 0), its))
    return found


def make(name: str) -> str:
    """Make a namespace of that name and return its path.  Raises NotAName and NetnsError."""
    if not is_name(name):
        raise NotAName(
            f"invalid name {go_quote(name)} for a network namespace",
            hint="letters, digits, '_', '.' and '-', and a letter or digit first",
        )
    path = os.path.join(DIRECTORY, name)
    try:
        netns_named.create_named(path)
    except NetnsError as error:
        if os.path.lexists(path):
            error.hint = (
                error.hint or f"`cnictl netns ls` tells what it is, and `cnictl netns rm {name}` removes it"
            )
        raise
    return path


def remove(text: str, cache: Cache, *, force: bool = False) -> str:
    """Remove a namespace given by name or path, and return its path.

    Raises StillAttached unless it is forced, NotAName, and NetnsError.
    """
    path = netns_path(text, there=False)
    if os.path.realpath(os.path.dirname(path)) != os.path.realpath(DIRECTORY):
        raise NotAName(f"{path} is not in {DIRECTORY}", hint="only namespaces with a name can be removed")
    if not os.path.lexists(path):
        name = os.path.basename(path)
        raise NotAName(f"no network namespace {go_quote(name)} in {DIRECTORY}", hint=similar_name(name))
    its = [one for one in cache.listing().attachments if same_place(one.attachment.netns, path)]
    if its and not force:
        raise StillAttached(
            f"{path} has {len(its)} attachment" + ("s" if len(its) > 1 else ""),
            hint=f"`cnictl del {its[0].network} {text}` first, or --force:\n{listed(its)}",
        )
    if os.path.islink(path):
        os.unlink(path)  # a name that somebody gave to a container's netns, which is not ours to end
    else:
        netns_named.delete_named(path)
    return path


def _processes() -> dict[int, int]:
    """How many processes are in each network namespace, by its inode."""
    found: dict[int, int] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            inode = os.stat(f"/proc/{pid}/ns/net").st_ino
        except OSError:
            continue  # it ended, or is not ours to look into
        found[inode] = found.get(inode, 0) + 1
    return found
