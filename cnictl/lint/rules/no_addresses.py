"""CNI308: static has no addresses to assign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import REFERENCE
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI308", "no-addresses", WARNING)
def no_addresses(conf: Configuration) -> Iterator[Remark]:
    """static is told addresses, in the file or by the runtime.

    ## Why it matters
    Without any, ADD fails: "IPAM plugin returned missing IP config".  A runtime passes them on with
    the capability `ips`, or in CNI_ARGS.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {"type": "static"}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "capabilities": {"ips": true}, "ipam": {"type": "static"}}
        ]}
    """
    for plugin in conf.all_plugins:
        section = plugin.document.get("ipam")
        if plugin.type not in REFERENCE or plugin.ipam_type != "static" or not isinstance(section, dict):
            continue
        if Document(section).get("addresses") or plugin.asks_for("ips") or plugin.document.get("args"):
            continue
        yield Remark(
            plugin.at("ipam", "type"),
            "static has no addresses to assign",
            'add "addresses" to ipam, or "capabilities": {"ips": true} beside it',
        )
