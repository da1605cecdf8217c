"""The networks from which a plugin's containers get their addresses, as far as the text says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.spec.catalog import REFERENCE
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import PluginObject
    from cnictl.spec.document import Json


@dataclass(frozen=True, slots=True)
class Range:
    """A network and its gateway as they are written, "" for none; `where` begins at the plugin's object."""

    where: Pointer
    subnet: str
    gateway: str


def ranges(plugin: PluginObject) -> Iterator[Range]:
    """Yield the ranges of host-local and the addresses of static, under a plugin whose `ipam` is just that.

    A plugin of somebody else may fill the section in before it calls the IPAM plugin.
    """
    section = plugin.document.get("ipam")
    if plugin.type not in REFERENCE or not isinstance(section, dict):
        return
    if plugin.ipam_type == "host-local":
        yield from _range(section, ("ipam",), "subnet")
        outer = Document(section).get("ranges")
        for i, row in enumerate(outer if isinstance(outer, list) else ()):
            for j, one in enumerate(row if isinstance(row, list) else ()):
                yield from _range(one, ("ipam", "ranges", i, j), "subnet")
    elif plugin.ipam_type == "static":
        listed = Document(section).get("addresses")
        for i, one in enumerate(listed if isinstance(listed, list) else ()):
            yield from _range(one, ("ipam", "addresses", i), "address")


def _range(value: Json, where: Pointer, key: str) -> Iterator[Range]:
    if not isinstance(value, dict):
        return
    document = Document(value)
    network, gateway = document.get(key), document.get("gateway")
    if isinstance(network, str):
        yield Range(where, network, gateway if isinstance(gateway, str) else "")
