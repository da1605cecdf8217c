"""A snapshot for programs: the facts of every entity, by place, kind and key."""

from __future__ import annotations

import json

from cnictl.declare import entities
from cnictl.declare.model import NODE, State
from cnictl.render.snapshot import snapshot_members
from cnictl.state.snapshot import Snapshot, Unseen


def test_members():
    """Places have the names of their pods; facts keep their types; what was not seen is told."""
    state = State()
    state.extend(
        NODE, [entities.link("cni0", mtu=1500, up=True), entities.chain("iptables", "nat", "X", ["-j Y"])]
    )
    state.extend("/run/netns/c1", ())
    unseen = Unseen("/run/netns/c1", "chain", "no such program")
    told = snapshot_members(Snapshot(state, {"c1": "/run/netns/c1"}, unseen=(unseen,)))
    assert json.loads(json.dumps(told)) == {
        "pods": {"c1": "/run/netns/c1"},
        "places": {
            "node": {
                "link": {"cni0": {"mtu": 1500, "up": True}},
                "chain": {"iptables nat X": {"rules": ["-j Y"]}},
            },
            "c1": {},
        },
        "complete": False,
        "unseen": [{"place": "c1", "what": "chain", "reason": "no such program"}],
    }
