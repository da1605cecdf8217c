"""flannel: what flanneld says of the node's lease, in `subnet.env`."""

from __future__ import annotations

from cnictl import durable
from cnictl.spec.address import Prefix
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import TRY_AGAIN_LATER, CniError
from cnictl.spec.quote import go_quote
from cnictl.spec.value import Value

SUBNET_FILE = "/run/flannel/subnet.env"

_MAX_MTU = (1 << 32) - 1


class Lease(Value):
    """A node's part of the overlay: the networks of all nodes, its own subnets, what fits into a packet.

    `subnets` holds one a family, IPv4 first.  `masquerades` says that flanneld does it.  `mtu` in bytes.
    """

    __slots__ = ("networks", "subnets", "mtu", "masquerades")

    def __init__(self, networks: list[Prefix], subnets: list[Prefix], mtu: int, *, masquerades: bool) -> None:
        self.networks = networks
        self.subnets = subnets
        self.mtu = mtu
        self.masquerades = masquerades


def read(path: str, code: int = TRY_AGAIN_LATER) -> Lease:
    """Return the node's lease; raises CniError with a code when flanneld has not written all of it."""
    try:
        return _lease(path, _values(path))
    except ValueError as error:
        raise CniError(
            code,
            f"failed to load flannel 'subnet.env' file: {error}. Check the flannel pod log for this node.",
            f"flanneld writes {path} when it has a lease; subnetFile names the file",
        ) from None


def _values(path: str) -> dict[str, str]:
    try:
        data = durable.read(path)
    except OSError as error:
        raise ValueError(f"open {path}: {errno_text(error.errno or 0)}") from None
    if data is None:
        raise ValueError(f"open {path}: no such file or directory")
    values = {}
    for line in data.decode(errors="replace").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            values[name] = value
        elif name.startswith("FLANNEL_"):
            raise ValueError(f"{path}: {name} has no value")
    return values


def _lease(path: str, values: dict[str, str]) -> Lease:
    groups = {
        "FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK": ("FLANNEL_NETWORK", "FLANNEL_IPV6_NETWORK"),
        "FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET": ("FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET"),
        "FLANNEL_MTU": ("FLANNEL_MTU",),
        "FLANNEL_IPMASQ": ("FLANNEL_IPMASQ",),
    }
    networks = _prefixes(path, values, *groups["FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK"])
    subnets = _prefixes(path, values, *groups["FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET"])
    mtu = values.get("FLANNEL_MTU", "")
    if mtu and not (mtu.isascii() and mtu.isdigit() and int(mtu) <= _MAX_MTU):
        raise ValueError(f"{path}: FLANNEL_MTU is {go_quote(mtu)}, not a number of bytes")
    missing = [words for words, names in groups.items() if not any(name in values for name in names)]
    if missing:
        raise ValueError(f"{path} is missing {', '.join(missing)}")
    return Lease(networks, subnets, int(mtu or 0), masquerades=values["FLANNEL_IPMASQ"] == "true")


def _prefixes(path: str, values: dict[str, str], *names: str) -> list[Prefix]:
    """Return the networks of some keys, each once."""
    found: dict[Prefix, None] = {}
    for name in names:
        for text in values[name].split(",") if name in values else ():
            try:
                found[Prefix.parse(text).network] = None
            except ValueError as error:
                raise ValueError(f"{path}: {name}: {error}") from None
    return list(found)
