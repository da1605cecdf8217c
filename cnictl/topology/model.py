"""A node and its network namespaces as values: what is read of the kernel, and how it hangs together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.ports.model import HostPort

NODE = 0
"""Number of the node's own namespace."""


@dataclass(frozen=True, slots=True)
class End:
    """A link, named by the number of its namespace and by its name there."""

    namespace: int
    link: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `kind` is empty for hardware.

    `peer` is the other end of a pair, `parent` what it sits on, both None where that was not found;
    `far` is whether the kernel says that there is such an end in another namespace.  `facts` are
    what sets it apart from others of its kind, such as `vni 7`.
    """

    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    master: str = ""
    peer: End | None = None
    parent: End | None = None
    far: bool = False
    alias: str = ""
    facts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses without their lengths."""
        return tuple(one.partition("/")[0] for one in self.addresses)


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the main table; `gateway` and `link` are "" for none."""

    destination: str
    gateway: str
    link: str

    def __str__(self) -> str:
        via = f" via {self.gateway}" if self.gateway else ""
        return f"{self.destination}{via}" + (f" dev {self.link}" if self.link else "")


@dataclass(frozen=True, slots=True)
class Masquerade:
    """A rule that hides a source behind the node's address; `beyond` is where to it does not."""

    source: str
    beyond: str
    tool: str
    chain: str
    container_id: str = ""
    ifname: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """What the runtime's cache says of an interface; `there` is whether its namespace is."""

    network: str
    container_id: str
    ifname: str
    pod: str
    netns: str
    there: bool


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace; the node's own has the number 0.

    `name` is what people call it: a pod, a container, the file it is mounted on, or a process.
    `problem` says why nothing more is known.
    """

    number: int
    name: str
    path: str
    inode: int
    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    attached: tuple[Attached, ...] = ()
    ports: tuple[HostPort, ...] = ()
    masqueraded: tuple[Masquerade, ...] = ()
    problem: str = ""

    def link(self, name: str) -> Link | None:
        """Return the link of that name."""
        return next((one for one in self.links if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything; the first namespace is the node's own.

    `ports` and `masquerades` are those that lead to none of the namespaces, `gone` attachments whose
    namespace is not there, `unseen` what could not be read, each with the reason.
    """

    node: str
    taken: float
    namespaces: tuple[Namespace, ...]
    ports: tuple[HostPort, ...] = ()
    masquerades: tuple[Masquerade, ...] = ()
    gone: tuple[Attached, ...] = ()
    unseen: tuple[str, ...] = field(default=())

    @property
    def own(self) -> Namespace:
        """The node's own namespace."""
        return self.namespaces[NODE]

    @property
    def others(self) -> tuple[Namespace, ...]:
        """All namespaces but the node's own."""
        return self.namespaces[1:]

    def at(self, end: End) -> Link | None:
        """Return the link at an end."""
        return self.namespaces[end.namespace].link(end.link)


@dataclass(frozen=True, slots=True)
class Leg:
    """A link of another namespace, and the node's end of it ("" where it sits on the node's link itself)."""

    namespace: Namespace
    link: Link
    through: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """What hangs on a link of the node: other links of the node, and legs into other namespaces.

    `link` is None for what is routed without a bridge: pairs whose end on the node is part of nothing.
    """

    link: Link | None
    below: tuple[Segment, ...] = ()
    legs: tuple[Leg, ...] = ()

    def every_leg(self) -> Iterator[Leg]:
        """Yield the legs of this segment and of those below it."""
        yield from self.legs
        for one in self.below:
            yield from one.every_leg()
