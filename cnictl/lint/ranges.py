"""The networks from which a plugin's containers get addresses, and their routes, as far as the text says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.ipam.ranges import Range as Addresses
from cnictl.spec.address import Prefix
from cnictl.spec.catalog import REFERENCE
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.ipam.host_local_config import RangeConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import PluginObject
    from cnictl.spec.document import Json

WITH_ROUTES = ("host-local", "static")


@dataclass(frozen=True, slots=True)
class Range:
    """A network and its gateway as they are written, "" for none; `where` begins at the plugin's object."""

    where: Pointer
    subnet: str
    gateway: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it is written, "" for what is not; `where` begins at the plugin's object."""

    where: Pointer
    destination: str
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


def routes(plugin: PluginObject) -> Iterator[Route]:
    """Yield the routes of host-local and of static, under a plugin whose `ipam` is just that."""
    section = plugin.document.get("ipam")
    if plugin.type not in REFERENCE or plugin.ipam_type not in WITH_ROUTES or not isinstance(section, dict):
        return
    listed = Document(section).get("routes")
    for i, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict):
            destination, gateway = (Document(one).get(key) for key in ("dst", "gw"))
            yield Route(
                ("ipam", "routes", i),
                destination if isinstance(destination, str) else "",
                gateway if isinstance(gateway, str) else "",
            )


def assigned(plugin: PluginObject) -> Iterator[tuple[Pointer, Addresses]]:
    """Yield the addresses that containers may get, and where it says so; what makes no sense is left out."""
    for one in ranges(plugin):
        try:
            if plugin.ipam_type == "static":
                prefix = Prefix.parse(one.subnet)
                found = Addresses(prefix, prefix.address, prefix.address, prefix.address)
            else:
                found = RangeConfig(Document(_at(plugin, one.where))).range()
        except (CniError, ValueError):
            continue
        yield (*one.where, "subnet" if plugin.ipam_type == "host-local" else "address"), found


def _at(plugin: PluginObject, where: Pointer) -> dict[str, Json]:
    value: Json = plugin.document.members
    for step in where:
        if isinstance(value, dict):
            value = Document(value).get(str(step))
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    assert isinstance(value, dict)
    return value


def _range(value: Json, where: Pointer, key: str) -> Iterator[Range]:
    if not isinstance(value, dict):
        return
    document = Document(value)
    network, gateway = document.get(key), document.get("gateway")
    if isinstance(network, str):
        yield Range(where, network, gateway if isinstance(gateway, str) else "")
