"""Files and directories of this machine that a throwaway node does not show, packed up and unpacked there."""

from __future__ import annotations

import base64
import io
import os
import sys
import tarfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnictl.sandbox.node import ROOT
from cnictl.sandbox.readonly import is_own

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

_UNPACK = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from cnictl.sandbox.files import unpack; unpack(sys.stdin.read())"
)

LIMIT = 64 << 20
"""Bytes that are copied; a node with more reservations than that has other worries."""


def pack(places: Iterable[str], missing: list[str]) -> str:
    """Return files, and all below directories, as base64; what is too much or unreadable is told."""
    buffer = io.BytesIO()
    total = 0
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for top in dict.fromkeys(places):
            for path in _below(top, missing):
                try:
                    total += os.lstat(path).st_size
                    if total > LIMIT:
                        missing.append(f"files below {top}: more than {LIMIT >> 20} MiB")
                        return base64.b64encode(_closed(archive, buffer)).decode()
                    archive.add(path, recursive=False)
                except FileNotFoundError:
                    continue  # a DEL that happens meanwhile
                except OSError as error:
                    _note(error, missing)
    return base64.b64encode(buffer.getvalue()).decode()


def bring(node: Node, directories: Iterable[str]) -> None:
    """Show a node those of some directories that its own /run and state directories hide: plugins' mostly.

    Raises SandboxError when that fails.
    """
    hidden = [one for one in directories if is_own(one)]
    if hidden:
        node.run([sys.executable, "-I", "-c", _UNPACK, ROOT], stdin=pack(hidden, [])).checked()


def unpack(packed: str) -> None:
    """Put the files where they were, on a node whose directories are its own."""
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed)), mode="r:gz") as archive:
        archive.extraction_filter = _as_it_was  # Python has it since 3.11.4, and needed none before
        archive.extractall("/")  # noqa: S202 (no stranger wrote it)


def _as_it_was(member: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    """Let a file be what it is, a link that leads anywhere too: `pack` put it in, on this machine."""
    return member


def _below(top: str, missing: list[str]) -> Iterator[str]:
    """Yield a path and, if it is a directory, all that is in it; links lead nowhere here."""
    yield top
    for directory, inner, names in os.walk(top, onerror=lambda error: _note(error, missing)):
        yield from (os.path.join(directory, name) for name in sorted([*inner, *names]))


def _closed(archive: tarfile.TarFile, buffer: io.BytesIO) -> bytes:
    archive.close()
    return buffer.getvalue()


def _note(error: OSError, missing: list[str]) -> None:
    if not isinstance(error, FileNotFoundError):
        missing.append(f"file {error.filename}: {error.strerror}")
