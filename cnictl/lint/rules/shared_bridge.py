"""CNI504: two networks are gateways on one bridge, with different addresses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI504", "shared-bridge", WARNING)
def shared_bridge(conf: Configuration) -> Iterator[Remark]:
    """A bridge is the gateway of one network.

    ## Why it matters
    bridge gives the bridge the gateway's address, and refuses one that has another IPv4 address: whichever
    network comes second fails with "already has an IP address different from".  With `forceAddress` it
    takes the address from the first, whose containers lose their gateway.  The name is cni0 where none
    is given, so that two networks without `bridge` share it.

    ## What to do
    Give each network a `bridge` of its own, or leave `isGateway` out of all but one.
    """
    if conf.directory is None:
        return
    for mine, other in conf.directory.shared_bridges.get(conf, ()):
        key = "bridge" if mine.plugin.document.has("bridge") else "type"
        file = os.path.basename(other.conf.path)
        yield Remark(
            mine.plugin.at(key),
            f"{mine.bridge} is the gateway of {other.conf.name} as well, in {file}",
            f"that is {', '.join(other.networks)}, and this {', '.join(mine.networks)}: name another bridge",
        )
