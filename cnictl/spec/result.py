"""The Result of ADD as spec 1.0.0 and 1.1.0 have it, which is the model that plugins work on.

Older forms are in `cnictl.spec.legacy_result`; `parse`, `convert` and `encode` serve all.
"""

from __future__ import annotations

from cnictl.spec import legacy_result
from cnictl.spec.document import Document, decode_object
from cnictl.spec.document import encode as encode_json
from cnictl.spec.errors import DECODING_FAILURE, INCOMPATIBLE_VERSION, CniError
from cnictl.spec.quote import go_quote
from cnictl.spec.result_parts import DNS, Interface, IPConfig, Route
from cnictl.spec.value import Value
from cnictl.spec.versions import (
    CURRENT,
    FAMILIES,
    FAMILY_020,
    FAMILY_040,
    FAMILY_100,
    OLDEST,
    SUPPORTED,
    decode_version,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from cnictl.spec.document import Json
    from cnictl.spec.legacy_result import Result020, Result040

    AnyResult: TypeAlias = "Result | Result040 | Result020"

__all__ = ["DNS", "IPConfig", "Interface", "Result", "Route"]


class Result(Value):
    """A Result of spec 1.0.0 or 1.1.0; plugins change its lists in place."""

    __slots__ = ("cni_version", "interfaces", "ips", "routes", "dns")

    def __init__(
        self,
        cni_version: str = CURRENT,
        interfaces: list[Interface] | None = None,
        ips: list[IPConfig] | None = None,
        routes: list[Route] | None = None,
        dns: DNS | None = None,
    ) -> None:
        self.cni_version = cni_version
        self.interfaces = [] if interfaces is None else interfaces
        self.ips = [] if ips is None else ips
        self.routes = [] if routes is None else routes
        self.dns = dns or DNS()

    @classmethod
    def read(cls, version: str, document: Document) -> Result:
        """Return the Result that a JSON object describes; raises CniError."""
        return cls(
            version,
            [Interface.read(one) for one in document.objects("interfaces")],
            [IPConfig.read(one) for one in document.objects("ips")],
            [Route.read(one) for one in document.objects("routes")],
            DNS.read(document.object("dns")),
        )

    def members(self) -> dict[str, Json]:
        """Return the JSON object; the Go library prints its keys in alphabetical order at every level."""
        stated: dict[str, Json] = {"cniVersion": self.cni_version}
        if self.dns:
            stated["dns"] = _sorted(self.dns.members())
        if self.interfaces:
            stated["interfaces"] = [_interface_members(one) for one in self.interfaces]
        if self.ips:
            stated["ips"] = [_ip_members(one) for one in self.ips]
        if self.routes:
            stated["routes"] = [_sorted(one.members()) for one in self.routes]
        return stated


def parse(version: str, members: Mapping[str, Json]) -> AnyResult:
    """Return the Result in a JSON object, which must be of the same family of versions as `version`.

    It keeps the version that it states itself.  Raises CniError 1 for an unknown version or another
    family, 6 for what is wrong inside.
    """
    version = version or OLDEST
    family = next((one for one in FAMILIES if version in one), None)
    if family is None:
        raise CniError(
            INCOMPATIBLE_VERSION,
            f"unsupported CNI result version {go_quote(version)}",
            f"known are {' '.join(SUPPORTED)}",
        )
    document = Document(dict(members))
    try:
        stated = document.string("cniVersion") or ("" if family is not FAMILY_020 else OLDEST)
        if stated in family:
            return _read(family, stated, document)
    except CniError as error:
        raise CniError(DECODING_FAILURE, error.msg, error.details) from None
    listed = " ".join(("", *family) if family is FAMILY_020 else family)
    raise CniError(
        INCOMPATIBLE_VERSION,
        f"result type supports [{listed}] but unmarshalled CNIVersion is {go_quote(stated)}",
    )


def parse_any(members: Mapping[str, Json]) -> AnyResult:
    """Return the Result in a JSON object in the version that it states, 0.1.0 when it states none."""
    return parse(decode_version(Document(dict(members))), members)


def parse_previous(config_version: str, members: Mapping[str, Json]) -> AnyResult:
    """Return a configuration's prevResult; without a version of its own it has the configuration's.

    Raises CniError, 1 when it is of another family of versions.
    """
    filled = dict(members)
    if Document(filled).get("cniVersion") is None:
        filled["cniVersion"] = config_version
    try:
        return parse(config_version, filled)
    except CniError as error:
        raise error.within("could not parse prevResult: ") from None


def parse_output(config_version: str, stdout: bytes) -> AnyResult:
    """Return the Result that a plugin printed, in its own version, or the configuration's without one.

    Raises CniError, 6 for what is not one JSON object.
    """
    try:
        members = decode_object(stdout)
    except CniError as error:
        raise error.within("failed to unmarshal raw result: ") from None
    version = members.pop("cniVersion", "")
    if not (isinstance(version, str) and version):
        version = config_version or OLDEST
    return parse(version, {**members, "cniVersion": version})


def convert(result: AnyResult, version: str) -> AnyResult:
    """Return a Result in another version; the same object when it has that version already.

    A new one shares nothing with the old one that a plugin could change.  Raises CniError 1 for an
    unknown version, 999 when 0.1.0 or 0.2.0 is wanted of a Result without addresses.
    """
    version = version or OLDEST
    if result.cni_version == version:
        return result
    if version in FAMILY_020:
        if isinstance(result, legacy_result.Result020):
            return legacy_result.relabelled(result, version)
        return legacy_result.narrowed(_as_040(result, version), version)
    if version in FAMILY_040:
        return _as_040(result, version)
    if version in FAMILY_100:
        return _as_100(result, version)
    raise CniError(
        INCOMPATIBLE_VERSION, f"no converter for CNI result version {result.cni_version} to {version}"
    )


def current(result: AnyResult) -> Result:
    """Return a copy of a Result of any version as the model that plugins work on, with cniVersion 1.1.0."""
    return _as_100(result, CURRENT)


def encode(result: AnyResult) -> str:
    """Return a Result as the Go library prints it: indented by four, no newline at the end."""
    return encode_json(result.members(), indent=4)


def _read(family: tuple[str, ...], version: str, document: Document) -> AnyResult:
    if family is FAMILY_100:
        return Result.read(version, document)
    kind = legacy_result.Result040 if family is FAMILY_040 else legacy_result.Result020
    return kind.read(version, document)


def _as_040(result: AnyResult, version: str) -> Result040:
    if isinstance(result, legacy_result.Result020):
        return legacy_result.widened(result, version)
    if isinstance(result, legacy_result.Result040):
        ips = [one.replace() for one in result.ips]
    else:
        ips = [
            legacy_result.VersionedIP(one.address, one.gateway, one.interface, str(one.address.version))
            for one in result.ips
        ]
    return legacy_result.Result040(
        version,
        [Interface(one.name, one.mac, sandbox=one.sandbox) for one in result.interfaces],
        ips,
        [one.replace() for one in result.routes],
        result.dns.replace(),
    )


def _as_100(result: AnyResult, version: str) -> Result:
    if not isinstance(result, Result) and isinstance(result, legacy_result.Result020):
        result = legacy_result.widened(result, version)
    return Result(
        version,
        [one.replace() for one in result.interfaces],
        [IPConfig(one.address, one.gateway, one.interface) for one in result.ips],
        [one.replace() for one in result.routes],
        result.dns.replace(),
    )


def _interface_members(interface: Interface) -> dict[str, Json]:
    stated: dict[str, Json] = {"mac": interface.mac, "mtu": interface.mtu, "name": interface.name}
    stated |= {"pciID": interface.pci_id, "sandbox": interface.sandbox, "socketPath": interface.socket_path}
    return {name: value for name, value in stated.items() if value or name == "name"}


def _ip_members(ip: IPConfig) -> dict[str, Json]:
    stated: dict[str, Json] = {"address": str(ip.address)}
    if ip.gateway is not None:
        stated["gateway"] = str(ip.gateway)
    if ip.interface is not None:
        stated["interface"] = ip.interface
    return stated


def _sorted(members: dict[str, Json]) -> dict[str, Json]:
    return dict(sorted(members.items()))
