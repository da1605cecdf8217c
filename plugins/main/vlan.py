"""vlan: gives the container one VLAN of a link of the node, the master.

What the container sends leaves the master with the VLAN's tag (802.1Q), and what arrives with that
tag is the container's.  On one master a VLAN belongs to one container: for several, make the VLAN
on the node and give it to bridge, macvlan or ipvlan as their link.
"""

from __future__ import annotations

from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin import interface, ipam, skel, stacked
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.stacked import StackedConfig
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CnictlError, CniError
from cnictl.spec.keys import integer, string
from cnictl.spec.result import DNS, Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

MAX_VLAN = 4094  # VLAN_N_VID - 2, linux/if_vlan.h


class VlanConfig(StackedConfig):
    """Keys of vlan; `ipam` is needed."""

    kind = "vlan"
    master = string("master", required=True, text="the link whose VLAN it is")
    vlan_id = integer(
        "vlanId", minimum=0, maximum=MAX_VLAN, text="the VLAN's number; 0 is a priority and no VLAN"
    )

    def validate(self, _request: Request) -> None:
        """Raise CniError for values that make no sense."""
        if not self.master:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                '"master" field is required. It specifies the host interface name to create the VLAN for',
            )
        if not 0 <= self.vlan_id <= MAX_VLAN:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"invalid VLAN ID {self.vlan_id} (must be between 0 and {MAX_VLAN} inclusive)",
            )
        self.check_mtu()


def add(request: Request) -> Result:
    config = VlanConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside:
        info = link_kinds.vlan(config.vlan_id)
        link = stacked.add(request, config, inside, info, master=config.master)
        try:
            result = ipam.add(request, config.ipam.type)
        except CnictlError as error:
            raise skel.as_error_object(error).within("failed to execute IPAM delegate: ") from None
        result.interfaces = [Interface(link.name, mac=link.mac, sandbox=request.netns)]
        for ip in result.ips:
            ip.interface = 0
        interface.configure(request, inside, request.ifname, result)
    result.dns = config.dns or DNS()
    return result


def delete(request: Request) -> None:
    config = VlanConfig(request.document)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        each.run(stacked.delete, request, config)


def declare(request: Request) -> list[Expectation]:
    config = VlanConfig(request.document)
    config.validate(request)
    result = request.previous("vlan: Required prevResult missing")
    expected = stacked.declare(request, config, result, vlan_id=config.vlan_id)
    return expected + interface.declare_addressing(request, result, request.ifname)


def status(request: Request) -> None:
    config = VlanConfig(request.document)
    config.validate(request)
    stacked.require_master(config)


PLUGIN = skel.Plugin(
    "vlan", VlanConfig, add=add, delete=delete, declare=declare, status=status, ipam="required"
)
