"""Where a node is looked at from: here, or from outside of its namespaces, or as a tree of files."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.netns import entered

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 4 << 20
"""Bytes of a file that are read."""
_AT_ONCE = 1 << 16  # of a sysctl the kernel refuses to be asked for megabytes
MOST = 200_000
"""Names of a directory that are read."""


def own_path(path: str) -> str:
    """Return a path without /var/run, a link that leads whoever looks from outside to his own /run."""
    return path.removeprefix("/var") if path.startswith("/var/run/") else path


@dataclass(frozen=True, slots=True)
class Place:
    """A node: `root` is where its files are, "" for here; `netns` its network namespace, "" for ours.

    A directory of planted files has no namespace: `network` is then False.
    """

    root: str = ""
    netns: str = ""
    network: bool = True

    def at(self, path: str) -> str:
        """Return the path by which a file of the node is reached."""
        return f"{self.root}{path}"

    def there(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.lexists(self.at(path))

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, sorted; none without it.  Raises OSError for any other reason."""
        try:
            return sorted(os.listdir(self.at(path)))[:MOST]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            if error.errno == errno.ELOOP:
                return []  # a link to itself, which is no directory either
            raise

    def text(self, path: str) -> str:
        """Return what is in a file, at most LONGEST bytes.  Raises OSError."""
        descriptor = os.open(self.at(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = bytearray()
        try:
            while len(found) < LONGEST and (more := os.read(descriptor, _AT_ONCE)):
                found += more
        finally:
            os.close(descriptor)
        return found.decode(errors="replace")

    def text_or(self, path: str, otherwise: str = "") -> str:
        """Return what is in a file, something else when it cannot be read."""
        try:
            return self.text(path)
        except OSError:
            return otherwise

    def pids(self) -> list[str]:
        """Return the numbers of the node's processes.  Raises OSError."""
        return [name for name in self.names("/proc") if name.isdigit()]

    def table(self, name: str) -> str:
        """Return one of the tables below /proc/net, "" when it cannot be read."""
        if not self.network:
            return self.text_or(f"/proc/net/{name}")
        try:
            with (
                self.inside(),
                open(f"/proc/thread-self/net/{name}", encoding="utf-8", errors="replace") as file,
            ):
                return file.read()
        except OSError:
            return ""

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Run a block in the node's network namespace."""
        with ExitStack() as stack:
            if self.netns:
                stack.enter_context(entered(self.netns))
            yield
