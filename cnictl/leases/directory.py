"""What is in a directory of host-local: read without its lock, and nothing in it followed or changed."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Self

from cnictl.ipam.store import LAST, LOCK
from cnictl.spec.address import Address
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CniError
from cnictl.spec.names import check_interface_name, is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1024
"""Bytes of a reservation that count, as in `cnictl.ipam.store`."""
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_SECOND = 1_000_000_000


class Kept(NamedTuple):
    """A reservation as it lies there; `made` is its modification time in ns since 1970.

    `content` is None when it cannot be read, and then `problem` says why.  White space around it is
    left out, as whoever compares it does.  `container_id` is "" for nobody's, and `ifname` also in
    files of old releases; either may be anything, see `is_sound`.
    """

    address: Address
    content: bytes | None
    made: int
    container_id: str
    ifname: str
    problem: str = ""

    @classmethod
    def of(cls, address: Address, content: bytes, made: int) -> Self:
        """Return what a file says."""
        container_id, _, ifname = content.decode(errors="replace").partition("\r\n")
        return cls(address, content, made, container_id, ifname)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing, so that no DEL can find it."""
        return self.content == b""

    @property
    def is_sound(self) -> bool:
        """Whether it names a container, and an interface or none, as an ADD could have had them."""
        return is_name(self.container_id) and _is_ifname(self.ifname)

    def age(self, now: float) -> float:
        """Seconds since it was made, below 0 when the clock was put back."""
        return now - self.made / _SECOND


class Other(NamedTuple):
    """Something that host-local does not know, or that could not be read, and why."""

    name: str
    reason: str
    unread: bool = False


@dataclass(slots=True)
class Contents:
    """A directory's reservations by address, the `last_reserved_ip` of each set, and what else there is.

    `modified` is when something was last made or removed there, before it was read; in ns since 1970.
    """

    reservations: list[Kept] = field(default_factory=list)
    last: dict[int, str] = field(default_factory=dict)
    others: list[Other] = field(default_factory=list)
    problem: str = ""
    modified: int = 0


def read(directory: str, *, owners: bool = True) -> Contents:
    """Return what is in a directory; nothing when it is not there.

    Without `owners` the reservations are not opened, and nothing but their addresses is known.
    """
    found = Contents()
    try:
        fd = os.open(directory, _OPEN)
    except FileNotFoundError:
        return found
    except OSError as error:
        words = (
            "it is a symbolic link, or no directory"
            if error.errno in _LINKS
            else errno_text(error.errno or 0)
        )
        found.problem = f"cannot read {directory}: {words}"
        return found
    try:
        found.modified = os.fstat(fd).st_mtime_ns
        _fill(found, fd, owners)
    finally:
        os.close(fd)
    found.reservations.sort(key=lambda one: (one.address.version, one.address.packed))
    found.others.sort()
    return found


def is_unchanged(directory: str, contents: Contents) -> bool:
    """Whether nothing was made or removed in a directory since before it was read."""
    try:
        return os.stat(directory).st_mtime_ns == contents.modified
    except OSError:
        return False


def read_one(directory: int | None, name: str) -> tuple[bytes, int] | str:
    """Return content and modification time of a file, or why there are none; "" when it is not there.

    `name` is a path when no open directory is given.  White space around the content is left out.
    """
    found = read_raw(directory, name)
    return found if isinstance(found, str) else (found[0].strip(), found[1])


def read_raw(directory: int | None, name: str) -> tuple[bytes, int] | str:
    """Return the same with all that is in the file."""
    try:
        fd = os.open(name, _READ, dir_fd=directory)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return "it is a symbolic link" if error.errno == errno.ELOOP else errno_text(error.errno or 0)
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            return "it is no file"
        return os.read(fd, LONGEST), about.st_mtime_ns
    except OSError as error:
        return errno_text(error.errno or 0)
    finally:
        os.close(fd)


def parse(name: str) -> Address | None:
    """Return the address that a file of that name reserves: it must be spelled as host-local spells it."""
    try:
        address = Address.parse(name)
    except ValueError:
        return None
    return address if str(address) == name else None


_LINKS = (errno.ELOOP, errno.ENOTDIR)


def _fill(found: Contents, fd: int, owners: bool) -> None:
    # Sixty thousand may be there: four system calls for each, and little else.
    with os.scandir(fd) as entries:
        for entry in entries:
            name = entry.name
            address = parse(name)
            if not entry.is_file(follow_symlinks=False):
                blocks = ", and keeps the address from everybody" if address is not None else ""
                found.others.append(Other(name, _kind(entry) + blocks))
            elif address is not None and not owners:
                found.reservations.append(Kept(address, None, 0, "", ""))
            elif address is not None:
                content = read_one(fd, name)
                if isinstance(content, tuple):
                    found.reservations.append(Kept.of(address, *content))
                elif content:
                    found.reservations.append(Kept(address, None, _modified(fd, name), "", "", content))
            elif name.startswith(LAST):
                found.others += _last(found.last, fd, name)
            elif name != LOCK:
                found.others.append(Other(name, _why(name)))


@cache
def _is_ifname(text: str) -> bool:
    try:
        check_interface_name(text or "eth0")
    except CniError:
        return False
    return True


def _last(last: dict[int, str], fd: int, name: str) -> Iterator[Other]:
    number = name.removeprefix(LAST)
    if not (number.isascii() and number.isdigit() and str(int(number)) == number):
        yield Other(name, "it belongs to no range set")
        return
    try:
        content = _raw(fd, name)
    except OSError as error:
        if error.errno != errno.ENOENT:
            yield Other(name, f"it cannot be read: {errno_text(error.errno or 0)}", unread=True)
        return
    last[int(number)] = content
    if parse(content) is None:
        yield Other(name, "it holds no address, so that the search begins at the start of the range")


def _raw(fd: int, name: str) -> str:
    file = os.open(name, _READ, dir_fd=fd)
    try:
        return os.read(file, LONGEST).decode(errors="replace")
    finally:
        os.close(file)


def _modified(fd: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "it is a symbolic link, which is not followed"
    if entry.is_dir(follow_symlinks=False):
        return "it is a directory"
    return "it is neither a file nor a directory"


def _why(name: str) -> str:
    try:
        return f"host-local would call it {Address.parse(name)}, and takes no notice of this one"
    except ValueError:
        return "its name is not an address"
