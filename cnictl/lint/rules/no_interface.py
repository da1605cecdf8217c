"""CNI401: a plugin that has no interface to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI401", "no-interface")
def no_interface(conf: Configuration) -> Iterator[Remark]:
    """The first plugin of a list makes the interface.

    ## Why it matters
    portmap, tuning, bandwidth, firewall, sbr and vrf work on the Result of the plugin before them.
    In first place there is none: ADD fails, and no container on the network starts.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "portmap"}, {"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}, {"type": "tuning"}]}
    """
    plugins = conf.plugins
    meta = [name for name, one in REFERENCE.items() if one.role == "meta"]
    if not plugins or plugins[0].type not in meta:
        return
    first = plugins[0]
    other = next((one.type for one in plugins if one.type and one.type not in meta), None)
    message = f"{first.type} comes first, and works on the Result of a plugin before it"
    if other is not None:
        hint = f"put {other} first"
    elif conf.form == "single":
        hint = f'make a list of it: "plugins": [{{"type": "bridge", ...}}, {{"type": "{first.type}", ...}}]'
    else:
        hint = "put a plugin first that makes an interface, such as bridge"
    yield Remark(first.at("type"), message, hint)
