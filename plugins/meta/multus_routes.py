"""multus: which of a pod's interfaces has its default routes, where the pod says so.

A network that is asked for with `default-route` gets them, through the gateways that are given or,
with an empty list, as its plugin made them.  The others lose theirs, in the kernel and in the Result
that CHECK will go by.
"""

from __future__ import annotations

from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.result import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.spec.address import Address
    from cnictl.spec.result import Result

    from .multus_delegate import Delegate

    Made = tuple[Delegate, str, Result]
    """A network, the name of its interface, and the Result of its ADD, which is changed here."""


def check(delegates: list[Delegate]) -> None:
    """Raise CniError 7 when more than one gateway of a family is asked for."""
    for version in (4, 6):
        if len([one for delegate in delegates for one in _gateways(delegate, version)]) > 1:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                "multus does not support ECMP for default-route",
                f"one gateway of IPv{version} in all annotations together",
            )


def settle(netns: str, made: list[Made]) -> list[int]:
    """Give the default routes to whoever is to have them; return the numbers of the Results that changed."""
    changed: set[int] = set()
    for version in (4, 6):
        owner = _owner(made, version)
        if owner is None:
            continue
        others = {i: one for i, one in enumerate(made) if one[0] is not owner or _gateways(owner, version)}
        try:
            with Rtnl(netns) as inside:
                for delegate, ifname, _ in others.values():
                    _drop(inside, inside.link(ifname), version, _gateways(delegate, version))
                for delegate, ifname, _ in others.values():
                    for gateway in _gateways(delegate, version):
                        _add(inside, inside.link(ifname), gateway)
        except NetlinkError as error:
            text = f"failed to move the default route of IPv{version}: {error.reason}"
            raise CniError(INTERNAL, text, str(error)) from None
        for index, (delegate, _, result) in others.items():
            kept = [route for route in result.routes if not _is_default(route.dst, version)]
            wanted = [Route(Prefix.default(version), gateway) for gateway in _gateways(delegate, version)]
            if kept + wanted != result.routes:
                result.routes[:] = kept + wanted
                changed.add(index)
    return sorted(changed)


def _owner(made: list[Made], version: int) -> Delegate | None:
    """Return the network that is to have the default route of a family; None where nothing is asked."""
    for delegate, _, _ in made:
        if _gateways(delegate, version):
            return delegate
    for delegate, _, result in made:
        has_one = any(_is_default(route.dst, version) for route in result.routes)
        if delegate.wanted.gateways == [] and has_one:
            return delegate
    return None


def _gateways(delegate: Delegate, version: int) -> list[Address]:
    return [one for one in delegate.wanted.gateways or () if one.version == version]


def _is_default(destination: Prefix, version: int) -> bool:
    return destination.is_default and destination.version == version


def _drop(inside: Rtnl, link: Link, version: int, kept: list[Address]) -> None:
    for route in inside.routes(link=link):
        if _is_default(route.dst, version) and route.gateway not in kept:
            inside.delete_route(route.dst, link=link, gateway=route.gateway)


def _add(inside: Rtnl, link: Link, gateway: Address) -> None:
    try:
        inside.add_route(Prefix.default(gateway.version), link=link, gateway=gateway)
    except NetlinkError as error:
        if error.reason != "file exists":
            raise
