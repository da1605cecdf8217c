"""An index of a big directory of reservations: what a container has, without reading every file.

The Go plugins make and remove files in the same directory and know of no index, so it must notice
what they did.  Whatever makes or removes a file changes the directory's modification time; the
index is good for the one time that it names.  The kernel's clock for these stands still for some
milliseconds, and two changes in one of its ticks look like one: therefore, whenever the index is
brought up to date, the directory is given a time that no tick has, a little in the past and with
random nanoseconds.  A file that is edited in place is not noticed; no plugin does that.

Records are only ever added.  One whose file is gone, or has another content by now, costs a look at
that file; what must not be is a file without a record.

    cnictl reservations 2 <modification time, ns> <bytes of records when it was built>
    <CRC-32 of the container id in the file> <name of the file>
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = "/run/cnictl/reservations"
"""Gone after a reboot, as the containers are; one file a directory, called by its device and inode."""

LEAST = 1000
"""Files that are read in some 3 ms; with fewer there is no index."""

_HEADER = 64
_PAST = 2_000_000_000
_SECOND = 1_000_000_000
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Index:
    """The index of an opened directory; only for who holds the lock on the directory's reservations."""

    __slots__ = ("_built", "_directory", "_fd", "_path", "_stale")

    def __init__(self, directory: int, place: str = "") -> None:
        about = os.fstat(directory)
        self._directory = directory
        self._path = f"{place or PLACE}/{about.st_dev}-{about.st_ino}"
        self._built = 0
        self._stale = False
        self._fd = self._open(about.st_mtime_ns)

    @property
    def usable(self) -> bool:
        """Whether every file in the directory has a record."""
        return self._fd >= 0

    def names(self, container_id: str) -> list[str]:
        """Return the names of the files that named this container when they were made, and maybe others."""
        records = _read_all(self._fd)
        key = b"\n%08x " % _crc32(container_id.encode())
        found = []
        at = records.find(key)
        while at >= 0:
            end = records.find(b"\n", at + 1)
            found.append(records[at + len(key) : end].decode())
            at = records.find(key, end)
        return found

    def add(self, name: str, content: bytes) -> None:
        """Record a file that is being made."""
        if not self.usable:
            return
        try:
            os.lseek(self._fd, 0, os.SEEK_END)
            _write_all(self._fd, _record(name, content))
        except OSError:
            self.drop()

    def touch(self) -> None:
        """Take note that the directory changes, through its owner's own doing."""
        self._stale = True

    def build(self, files: Mapping[str, bytes]) -> None:
        """Replace the index by one of these files, which are all that there are; of none if they are few."""
        self.drop()
        if len(files) < LEAST:
            return
        data = b"".join([_record(name, content) for name, content in files.items()])
        try:
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            self._fd = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            self._built = len(data)
            _write_all(self._fd, _header(0, self._built) + data)
            self._stale = True
        except OSError:
            self.drop()

    def close(self) -> None:
        """Let the index be good for the directory as it is now."""
        if not self.usable:
            return
        try:
            if self._stale:
                past = time.time_ns() - _PAST + int.from_bytes(os.urandom(8), "big") % _SECOND
                os.utime(self._directory, ns=(os.fstat(self._directory).st_atime_ns, past))
                # What the file system made of it: not all of them keep nanoseconds.
                os.pwrite(self._fd, _header(os.fstat(self._directory).st_mtime_ns, self._built), 0)
        except OSError:
            self.drop()
        self._release()

    def drop(self) -> None:
        """Do without an index from now on."""
        self._release()
        try:
            os.unlink(self._path)
        except OSError:
            pass  # the header of one that cannot be removed names a time that has passed

    def _open(self, modified: int) -> int:
        try:
            fd = os.open(self._path, _FLAGS)
        except OSError:
            return -1
        try:
            words = os.read(fd, _HEADER).split()
            self._built = int(words[4])
            grown = os.fstat(fd).st_size > 2 * self._built + _HEADER
            if not grown and os.pread(fd, _HEADER, 0) == _header(modified, self._built):
                return fd
        except (OSError, ValueError, IndexError):
            pass
        os.close(fd)
        return -1

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _header(modified: int, built: int) -> bytes:
    return f"cnictl reservations 2 {modified:020} {built:012}".encode().ljust(_HEADER - 1) + b"\n"


def _record(name: str, content: bytes) -> bytes:
    return b"%08x %b\n" % (_crc32(content.partition(b"\r\n")[0].strip()), name.encode())


def _crc32(content: bytes) -> int:
    from binascii import crc32  # brings a library of its own, and most nodes have no index

    return crc32(content)


def _read_all(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, size, _HEADER - 1)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
