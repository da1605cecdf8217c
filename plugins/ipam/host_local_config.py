"""host-local: its configuration keys, and the range sets and requested addresses that they mean."""

from __future__ import annotations

from cnictl.ipam import families, store
from cnictl.ipam.ranges import Range, RangeSet
from cnictl.plugin.config import IPAMSection, NetworkConfig
from cnictl.spec.address import Address, Prefix
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import (
    Config,
    address,
    nested,
    nested_lists,
    optional_nested,
    prefix,
    routes,
    string,
    strings,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request


class RangeConfig(Config):
    """A range of addresses."""

    subnet = prefix("subnet", required=True, text="the network, without host bits; at most /30 or /126")
    range_start = address("rangeStart", text="first address to give away; by default the subnet's second")
    range_end = address(
        "rangeEnd",
        text="last address to give away; by default the subnet's last, IPv4's broadcast address aside",
    )
    gateway = address(
        "gateway", text="the containers' gateway, not given away; by default the subnet's second address"
    )

    def range(self) -> Range:
        """Return the range, its defaults filled in; raises CniError for one that cannot be."""
        subnet = self.subnet
        if subnet is None:
            raise _invalid("IP <nil> not v4 nor v6", f'add "subnet" to {self.document.path}')
        bits = subnet.address.bits
        if subnet.length > bits - 2:
            raise _invalid(f"Network {subnet} too small to allocate from", f"/{bits - 2} is the smallest")
        if subnet.version == 4 and ":" in self.document.string("subnet"):
            raise _invalid("IPNet IP and Mask version mismatch", f"write it as {subnet}")
        if subnet.address != subnet.network_address:
            raise _invalid(
                "Network has host bits set. For a subnet mask of length"
                f" {subnet.length} the network address is {subnet.network_address}"
            )
        start, end = self.range_start, self.range_end
        if start is not None and not (
            subnet.contains(start) and (end is None or end.version != start.version or start <= end)
        ):
            raise _invalid(f"RangeStart {start} not in network {subnet}", _order(start, end))
        start = start or subnet.network_address + 1
        if end is not None and not (subnet.contains(end) and start <= end):
            raise _invalid(f"RangeEnd {end} not in network {subnet}", _order(start, end))
        end = end or (subnet.last_address - 1 if subnet.version == 4 else subnet.last_address)
        return Range(subnet, start, end, self.gateway or subnet.network_address + 1)


class StoreSection(IPAMSection):
    """What it takes to find the reservations, and so to release them."""

    data_dir = string(
        "dataDir", text=f"where reservations are kept, in a directory a network; {store.DATA_DIR} if empty"
    )


class HostLocalSection(StoreSection, RangeConfig):
    """`ipam` as host-local reads it; a range that stands here directly is a set of its own."""

    subnet = prefix("subnet", text="the network of such a range, before those of `ranges`")
    ranges = nested_lists(
        "ranges", RangeConfig, text="sets of ranges; a container gets one address of each set"
    )
    routes = routes("routes", text="routes for the Result")
    resolv_conf = string(
        "resolvConf", text="file in the format of resolv.conf(5) with the Result's resolver settings"
    )


class HostLocalCNIArguments(Config):
    """`args.cni` as host-local reads it."""

    ips = strings("ips", text="addresses wanted; a prefix length is ignored")


class HostLocalArguments(Config):
    """`args` as host-local reads it."""

    cni = nested("cni", HostLocalCNIArguments, text="per-container settings")


class HostLocalRuntimeConfig(Config):
    """`runtimeConfig` as host-local reads it."""

    ip_ranges = nested_lists(
        "ipRanges", RangeConfig, text="sets of ranges, before those of `ipam` (capability `ipRanges`)"
    )
    ips = strings("ips", text="addresses wanted; a prefix length is ignored (capability `ips`)")


class StoreConfig(NetworkConfig):
    """As much of the configuration as releasing needs: invalid ranges must not keep addresses taken."""

    ipam = optional_nested("ipam", StoreSection, text="settings of host-local")

    @property
    def directory(self) -> str:
        """Where the reservations of this network are; raises CniError without `ipam`."""
        if self.ipam is None:
            raise _invalid("IPAM config missing 'ipam' key")
        data_dir = self.ipam.data_dir or store.DATA_DIR
        if "\0" in data_dir:
            raise _invalid("ipam.dataDir has a NUL character in it")
        return f"{data_dir.rstrip('/')}/{self.name}"


class HostLocalConfig(StoreConfig):
    """Keys of host-local."""

    ipam = optional_nested("ipam", HostLocalSection, text="settings of host-local")
    args = nested("args", HostLocalArguments, text="settings from the runtime, by convention")
    runtime_config = nested(
        "runtimeConfig", HostLocalRuntimeConfig, text="settings from the runtime, by capability"
    )

    def validate(self, request: Request) -> None:
        if self.ipam is None or self.ipam.subnet is not None or self.ipam.ranges or not self._is_given_ranges:
            Wanted(request)

    @property
    def _is_given_ranges(self) -> bool:
        """Whether the runtime is asked for ranges."""
        capabilities = self.document.object("capabilities")
        return capabilities is not None and capabilities.members.get("ipRanges") is True


class Wanted:
    """What is asked for: where reservations are kept, the range sets, and single addresses.

    Reading it raises CniError for what makes no sense, in the order and the words of the Go plugin.
    """

    __slots__ = ("config", "directory", "requested", "sets")

    def __init__(self, request: Request) -> None:
        self.config = config = HostLocalConfig(request.document)
        configured = [_requested(one) for one in (*config.args.cni.ips, *config.runtime_config.ips)]
        self.directory = config.directory
        argument = parse_args(request.args, {"IP"}).get("IP", "")
        self.requested = ([_argument(argument)] if argument else []) + [
            _understood(one) for one in configured
        ]
        self.sets = _sets(config)
        _check_sets(self.sets, request.document.string("cniVersion"))

    @property
    def section(self) -> HostLocalSection:
        """The `ipam` object, which is there."""
        assert self.config.ipam is not None
        return self.config.ipam

    def assigned(self) -> list[Address | None]:
        """Return for each set the first requested address in it; raises CniError when one is left."""
        left = list(dict.fromkeys(self.requested))
        assigned: list[Address | None] = []
        for one in self.sets:
            found = next((address for address in left if one.find(address) is not None), None)
            assigned.append(found)
            if found is not None:
                left.remove(found)
        if left:
            raise _invalid(
                f"failed to allocate all requested IPs: {' '.join(map(str, left))}",
                f"a container gets one address of each range set: {' and '.join(map(str, self.sets))}",
            )
        return assigned


def _sets(config: HostLocalConfig) -> list[RangeSet]:
    """Return the range sets in their order, by which `last_reserved_ip` is numbered."""
    assert config.ipam is not None
    configured: list[list[RangeConfig]] = [*config.runtime_config.ip_ranges]
    if config.ipam.subnet is not None:
        configured.append([config.ipam])
    configured += config.ipam.ranges
    if not configured:
        raise _invalid("no IP ranges specified", 'add "ranges" or "subnet" to ipam')
    sets = []
    for i, row in enumerate(configured):
        try:
            sets.append(_set(row))
        except CniError as error:
            raise _invalid(f"invalid range set {i}: {error.msg}", error.details) from None
    return sets


def _set(row: list[RangeConfig]) -> RangeSet:
    if not row:
        raise _invalid("empty range set", "take it out, or put a range into it")
    ranges: list[Range] = []
    for one in row:
        ranges.append(one.range())
        if ranges[0].version != ranges[-1].version:
            raise _invalid(
                "mixed address families",
                f"{ranges[0].subnet} and {ranges[-1].subnet}; for an address of each family use two sets",
            )
    for i, one_range in enumerate(ranges):
        for other in ranges[i + 1 :]:
            if one_range.overlaps(other):
                raise _invalid(f"subnets {one_range} and {other} overlap")
    return RangeSet(ranges)


def _check_sets(sets: list[RangeSet], version: str) -> None:
    families.check(version, [one.version for one in sets])
    for i, one in enumerate(sets):
        for j, other in enumerate(sets[i + 1 :], i + 1):
            if one.overlaps(other):
                raise _invalid(f"range set {i} overlaps with {j}", f"{one} and {other}")


def _requested(text: str) -> Address | None:
    if not text:
        return None
    try:
        return (Prefix.parse(text).address) if "/" in text else Address.parse(text)
    except ValueError:
        raise _invalid(f"invalid IP address {text}", "in the addresses that are wanted") from None


def _understood(address_wanted: Address | None) -> Address:
    if address_wanted is None:
        raise _invalid(
            "cannot understand ip: IP <nil> not v4 nor v6", "an empty text among the addresses wanted"
        )
    return address_wanted


def _argument(text: str) -> Address:
    try:
        return _understood(_requested(text))
    except CniError as error:
        raise CniError(
            INVALID_ENVIRONMENT, f'ARGS: error parsing value of pair "IP={text}": {error.msg}', "in CNI_ARGS"
        ) from None


def _order(start: Address, end: Address | None) -> str:
    return f"rangeStart {start} is behind rangeEnd {end}" if end is not None and end < start else ""


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
