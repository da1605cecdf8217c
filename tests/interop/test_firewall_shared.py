"""Our firewall, the Go one and an administrator at work in one chain that is long enough for an index."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest

from cnictl.netfilter import index
from cnictl.sandbox.node import Node
from tests.interop.damage import damage
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.filtering import accepted, fill, filtering, rules

pytestmark = pytest.mark.interop

STEPS = int(os.environ.get("CNICTL_SHARED_CALLS", "60"))
PODS = 8
VERSION: Literal[4] = 4
OTHERS = "-A CNI-FORWARD -s 192.0.2.0/24 -p tcp -j DROP"


class Administrator:
    """Somebody who changes rules by hand, and only those of pods and his own."""

    def __init__(self, node: Node, chance: random.Random) -> None:
        self._node = node
        self._chance = chance

    def meddle(self) -> None:
        """Remove a rule or two, add some, or both, which leaves their number as it was."""
        own = [rule for rule in rules(self._node) if " 10.1." in rule]
        pod = f"10.1.0.{self._chance.randrange(PODS) + 2}"
        more = self._chance.sample([*accepted(pod), OTHERS], self._chance.randrange(1, 3))
        less = self._chance.sample(own, min(len(own), self._chance.randrange(1, 3)))
        what = self._chance.choice(("more", "less", "both", "both"))
        for rule in less if what != "more" else ():
            self._node.run(["iptables", "-D", *rule.split()[1:]]).checked()
        for rule in more if what != "less" else ():
            self._node.run(["iptables", *rule.split()]).checked()


def ways(content: bytes) -> tuple[bytes | None, ...]:
    """The index is away, empty, cut off, or of another count."""
    return None, b"", content[:20], content.replace(b"1 ", b"2 ", 1)


@pytest.mark.parametrize("seed", range(2))
def test_both_and_an_administrator_in_one_chain(
    node: Node, plugins_dir: str, go_plugins: str, seed: int
) -> None:
    """After ADD of either a pod's rules are there, after our DEL they are not, whatever happened in between.

    Each is there once, unless others have replaced as many rules as they took; strangers' stay.
    """
    chance = random.Random(seed)
    strangers = fill(node, plugins_dir, index.LEAST // 2 + 10)
    administrator = Administrator(node, chance)
    pods: list[Attachment] = [
        filtering(
            node, plugins_dir, version="1.0.0", container=f"c{one}", addresses=(f"10.1.0.{one + 2}/24",)
        )
        for one in range(PODS)
    ]
    place = Path(node.path(index.PLACE))
    doubtful: set[int] = set()
    touched: set[int] = set()
    before = len(rules(node))
    used = 0
    for _ in range(STEPS):
        number = chance.randrange(PODS)
        wanted = accepted(f"10.1.0.{number + 2}")
        action = chance.choice(("add", "add", "delete", "go add", "go delete", "meddle"))
        match action:
            case "add":
                if len(rules(node)) == before:
                    doubtful |= touched
                pods[number].add()
            case "go add":
                pods[number].add(go_plugins)
            case "delete":
                pods[number].delete()
                doubtful.discard(number)
                assert not set(rules(node)) & set(wanted)
            case "go delete":
                pods[number].delete(go_plugins)
            case _:
                administrator.meddle()
                doubtful = set(range(PODS))
                if chance.random() < 0.3:
                    damage(chance, place, ways)
        found = Counter(rules(node))
        if action.endswith("add"):
            assert all(found[rule] for rule in wanted), number
            assert number in doubtful or [found[rule] for rule in wanted] == [1, 1], number
        if action in ("add", "delete"):
            before, touched = len(rules(node)), set()
        else:
            touched.add(number)
        used += place.exists()
    assert used
    for pod in pods:
        pod.delete()
    left = [rule for rule in rules(node, VERSION) if rule not in strangers]
    assert left.count(OTHERS) == len(left)
