"""The parts that Results of all versions are made of: interfaces, addresses, routes, resolver settings."""

from __future__ import annotations

from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import DECODING_FAILURE, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.spec.document import Document, Json


class Interface(Value):
    """An interface; `sandbox` is its netns, "" for the node; `mtu` in bytes, 0 for unstated.

    `mtu`, `socket_path` and `pci_id` came with spec 1.1.0.
    """

    __slots__ = ("name", "mac", "mtu", "sandbox", "socket_path", "pci_id")

    def __init__(
        self,
        name: str,
        mac: str = "",
        mtu: int = 0,
        sandbox: str = "",
        socket_path: str = "",
        pci_id: str = "",
    ) -> None:
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self.sandbox = sandbox
        self.socket_path = socket_path
        self.pci_id = pci_id

    @classmethod
    def read(cls, document: Document) -> Interface:
        """Return the interface that a JSON object describes."""
        return cls(
            document.string("name"),
            document.string("mac"),
            document.integer("mtu"),
            document.string("sandbox"),
            document.string("socketPath"),
            document.string("pciID"),
        )


class IPConfig(Value):
    """An address that was assigned; `interface` is an index into the Result's interfaces, or None."""

    __slots__ = ("address", "gateway", "interface")

    def __init__(self, address: Prefix, gateway: Address | None = None, interface: int | None = None) -> None:
        self.address = address
        self.gateway = gateway
        self.interface = interface

    @classmethod
    def read(cls, document: Document) -> IPConfig:
        """Return the address that a JSON object describes; raises CniError when it has none."""
        return cls(
            read_prefix(document, "address"),
            read_address(document, "gateway"),
            document.optional_integer("interface"),
        )


class Route(Value):
    """A route; `mtu` and `advmss` in bytes, 0 for unstated; table and scope None for unstated."""

    __slots__ = ("dst", "gw", "mtu", "advmss", "priority", "table", "scope")

    def __init__(
        self,
        dst: Prefix,
        gw: Address | None = None,
        mtu: int = 0,
        advmss: int = 0,
        priority: int = 0,
        table: int | None = None,
        scope: int | None = None,
    ) -> None:
        self.dst = dst
        self.gw = gw
        self.mtu = mtu
        self.advmss = advmss
        self.priority = priority
        self.table = table
        self.scope = scope

    @classmethod
    def read(cls, document: Document) -> Route:
        """Return the route that a JSON object describes; raises CniError when it has no destination."""
        return cls(
            read_prefix(document, "dst"),
            read_address(document, "gw"),
            document.integer("mtu"),
            document.integer("advmss"),
            document.integer("priority"),
            document.optional_integer("table"),
            document.optional_integer("scope"),
        )

    def members(self) -> dict[str, Json]:
        """Return the JSON object, in the order of versions before 1.0.0."""
        stated: dict[str, Json] = {"dst": str(self.dst)}
        if self.gw is not None:
            stated["gw"] = str(self.gw)
        numbers = {"mtu": self.mtu, "advmss": self.advmss, "priority": self.priority}
        stated |= {name: number for name, number in numbers.items() if number}
        optional = {"table": self.table, "scope": self.scope}
        stated |= {name: number for name, number in optional.items() if number is not None}
        return stated


class DNS(Value):
    """Resolver settings, as in resolv.conf(5)."""

    __slots__ = ("nameservers", "domain", "search", "options")

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        domain: str = "",
        search: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        self.nameservers = tuple(nameservers)
        self.domain = domain
        self.search = tuple(search)
        self.options = tuple(options)

    @classmethod
    def read(cls, document: Document | None) -> DNS:
        """Return the settings that a JSON object describes, empty ones for None."""
        if document is None:
            return cls()
        return cls(
            document.strings("nameservers"),
            document.string("domain"),
            document.strings("search"),
            document.strings("options"),
        )

    def __bool__(self) -> bool:
        return bool(self.nameservers or self.domain or self.search or self.options)

    def members(self) -> dict[str, Json]:
        """Return the JSON object, in the order of versions before 1.0.0."""
        stated: dict[str, Json] = {}
        if self.nameservers:
            stated["nameservers"] = list(self.nameservers)
        if self.domain:
            stated["domain"] = self.domain
        if self.search:
            stated["search"] = list(self.search)
        if self.options:
            stated["options"] = list(self.options)
        return stated


def read_prefix(document: Document, key: str) -> Prefix:
    """Return a key's address with prefix length; raises CniError 6 when it is absent or none."""
    text = document.optional_string(key)
    where = f'key "{document.below(key)}"'
    try:
        return Prefix.parse(text or "")
    except ValueError as error:
        details = f"{where} is missing" if text is None else f"in {where}"
        raise CniError(DECODING_FAILURE, str(error), details) from None


def read_address(document: Document, key: str) -> Address | None:
    """Return a key's address, None when it is absent or empty; raises CniError 6 when it is none."""
    text = document.string(key)
    try:
        return Address.parse(text) if text else None
    except ValueError as error:
        raise CniError(DECODING_FAILURE, str(error), f'in key "{document.below(key)}"') from None
