"""Which addresses there are in the network namespaces of a node, in all that can be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import Netns, NetnsError, NetnsGone
from cnictl.netns_visible import OUTSIDE, OWN, Visible, has_ended, sees_all_processes

if TYPE_CHECKING:
    from collections.abc import Container

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
            problem = self._enter(inode, ways)
            if problem is None:
                ended.add(inode)
            elif problem:
                self.unseen[problem] = None
        return ended

    def _enter(self, inode: int, ways: list[str]) -> str | None:
        """Note the addresses of a namespace; "" when it is done, None when all ways to it have ended."""
        problem: str | None = None
        for path in ways:
            try:
                with Netns(path) as netns:
                    if netns.inode != inode:
                        continue  # the process ended, and another one has its number
                    with Rtnl(netns, whole=True) as inside:
                        found = inside.addresses()
            except NetnsGone:
                continue
            except (NetnsError, NetlinkError) as error:
                if not has_ended(path):
                    problem = f"{path}: {error}"
                continue
            for one in found:
                self.addresses.setdefault(one.prefix.address, []).append(Sighting(path, one.label))
            self.seen += 1
            return ""
        return problem
