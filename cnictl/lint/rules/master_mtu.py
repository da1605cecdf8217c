"""CNI605: an MTU that the master does not carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.interfaces import master
from cnictl.lint.model import Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI605", "master-mtu")
def master_mtu(conf: Configuration) -> Iterator[Remark]:
    """The MTU of a link on a master is at most the master's.

    ## Why it matters
    macvlan, ipvlan and vlan refuse a larger one, and so ADD fails.  The rule looks at this node's
    interfaces, with `--node` only.

    ## What to do
    Lower `mtu`, leave it out for the master's, or raise the master's.
    """
    if conf.mtus is None:
        return
    for plugin in conf.all_plugins:
        name, mtu = master(plugin), plugin.document.get("mtu")
        most = conf.mtus.get(name)
        if most is not None and type(mtu) is int and mtu > most:
            yield Remark(
                plugin.at("mtu"),
                f"MTU {mtu} is more than the {most} of {name}",
                "lower it, or leave it out for the master's",
            )
