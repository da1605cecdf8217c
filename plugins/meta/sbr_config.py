"""sbr: its configuration keys."""

from __future__ import annotations

from cnictl.plugin.config import NetworkConfig
from cnictl.spec.address import Address
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import boolean, optional_integer, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

HIGHEST_TABLE = 0xFFFFFFFF


class SbrConfig(NetworkConfig):
    """Keys of sbr."""

    table = optional_integer(
        "table",
        minimum=0,
        maximum=HIGHEST_TABLE,
        since="1.6.0",
        text="table for what comes from the interface's addresses; somebody else fills it,"
        " no route is moved, and the other keys mean nothing",
    )
    gateways = strings(
        "gateways",
        format="ip",
        since="1.10.0",
        text="gateways of the tables' default routes, one of IPv4 and one of IPv6,"
        " in place of those of the addresses",
    )
    add_source_hints = boolean(
        "addSourceHints",
        since="1.10.0",
        text="leave routes to the interface's networks in the main table, for programs that choose no source",
    )

    def static_gateways(self) -> dict[int, Address]:
        """Return the configured gateways by IP version; raises CniError 7."""
        if len(self.gateways) > 2:
            raise _invalid(
                "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)",
                f"there are {len(self.gateways)}",
            )
        found: dict[int, Address] = {}
        for text in self.gateways:
            try:
                gateway = Address.parse(text)
            except ValueError:
                raise _invalid(f"invalid static gateway IP address: {text}") from None
            other = found.setdefault(gateway.version, gateway)
            if other is not gateway:
                raise _invalid(
                    f"gateways list contains multiple IPv{gateway.version} addresses: {other} and {gateway}"
                )
        return found

    def validate(self, _request: Request) -> None:
        if self.table is None:
            self.static_gateways()
        elif not 0 <= self.table <= HIGHEST_TABLE:
            raise _invalid(f"no such routing table: {self.table}", f"there are 0 to {HIGHEST_TABLE}")


def read(request: Request) -> SbrConfig:
    """Return the configuration of a request; raises CniError."""
    try:
        return SbrConfig(request.document)
    except CniError as error:
        raise error.within("failed to parse network configuration: ") from None


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
