"""Which container a command line means: the path of its netns and the id that goes with it.

cnitool derives the id from the path; so does this, and each finds what the other attached.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from typing import TYPE_CHECKING, Self

from cnictl import netns_named
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import NetnsError, NetnsGone
from cnictl.netns_named import DIRECTORY
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from types import TracebackType

    from cnictl.runtime.cache import Cache

PREFIX = "cnictl-"
"""What the names of throwaway namespaces begin with; eight hexadecimal digits follow."""

_DIGITS = 8
_ID_DIGITS = 20  # ten bytes, as in cnitool


class NoSuchNetns(CnictlError):
    """No namespace has that name, or no process that number."""


def netns_path(text: str, *, there: bool = True) -> str:
    """The path of a netns given as a path, a name below /run/netns, or the number of a process.

    Paths become absolute and are not looked at.  Raises NoSuchNetns for a name or number that
    means nothing, unless the namespace need not be `there`.
    """
    if "/" in text:
        return os.path.abspath(text)
    path = os.path.join(DIRECTORY, text)
    if text in (".", "..") or os.path.lexists(path):
        return os.path.abspath(path)
    if text.isascii() and text.isdigit():
        if there and not os.path.exists(f"/proc/{text}"):
            raise NoSuchNetns(f"no network namespace {path}, and no process {text}")
        return f"/proc/{text}/ns/net"
    if there:
        raise NoSuchNetns(f"no network namespace {go_quote(text)} in {DIRECTORY}", hint=_suggestion(text))
    return path


def default_id(path: str) -> str:
    """The container id that cnitool gives a netns path."""
    return f"cnitool-{hashlib.sha512(os.fsencode(path)).hexdigest()[:_ID_DIGITS]}"


class Throwaway:
    """A netns for a block: the one at `path`, or one made for it, which goes when the block fails.

    It also goes at the end of the block, unless it was told to `keep` it.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.made = False
        self._keep = False

    def __enter__(self) -> Self:
        if not self.path:
            self.path = make_throwaway()
            self.made = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.made or self._keep:
            return
        try:
            netns_named.delete_named(self.path)
        except NetnsGone:
            pass
        except NetnsError as problem:
            if error is None:
                raise
            error.add_note(str(problem))

    def keep(self) -> None:
        """Leave it there for others."""
        self._keep = True


def make_throwaway() -> str:
    """Make a netns with a name of its own and `lo` up, as runtimes have it; return its path."""
    path = os.path.join(DIRECTORY, f"{PREFIX}{os.urandom(_DIGITS // 2).hex()}")
    netns_named.create_named(path)
    try:
        with Rtnl(path) as inside:
            inside.set_up(inside.link("lo"))
    except BaseException:
        netns_named.delete_named(path)
        raise
    return path


def is_throwaway(path: str) -> bool:
    """Whether a netns is one that make_throwaway() made, or has such a name at least."""
    directory, _, name = path.rpartition("/")
    digits = name.removeprefix(PREFIX)
    return (
        os.path.realpath(directory) == os.path.realpath(DIRECTORY)
        and digits != name
        and len(digits) == _DIGITS
        and set("0123456789abcdef").issuperset(digits)
    )


def same_place(one: str, other: str) -> bool:
    """Whether two paths of a netns are the same, also when one of them goes by way of /var/run."""
    return one == other or (bool(one) and os.path.realpath(one) == os.path.realpath(other))


def has_interface(netns: str, ifname: str) -> bool:
    """Whether there is an interface of that name in a netns, as far as it can be looked into."""
    if not netns:
        return False
    try:
        with Rtnl(netns) as inside:
            inside.link(ifname)
    except (CnictlError, OSError):
        return False
    return True


def discard_throwaway(path: str, cache: Cache) -> bool:
    """Remove a throwaway netns that no attachment is left in; whether it was removed."""
    if not is_throwaway(path) or not os.path.lexists(path):
        return False
    if any(same_place(one.attachment.netns, path) for one in cache.listing().attachments):
        return False
    netns_named.delete_named(path)
    return True


def similar_name(name: str) -> str:
    """Return a question after the namespaces whose names are close to one that there is not, or nothing."""
    close = difflib.get_close_matches(name, netns_named.names(), n=3)
    return f"did you mean {' or '.join(close)}?" if close else ""


def _suggestion(name: str) -> str:
    return similar_name(name) or (f"`cnictl netns new {name}` makes it" if name.isprintable() else "")
