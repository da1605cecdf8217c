"""The Result of ADD: as the plugins print it, and as somebody wants to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.table import facts
from cnictl.spec import result as results
from cnictl.spec.errors import CniError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from cnictl.render.form import Data
    from cnictl.runtime.attachment import Attachment
    from cnictl.spec.result import AnyResult, Interface, Result, Route


def result_table(network: str, attachment: Attachment, result: AnyResult | None) -> Table:
    """Return what was attached, and the interfaces, addresses, routes and resolvers that it got."""
    head = [
        ("network", network),
        ("container", attachment.container_id),
        ("netns", attachment.netns),
        ("ifname", attachment.ifname),
    ]
    return facts([*head, *(_lines(results.current(result)) if result is not None else ())])


def result_members(result: AnyResult | None) -> Data:
    """Return a Result for `-o json`, in the version that it has."""
    return result.members() if result is not None else {}


def addresses(result: AnyResult | None) -> list[str]:
    """Return the addresses of a Result, as `10.1.0.2/16`."""
    return [] if result is None else [str(one.address) for one in results.current(result).ips]


def cached_addresses(members: object) -> list[str]:
    """Return the addresses in a cached result, none where it cannot be understood."""
    try:
        return addresses(results.parse_any(members)) if isinstance(members, dict) else []
    except CniError:
        return []


def _lines(result: Result) -> Iterator[tuple[str, str]]:
    for interface in result.interfaces:
        yield "interface", _interface(interface)
    for ip in result.ips:
        gateway = f" via {ip.gateway}" if ip.gateway is not None else ""
        yield "address", f"{ip.address}{gateway}{_on(result, ip.interface)}"
    for route in result.routes:
        yield "route", _route(route)
    for word in ("nameservers", "domain", "search", "options"):
        value = getattr(result.dns, word)
        yield word, value if isinstance(value, str) else " ".join(value)


def _interface(interface: Interface) -> str:
    words = [interface.name, interface.mac, f"mtu {interface.mtu}" if interface.mtu else ""]
    words.append("in the container" if interface.sandbox else "on the node")
    words += [f"{name} {value}" for name, value in _devices(interface) if value]
    return "  ".join(filter(None, words))


def _devices(interface: Interface) -> tuple[tuple[str, str], ...]:
    return ("socket", interface.socket_path), ("pci", interface.pci_id)


def _on(result: Result, index: int | None) -> str:
    if index is None or not 0 <= index < len(result.interfaces):
        return ""
    return f" on {result.interfaces[index].name}"


def _route(route: Route) -> str:
    words = [str(route.dst)]
    if route.gw is not None:
        words.append(f"via {route.gw}")
    numbers = {"mtu": route.mtu or None, "advmss": route.advmss or None, "priority": route.priority or None}
    numbers |= {"table": route.table, "scope": route.scope}
    words += [f"{name} {value}" for name, value in numbers.items() if value is not None]
    return " ".join(words)
