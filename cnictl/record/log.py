"""The log of recorded calls: a directory with a file for each, named by its number, and the file `ring`.

`ring` holds three numbers, which the stand-ins change without waiting for one another: that of the next
call, how many are kept, and how many calls could not be written down.  Who takes a number removes the call
that is as many before it as are kept.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cnictl import durable
from cnictl.aside import fresh_name, remove
from cnictl.flock import acquire
from cnictl.record.model import Call, RecordError
from cnictl.spec.errno_text import errno_text

DIRECTORY = "/var/log/cnictl/calls"
KEEP = 1000
"""Calls that are kept: a few kilobytes each, as a rule, and at most about a megabyte."""

BROKEN = "is no recorded call, or is damaged"
"""What there is to say of a file that is broken()."""

_RING = struct.Struct("=QQQ")
_KEEP = struct.Struct("=Q")
_DIGITS = 9  # of a length, which is less than SIZE_LIMIT of durable
_NAME = re.compile(r"[0-9]{8,19}")
_LATEST = 253_402_300_800  # the year 10000
_PATIENCE = 10.0  # seconds, for another start


@dataclass(frozen=True, slots=True)
class Ring:
    """How many calls a log keeps, and how many could not be written down."""

    next: int
    keep: int
    lost: int


def prepare(directory: str, keep: int) -> None:
    """Make a log, for its owner only, or have one keep another number of calls.  Raises RecordError."""
    path = os.path.join(directory, "ring")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        if os.stat(directory).st_uid != os.geteuid():
            raise RecordError(f"the log {directory} belongs to somebody else, who could read it")
        if os.listdir(directory) and ring(directory) is None and not numbers(directory):
            hint = "name a directory of its own, which is made if it is not there"
            raise RecordError(f"{directory} is no log of calls, and not empty", hint=hint)
        os.chmod(directory, 0o700)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            acquire(descriptor, directory, _PATIENCE)
            _set(directory, path, keep)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(directory, error) from None


def _set(directory: str, path: str, keep: int) -> None:
    if ring(directory) is None:
        fresh = fresh_name(path)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_RING.pack(max(numbers(directory), default=0) + 1, keep, 0))
        os.replace(fresh, path)
    with open(path, "r+b") as file:
        file.seek(_KEEP.size)
        file.write(_KEEP.pack(keep))
    there = ring(directory)
    assert there is not None
    for number in numbers(directory):
        if number < there.next - keep:
            remove(_path(directory, number))


def ring(directory: str) -> Ring | None:
    """Return the numbers of a log; None when there is none.  Raises OSError."""
    try:
        with open(os.path.join(directory, "ring"), "rb") as file:
            data = file.read(_RING.size)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Ring(*_RING.unpack(data)) if len(data) == _RING.size else None


def delete(directory: str) -> int:
    """Remove all calls of a log, and the log; return how many there were.  Raises RecordError."""
    try:
        there = numbers(directory)
        for number in there:
            remove(_path(directory, number))
        remove(os.path.join(directory, "ring"))
        if os.path.isdir(directory):
            os.rmdir(directory)
    except OSError as error:
        raise _unusable(directory, error) from None
    return len(there)


def calls(directory: str) -> list[Call]:
    """Return the calls of a log, the oldest first.  Raises RecordError when it cannot be read."""
    found = []
    try:
        for number in numbers(directory):
            call = _read(directory, number)
            if call is not None:
                found.append(call)
    except OSError as error:
        raise _unusable(directory, error) from None
    return [replace(one, within=_within(one, found)) for one in found]


def broken(directory: str, found: Sequence[Call]) -> list[str]:
    """Return the files that have the name of a call and are not among those `found`."""
    there = {one.number for one in found}
    paths = [_path(directory, number) for number in numbers(directory) if number not in there]
    return [path for path in paths if not _is_new(path)]


def numbers(directory: str) -> list[int]:
    """Return the numbers of the calls that files are there for.  Raises OSError."""
    try:
        return sorted(int(name) for name in os.listdir(directory) if _NAME.fullmatch(name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_new(path: str) -> bool:
    """Whether a file has just been made, or removed."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return True
    return stat.S_ISREG(about.st_mode) and not about.st_size


def _path(directory: str, number: int) -> str:
    return os.path.join(directory, f"{number:08}")


def _read(directory: str, number: int) -> Call | None:
    """Read a call; None when it was dropped meanwhile, is so new that nothing is in it, or is none."""
    try:
        data = durable.read(_path(directory, number))
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if data is None:
        return None
    parts: dict[str, list[bytes]] = {}
    for name, part in _parts(data):
        parts.setdefault(name, []).append(part)
    try:
        return _call(number, parts) if "call" in parts else None
    except ValueError:
        return None


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of a call's file: name and length, and so many bytes, each; half a one is none."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        name, _, length = data[at:end].partition(b" ")
        if end < 0 or not length.isdigit() or len(length) > _DIGITS or end + 1 + int(length) > len(data):
            return
        yield name.decode(errors="replace"), data[end + 1 : end + 1 + int(length)]
        at = end + 2 + int(length)


def _call(number: int, parts: dict[str, list[bytes]]) -> Call:
    facts = _facts(parts["call"][0])
    end = _facts(parts["end"][0]) if "end" in parts else {}
    variables = (one.partition("=") for one in _texts(parts, "environment"))
    callers = (line.partition(" ") for line in _text(b"".join(parts.get("callers", ()))).splitlines())
    return Call(
        number,
        facts.get("path", "").rpartition("/")[2],
        facts.get("path", ""),
        facts.get("program", ""),
        int(facts.get("size", "0")),
        int(facts.get("modified", "0")),
        _seconds(facts.get("time", "0")),
        int(facts.get("pid", "0")),
        int(facts.get("uid", "0")),
        facts.get("netns", ""),
        facts.get("cwd", ""),
        tuple(map(_text, parts.get("argument", ()))),
        {name: value for name, equals, value in variables if equals},
        tuple((int(pid), name) for pid, _, name in callers if pid.isdigit()),
        " ".join(_texts(parts, "caller")),
        b"".join(parts.get("stdin", ())),
        b"".join(parts.get("stdout", ())),
        b"".join(parts.get("stderr", ())),
        int(end["status"]) if "status" in end else None,
        _seconds(end["seconds"]) if "seconds" in end else None,
        int(end.get("secrets", "0")),
        tuple(filter(None, end.get("cut", "").split(","))),
    )


def _seconds(text: str) -> float:
    found = float(text)
    if not 0 <= found < _LATEST:
        raise ValueError(f"no time: {text}")
    return found


def _facts(part: bytes) -> dict[str, str]:
    pairs = (line.partition("=") for line in _text(part).splitlines())
    return {name: value for name, _, value in pairs}


def _texts(parts: dict[str, list[bytes]], name: str) -> list[str]:
    """Return the texts of a part that a NUL byte ends, each."""
    return [_text(one) for one in b"".join(parts.get(name, ())).split(b"\0") if one]


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _within(call: Call, found: list[Call]) -> int | None:
    """Return the call whose plugin is this one's caller."""
    pids = [pid for pid, _ in call.callers]
    around = [
        one.number
        for one in found
        if one.number < call.number
        and one.pid in pids
        and (one.seconds is None or call.time <= one.time + one.seconds)
    ]
    return around[-1] if around else None


def _unusable(directory: str, error: OSError) -> RecordError:
    where = error.filename or directory
    return RecordError(f"the log {directory} cannot be used: {where}: {errno_text(error.errno or 0)}")
