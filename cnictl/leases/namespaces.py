"""Which addresses there are in the network namespaces of a node, in all that can be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnictl.netlink.rtnl import Rtnl
from cnictl.netns_visible import OUTSIDE, OWN, NoWay, Visible, inside, sees_all_processes

if TYPE_CHECKING:
    from collections.abc import Container

    from cnictl.netns import Netns
    from cnictl.spec.address import Address

_TRIES = 3


class Sighting(NamedTuple):
    """Where an address is: a path of the namespace, and the interface as far as the kernel names it."""

    netns: str
    link: str

    def __str__(self) -> str:
        where = "the node itself" if self.netns == OWN else self.netns
        return f"on {self.link} in {where}" if self.link else f"in {where}"


@dataclass(frozen=True, slots=True)
class Sightings:
    """The addresses of all namespaces, and why some may be missing."""

    addresses: dict[Address, list[Sighting]]
    namespaces: int
    unseen: tuple[str, ...] = ()


def look(*, whole_node: bool = False) -> Sightings:
    """Return the addresses in all network namespaces.

    In a PID namespace of its own one sees the containers that run there and no others, which is told
    unless that is known to be the `whole_node`.
    """
    looking = _Looking()
    if not whole_node and not sees_all_processes():
        looking.unseen[OUTSIDE] = None
    pending = looking.round()
    for _ in range(_TRIES):
        pending = pending and looking.round(pending)
    if pending:
        looking.unseen["namespaces whose processes ended while they were looked at"] = None
    return Sightings(looking.addresses, looking.seen, tuple(looking.unseen))


class _Looking:
    def __init__(self) -> None:
        self.addresses: dict[Address, list[Sighting]] = {}
        self.seen = 0
        self._visible = Visible()

    @property
    def unseen(self) -> dict[str, None]:
        """What could not be looked at."""
        return self._visible.unseen

    def round(self, pending: Container[int] | None = None) -> set[int]:
        """Look into all namespaces, or those `pending`; return those whose ways in had ended.

        One that is not there in the next round is gone, and one that is new was made since.
        """
        paths: dict[int, list[str]] = {}
        for inode, path in self._visible.ways():
            if pending is None or inode in pending:
                paths.setdefault(inode, []).append(path)
        ended = set()
        for inode, ways in paths.items():
            try:
                inside(inode, ways, self._note)
            except NoWay as closed:
                if closed.reason:
                    self.unseen[f"{closed.path}: {closed.reason}"] = None
                else:
                    ended.add(inode)
        return ended

    def _note(self, path: str, netns: Netns) -> None:
        """Note the addresses of a namespace."""
        with Rtnl(netns, whole=True) as kernel:
            found = kernel.addresses()
        for one in found:
            self.addresses.setdefault(one.prefix.address, []).append(Sighting(path, one.label))
        self.seen += 1
