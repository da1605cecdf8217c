"""How long it takes to look at a busy node."""

from __future__ import annotations

import re
import sys

import pytest

from cnictl.sandbox.node import ROOT, Node

PODS = 250
LIMIT = 2.0
"""Seconds of processor time, those of iptables-save and nft included."""

LOOK = """
import os
from cnictl.state.observe import take
before = os.times()
snapshot = take()
after = os.times()
spent = [later - sooner for sooner, later in zip(before[:4], after[:4])]
found = snapshot.state.places[""]
links, rules = (sum(kind == wanted for kind, _ in found) for wanted in ("link", "rule"))
print(sum(spent), links, rules)
"""


def busy(node: Node, iptables: str) -> None:
    """A bridge with a port for each pod, and four rules for each."""
    links = ["link add cni0 type bridge", "link set cni0 up"]
    chains, rules = [], []
    for number in range(PODS):
        links += [
            f"link add veth{number:08x} type veth peer name pod{number}",
            f"link set veth{number:08x} master cni0 up",
        ]
        chains.append(f":CNI-{number} - [0:0]")
        address = f"10.1.{number // 250}.{number % 250 + 2}"
        comment = f'"name: \\"n\\" id: \\"c{number}\\""'
        rules += [
            f"-A POSTROUTING -s {address}/32 -m comment --comment {comment} -j CNI-{number}",
            f"-A CNI-{number} -d 10.1.0.0/16 -j ACCEPT",
            f"-A CNI-{number} ! -d 224.0.0.0/4 -j MASQUERADE",
            f"-A CNI-{number} -p tcp --dport {number + 1} -j ACCEPT",
        ]
    node.run(["ip", "-batch", "-"], stdin="\n".join(links)).checked()
    table = ["*nat", *chains, *rules, "COMMIT", ""]
    node.run([f"{iptables}-restore"], stdin="\n".join(table)).checked()


@pytest.mark.bench
@pytest.mark.parametrize("iptables", ["iptables-nft", "iptables-legacy"])
def test_a_busy_node(iptables: str, node: Node, capsys: pytest.CaptureFixture[str]):
    """250 pods and 1000 rules are looked at before somebody gets impatient."""
    busy(node, iptables)
    done = node.run([sys.executable, "-c", LOOK], cwd=ROOT).checked()
    spent, links, rules = re.fullmatch(r"(\S+) (\d+) (\d+)\n", done.stdout).groups()  # type: ignore[union-attr]
    with capsys.disabled():
        print(f"\n{iptables}: {links} links and {rules} rules in {float(spent):.2f} s")
    assert (int(links), int(rules)) == (2 * PODS + 2, 4 * PODS)
    assert float(spent) < LIMIT
