"""Network managers, and which links of pods they have taken as their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.bundle import ManagedLink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.bundle import LinkFact
    from cnictl.doctor.place import Place

NETWORKD, NETWORKD_STATE = "systemd-network", "/run/systemd/netif/links"
MANAGER, MANAGER_STATE = "NetworkManager", "/run/NetworkManager/devices"
OF_PODS = ("veth", "vxlan", "geneve", "ipip", "wireguard", "bridge")
"""Kinds of links that plugins and agents make."""
_UNMANAGED = ("", "unmanaged", "pending", "initialized")


def gather(place: Place, links: Iterable[LinkFact]) -> list[ManagedLink]:
    """Return the links of pods that a manager which runs says it manages."""
    names = {place.text_or(f"/proc/{pid}/comm").strip() for pid in place.pids()}
    return [found for one in links if one.kind in OF_PODS for found in _managed(place, one, names)]


def _managed(place: Place, link: LinkFact, running: set[str]) -> Iterator[ManagedLink]:
    if NETWORKD in running:
        path = f"{NETWORKD_STATE}/{link.index}"
        told = _pairs(place.text_or(path))
        if told.get("ADMIN_STATE", "") not in _UNMANAGED and told.get("NETWORK_FILE"):
            yield ManagedLink(link.name, "systemd-networkd", told["NETWORK_FILE"])
    if MANAGER in running:
        path = f"{MANAGER_STATE}/{link.index}"
        told = _pairs(place.text_or(path))
        if told.get("managed") == "true" and told.get("connection-uuid"):
            yield ManagedLink(link.name, MANAGER, path)


def _pairs(text: str) -> dict[str, str]:
    return dict(line.strip().partition("=")[::2] for line in text.splitlines() if "=" in line)
