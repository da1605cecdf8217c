"""bandwidth at work: what TCP gets through, in either direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.throughput import throughput

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

MBIT = 1_000_000
IPAM = {"type": "host-local", "subnet": "10.1.2.0/24"}
BRIDGE = {"type": "bridge", "isGateway": True, "ipam": IPAM}
PTP = {"type": "ptp", "ipam": IPAM}
LIMITS = {
    "type": "bandwidth",
    "ingressRate": 20 * MBIT,
    "ingressBurst": 2 * MBIT,
    "egressRate": 40 * MBIT,
    "egressBurst": 4 * MBIT,
}


@pytest.mark.parametrize(
    ("main", "peer"), [(BRIDGE, "c2"), (PTP, "")], ids=["bridge, another pod", "ptp, the node"]
)
def test_tcp_gets_what_was_asked_for(
    attach: Callable[..., Attachment], node: Node, main: dict[str, Any], peer: str
) -> None:
    """Within a tenth, headers and all, when the burst is used up."""
    attach(main, LIMITS).add()
    if peer:
        attach(main, container=peer).add()
    there = "10.1.2.3" if peer else "10.1.2.1"
    to_the_pod = throughput(node, sender=peer, receiver="c1", address="10.1.2.2")
    from_the_pod = throughput(node, sender="c1", receiver=peer, address=there)
    print(f"to the pod {to_the_pod / MBIT:.1f} Mbit/s of 20, from it {from_the_pod / MBIT:.1f} of 40")
    assert to_the_pod == pytest.approx(20 * MBIT, rel=0.1)
    assert from_the_pod == pytest.approx(40 * MBIT, rel=0.1)


def test_nothing_is_held_up_when_the_limits_are_gone(attach: Callable[..., Attachment], node: Node) -> None:
    """DEL of bandwidth alone leaves a pair as bridge made it."""
    attachment = attach(BRIDGE, LIMITS)
    attachment.add()
    assert attachment.call("DEL", LIMITS).status == 0
    for sender, receiver, address in (("", "c1", "10.1.2.2"), ("c1", "", "10.1.2.1")):
        assert throughput(node, sender=sender, receiver=receiver, address=address) > 100 * MBIT
