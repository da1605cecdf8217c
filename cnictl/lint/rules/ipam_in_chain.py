"""CNI402: an IPAM plugin where a network plugin belongs, or the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI402", "ipam-in-chain")
def ipam_in_chain(conf: Configuration) -> Iterator[Remark]:
    """An IPAM plugin is named in `ipam.type`, and no other plugin is.

    ## Why it matters
    An IPAM plugin makes no interface, and a Result without one is of no use to the plugins behind
    it.  A network plugin in its place makes an interface for an address to be given to another.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "host-local", "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}}]}
    """
    for plugin in conf.plugins:
        own, ipam = REFERENCE.get(plugin.type), REFERENCE.get(plugin.ipam_type)
        if own is not None and own.role == "ipam":
            yield Remark(
                plugin.at("type"),
                f"{plugin.type} assigns addresses; it makes no interface",
                'put it into "ipam" of the plugin that does',
            )
        if ipam is not None and ipam.role != "ipam":
            known = " and ".join(name for name, one in REFERENCE.items() if one.role == "ipam")
            yield Remark(
                plugin.at("ipam", "type"),
                f"{plugin.ipam_type} assigns no addresses",
                f"{known} do",
            )
