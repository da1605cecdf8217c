"""loopback: sets a container's `lo` up.

Runtimes call it for every pod before the network proper.  It ignores CNI_IFNAME and makes
nothing; DEL sets `lo` down again where the namespace still exists.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin.config import NetworkConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import Interface, IPConfig, Result, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import AnyResult

NAME = "lo"


class LoopbackConfig(NetworkConfig):
    """loopback has no keys of its own."""


def add(request: Request) -> AnyResult:
    LoopbackConfig(request.document)
    given = request.given_result()
    with Rtnl(request.netns) as inside:
        link = inside.link(NAME)
        inside.set_up(link)
        if not link.up:
            request.undo.push(_set_down, request.netns)
        addresses = [one.prefix for one in inside.addresses(link)]
    for prefix in addresses:
        if not prefix.address.is_loopback:
            raise CniError(
                INTERNAL,
                f'loopback interface found with non-loopback address "{prefix.address}"',
                f"remove it from {NAME} in {request.netns}",
            )
    if given is not None:
        return given
    first = {prefix.version: prefix for prefix in reversed(addresses)}
    return Result(
        interfaces=[Interface(NAME, mac="00:00:00:00:00:00", sandbox=request.netns)],
        ips=[IPConfig(first[version], interface=0) for version in sorted(first)],
    )


def delete(request: Request) -> None:
    if request.netns:
        _set_down(request.netns)


def declare(request: Request) -> list[Expectation]:
    given = request.given_result()
    known = [] if given is None else [ip.address for ip in current(given).ips]
    return [
        Expectation(request.netns, entities.link(NAME, up=True)),
        *(
            Expectation(request.netns, entities.address(NAME, one))
            for one in known
            if one.address.is_loopback
        ),
    ]


def _set_down(netns: str) -> None:
    with Rtnl(netns) as inside:
        inside.set_down(inside.link(NAME))


PLUGIN = Plugin("loopback", LoopbackConfig, add=add, delete=delete, declare=declare)
