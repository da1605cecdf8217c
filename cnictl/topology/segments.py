"""A topology as a hierarchy, for drawing: the node's links, and what hangs on each."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cnictl.topology.model import NODE, Leg, Segment

if TYPE_CHECKING:
    from cnictl.topology.model import Link, Namespace, Topology

_LOOPBACK = "lo"


def segments(topology: Topology) -> list[Segment]:
    """Return the node's links that are part of no other, each with what hangs on it; what is routed last.

    Bridges with the most namespaces come after the links that lead out of the node.
    """
    return _Hanging(topology).everything()


def apart(topology: Topology, found: list[Segment]) -> list[Namespace]:
    """Return the namespaces that none of the segments reaches."""
    reached = {leg.namespace.number for one in found for leg in one.every_leg()}
    return [one for one in topology.others if one.number not in reached]


class _Hanging:
    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._below: dict[str, list[Link]] = defaultdict(list)
        self._sitting: dict[str, list[Leg]] = defaultdict(list)
        for link in topology.own.links:
            over = link.master or (link.parent.link if link.parent and link.parent.namespace == NODE else "")
            self._below[over].append(link)
        for namespace in topology.others:
            for link in namespace.links:
                if link.parent is not None and link.parent.namespace == NODE:
                    self._sitting[link.parent.link].append(Leg(namespace, link))

    def everything(self) -> list[Segment]:
        top = [link for link in self._below[""] if link.name != _LOOPBACK]
        routed = [leg for link in top if self._is_end(link) for leg in self._across(link)]
        found = [self._segment(link) for link in top if not self._is_end(link)]
        found.sort(key=lambda one: sum(1 for _ in one.every_leg()) > 0)
        return [*found, Segment(None, (), tuple(routed))] if routed else found

    def _segment(self, link: Link) -> Segment:
        ports = self._below[link.name]
        legs = [leg for port in ports if self._is_end(port) for leg in self._across(port)]
        below = [self._segment(port) for port in ports if not self._is_end(port)]
        return Segment(link, tuple(below), (*self._across(link), *legs, *self._sitting[link.name]))

    def _is_end(self, link: Link) -> bool:
        """Whether a link is nothing but the node's end of a pair."""
        return bool(self._across(link)) and not (self._below[link.name] or self._sitting[link.name])

    def _across(self, link: Link) -> list[Leg]:
        """Return the other end of a pair, if it is in another namespace."""
        if link.peer is None or link.peer.namespace == NODE:
            return []
        far = self._topology.at(link.peer)
        return [Leg(self._topology.namespaces[link.peer.namespace], far, link.name)] if far else []
