"""What `observe` finds in a network namespace, with names in the place of indexes and numbers.

A link is named where it is spoken of, `""` for none; one that vanished while we were looking is
called by its index (`if7`).  Tables are numbers, 254 the main one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.spec.address import Address, Prefix

Fact = bool | int | str
Plain = bool | int | str | list["Plain"] | dict[str, "Plain"]
"""Options of traffic control as pyroute2 names them, without counters."""


@dataclass(frozen=True, slots=True)
class Link:
    """`mtu` in bytes, `txqlen` in packets; `kind` is empty for hardware and `lo`.

    `lower` is the index of a veth's other end or of what a stacked link sits on, 0 for none, in
    the namespace that `netnsid` names, or in this one when that is None.
    """

    index: int
    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    operstate: str
    master: str
    lower: int
    netnsid: int | None
    txqlen: int
    promiscuity: int
    all_multicast: bool
    alias: str
    altnames: tuple[str, ...]
    data: Mapping[str, Fact] = field(default_factory=dict)
    """What sets this link of its kind apart: `vlan_filtering` of a bridge, `id` of a VLAN, …"""
    port: Mapping[str, Fact] = field(default_factory=dict)
    """The same of the link as a port of its master: `hairpin`, `isolated`, …"""


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """`prefix` keeps its host bits; `peer` is the far end of a point-to-point address.

    `protocol` says which part of the kernel made it (`kernel_ll` for IPv6 link-local ones), `""` when
    somebody else did or the kernel does not tell, as before Linux 5.18.
    """

    link: str
    prefix: Prefix
    peer: Address | None
    broadcast: Address | None
    scope: str
    label: str
    flags: tuple[str, ...]
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class NextHop:
    link: str
    gateway: Address | None
    weight: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """`kind` is `unicast`, `local`, `unreachable`, …; `mtu` and `advmss` are 0 when not set."""

    dst: Prefix
    hops: tuple[NextHop, ...]
    table: int
    metric: int
    kind: str
    scope: str
    protocol: str
    source: Address | None
    tos: int
    mtu: int
    advmss: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that picks a table; `version` is 4 or 6, `mark` a value and a mask."""

    version: int
    priority: int
    source: Prefix | None
    dst: Prefix | None
    incoming: str
    outgoing: str
    mark: tuple[int, int] | None
    action: str
    table: int
    protocol: str
    inverted: bool
    tos: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the ARP or neighbour discovery cache; those that need no resolution are left out."""

    link: str
    address: Address
    mac: str
    state: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FdbEntry:
    """Where a bridge or a vxlan link sends frames for a MAC address."""

    link: str
    mac: str
    master: str
    vlan: int
    remote: Address | None
    state: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BridgeVlan:
    link: str
    vid: int
    pvid: bool
    untagged: bool


@dataclass(frozen=True, slots=True)
class Qdisc:
    """A queueing discipline; `handle` as tc writes it (`1:`), `parent` too, or `root`."""

    link: str
    kind: str
    handle: str
    parent: str
    options: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class TrafficClass:
    link: str
    kind: str
    handle: str
    parent: str
    options: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Filter:
    """`protocol` is a number of linux/if_ether.h (0x800 for IPv4, 3 for all)."""

    link: str
    kind: str
    parent: str
    protocol: int
    priority: int
    chain: int
    handle: int
    options: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Network:
    """All of it.  `unread` says for what could not be listed why, by the name of the field."""

    links: tuple[Link, ...] = ()
    addresses: tuple[LinkAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    vlans: tuple[BridgeVlan, ...] = ()
    qdiscs: tuple[Qdisc, ...] = ()
    classes: tuple[TrafficClass, ...] = ()
    filters: tuple[Filter, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def link(self, name: str) -> Link | None:
        """The link that has that name or alternative name."""
        return next((one for one in self.links if name == one.name or name in one.altnames), None)
