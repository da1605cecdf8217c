"""vrf: puts the container's interface into a VRF, a routing table of its own inside the container.

Interfaces in different VRFs see nothing of one another's routes, so that their networks may have
the same addresses.  A VRF that is not there yet is made; further interfaces may join it.  The
interface keeps its addresses, and its routes move from the main table to that of the VRF.  A program
that is to use them must be bound to the interface or to the VRF: `ip vrf exec NAME COMMAND`,
`ping -I NAME`.

DEL takes the interface out, and removes the VRF with the last one.
"""

from __future__ import annotations

from cnictl import flock
from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin.config import NetworkConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import optional_unsigned, string

from . import vrf_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

VERSIONS = ("0.3.1", "0.4.0", "1.0.0", "1.1.0")
LARGEST_TABLE = (1 << 32) - 1
NO_RESULT = "missing prevResult from earlier plugin"


class VrfConfig(NetworkConfig):
    """Keys of vrf."""

    vrf_name = string("vrfname", required=True, format="ifname", text="name of the VRF in the container")
    table = optional_unsigned(
        "table",
        maximum=LARGEST_TABLE,
        text="routing table of the VRF; absent or 0 takes that of a VRF that is there,"
        " or else the first that no other VRF of the container has",
    )

    def validate(self, _request: Request) -> None:
        """Raise CniError for values that make no sense."""
        if not self.vrf_name:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                "configuration is expected to have a valid vrf name",
                'name the VRF in "vrfname"',
            )
        if self.table is not None and self.table > LARGEST_TABLE:
            raise self.document.mismatch("table", f"a whole number up to {LARGEST_TABLE}", self.table)


def add(request: Request) -> Result:
    config = VrfConfig(request.document)
    config.validate(request)
    result = request.previous(NO_RESULT)
    with request.inside(Rtnl) as inside:
        # The interfaces of a container may come and go at the same moment, and a VRF with the last of them.
        flock.acquire(inside.netns_fd, request.netns)
        try:
            device = vrf_device.ensure(request, inside, config.vrf_name, config.table or 0)
            vrf_device.join(request, inside, device)
        except CniError as error:
            raise error.within("cmdAdd failed: ") from None
    return result


def delete(request: Request) -> None:
    config = VrfConfig(request.document)
    if not request.netns or not config.vrf_name:
        return
    with request.inside(Rtnl) as inside:
        flock.acquire(inside.netns_fd, request.netns)
        vrf_device.leave(inside, config.vrf_name, config.table or 0, request.ifname)


def declare(request: Request) -> list[Expectation]:
    config = VrfConfig(request.document)
    config.validate(request)
    request.previous(NO_RESULT)
    device = entities.link(config.vrf_name, kind="vrf", up=True, table=config.table or None)
    port = entities.link(request.ifname, master=config.vrf_name)
    return [Expectation(request.netns, device), Expectation(request.netns, port)]


PLUGIN = Plugin("vrf", VrfConfig, add=add, delete=delete, declare=declare, versions=VERSIONS)
