"""The Result of ADD as spec 1.0.0 and 1.1.0 have it, which is the model that plugins work on.

Older forms are in `cnictl.spec.legacy_result`; `parse`, `convert` and `encode` serve all.
"""

from __future__ import annotations

from cnictl.spec.document import Document, decode
from cnictl.spec.document import encode as encode_json
from cnictl.spec.errors import DECODING_FAILURE, INTERNAL, CniError
from cnictl.spec.legacy_result import (
    VERSIONS_020,
    VERSIONS_040,
    Result020,
    Result040,
    VersionedIP,
    narrowed,
    widened,
)
from cnictl.spec.result_parts import DNS, Interface, IPConfig, Route, of_list
from cnictl.spec.value import Value
from cnictl.spec.versions import CURRENT, OLDEST, SUPPORTED, decode_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from cnictl.spec.document import Json

    AnyResult: TypeAlias = "Result | Result040 | Result020"

__all__ = ["DNS", "IPConfig", "Interface", "Result", "Result020", "Result040", "Route"]

VERSIONS_100 = ("1.0.0", "1.1.0")
_FAMILIES = (VERSIONS_020, VERSIONS_040, VERSIONS_100)


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
        self.interfaces = interfaces or []
        self.ips = ips or []
        self.routes = routes or []
        self.dns = dns or DNS()

    @classmethod
    def read(cls, version: str, document: Document) -> Result:
        """Return the Result that a JSON object describes; raises CniError."""
        return cls(
            version,
            [Interface.read(one) for one in of_list(document, "interfaces")],
            [IPConfig.read(one) for one in of_list(document, "ips")],
            [Route.read(one) for one in of_list(document, "routes")],
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
    family, 6 and 7 for what is wrong inside.
    """
    version = version or OLDEST
    family = next((one for one in _FAMILIES if version in one), None)
    if family is None:
        raise CniError(
            DECODING_FAILURE,
            f'unsupported CNI result version "{version}"',
            f"known are {' '.join(SUPPORTED)}",
        )
    document = Document(dict(members))
    stated = document.string("cniVersion")
    if family is VERSIONS_020 and not stated:
        stated = OLDEST
    if stated not in family:
        listed = " ".join(("", *family) if family is VERSIONS_020 else family)
        raise CniError(
            DECODING_FAILURE, f'result type supports [{listed}] but unmarshalled CNIVersion is "{stated}"'
        )
    if family is VERSIONS_020:
        return Result020.read(stated, document)
    if family is VERSIONS_040:
        return Result040.read(stated, document)
    return Result.read(stated, document)


def parse_any(members: Mapping[str, Json]) -> AnyResult:
    """Return the Result in a JSON object in the version that it states, 0.1.0 when it states none."""
    return parse(decode_version(Document(dict(members))), members)


def parse_previous(config_version: str, members: Mapping[str, Json]) -> AnyResult:
    """Return a configuration's prevResult; without a version of its own it has the configuration's.

    Raises CniError when it is of another family of versions.
    """
    document = Document(dict(members))
    filled = (
        dict(members) if document.get("cniVersion") is not None else {**members, "cniVersion": config_version}
    )
    try:
        return parse(config_version, filled)
    except CniError as error:
        raise CniError(error.code, f"could not parse prevResult: {error.msg}", error.details) from None


def parse_output(config_version: str, stdout: bytes) -> AnyResult:
    """Return the Result that a plugin printed; without a version it has the configuration's.

    Raises CniError 6 for what is not one JSON object.
    """
    try:
        members = decode(stdout)
    except CniError as error:
        raise CniError(
            DECODING_FAILURE, f"failed to unmarshal raw result: {error.msg}", error.details
        ) from None
    if members is None:
        members = {}
    if not isinstance(members, dict):
        raise CniError(DECODING_FAILURE, "failed to unmarshal raw result: it is not a JSON object")
    version = members.get("cniVersion")
    if not (isinstance(version, str) and version):
        version = config_version or OLDEST
        members = {**members, "cniVersion": version}
    return parse(version, members)


def convert(result: AnyResult, version: str) -> AnyResult:
    """Return a Result in another version; the same object when it has that version already.

    Raises CniError for a version without a converter, and when 0.1.0 or 0.2.0 is wanted of a Result
    without addresses.
    """
    version = version or OLDEST
    if result.cni_version == version:
        return result
    if version not in SUPPORTED:
        raise CniError(INTERNAL, f"no converter for CNI result version {result.cni_version} to {version}")
    if version in VERSIONS_020:
        if isinstance(result, Result020):
            return result.replace(cni_version=version)
        return narrowed(_as_040(result, version), version)
    if version in VERSIONS_040:
        return _as_040(result, version)
    return _as_100(result, version)


def current(result: AnyResult) -> Result:
    """Return a Result of any version as the model that plugins work on, with cniVersion 1.1.0."""
    return _as_100(result, CURRENT)


def encode(result: AnyResult) -> str:
    """Return a Result as the Go library prints it: indented by four, no newline at the end."""
    return encode_json(result.members(), indent=4)


def _as_040(result: AnyResult, version: str) -> Result040:
    if isinstance(result, Result020):
        return widened(result, version)
    if isinstance(result, Result040):
        return result.replace(cni_version=version)
    return Result040(
        version,
        [Interface(one.name, one.mac, sandbox=one.sandbox) for one in result.interfaces],
        [
            VersionedIP(one.address, one.gateway, one.interface, str(one.address.version))
            for one in result.ips
        ],
        list(result.routes),
        result.dns,
    )


def _as_100(result: AnyResult, version: str) -> Result:
    if isinstance(result, Result):
        return result.replace(cni_version=version)
    if isinstance(result, Result020):
        result = widened(result, version)
    return Result(
        version,
        list(result.interfaces),
        [IPConfig(one.address, one.gateway, one.interface) for one in result.ips],
        list(result.routes),
        result.dns,
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
