"""Results before spec 1.0.0, and what each family keeps when it becomes another."""

from __future__ import annotations

from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result_parts import DNS, Interface, IPConfig, Route, read_address, read_prefix
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.address import Address, Prefix
    from cnictl.spec.document import Document, Json


class FamilyConfig(Value):
    """`ip4` or `ip6` of a 0.1.0 or 0.2.0 Result: one address and the routes of its family."""

    __slots__ = ("ip", "gateway", "routes")

    def __init__(self, ip: Prefix, gateway: Address | None = None, routes: list[Route] | None = None) -> None:
        self.ip = ip
        self.gateway = gateway
        self.routes = [] if routes is None else routes

    @classmethod
    def read(cls, document: Document | None) -> FamilyConfig | None:
        """Return what a JSON object describes, None for None."""
        if document is None:
            return None
        routes = [Route.read(one) for one in document.objects("routes")]
        return cls(read_prefix(document, "ip"), read_address(document, "gateway"), routes)

    def members(self) -> dict[str, Json]:
        """Return the JSON object."""
        stated: dict[str, Json] = {"ip": str(self.ip)}
        if self.gateway is not None:
            stated["gateway"] = str(self.gateway)
        if self.routes:
            stated["routes"] = [route.members() for route in self.routes]
        return stated


class Result020(Value):
    """A Result of spec 0.1.0 or 0.2.0."""

    __slots__ = ("cni_version", "ip4", "ip6", "dns")

    def __init__(
        self,
        cni_version: str,
        ip4: FamilyConfig | None = None,
        ip6: FamilyConfig | None = None,
        dns: DNS | None = None,
    ) -> None:
        self.cni_version = cni_version
        self.ip4 = ip4
        self.ip6 = ip6
        self.dns = dns or DNS()

    @classmethod
    def read(cls, version: str, document: Document) -> Result020:
        """Return the Result that a JSON object describes; raises CniError."""
        return cls(
            version,
            FamilyConfig.read(document.object("ip4")),
            FamilyConfig.read(document.object("ip6")),
            DNS.read(document.object("dns")),
        )

    def members(self) -> dict[str, Json]:
        """Return the JSON object, keys in the order of the Go library."""
        stated: dict[str, Json] = {"cniVersion": self.cni_version}
        if self.ip4 is not None:
            stated["ip4"] = self.ip4.members()
        if self.ip6 is not None:
            stated["ip6"] = self.ip6.members()
        stated["dns"] = self.dns.members()
        return stated


class VersionedIP(IPConfig):
    """An entry of `ips` before 1.0.0, which also says "4" or "6"; what it says is not checked."""

    __slots__ = ("version",)

    def __init__(
        self, address: Prefix, gateway: Address | None = None, interface: int | None = None, version: str = ""
    ) -> None:
        super().__init__(address, gateway, interface)
        self.version = version

    @classmethod
    def read(cls, document: Document) -> VersionedIP:
        """Return the address that a JSON object describes; raises CniError when it has none."""
        plain = IPConfig.read(document)
        return cls(plain.address, plain.gateway, plain.interface, document.string("version"))

    def members(self) -> dict[str, Json]:
        """Return the JSON object."""
        stated: dict[str, Json] = {"version": self.version}
        if self.interface is not None:
            stated["interface"] = self.interface
        stated["address"] = str(self.address)
        if self.gateway is not None:
            stated["gateway"] = str(self.gateway)
        return stated


class Result040(Value):
    """A Result of spec 0.3.0, 0.3.1 or 0.4.0."""

    __slots__ = ("cni_version", "interfaces", "ips", "routes", "dns")

    def __init__(
        self,
        cni_version: str,
        interfaces: list[Interface] | None = None,
        ips: list[VersionedIP] | None = None,
        routes: list[Route] | None = None,
        dns: DNS | None = None,
    ) -> None:
        self.cni_version = cni_version
        self.interfaces = [] if interfaces is None else interfaces
        self.ips = [] if ips is None else ips
        self.routes = [] if routes is None else routes
        self.dns = dns or DNS()

    @classmethod
    def read(cls, version: str, document: Document) -> Result040:
        """Return the Result that a JSON object describes; raises CniError."""
        return cls(
            version,
            [
                Interface(one.string("name"), one.string("mac"), sandbox=one.string("sandbox"))
                for one in document.objects("interfaces")
            ],
            [VersionedIP.read(one) for one in document.objects("ips")],
            [Route.read(one) for one in document.objects("routes")],
            DNS.read(document.object("dns")),
        )

    def members(self) -> dict[str, Json]:
        """Return the JSON object, keys in the order of the Go library."""
        stated: dict[str, Json] = {"cniVersion": self.cni_version}
        if self.interfaces:
            stated["interfaces"] = [_interface_members(one) for one in self.interfaces]
        if self.ips:
            stated["ips"] = [one.members() for one in self.ips]
        if self.routes:
            stated["routes"] = [one.members() for one in self.routes]
        stated["dns"] = self.dns.members()
        return stated


def relabelled(result: Result020, version: str) -> Result020:
    """Return a copy of a 0.1/0.2 Result with the other of the two versions."""
    ip4, ip6 = (
        one and one.replace(routes=[route.replace() for route in one.routes])
        for one in (result.ip4, result.ip6)
    )
    return Result020(version, ip4, ip6, result.dns.replace())


def widened(result: Result020, version: str) -> Result040:
    """Return a 0.1/0.2 Result as one of 0.3.0 to 0.4.0; nothing is lost.

    "4" and "6" come from where an address stands, whatever it is.
    """
    slots = (("4", result.ip4), ("6", result.ip6))
    return Result040(
        version,
        ips=[VersionedIP(one.ip, one.gateway, version=digit) for digit, one in slots if one is not None],
        routes=[route.replace() for _, one in slots if one is not None for route in one.routes],
        dns=result.dns.replace(),
    )


def narrowed(result: Result040, version: str) -> Result020:
    """Return a Result of 0.3.0 to 0.4.0 as one of 0.1/0.2: the first address of each family.

    Interfaces, further addresses, all of a route but destination and gateway, and routes of a
    family without an address are lost.  Raises CniError when no address is left.
    """
    families: dict[str, FamilyConfig] = {}
    for ip in result.ips:
        if ip.version in ("4", "6") and ip.version not in families:
            families[ip.version] = FamilyConfig(ip.address, ip.gateway)
    if not families:
        raise CniError(
            INTERNAL,
            "cannot convert: no valid IP addresses",
            f"a Result of version {version} needs one; raise cniVersion",
        )
    for route in result.routes:
        family = families.get(str(route.dst.version))
        if family is not None:
            family.routes.append(Route(route.dst, route.gw))
    return Result020(version, families.get("4"), families.get("6"), result.dns.replace())


def _interface_members(interface: Interface) -> dict[str, Json]:
    stated: dict[str, Json] = {"name": interface.name}
    if interface.mac:
        stated["mac"] = interface.mac
    if interface.sandbox:
        stated["sandbox"] = interface.sandbox
    return stated
