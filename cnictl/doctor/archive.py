"""A bundle as one compressed file that can be sent elsewhere, and read there."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import zlib
from typing import Any, get_args, get_origin, get_type_hints

from cnictl.doctor.bundle import Bundle
from cnictl.spec.errors import CnictlError

VERSION = 2
MEMBER = "bundle.json"
MOST = 256 << 20
"""Bytes of an archive's contents that are still read."""


class NoBundle(CnictlError):
    """A file is no bundle, or one of another version."""


def archive(bundle: Bundle) -> bytes:
    """Return a bundle as one compressed archive."""
    text = json.dumps({"version": VERSION, **dataclasses.asdict(bundle)}, indent=1).encode()
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        member = tarfile.TarInfo(MEMBER)
        member.size, member.mtime, member.mode = len(text), int(bundle.taken), 0o600
        tar.addfile(member, io.BytesIO(text))
    return written.getvalue()


def unarchive(data: bytes) -> Bundle:
    """Return the bundle of an archive; raises NoBundle."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            member = tar.getmember(MEMBER)
            if member.size > MOST:
                raise NoBundle(f"the bundle has {member.size} bytes, more than {MOST}")
            file = tar.extractfile(member)
            members = json.loads(file.read() if file else b"")
    except (tarfile.TarError, zlib.error, KeyError, OSError, ValueError, EOFError, RecursionError) as error:
        raise NoBundle(f"this is no bundle: {error}", hint="`cnictl doctor collect` makes one") from None
    if not isinstance(members, dict) or members.pop("version", 0) != VERSION:
        raise NoBundle("this bundle is of another version of cnictl")
    try:
        made: Bundle = _built(Bundle, members)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise NoBundle(f"this bundle is broken: {error}") from None
    return made


def _built(kind: Any, value: Any) -> Any:
    """Return plain data as a value of its type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        if unknown := value.keys() - hints.keys():
            raise ValueError(f"{', '.join(sorted(unknown))} of {kind.__name__} is unknown")
        return kind(**{name: _built(hints[name], one) for name, one in value.items()})
    if origin is list:
        return [_built(arguments[0], one) for one in value]
    if origin is tuple:
        return tuple(_built(arguments[0], one) for one in value)
    if origin is dict:
        return {str(key): _built(arguments[1], one) for key, one in value.items()}
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
