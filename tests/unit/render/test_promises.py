"""Broken promises are told by attachment and plugin, with the sign of a difference."""

from __future__ import annotations

import json

from cnictl.declare import entities
from cnictl.declare.compare import compare
from cnictl.declare.model import NODE, Expectation, State
from cnictl.render.promises import examined_members, examined_tree
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import CachedAttachment
from cnictl.spec.address import Prefix
from cnictl.state.attachments import Broken, Examined

CACHED = CachedAttachment("/var/lib/cni/results/n-c1-eth0", "n", Attachment("c1", "/run/netns/c1"), b"", None)


def examined() -> list[Examined]:
    state = State()
    state.extend(NODE, [entities.link("cni0", mtu=1400), entities.link("cni1")])
    expected = [
        Expectation(NODE, entities.link("cni0", mtu=1500)),
        Expectation(NODE, entities.link("cni1"), absent=True),
        Expectation("/run/netns/c1", entities.address("eth0", Prefix.parse("10.1.0.2/16"))),
    ]
    broken = tuple(Broken("bridge", drift) for drift in compare(expected, state))
    other = CachedAttachment("", "n", Attachment("c2", "/run/netns/c2"), b"", None)
    return [Examined(CACHED, broken, ("calico: not one of ours\x1b[2J",)), Examined(other)]


def test_what_is_not_as_promised():
    """Only attachments that have something to tell, unless all are asked for."""
    told = """\
n c1 eth0
  bridge
    ~ cni0 has MTU 1400, not 1500
    + cni1 is there, and should not be
    - eth0 has lost address 10.1.0.2/16 in /run/netns/c1
    not compared: calico: not one of ours\\x1b[2J
"""
    assert str(examined_tree(examined())) == told
    assert str(examined_tree(examined(), all_of_them=True)).endswith("n c2 eth0\n    as it was promised\n")


def test_for_programs():
    """One object an attachment, whether it holds, and each drift with the entity that was expected."""
    first, second = json.loads(json.dumps(examined_members(examined())))
    assert (first["network"], first["containerID"], first["holds"]) == ("n", "c1", False)
    assert first["problems"] == ["calico: not one of ours\x1b[2J"]
    mtu, absent, _ = first["broken"]
    assert mtu == {
        "plugin": "bridge",
        "what": "cni0 has MTU 1400, not 1500",
        "place": "node",
        "kind": "link",
        "key": "cni0",
        "facts": {"mtu": 1500},
        "absent": False,
        "fact": "mtu",
        "found": 1400,
    }
    assert absent["absent"] is True
    assert second["holds"] is True
