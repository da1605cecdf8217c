"""A node's host ports, each with what asked for it, what carries it, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cnictl.spec.address import endpoint

if TYPE_CHECKING:
    from cnictl.netfilter.observed import Owner, Source

Kind = Literal["missing", "unreached", "stale", "conflict", "listener", "flow"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A port mapping of an attachment, for one of its addresses.

    `address` is the node's, "" for all of them; `plugin` is what must carry it.
    """

    network: str
    container_id: str
    pod: str
    protocol: str
    address: str
    port: int
    to: str
    to_port: int
    plugin: str


@dataclass(frozen=True, slots=True)
class Forward:
    """A rule that changes the destination of what comes for some ports, `port` to `last`.

    `tool`, `table`, `chain` and `source` are those of an observed chain; `to_port` is 0 where the port
    stays as it is.  `ours` is whether it stands where portmap puts its rules, and `gap` says, of those,
    why no packet gets there.
    """

    tool: str
    table: str
    chain: str
    source: Source
    rule: str
    protocol: str
    address: str
    port: int
    last: int
    to: str
    to_port: int
    owner: Owner | None = None
    ours: bool = False
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a port, in a sentence, and what to do about it ("" where that is plain)."""

    kind: Kind
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of the node: for which container, to where, by which rules; `foreign` if CNI has no part."""

    protocol: str
    address: str
    port: int
    last: int
    to: str
    to_port: int
    network: str = ""
    container_id: str = ""
    pod: str = ""
    carried: tuple[Forward, ...] = ()
    problems: tuple[Problem, ...] = ()
    foreign: bool = False

    @property
    def version(self) -> int:
        """The IP version."""
        return version_of(self.to)

    @property
    def name(self) -> str:
        """The port as it was asked for, such as `192.0.2.1:8080/tcp`."""
        ports = str(self.port) if self.last == self.port else f"{self.port}-{self.last}"
        return f"{endpoint(self.address, ports) if self.address else ports}/{self.protocol}"

    @property
    def destination(self) -> str:
        """Where it leads."""
        return endpoint(self.to, self.to_port) if self.to_port else self.to

    @property
    def state(self) -> str:
        """The first problem's kind, `foreign`, `ok`, or `unknown` where no rule was seen, nor is missed."""
        if self.problems:
            return self.problems[0].kind
        return "foreign" if self.foreign else "ok" if self.carried else "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    """All ports, what is wrong besides, and what could not be looked at, each with its reason."""

    ports: tuple[HostPort, ...]
    problems: tuple[Problem, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong of what could be seen."""
        return not self.problems and not any(one.problems for one in self.ports)


def version_of(address: str) -> int:
    """Return the IP version of an address in text."""
    return 6 if ":" in address else 4


def overlap(one: str, other: str, version: int) -> bool:
    """Whether two addresses of the node, "" for all of them, can be the same one; both of an IP version."""
    same_version = all(not each or version_of(each) == version for each in (one, other))
    return same_version and (not one or not other or one == other)
