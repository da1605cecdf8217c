"""An index of a big directory of reservations: what a container has, without reading every file.

The Go plugins make and remove files in the same directory and know of no index, so it must notice
what they did.  Whatever makes or removes a file changes the directory's modification time; the
index is good for the one time that it names.  The kernel's clock for these stands still for some
milliseconds, and two changes in one of its ticks look like one: therefore, whenever the index is
brought up to date, the directory is given a time that no tick has, a little in the past and with
random nanoseconds.  A file that is edited in place is not noticed; no plugin does that.

Records are only ever added.  One whose file is gone, or has another content by now, costs a look at
that file; what must not be is a file without a record.  A record is found by the CRC-32 of the
container id in the file: that number, divided by how many chains there are, leaves that of the chain
it is in.  A look-up reads the records of one chain, two on average, however many there are.

    cnictl reservations 3 <modification time, ns> <chains>, 64 bytes with the end of the line
    <number of the last record in the chain>, 4 bytes, for each chain; 0 for none
    <number of the record before in the chain> <CRC-32> <name of the file>, 4, 4 and 40 bytes, counted from 1
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = "/run/cnictl/reservations"
"""Gone after a reboot, as the containers are; one file a directory, called by its device and inode."""

LEAST = 250
"""Files that are read in less than 1 ms; with fewer there is no index."""

_HEADER = 64
_NUMBER = 4
_NAME = 40
"""Bytes: more than the longest address has, as a text."""
_RECORD = 2 * _NUMBER + _NAME
_PAST = 2_000_000_000
_SECOND = 1_000_000_000
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Index:
    """The index of an opened directory; only for who holds the lock on the directory's reservations."""

    __slots__ = ("_chains", "_directory", "_fd", "_path", "_stale")

    def __init__(self, directory: int, place: str = "") -> None:
        about = os.fstat(directory)
        self._directory = directory
        self._path = f"{place or PLACE}/{about.st_dev}-{about.st_ino}"
        self._chains = 0
        self._stale = False
        self._fd = self._open(about.st_mtime_ns)

    @property
    def usable(self) -> bool:
        """Whether every file in the directory has a record."""
        return self._fd >= 0

    def names(self, container_id: str) -> list[str] | None:
        """Return the names of the files that named this container when they were made, and maybe others.

        None without an index, and of a damaged one, which ends here.
        """
        if not self.usable:
            return None
        key = _key(container_id.encode())
        found = []
        try:
            number = _read_number(os.pread(self._fd, _NUMBER, self._chain_at(key)))
            while number:
                record = os.pread(self._fd, _RECORD, self._record_at(number))
                before = _read_number(record)
                if len(record) < _RECORD or before >= number:
                    self.drop()
                    return None
                if _read_number(record[_NUMBER:]) == key:
                    found.append(record[2 * _NUMBER :].partition(b"\0")[0].decode(errors="replace"))
                number = before
        except OSError:
            self.drop()
            return None
        return found

    def add(self, name: str, content: bytes) -> None:
        """Record a file that is being made."""
        if not self.usable:
            return
        key = _key(_container_id(content))
        try:
            number = (os.fstat(self._fd).st_size - self._record_at(1)) // _RECORD + 1
            before = _read_number(os.pread(self._fd, _NUMBER, self._chain_at(key)))
            # Nobody looks at a record before its chain leads to it, as when this is where the process ends.
            _write_all(self._fd, _record(before, key, name), self._record_at(number))
            _write_all(self._fd, _number(number), self._chain_at(key))
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
        self._chains = len(files)
        last = [0] * self._chains
        records = []
        for name, content in files.items():
            if len(name.encode()) > _NAME:
                continue  # no address
            key = _key(_container_id(content))
            chain = key % self._chains
            records.append(_record(last[chain], key, name))
            last[chain] = len(records)
        data = b"".join((_header(0, self._chains), *map(_number, last), *records))
        try:
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            self._fd = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            _write_all(self._fd, data, 0)
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
                os.pwrite(self._fd, _header(os.fstat(self._directory).st_mtime_ns, self._chains), 0)
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
            header = os.pread(fd, _HEADER, 0)
            self._chains = int(header.split()[4])
            records, rest = divmod(os.fstat(fd).st_size - self._record_at(1), _RECORD)
            whole = rest == 0 and self._chains > 0 and 0 <= records <= 2 * self._chains
            if whole and header == _header(modified, self._chains):
                return fd
        except (OSError, ValueError, IndexError):
            pass
        os.close(fd)
        return -1

    def _chain_at(self, key: int) -> int:
        return _HEADER + key % self._chains * _NUMBER

    def _record_at(self, number: int) -> int:
        return _HEADER + self._chains * _NUMBER + (number - 1) * _RECORD

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _header(modified: int, chains: int) -> bytes:
    return f"cnictl reservations 3 {modified:020} {chains:010}".encode().ljust(_HEADER - 1) + b"\n"


def _record(before: int, key: int, name: str) -> bytes:
    return _number(before) + _number(key) + name.encode().ljust(_NAME, b"\0")


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER, "little")


def _read_number(data: bytes) -> int:
    return int.from_bytes(data[:_NUMBER], "little")


def _container_id(content: bytes) -> bytes:
    return content.partition(b"\r\n")[0].strip()


def _key(container_id: bytes) -> int:
    from binascii import crc32  # brings a library of its own, and most nodes have no index

    return crc32(container_id)


def _write_all(fd: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written
