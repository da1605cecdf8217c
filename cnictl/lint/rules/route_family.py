"""CNI310: a route of an address family in which the container has no address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.ranges import ranges
from cnictl.spec.address import Prefix
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration, PluginObject


@rule("CNI310", "route-family", WARNING)
def route_family(conf: Configuration) -> Iterator[Remark]:
    """For every route there is an address of its family.

    ## Why it matters
    The container has no source address for the route, and no gateway to send to.  ADD fails, or
    the route leads nowhere.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "::/0"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipam": {
            "type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}
    """
    for plugin in conf.all_plugins:
        versions = {_version(one.subnet) for one in ranges(plugin)} - {0}
        if not versions or plugin.asks_for("ipRanges") or plugin.asks_for("ips"):
            continue
        for i, text in enumerate(_destinations(plugin)):
            if _version(text) not in {0, *versions}:
                yield Remark(
                    plugin.at("ipam", "routes", i, "dst"),
                    f"route {text}, but no IPv{_version(text)} address is assigned",
                    "take the route out, or add a range of its family",
                )


def _destinations(plugin: PluginObject) -> Iterator[str]:
    section = plugin.document.get("ipam")
    listed = Document(section).get("routes") if isinstance(section, dict) else None
    for route in listed if isinstance(listed, list) else ():
        found = Document(route).get("dst") if isinstance(route, dict) else None
        yield found if isinstance(found, str) else ""


def _version(text: str) -> int:
    try:
        return Prefix.parse(text).version
    except ValueError:
        return 0
