"""Directories of this node, packed up for its copy, and unpacked there."""

from __future__ import annotations

import base64
import io
import os
import tarfile
from collections.abc import Iterable

LIMIT = 64 << 20
"""Bytes that are copied; a node with more reservations than that has other worries."""


def pack(directories: Iterable[str], missing: list[str]) -> str:
    """Return the files below some directories as base64; what is too much or unreadable is told."""
    buffer = io.BytesIO()
    total = 0
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for top in dict.fromkeys(directories):
            for directory, _, names in os.walk(top, onerror=lambda error: _note(error, missing)):
                for name in sorted(names):
                    path = os.path.join(directory, name)
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


def unpack(packed: str) -> None:
    """Put the files where they were, on a node whose directories are its own."""
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed)), mode="r:gz") as archive:
        archive.extractall("/", filter="data")


def _closed(archive: tarfile.TarFile, buffer: io.BytesIO) -> bytes:
    archive.close()
    return buffer.getvalue()


def _note(error: OSError, missing: list[str]) -> None:
    if not isinstance(error, FileNotFoundError):
        missing.append(f"file {error.filename}: {error.strerror}")
