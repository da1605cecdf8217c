"""What is copied of a node, and what a verb changed on the copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.state.difference import Difference


@dataclass(frozen=True, slots=True)
class SeedLink:
    """A link to be made; `kind`, `data` and `port` as observed, `parent` what it sits on."""

    name: str
    kind: str
    mac: str
    mtu: int
    txqlen: int
    up: bool
    master: str
    parent: str
    alias: str
    data: Mapping[str, bool | int | str]
    port: Mapping[str, bool | int | str]


@dataclass(frozen=True, slots=True)
class SeedRoute:
    """A route to be made; `onlink` when its gateway is on the link whatever its addresses say."""

    dst: str
    link: str
    gateway: str
    source: str
    table: int
    metric: int
    scope: str
    onlink: bool


@dataclass(frozen=True, slots=True)
class SeedPlace:
    """A namespace to be copied: the node ("" as its path), or a container's at its path."""

    path: str
    links: Sequence[SeedLink]
    addresses: Sequence[tuple[str, str]]
    routes: Sequence[SeedRoute]
    sysctls: Mapping[str, str]
    peers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of veths whose other end is in another copied place: its path and its name there."""
    neighbours: Sequence[tuple[str, str, str]] = ()
    """Those that are to stay: link, IP address, MAC address."""
    tunnels: Sequence[tuple[str, str, str]] = ()
    """Where tunnels are told to send frames: link, MAC address, IP address."""


@dataclass(frozen=True, slots=True)
class Seed:
    """All that is copied into namespaces; `filters` are programs and what they are to read."""

    places: Sequence[SeedPlace]
    filters: Sequence[tuple[Sequence[str], str]]
    missing: Sequence[str] = ()
    """What could not be copied, and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One plugin's run on the copy, and what it changed there."""

    plugin: str
    verb: str
    seconds: float
    status: int | None
    stdin: str
    stdout: str
    stderr: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Plan:
    """What a verb would change: all of it, and by plugin; `error` is why it would fail.

    `missing` is what of the node could not be copied, and so may come out differently.
    """

    verb: str
    network: str
    difference: Difference
    steps: tuple[Step, ...] = ()
    error: str = ""
    missing: tuple[str, ...] = ()
