"""Files that plugins and the runtime keep: written whole or not at all, and read without following links."""

from __future__ import annotations

import os
import stat

SIZE_LIMIT = 4 << 20
"""Bytes that are read of a file; none of ours comes near."""


def replace(path: str, data: bytes) -> None:
    """Write a file, for its owner only; readers see the old one or the new one, even after a crash.

    Missing directories above it are made for their owner only.  Raises OSError.
    """
    make_directory(path.rpartition("/")[0])
    _write(path, data)


def rewrite(path: str, data: bytes) -> None:
    """Put something else into a file that somebody keeps: as `replace`, but mode and owner stay.

    Raises OSError, also where the owner cannot be kept.
    """
    _write(path, data, os.stat(path))


def _write(path: str, data: bytes, like: os.stat_result | None = None) -> None:
    directory, slash, _ = path.rpartition("/")
    # No name of a network or container starts with a dot, so what a crash leaves here is nobody's file.
    fresh = f"{directory}{slash}.{os.urandom(8).hex()}.new"
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
                if like is not None:
                    os.fchown(descriptor, like.st_uid, like.st_gid)
                    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(fresh, path)
        except BaseException:
            remove(fresh)
            raise
    except OSError as error:  # which names a file that nobody knows
        raise OSError(error.errno, error.strerror, path) from None


def read(path: str) -> bytes | None:
    """Return what a regular file holds, None when there is none; raises OSError for what cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, SIZE_LIMIT) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def files(directory: str) -> list[str]:
    """Return the names of the regular files in a directory, sorted; none when there is no directory.

    Those that begin with a dot are nobody's.  Raises OSError.
    """
    try:
        with os.scandir(directory) as entries:
            return sorted(
                one.name
                for one in entries
                if not one.name.startswith(".") and one.is_file(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []


def remove(path: str) -> bool:
    """Remove a file; whether there was one.  Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def make_directory(path: str) -> None:
    """Make a directory and those above it, each for its owner only; raises OSError."""
    if not path or os.path.isdir(path):
        return
    make_directory(path.rpartition("/")[0])
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
