"""Reservations that were freed, in a journal from which they can be put back.

    {"kind": "cnictl reclaim 1", "time": "2026-01-31T12:00:00Z"}
    {"directory": "/var/lib/cni/networks/net", "address": "10.1.0.2", "content": "YzENCmV0aDA=",
     "modified": 1769860800000000000, "container": "c1", "ifname": "eth0", "why": ["…"]}

each in one line.  `content` is base64 of all that was in the file, `modified` in ns since 1970; what
stands behind them is for people.
"""

from __future__ import annotations

import os
from binascii import Error, a2b_base64, b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from cnictl import journal
from cnictl.leases.directory import parse
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.spec.address import Address
    from cnictl.spec.document import Document

KIND = "cnictl reclaim 1"
DIRECTORY = "reclaimed"
"""Where journals are, beside the runtime's cache."""


class Entry(NamedTuple):
    """A reservation that was freed, or was going to be."""

    directory: str
    address: Address
    content: bytes
    modified: int
    container_id: str = ""
    ifname: str = ""
    why: tuple[str, ...] = ()


class Journal(journal.Journal):
    """A journal of reservations that are freed."""

    def __init__(self, path: str) -> None:
        super().__init__(path, KIND)

    def write(self, entries: Iterable[Entry]) -> None:
        """Have entries on the disk when this returns."""
        self.append(_members(one) for one in entries)


def new_path(cache_dir: str) -> str:
    """Return where the next journal goes when nobody says where."""
    return journal.new_path(f"{cache_dir.rstrip('/')}/{DIRECTORY}")


def read(path: str) -> list[Entry]:
    """Return the entries of a journal; raises CnictlError for what is none.

    A last line that ends half way is left out: what it was to say was never freed.
    """
    return journal.read(path, KIND, _entry)


def _entry(document: Document) -> Entry:
    directory, name = document.string("directory"), document.string("address")
    address = parse(name)
    if address is None:
        raise CnictlError(f"no address: {name!r}")
    if not directory.startswith("/") or os.path.normpath(directory) != directory or "\0" in directory:
        raise CnictlError(f"no absolute path: {directory!r}")
    try:
        content = a2b_base64(document.string("content"), strict_mode=True)
    except (Error, ValueError):
        raise CnictlError("content is not base64") from None
    return Entry(directory, address, content, document.unsigned("modified"))


def _members(one: Entry) -> dict[str, object]:
    return {
        "directory": one.directory,
        "address": str(one.address),
        "content": b2a_base64(one.content, newline=False).decode(),
        "modified": one.modified,
        "container": one.container_id,
        "ifname": one.ifname,
        "why": list(one.why),
    }
