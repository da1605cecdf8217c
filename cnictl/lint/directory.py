"""The files of one directory beside one another."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS
from cnictl.lint.ranges import assigned, ranges
from cnictl.spec.address import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.ipam.ranges import Range
    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration, PluginObject

BRIDGE = "bridge"
DEFAULT_BRIDGE = "cni0"
PROVIDERS = {
    "antrea": "Antrea",
    "aws-cni": "the Amazon VPC CNI",
    "azure-vnet": "the Azure CNI",
    "calico": "Calico",
    "cilium-cni": "Cilium",
    "flannel": "flannel",
    "kube-ovn": "Kube-OVN",
    "ovn-k8s-cni-overlay": "OVN-Kubernetes",
    "romana": "Romana",
    "terway": "Terway",
    "weave-net": "Weave Net",
}
"""Whose daemon on the node writes a file, by the plugin that it names."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Addresses that a network may assign, and where its file says so."""

    conf: Configuration
    plugin: PluginObject
    where: Pointer
    range: Range


@dataclass(frozen=True, slots=True)
class Gateway:
    """A bridge that gets the addresses of a network's gateways."""

    conf: Configuration
    plugin: PluginObject
    bridge: str
    networks: tuple[str, ...]


@dataclass(eq=False)
class Directory:
    """The files that were given of a directory, and that a runtime would look at; `whole` when all were."""

    configurations: Sequence[Configuration]
    whole: bool = False

    @cached_property
    def in_order(self) -> list[Configuration]:
        """The files in the order of their names."""
        return sorted(self.configurations, key=lambda one: os.fsencode(one.path))

    @cached_property
    def by_name(self) -> dict[str, list[Configuration]]:
        """The files that have a network, by its name, in the order in which libcni looks for it."""
        found = defaultdict(list)
        for one in sorted(self.in_order, key=lambda one: one.extension not in LISTS):
            if one.name:
                found[one.name].append(one)
        return found

    @cached_property
    def first_provider(self) -> Configuration | None:
        """The first file that names a plugin of PROVIDERS."""
        return next((one for one in self.in_order if provider(one)), None)

    @cached_property
    def overlaps(self) -> dict[Configuration, list[tuple[Assigned, Assigned]]]:
        """The ranges of a file that have addresses in common with those of a network before it."""
        found = defaultdict(list)
        place = {one: number for number, one in enumerate(self.in_order)}
        active: dict[str, Assigned] = {}
        for one in sorted(self._assigned(), key=lambda one: (one.range.start, one.range.end)):
            for name, other in list(active.items()):
                if not one.range.overlaps(other.range):
                    del active[name]  # those that follow begin later still
                elif name != one.conf.name and not _apart(one.plugin, other.plugin):
                    mine, its = (one, other) if place[one.conf] > place[other.conf] else (other, one)
                    found[mine.conf].append((mine, its))
                    break
            before = active.get(one.conf.name)
            if before is None or before.range.end < one.range.end:
                active[one.conf.name] = one
        return found

    @cached_property
    def shared_bridges(self) -> dict[Configuration, list[tuple[Gateway, Gateway]]]:
        """The bridges of a file that are the gateway of a network before it, with other IPv4 addresses."""
        found = defaultdict(list)
        first: dict[str, Gateway] = {}
        for one in (one for conf in self.in_order for one in _gateways(conf)):
            other = first.setdefault(one.bridge, one)
            if other.conf.name != one.conf.name and other.networks != one.networks:
                found[one.conf].append((one, other))
        return found

    def _assigned(self) -> Iterator[Assigned]:
        for conf in self.in_order:
            for plugin in conf.all_plugins if conf.name else ():
                for where, one in assigned(plugin):
                    yield Assigned(conf, plugin, where, one)


def provider(conf: Configuration) -> str:
    """Return whose daemon has written a file, "" for nobody who is known."""
    return next((PROVIDERS[plugin.type] for plugin in conf.plugins if plugin.type in PROVIDERS), "")


def _apart(one: PluginObject, other: PluginObject) -> bool:
    """Whether two plugins name masters, and not the same: their containers do not meet."""
    masters = one.text("master"), other.text("master")
    return all(masters) and masters[0] != masters[1]


def _gateways(conf: Configuration) -> Iterator[Gateway]:
    for plugin in conf.plugins:
        asked = any(plugin.document.get(key) is True for key in ("isGateway", "isDefaultGateway"))
        networks = tuple(sorted(_networks(plugin)))
        if plugin.type == BRIDGE and asked and networks and conf.name:
            yield Gateway(conf, plugin, plugin.text("bridge") or DEFAULT_BRIDGE, networks)


def _networks(plugin: PluginObject) -> Iterator[str]:
    """Yield the IPv4 networks whose gateway a bridge becomes; of IPv6 it may have several."""
    for one in ranges(plugin):
        try:
            prefix = Prefix.parse(one.subnet)
        except ValueError:
            continue
        if prefix.version == 4:
            yield str(prefix.network)
