"""static: assigns the addresses that the configuration, or the runtime, names.

Nothing is kept and nobody is asked, so two containers can be given the same address.  Addresses
come from `ipam.addresses` and, added to them, from `IP` in CNI_ARGS; `args.cni.ips` takes the place
of both, and the capability `ips` that of all others.
"""

from __future__ import annotations

from cnictl.ipam import families
from cnictl.plugin.config import IPAMSection, NetworkConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.address import Address, Prefix
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INTERNAL, INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import (
    Config,
    address,
    dns,
    nested,
    nested_list,
    optional_nested,
    routes,
    string,
    strings,
)
from cnictl.spec.result import DNS, IPConfig, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.plugin.request import Request


class AddressConfig(Config):
    """An address to assign."""

    cidr = string("address", required=True, format="cidr", text="the address with its prefix length")
    gateway = address("gateway", text="the gateway of its network")


class StaticSection(IPAMSection):
    """`ipam` as static reads it."""

    addresses = nested_list("addresses", AddressConfig, text="the addresses to assign")
    routes = routes("routes", text="routes for the Result")
    dns = dns("dns", text="resolver settings for the Result")


class StaticCNIArguments(Config):
    """`args.cni` as static reads it."""

    ips = strings("ips", text="addresses with prefix lengths, in place of those in `ipam` and CNI_ARGS")


class StaticArguments(Config):
    """`args` as static reads it."""

    cni = nested("cni", StaticCNIArguments, text="per-container settings")


class StaticRuntimeConfig(Config):
    """`runtimeConfig` as static reads it."""

    ips = strings("ips", text="addresses with prefix lengths, in place of all others (capability `ips`)")


class StaticConfig(NetworkConfig):
    """Keys of static."""

    ipam = optional_nested("ipam", StaticSection, text="settings of static")
    args = nested("args", StaticArguments, text="settings from the runtime, by convention")
    runtime_config = nested(
        "runtimeConfig", StaticRuntimeConfig, text="settings from the runtime, by capability"
    )

    @property
    def section(self) -> StaticSection:
        """The `ipam` object; raises CniError when there is none."""
        if self.ipam is None:
            raise _invalid("IPAM config missing 'ipam' key")
        return self.ipam

    def validate(self, request: Request) -> None:
        _addresses(request, self)


def add(request: Request) -> Result:
    config = StaticConfig(request.document)
    ips = _addresses(request, config)
    return Result(ips=ips, routes=list(config.section.routes), dns=config.section.dns or DNS())


def delete(_request: Request) -> None:
    pass


def declare(request: Request) -> list[Expectation]:
    """Raise CniError where prevResult is not what ADD gave; on the node there is nothing to look at."""
    wanted = _addresses(request, StaticConfig(request.document))
    given = {ip.address.address: ip for ip in reversed(request.previous().ips)}
    for one in wanted:
        found = given.get(one.address.address)
        if found is None:
            raise CniError(INTERNAL, f"static: prevResult has no address {one.address}", _difference(request))
        if found.address != one.address:
            text = f"static: prevResult has address {found.address}, not {one.address}"
            raise CniError(INTERNAL, text, _difference(request))
        if one.gateway is not None and found.gateway != one.gateway:
            raise CniError(
                INTERNAL,
                f"static: Failed to match addr {one.address.address} on interface {request.ifname}",
                f"prevResult has gateway {found.gateway or 'none'}, not {one.gateway}",
            )
    return []


def status(request: Request) -> None:
    _addresses(request, StaticConfig(request.document))


def _addresses(request: Request, config: StaticConfig) -> list[IPConfig]:
    """Return the addresses to assign; raises CniError in the order and the words of the Go plugin."""
    configured = config.section.addresses
    arguments = _arguments(request)
    by_args = _overriding(config.args.cni.ips)
    by_runtime = _overriding(config.runtime_config.ips)
    if by_runtime or by_args:
        chosen = by_runtime or by_args
    else:
        chosen = [IPConfig(_parsed(one.cidr, "address"), one.gateway) for one in configured] + arguments
    families.check(request.document.string("cniVersion"), [one.address.version for one in chosen])
    return chosen


def _arguments(request: Request) -> list[IPConfig]:
    """Return the addresses of CNI_ARGS, each with the last gateway there that is in its network."""
    given = parse_args(request.args, {"IP", "GATEWAY"})
    texts = [text.strip() for text in given["IP"].split(",")] if given.get("IP") else []
    addresses = [IPConfig(_parsed(text, "ip", INVALID_ENVIRONMENT)) for text in texts]
    for text in given["GATEWAY"].split(",") if given.get("GATEWAY") else []:
        try:
            gateway = Address.parse(text.strip())
        except ValueError:
            raise CniError(INVALID_ENVIRONMENT, f"invalid gateway address: {text}", "in CNI_ARGS") from None
        for one in addresses:
            if one.address.contains(gateway):
                one.gateway = gateway
    return addresses


def _overriding(texts: list[str]) -> list[IPConfig]:
    found = []
    for text in texts:
        try:
            found.append(IPConfig(Prefix.parse(text)))
        except ValueError:
            raise _invalid(f"an entry in the 'ips' field is NOT in CIDR notation, got: '{text}'") from None
    return found


def _parsed(text: str, field: str, code: int = INVALID_NETWORK_CONFIG) -> Prefix:
    try:
        return Prefix.parse(text)
    except ValueError:
        raise CniError(
            code,
            f"the '{field}' field is expected to be in CIDR notation, got: '{text}'",
            "write the prefix length behind it, as in 10.10.0.1/24",
        ) from None


def _difference(request: Request) -> str:
    return f"the configuration of {request.network} has changed since {request.ifname} was added"


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)


PLUGIN = Plugin("static", StaticConfig, add=add, delete=delete, declare=declare, status=status)
