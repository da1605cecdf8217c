"""What hangs on what."""

from __future__ import annotations

from dataclasses import replace

from cnictl.topology.model import End, Namespace, Segment, Topology
from cnictl.topology.segments import apart, segments
from tests.topologies import link, many, small


def shape(segment: Segment) -> tuple[str, list[object], list[str]]:
    """Return the name of a segment, those below it, and the namespaces that hang on it."""
    name = segment.link.name if segment.link else ""
    return name, [shape(one) for one in segment.below], [leg.namespace.name for leg in segment.legs]


def test_all_sorts():
    """Devices with what sits on them, bridges with tunnels and pods, what is routed; and what is left."""
    topology = small()
    found = segments(topology)
    first = topology.namespaces[1].name
    assert [shape(one) for one in found] == [
        ("eth0", [("eth0.5", [], [])], ["data/postgres-0"]),
        ("cni0", [("vx0", [], [])], [first]),
        ("", [], ["edge/gateway"]),
    ]
    assert [one.name for one in apart(topology, found)] == ["lost"]


def test_the_end_of_a_pair_that_carries_others():
    """As in kind, where eth0 is one: it is a device, and its far end hangs on it."""
    far = Namespace(1, "outside", "/run/netns/o", 1, (link("up0", peer=End(0, "eth0"), far=True),))
    pod = Namespace(2, "db", "/run/netns/db", 2, (link("net1", "macvlan", parent=End(0, "eth0"), far=True),))
    own = Namespace(0, "node", "", 0, (link("eth0", peer=End(1, "up0"), far=True),))
    (found,) = segments(Topology("n", 0, (own, far, pod)))
    assert shape(found) == ("eth0", [], ["outside", "db"])


def test_a_pod_on_two_networks_hangs_on_both():
    """And counts as one that is reached."""
    topology = many(1)
    pod = topology.namespaces[1]
    second = link("net1", "macvlan", parent=End(0, "eth0"), far=True)
    both = replace(topology, namespaces=(topology.own, replace(pod, links=(*pod.links, second))))
    found = segments(both)
    assert [[leg.link.name for leg in one.legs] for one in found] == [["net1"], ["eth0"]]
    assert apart(both, found) == []


def test_everything_hangs_somewhere():
    """No pod is lost, and none is there twice."""
    found = segments(many(250))
    legs = [leg.namespace.number for one in found for leg in one.every_leg()]
    assert sorted(legs) == list(range(1, 251))
