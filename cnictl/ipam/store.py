r"""The store of host-local: which container has which address, in files that the Go plugins share.

    <dataDir>/<network>/
        lock                     flock(2) around everything that changes something here
        10.1.2.3                 "<container id>\r\n<ifname>"; that the file exists is the reservation
        last_reserved_ip.<set>   "10.1.2.3", where the next search in that range set goes on

Names, contents and modes are an interface: both implementations work in one directory at once.
Files of old releases name the container only.  Everything here raises CniError 5 naming the path,
and `cnictl.flock.LockBusy`.
"""

from __future__ import annotations

import errno
import os

from cnictl import flock
from cnictl.ipam import index
from cnictl.spec.address import Address
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import IO_FAILURE, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from typing import Self

DATA_DIR = "/var/lib/cni/networks"
LOCK = "lock"
LAST = "last_reserved_ip."

_LONGEST = 1024
"""Bytes read of a file: a container id becomes part of file names elsewhere, which have 255 at most."""
_ADDRESS_STARTS = frozenset("0123456789abcdef:")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAKE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL
_NO_UNNAMED_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)
"""What open(2) and link(2) say where the file system, the kernel or a missing /proc rules them out."""
_HINTS = {
    errno.ENOSPC: "free space, or inodes, on the file system of {}",
    errno.EDQUOT: "the quota on the file system of {} is used up",
    errno.EROFS: "{} is on a file system that is mounted read-only",
    errno.EACCES: "{} is not for this user to write",
    errno.ENOTDIR: "something on the way to {} is not a directory; see dataDir in the configuration",
}


class Reservation(Value):
    """An address and whose it is; `ifname` is "" in files of old releases.

    Both are "" in an empty file, which a plugin that was killed, or a loss of power, leaves behind.
    """

    __slots__ = ("address", "container_id", "ifname")

    def __init__(self, address: Address, container_id: str, ifname: str = "") -> None:
        self.address = address
        self.container_id = container_id.strip()
        self.ifname = ifname

    @classmethod
    def read(cls, name: str, content: bytes) -> Self | None:
        """Return what a file stands for, None when its name is not an address as it is spelled here."""
        try:
            address = Address.parse(name)
        except ValueError:
            return None
        container_id, _, ifname = content.decode(errors="replace").partition("\r\n")
        return cls(address, container_id, ifname) if str(address) == name else None

    def may_be_of(self, container_id: str, ifname: str) -> bool:
        """Whether it is an attachment's; of a file that names the container only, no more is known."""
        return self.container_id == container_id and self.ifname in (ifname, "")

    @property
    def content(self) -> bytes:
        """What is in its file, white space around it aside."""
        return "\r\n".join(filter(None, (self.container_id, self.ifname))).encode()


class Store:
    """The reservations of one network while their lock is held: `with Store(directory) as store:`.

    Entering makes the directory and the lock when they are missing, and waits for the lock
    `patience` seconds at most.
    """

    __slots__ = ("_fd", "_index", "_index_place", "_lock", "_patience", "directory")

    def __init__(self, directory: str, *, patience: float = flock.PATIENCE, index_place: str = "") -> None:
        self.directory = directory
        self._patience = patience
        self._index_place = index_place
        self._fd = self._lock = -1

    def __enter__(self) -> Self:
        try:
            self._fd = _open_directory(self.directory)
            try:
                self._lock = os.open(
                    LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o750, dir_fd=self._fd
                )
                flock.acquire(self._lock, f"{self.directory}/{LOCK}", self._patience)
            except OSError as error:
                raise self._failure("open", LOCK, error) from None
            self._index = index.Index(self._fd, self._index_place)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()
        self._release()

    def _release(self) -> None:
        for fd in (self._fd, self._lock):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock = -1

    def reserve(self, address: Address, container_id: str, ifname: str, set_number: int) -> bool:
        """Give an address to an attachment; False when somebody has it.  All or nothing is written."""
        name, content = str(address), Reservation(address, container_id, ifname).content
        if self._has(name):
            return False
        self._index.touch()
        self._index.add(name, content)
        try:
            self._make(name, content)
            self._remember(set_number, name)
        except BaseException:
            self._take_back(name)
            raise
        return True

    def remove(self, reservation: Reservation) -> bool:
        """Free an address; False when it is free already, or somebody else's by now."""
        name = str(reservation.address)
        if _read(self._fd, name) != reservation.content:
            return False
        self._index.touch()
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError as error:
            raise self._failure("unlink", name, error) from None
        return True

    def restore(self, address: Address, content: bytes, modified: int) -> bool:
        """Put a reservation back as it was, `modified` in ns since 1970; False when the address is taken."""
        name = str(address)
        if self._has(name):
            return False
        self._index.touch()
        self._index.add(name, content.strip())
        self._make(name, content)
        os.utime(name, ns=(modified, modified), dir_fd=self._fd, follow_symlinks=False)
        return True

    def of(self, container_id: str, ifname: str, *, thorough: bool = False) -> list[Reservation]:
        """Return what an attachment has, and what old files give to its container without an interface.

        `thorough` reads every file even where an index says that there is nothing.
        """
        owner = container_id.strip()
        wanted = {f"{owner}\r\n{ifname}".encode(), owner.encode()}
        names = self._index.names(owner)
        if names is not None:
            files = {
                name: content for name in sorted(set(names)) if (content := _read(self._fd, name)) is not None
            }
            found = _reservations(files, wanted)
            if found or not thorough:
                return found
        files = _files(self._fd)
        if not self._index.usable:
            self._index.build(files)
        return _reservations(files, wanted)

    def reservations(self) -> list[Reservation]:
        """Return all there are, in the order of their addresses."""
        return _reservations(_files(self._fd))

    def taken(self) -> set[str]:
        """Return the addresses that are not free, as texts, among other names."""
        return set(os.listdir(self._fd))

    def last_reserved(self, set_number: int) -> Address | None:
        """Return the address that was given away last in a range set, None when that is not known.

        Raises CniError when the file is there and cannot be read; one that says something else is ignored.
        """
        name = f"{LAST}{set_number}"
        try:
            fd = os.open(name, _READ, dir_fd=self._fd)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failure("open", name, error) from None
        try:
            return Address.parse(os.read(fd, _LONGEST).decode())
        except ValueError:
            return None
        except OSError as error:
            raise self._failure("read", name, error) from None
        finally:
            os.close(fd)

    def _has(self, name: str) -> bool:
        try:
            os.lstat(name, dir_fd=self._fd)
        except OSError:
            return False
        return True

    def _make(self, name: str, content: bytes) -> None:
        """Make a file with its content at once: killed half way, a plugin leaves none without an owner."""
        try:
            fd = os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._fd)
            try:
                self._write(fd, name, content)
                os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=self._fd)
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno not in _NO_UNNAMED_FILES:
                raise self._failure("open", name, error) from None
            self._make_in_place(name, content)

    def _make_in_place(self, name: str, content: bytes) -> None:
        try:
            fd = os.open(name, _MAKE, 0o600, dir_fd=self._fd)
        except OSError as error:
            raise self._failure("open", name, error) from None
        try:
            self._write(fd, name, content)
        finally:
            os.close(fd)

    def _take_back(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError:
            pass  # what went wrong before is what counts

    def _remember(self, set_number: int, address: str) -> None:
        """Write over what is there and cut off the rest, for which a full disk has room as well."""
        name = f"{LAST}{set_number}"
        try:
            fd = os.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=self._fd
            )
        except OSError as error:
            raise self._failure("open", name, error) from None
        try:
            self._write(fd, name, address.encode())
            os.ftruncate(fd, len(address))
        finally:
            os.close(fd)

    def _write(self, fd: int, name: str, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(fd, data) :]
        except OSError as error:
            raise self._failure("write", name, error) from None

    def _failure(self, operation: str, name: str, error: OSError) -> CniError:
        return _failure(operation, f"{self.directory}/{name}", error)


def read(directory: str) -> list[Reservation]:
    """Return the reservations in a directory as they are, without its lock; none when it is not there."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _failure("open", directory, error) from None
    try:
        return _reservations(_files(fd))
    finally:
        os.close(fd)


def read_one(directory: str, address: Address) -> Reservation | None:
    """Return the reservation of an address as it is, without the lock."""
    content = _read(None, f"{directory}/{address}")
    return None if content is None else Reservation.read(str(address), content)


def names(directory: str) -> list[str]:
    """Return the names of the files in a directory, reservations and others; none when it is not there."""
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _failure("open", directory, error) from None


def _reservations(files: Mapping[str, bytes], wanted: Container[bytes] | None = None) -> list[Reservation]:
    found = (Reservation.read(*file) for file in files.items() if wanted is None or file[1] in wanted)
    return sorted((one for one in found if one is not None), key=lambda one: int(one.address))


def _files(directory: int) -> dict[str, bytes]:
    """Return the files that may be reservations, and their contents; what cannot be read is left out."""
    # Sixty thousand may be there: the loop makes three system calls for each, and little else.
    opened, take, close = os.open, os.read, os.close
    found: dict[str, bytes] = {}
    for name in os.listdir(directory):
        if name[0] not in _ADDRESS_STARTS:
            continue
        try:
            fd = opened(name, _READ, dir_fd=directory)
        except OSError:
            continue
        try:
            found[name] = take(fd, _LONGEST).strip()
        except OSError:
            continue
        finally:
            close(fd)
    return found


def _read(directory: int | None, name: str) -> bytes | None:
    try:
        fd = os.open(name, _READ, dir_fd=directory)
    except OSError:
        return None
    try:
        return os.read(fd, _LONGEST).strip()
    except OSError:
        return None
    finally:
        os.close(fd)


def _open_directory(path: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            _make_directories(path)
            return os.open(path, flags)
    except OSError as error:
        raise _failure("mkdir", path, error) from None


def _make_directories(path: str) -> None:
    """Make a directory and those above it, all with the same mode, which os.makedirs does not do."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path.rstrip("/"))
    if above:
        _make_directories(above)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        pass  # somebody was faster; or it is a file, which the next step tells


def _failure(operation: str, path: str, error: OSError) -> CniError:
    hint = _HINTS.get(error.errno or 0, "reservations are kept in {}").format(os.path.dirname(path) or path)
    return CniError(IO_FAILURE, f"{operation} {path}: {errno_text(error.errno or 0)}", hint)
