"""vxlan: the other nodes, as the configuration and the files in a directory describe them."""

from __future__ import annotations

import errno
import os
import stat

from cnictl.spec.document import Document, decode_object
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, TRY_AGAIN_LATER, CniError
from cnictl.spec.keys import Config, address, optional_integer, prefixes, string
from cnictl.spec.mac import format_mac, parse_mac
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnictl.spec.address import Address, Prefix

    from .vxlan_config import VxlanConfig

LONGEST = 1 << 16
"""Bytes of a file; more than that describes no node."""


class RemoteConfig(Config):
    """Another node: an entry of `remotes`, or the object in a file of `remotesDir`."""

    vtep = address("vtep", required=True, text="address in the underlay that the node sends from")
    vtep_mac = string(
        "vtepMAC",
        format="mac",
        text="MAC address of its VXLAN interface; when absent the one that cnictl derives there",
    )
    pod_cidrs = prefixes("podCIDRs", text="networks of its pods; needed in mode routed")
    vni = optional_integer("vni", text="when it is there it must be the network's")
    port = optional_integer("port", text="when it is there it must be the network's")


class Remote(Value):
    """Another node: the address and the MAC address of its tunnel's end, and the networks of its pods.

    `source` is the file or the place in the configuration that says so.
    """

    __slots__ = ("vtep", "mac", "pod_cidrs", "source")

    def __init__(self, vtep: Address, mac: str, pod_cidrs: tuple[Prefix, ...], source: str = "") -> None:
        self.vtep = vtep
        self.mac = mac
        self.pod_cidrs = pod_cidrs
        self.source = source


class Remotes(Value):
    """All other nodes that make sense, and what is wrong with the rest, each led by its source."""

    __slots__ = ("known", "problems")

    def __init__(self, known: Sequence[Remote] = (), problems: Sequence[str] = ()) -> None:
        self.known = list(known)
        self.problems = list(problems)


def read(config: VxlanConfig, local: Address) -> Remotes:
    """Return the other nodes; the one that sends from `local` is this one, and left out.

    A file that cannot be used is a problem of the node that it is about, not of the others.
    Raises CniError 11 when the directory itself cannot be read: nothing is known then.
    """
    remotes = Remotes()
    taken: dict[str, str] = {}
    for source, described in _described(config):
        try:
            if isinstance(described, CniError):
                raise described
            remote = parse(described, config, local.version, source)
            if remote.vtep == local:
                continue
            if config.is_routed:
                _refuse_own(remote, config, local)
            _refuse_taken(remote, remote.pod_cidrs if config.is_routed else (), taken)
        except CniError as error:
            remotes.problems.append(f"{source}: {error}")
        else:
            remotes.known.append(remote)
    return remotes


def parse(described: RemoteConfig, config: VxlanConfig, version: int = 0, source: str = "") -> Remote:
    """Return what a description says; raises CniError 7 for one that cannot be used in the network.

    `version` is the family of the underlay, 0 when it is not known.
    """
    where = described.document.path
    vtep = described.vtep
    if vtep is None:
        raise _invalid("it has no address of the node", f'add "vtep"{f" to {where}" if where else ""}')
    versions = (version,) if version else config.versions()
    if vtep.version not in versions or vtep.is_multicast or vtep.is_unspecified:
        kinds = " or ".join(f"IPv{one}" for one in versions)
        raise _invalid(f"{vtep} is no {kinds} address of a node", 'the underlay is of that family; "vtep"')
    for key, said, ours in (("vni", described.vni, config.vni), ("port", described.port, config.port)):
        if said is not None and said != ours:
            raise _invalid(f"it is about {key} {said}, not {ours}", "it belongs to another network")
    if described.vtep_mac:
        check_mac(described.vtep_mac, 'in "vtepMAC"')
    for prefix in described.pod_cidrs:
        if prefix.address != prefix.network_address:
            raise _invalid(f"{prefix} has host bits set", f'write {prefix.network} in "podCIDRs"')
    if config.is_routed and not described.pod_cidrs:
        raise _invalid("it does not say which networks the pods of the node are in", 'add "podCIDRs"')
    mac = format_mac(parse_mac(described.vtep_mac)) if described.vtep_mac else config.mac_of(vtep)
    return Remote(vtep, mac, tuple(described.pod_cidrs), source or where)


def check_mac(text: str, where: str) -> None:
    """Raise CniError 7 for a MAC address that no interface can have."""
    try:
        octets = parse_mac(text)
    except ValueError as error:
        raise _invalid(str(error), where) from None
    if len(octets) != 6 or octets[0] & 1 or not any(octets):
        raise _invalid(f"address {text}: not the MAC address of one station", where)


def _described(config: VxlanConfig) -> Iterator[tuple[str, RemoteConfig | CniError]]:
    for one in config.remotes:
        yield one.document.path, one
    for path in _paths(config.remotes_dir):
        try:
            data = _content(path)
            if data is not None:
                yield path, RemoteConfig(Document(decode_object(data)))
        except CniError as error:
            yield path, error


def _paths(directory: str) -> list[str]:
    if not directory:
        return []
    try:
        names = os.listdir(directory)
    except OSError as error:
        raise CniError(
            TRY_AGAIN_LATER,
            f"cannot read the directory of remotes {directory}: {errno_text(error.errno or 0)}",
            "it is for whatever spreads the files of the other nodes; without it nothing is known of them",
        ) from None
    # Others are files in the making: a writer renames them when they are whole.
    return [f"{directory}/{name}" for name in sorted(names) if name.endswith(".json") and name[0] != "."]


def _content(path: str) -> bytes | None:
    """Return what is in a file, None when it has just vanished; raises CniError.

    Symbolic links are followed: a volume of Kubernetes consists of them.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _invalid("it is not a regular file")
            data = os.read(descriptor, LONGEST + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise _invalid(f"it cannot be read: {errno_text(error.errno or 0)}") from None
    if len(data) > LONGEST:
        raise _invalid(f"it has more than {LONGEST} bytes")
    return data


def _refuse_own(remote: Remote, config: VxlanConfig, local: Address) -> None:
    """Raise CniError for networks that would take this node's own packets, or its pods' packets, away."""
    for prefix in remote.pod_cidrs:
        if prefix.contains(local):
            raise _invalid(f"its pods' network {prefix} has this node's own address {local} in it")
        for own in config.networks():
            if prefix.overlaps(own):
                raise _invalid(f"its pods' network {prefix} overlaps with {own}, which is this node's own")


def _refuse_taken(remote: Remote, networks: Iterable[Prefix], taken: dict[str, str]) -> None:
    """Raise CniError when another node, whose description came first, has something of the same."""
    claims = [f"address {remote.vtep}", f"MAC address {remote.mac}", *map(str, networks)]
    for claim in claims:
        if claim in taken:
            raise _invalid(f"{claim} is that of another node", f"{taken[claim]} says so")
    taken.update(dict.fromkeys(claims, remote.source))


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
