"""What was freed, written down before it is: JSON lines, from which it can be put back.

    {"kind": "cnictl reclaim 1", "time": "2026-01-31T12:00:00Z"}
    {"directory": "/var/lib/cni/networks/net", "address": "10.1.0.2", "content": "YzENCmV0aDA=",
     "modified": 1769860800000000000, "container": "c1", "ifname": "eth0", "why": ["…"]}

each in one line.  `content` is base64 of all that was in the file, `modified` in ns since 1970; what
stands behind them is for people.
"""

from __future__ import annotations

import os
import time
from binascii import Error, a2b_base64, b2a_base64
from typing import TYPE_CHECKING, NamedTuple, Self

from cnictl import durable
from cnictl.leases.directory import parse
from cnictl.spec.document import DecodeError, Document, decode_object, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from cnictl.spec.address import Address

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


class Journal:
    """A new file that is written to the disk before anything is freed; made with the first entries.

    Raises CnictlError when that cannot be done, and for a path where there is something.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def is_written(self) -> bool:
        """Whether there is anything in it."""
        return self._fd >= 0

    def write(self, entries: Iterable[Entry]) -> None:
        """Have entries on the disk when this returns."""
        try:
            if self._fd < 0:
                self._make()
            data = "".join(_line(_members(one)) for one in entries).encode()
            while data:
                data = data[os.write(self._fd, data) :]
            os.fsync(self._fd)
        except OSError as error:
            raise CnictlError(
                f"cannot write {self.path}: {errno_text(error.errno or 0)}",
                hint="nothing is freed that cannot be put back; --journal names another file",
            ) from error

    def _make(self) -> None:
        above = os.path.dirname(self.path)
        durable.make_directory(above)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self.path, flags, 0o600)
        os.write(self._fd, _line({"kind": KIND, "time": _now("%Y-%m-%dT%H:%M:%SZ")}).encode())
        directory = os.open(above or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)  # the name as well
        finally:
            os.close(directory)


def new_path(cache_dir: str) -> str:
    """Return where the next journal goes when nobody says where."""
    return f"{cache_dir.rstrip('/')}/{DIRECTORY}/{_now('%Y%m%dT%H%M%SZ')}-{os.getpid()}.jsonl"


def read(path: str) -> list[Entry]:
    """Return the entries of a journal; raises CnictlError for what is none.

    A last line that ends half way is left out: what it was to say was never freed.
    """
    try:
        with open(path, "rb") as file:
            whole, _, _ = file.read().rpartition(b"\n")
    except OSError as error:
        raise CnictlError(f"cannot read {path}: {errno_text(error.errno or 0)}") from error
    found = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            document = Document(decode_object(line))
            if number > 1:
                found.append(_entry(document))
            elif document.string("kind") != KIND:
                raise CnictlError(f"no journal of `{KIND}`")
        except DecodeError as error:
            raise CnictlError(f"{path}:{number}: {error.msg}") from error
        except CnictlError as error:
            raise CnictlError(f"{path}:{number}: {error}") from error
    if not whole:
        raise CnictlError(f"{path}: no journal of `{KIND}`")
    return found


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


def _line(members: dict[str, object]) -> str:
    return encode(members) + "\n"


def _now(form: str) -> str:
    return time.strftime(form, time.gmtime())
