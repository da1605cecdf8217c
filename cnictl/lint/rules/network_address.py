"""CNI311: an address that stands for the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.ranges import ranges
from cnictl.spec.address import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI311", "network-address", WARNING)
def network_address(conf: Configuration) -> Iterator[Remark]:
    """A container's address is not the first or the last of its network.

    ## Why it matters
    The first address is the network's own, and the last of an IPv4 network is for all of it: other
    hosts do not send there as to one of them.  Networks of one or two addresses have neither.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "static", "addresses": [{"address": "10.1.2.0/24"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "static", "addresses": [{"address": "10.1.2.7/24"}]}}]}
    """
    for plugin in conf.all_plugins:
        for one in ranges(plugin) if plugin.ipam_type == "static" else ():
            try:
                prefix = Prefix.parse(one.subnet)
            except ValueError:
                continue  # CNI302 reports it
            said = _standing(prefix)
            if said:
                where = (*plugin.where, *one.where, "address")
                yield Remark(where, f"{prefix.address} {said}", f"choose another address of {prefix.network}")


def _standing(prefix: Prefix) -> str:
    """Return what an address is for when it is not for a host, else ""."""
    if prefix.length > prefix.address.bits - 2:
        return ""
    if prefix.address == prefix.network_address:
        return "is the address of the network itself"
    return "is for the whole network" if prefix.version == 4 and prefix.address == prefix.broadcast else ""
