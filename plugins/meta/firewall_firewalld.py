"""firewall with firewalld: the container's addresses become sources of a zone that is trusted."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.firewalld import Firewalld, FirewalldError, Refused, Unreachable
from cnictl.plugin.cleanup import Failures
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address


def setup(request: Request, zone: str, addresses: Iterable[Address]) -> None:
    """Make addresses sources of a zone; taken back when the request fails.

    Raises CniError with what firewalld said, FirewalldError when it cannot be asked.
    """
    with Firewalld() as firewalld:
        for address in addresses:
            source = str(Prefix.host(address))
            try:
                made = firewalld.add_source(zone, source)
            except Refused as error:
                text = f"failed to add the address {source} to {zone} zone: {error}"
                raise CniError(INTERNAL, text) from None
            if made:
                request.undo.push(teardown, request, zone, [address])
            request.log.info("let through", zone=zone, source=source)


def teardown(request: Request, zone: str, addresses: Iterable[Address]) -> None:
    """Unbind addresses from a zone; a firewalld that is not running has no such sources any more.

    Raises FirewalldError when it cannot be done.
    """
    try:
        bus = Firewalld()
    except Unreachable:
        return
    with bus as firewalld:
        if not firewalld.is_running():
            return
        with Failures() as each:
            for address in addresses:
                each.run(_remove, request, firewalld, zone, str(Prefix.host(address)))


def declare(zone: str, addresses: Iterable[Address]) -> list[Expectation]:
    """What must be there of that which `setup` makes."""
    return [Expectation(NODE, entities.source(zone, str(Prefix.host(address)))) for address in addresses]


def require() -> None:
    """Raise FirewalldError when firewalld is not running."""
    with Firewalld() as firewalld:
        if not firewalld.is_running():
            raise FirewalldError(
                "firewalld is not on the system bus", hint="start it: systemctl start firewalld"
            )


def _remove(request: Request, firewalld: Firewalld, zone: str, source: str) -> None:
    if firewalld.remove_source(zone, source):
        request.log.info("removed source", zone=zone, source=source)
