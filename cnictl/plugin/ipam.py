"""The IPAM plugin of a main plugin: its addresses, and passing the other commands on to it."""

from __future__ import annotations

from cnictl.plugin import delegate
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.plugin.skel import Plugin
    from cnictl.spec.result import Result

THROUGH_INTERFACE = ("dhcp",)
"""IPAM plugins that give an address back through the container's interface, and so before it is removed."""


def add(request: Request, name: str) -> Result:
    """Have addresses assigned; they are released again when this call fails later.

    Raises CniError: the IPAM plugin's own, or one that says that it gave no address.
    """
    result = delegate.call(name, request, "ADD")
    request.undo.push(delegate.call, name, request, "DEL")
    if result is None or not result.ips:
        raise CniError(
            INTERNAL, "IPAM plugin returned missing IP config", f"{name!r} answered ADD without any ips"
        )
    return result


def delete(request: Request, name: str) -> None:
    """Have the addresses released; nothing to do without a name."""
    if name:
        delegate.call(name, request, "DEL")


def pass_on(plugin: Plugin, request: Request, command: str) -> None:
    """Pass CHECK, GC or STATUS on to the IPAM plugin that the configuration names or the plugin requires."""
    section = request.document.object("ipam")
    name = section.string("type") if section else ""
    if name or plugin.ipam == "required":
        delegate.call(name, request, command)
