"""What the safe fixes of the catalogue do, read from the commands themselves.

A command that is printed and what `cnictl doctor --fix` does for it are one text: `action` understands
the commands that change one thing and can be taken back, and nothing else.
"""

from __future__ import annotations

import os
import shlex
import stat
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cnictl import invoke, sysctl
from cnictl.leases import directory, journal, reclaim, survey
from cnictl.leases.networks import networks
from cnictl.runtime.cache import Cache
from cnictl.spec.document import Document
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.leases.evidence import Gatherer
    from cnictl.leases.networks import Network
    from cnictl.leases.survey import Surveyed
    from cnictl.leases.verdict import Judged, Verdict
    from cnictl.spec.document import Json

LONGEST = 64 << 10
"""Bytes of a file that is removed, as it is kept in the journal."""
FILTERS = ("iptables", "ip6tables", "iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy")
_MODES = 0o7777
_PATIENCE = 30.0
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class CannotDo(CnictlError):
    """The node refuses a change."""


@dataclass(frozen=True, slots=True)
class Means:
    """What freeing addresses takes: whom to ask whose they are, where networks are, and its own journal."""

    gatherer: Gatherer
    conf_dir: str
    cache_dir: str
    journal: str


class Action(Protocol):
    """A change of one thing: as it is, as it will be, and both ways between them.

    `look` says how the thing is, as what JSON can hold, and `put` makes it so again.  Both raise
    CnictlError and OSError.
    """

    def look(self) -> Json:
        """Return how it is."""

    def wanted(self, before: Json, /) -> Json:
        """Return how it will be."""

    def put(self, state: Json, /) -> None:
        """Have it in a state that `look` or `wanted` gave."""

    def told(self, before: Json, /) -> str:
        """Return in words what changes."""


def action(command: str, means: Means) -> Action | None:
    """Return what a command does, None for one that only looks, or that nobody could take back."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if "\0" in command:
        return None
    match words:
        case ["sysctl", "-w", setting] if "=" in setting:
            name, _, value = setting.partition("=")
            return Setting(name, value)
        case ["chmod", mode, path] if _is_mode(mode) and path.startswith("/"):
            return Mode(path, int(mode, 8))
        case ["mv", source, target] if source.startswith("/") and target.startswith("/"):
            return Rename(source, target)
        case ["rm", path] if path.startswith("/"):
            return Removal(path)
        case [program, "-I", chain, *words] if program in FILTERS:
            return FilterRule(program, chain, tuple(words))
        case ["modprobe", module]:
            return Module(module)
        case ["cnictl", "ipam", "reclaim", network, *options] if "--yes" in options:
            return Reclaim(network, "--empty" in options, means)
    return None


@dataclass(frozen=True, slots=True)
class Setting:
    """A sysctl."""

    name: str
    value: str

    def look(self) -> Json:
        return sysctl.read(self.name)

    def wanted(self, _before: Json, /) -> Json:
        return self.value

    def put(self, state: Json, /) -> None:
        had = sysctl.write(self.name, str(state))
        if had != state:
            raise CannotDo(f"{self.name} stays {had}")

    def told(self, before: Json, /) -> str:
        return f"{self.name}: {before} becomes {self.value}"


@dataclass(frozen=True, slots=True)
class Mode:
    """The permissions of a file."""

    path: str
    mode: int

    def look(self) -> Json:
        return f"{stat.S_IMODE(os.lstat(self.path).st_mode):04o}"

    def wanted(self, _before: Json, /) -> Json:
        return f"{self.mode:04o}"

    def put(self, state: Json, /) -> None:
        mode = str(state)
        if not _is_mode(mode):
            raise CannotDo(f"{self.path}: {mode} is no mode")
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, int(mode, 8))
        finally:
            os.close(descriptor)

    def told(self, before: Json, /) -> str:
        return f"{self.path}: mode {before} becomes {self.mode:04o}"


@dataclass(frozen=True, slots=True)
class Rename:
    """A file that is moved aside, never over another one.  Its state is which file has which name."""

    source: str
    target: str

    def look(self) -> Json:
        return [_identity(self.source), _identity(self.target)]

    def wanted(self, before: Json, /) -> Json:
        there = before[0] if isinstance(before, list) else ""
        return ["", there] if there else before

    def put(self, state: Json, /) -> None:
        away = isinstance(state, list) and not state[0]
        source, target = (self.source, self.target) if away else (self.target, self.source)
        if os.path.lexists(target):
            raise CannotDo(f"there is a {target} already")
        os.rename(source, target)

    def told(self, _before: Json, /) -> str:
        return f"{self.source} becomes {self.target}"


@dataclass(frozen=True, slots=True)
class Removal:
    """A small file that is removed; its state is all that was in it, None for no file."""

    path: str

    def look(self) -> Json:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > LONGEST:
                raise CannotDo(f"{self.path} is no file of at most {LONGEST} bytes")
            content = b2a_base64(os.read(descriptor, LONGEST), newline=False).decode()
        finally:
            os.close(descriptor)
        return {"content": content, "mode": stat.S_IMODE(about.st_mode), "modified": about.st_mtime_ns}

    def wanted(self, _before: Json, /) -> Json:
        return None

    def put(self, state: Json, /) -> None:
        if not isinstance(state, dict):
            os.unlink(self.path)
            return
        kept = Document(state)
        mode, modified = kept.unsigned("mode") & _MODES, kept.unsigned("modified")
        try:
            content = a2b_base64(kept.string("content"))
        except ValueError:
            raise CannotDo(f"{self.path}: what is kept of it is not base64") from None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.write(descriptor, content)
            os.fchmod(descriptor, mode)
            os.utime(descriptor, ns=(modified, modified))
        finally:
            os.close(descriptor)

    def told(self, before: Json, /) -> str:
        size = len(a2b_base64(str(before["content"]))) if isinstance(before, dict) else 0
        return f"{self.path}, of {size} bytes, is removed"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A rule at the head of a chain; its state is whether the chain has it."""

    program: str
    chain: str
    words: tuple[str, ...]

    def look(self) -> Json:
        return _run(self.program, "-w", "-C", self.chain, *self.words).status == 0

    def wanted(self, _before: Json, /) -> Json:
        return True

    def put(self, state: Json, /) -> None:
        done = _run(self.program, "-w", "-I" if state else "-D", self.chain, *self.words)
        if done.status:
            raise CannotDo(done.stderr.decode(errors="replace").strip() or done.reason)

    def told(self, _before: Json, /) -> str:
        return f"{self.program}: {self.chain} gets a first rule {' '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the kernel; its state is whether the kernel has it."""

    name: str

    def look(self) -> Json:
        return os.path.isdir(f"/sys/module/{self.name.replace('-', '_')}")

    def wanted(self, _before: Json, /) -> Json:
        return True

    def put(self, state: Json, /) -> None:
        done = _run("modprobe", *(() if state else ("-r",)), self.name)
        if done.status:
            raise CannotDo(done.stderr.decode(errors="replace").strip() or done.reason)

    def told(self, _before: Json, /) -> str:
        return f"the kernel loads {self.name}"


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Addresses of a network that nobody has; its state is which of these are reserved.

    They are freed under the lock of the plugins, into a journal of their own beside that of the fixes.
    """

    network: str
    empty: bool
    means: Means

    def look(self) -> Json:
        if os.path.exists(self._journal):
            return [str(one.address) for one in journal.read(self._journal) if _is_there(one)]
        return [str(one.kept.address) for each in self._surveyed() for one in self._free(each)]

    def wanted(self, _before: Json, /) -> Json:
        return []

    def put(self, state: Json, /) -> None:
        if state:
            gone = [one for one in journal.read(self._journal) if not _is_there(one)]
            for one in reclaim.undo(gone, patience=_PATIENCE):
                if not one.done:
                    raise CannotDo(f"{one.address} of {one.network}: {one.words}")
            return
        with journal.Journal(self._journal) as kept:
            for _ in reclaim.reclaim_all(
                self._surveyed(), self.means.gatherer, kept, self._wanted, patience=_PATIENCE
            ):
                pass

    def told(self, before: Json, /) -> str:
        addresses = [str(one) for one in before] if isinstance(before, list) else []
        shown = ", ".join(addresses[:5]) + (f" and {len(addresses) - 5} more" if len(addresses) > 5 else "")
        return f"{self.network}: {shown} are released"

    @property
    def _journal(self) -> str:
        of_empty = "-empty" if self.empty else ""
        return f"{self.means.journal.removesuffix('.jsonl')}-{self.network}{of_empty}.jsonl"

    @property
    def _wanted(self) -> set[Verdict]:
        return {"orphan", "empty"} if self.empty else {"orphan"}

    def _free(self, one: Surveyed) -> Sequence[Judged]:
        return reclaim.candidates(one, self._wanted)

    def _surveyed(self) -> list[Surveyed]:
        found, evidence = survey.survey(self._networks(), self.means.gatherer)
        reclaim.refuse(evidence.gaps)
        return found

    def _networks(self) -> list[Network]:
        cached = Cache(self.means.cache_dir).listing().attachments
        return [one for one in networks(self.means.conf_dir, cached).found if one.name == self.network]


def _is_there(one: journal.Entry) -> bool:
    return directory.read_raw(None, f"{one.directory}/{one.address}") == (one.content, one.modified)


def _is_mode(text: str) -> bool:
    return 0 < len(text) <= 4 and frozenset("01234567").issuperset(text)


def _identity(path: str) -> str:
    """Return what tells a file from another one, "" for none."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return ""
    return f"{about.st_dev}:{about.st_ino}:{about.st_size}:{about.st_mtime_ns}"


def _run(program: str, *words: str) -> invoke.Completed:
    for place in _ENVIRONMENT["PATH"].split(":"):
        path = f"{place}/{program}"
        if os.access(path, os.X_OK):
            return invoke.run(path, words, environment=_ENVIRONMENT, timeout=_PATIENCE)
    raise CannotDo(f"there is no {program}: {errno_text(2)}")
