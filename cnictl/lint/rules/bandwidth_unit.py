"""CNI316: a rate or a burst that was probably meant in another unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

DIRECTIONS = ("ingress", "egress")
SLOWEST = 64_000
"""Bits a second below which nobody limits a container on purpose."""
FRAME = 1514 * 8
"""Bits of a full Ethernet frame, which must fit into a burst."""


@rule("CNI316", "bandwidth-unit", WARNING)
def bandwidth_unit(conf: Configuration) -> Iterator[Remark]:
    """Rates of bandwidth are in bits a second, and bursts in bits.

    ## Why it matters
    A rate in megabits or in bytes makes a container a thousand times slower than was meant.  A burst
    smaller than a packet lets none through: pings work, and nothing else.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "bandwidth", "ingressRate": 100, "ingressBurst": 10}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "bandwidth", "ingressRate": 100000000, "ingressBurst": 10000000}]}
    """
    for plugin in conf.all_plugins:
        for direction in DIRECTIONS if plugin.type == "bandwidth" else ():
            rate, burst = (_number(plugin.document.get(f"{direction}{word}")) for word in ("Rate", "Burst"))
            if 8 <= rate < SLOWEST:  # less is CNI302's
                yield Remark(
                    plugin.at(f"{direction}Rate"),
                    f"{direction}Rate is {rate} bits a second",
                    "100 Mbit/s are written 100000000",
                )
            if rate and 0 < burst < FRAME:
                yield Remark(
                    plugin.at(f"{direction}Burst"),
                    f"{direction}Burst is {burst} bits, in which no full packet of {FRAME} fits",
                    f"what is sent in a tenth of a second is a good one: {max(rate // 10, 10 * FRAME)}",
                )


def _number(value: object) -> int:
    return value if type(value) is int else 0
