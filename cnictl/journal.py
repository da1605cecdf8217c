"""What is about to be changed, written down before it is: JSON lines, from which it can be put back.

The first line says of what kind a journal is, and of when; each line behind it is a change.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

from cnictl import durable
from cnictl.spec.document import DecodeError, Document, decode_object, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import TypeVar

    T = TypeVar("T")


MOST = 128 << 20
"""Bytes of a journal: more than all addresses of some large networks take."""


class CannotWrite(CnictlError):
    """A journal cannot be written, and so nothing is changed."""


class Journal:
    """A new file that is written to the disk before anything is changed; made with the first lines.

    Raises CannotWrite when that cannot be done, and for a path where there is something.
    """

    def __init__(self, path: str, kind: str) -> None:
        self.path = path
        self._kind = kind
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

    def append(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Have lines on the disk when this returns."""
        try:
            if self._fd < 0:
                self._make()
            data = "".join(_line(one) for one in lines).encode()
            while data:
                data = data[os.write(self._fd, data) :]
            os.fsync(self._fd)
        except OSError as error:
            raise CannotWrite(
                f"cannot write {self.path}: {errno_text(error.errno or 0)}",
                hint="nothing is changed that cannot be put back; --journal names another file",
            ) from error

    def _make(self) -> None:
        above = os.path.dirname(self.path)
        durable.make_directory(above)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self.path, flags, 0o600)
        os.write(self._fd, _line({"kind": self._kind, "time": _now("%Y-%m-%dT%H:%M:%SZ")}).encode())
        directory = os.open(above or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)  # the name as well
        finally:
            os.close(directory)


def new_path(directory: str) -> str:
    """Return where the next journal goes when nobody says where."""
    return f"{directory.rstrip('/')}/{_now('%Y%m%dT%H%M%SZ')}-{os.getpid()}.jsonl"


def read(path: str, kind: str, build: Callable[[Document], T]) -> list[T]:
    """Return what `build` makes of each change in a journal; raises CnictlError for what is none.

    A last line that ends half way is left out: what it was to say was never done.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise CnictlError(f"cannot read {path}: {errno_text(error.errno or 0)}") from error
    if len(data) > MOST:
        raise CnictlError(f"cannot read {path}: it has more than {MOST >> 20} MiB")
    whole, _, _ = data.rpartition(b"\n")
    found = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            document = Document(decode_object(line))
            if number > 1:
                found.append(build(document))
            elif document.string("kind") != kind:
                raise CnictlError(f"no journal of `{kind}`")
        except DecodeError as error:
            raise CnictlError(f"{path}:{number}: {error.msg}") from error
        except CnictlError as error:
            raise CnictlError(f"{path}:{number}: {error}") from error
    if not whole:
        raise CnictlError(f"{path}: no journal of `{kind}`")
    return found


def _line(members: Mapping[str, object]) -> str:
    return encode(dict(members)) + "\n"


def _now(form: str) -> str:
    return time.strftime(form, time.gmtime())
