"""host-device: gives a device of the node to the container, which has it alone until DEL.

The device is named by its name on the node, its MAC address, its directory in sysfs, or its PCI
address; for a virtual function of a network card the runtime names it by the capability
`deviceID`.  In the container it is CNI_IFNAME and up; on DEL it comes back under its old name, and
down, also when the container's namespace has ended first.  What the node had configured on it, as
addresses, is lost.

A PCI device whose driver leaves it to a program (DPDK: vfio-pci, uio_pci_generic, igb_uio) has no
interface that could be moved: its addresses are reported for that program, and nothing is done.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin import interface, ipam
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import CnictlError
from cnictl.spec.result import DNS, Interface, Result

from . import host_device_move
from .host_device_config import HostDeviceConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request


def add(request: Request) -> Result:
    config = HostDeviceConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside, Rtnl() as host:
        container = Interface(request.ifname, sandbox=request.netns)
        moves = not config.uses_dpdk()
        if moves:
            container.mac = host_device_move.move_in(request, host, inside, config.find(host)).mac
        if not config.ipam.type:
            return Result(interfaces=[container])
        result = ipam.add(request, config.ipam.type)
        result.interfaces = [container]
        for ip in result.ips:
            ip.interface = 0
        if moves:
            interface.configure(request, inside, request.ifname, result)
    result.dns = config.dns or DNS()
    return result


def delete(request: Request) -> None:
    config = HostDeviceConfig(request.document)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        if not _is_left_to_a_program(config):
            each.run(host_device_move.give_back, request, config)


def declare(request: Request) -> list[Expectation]:
    config = HostDeviceConfig(request.document)
    result = request.previous()
    if config.uses_dpdk():
        return []
    container = interface.container_interface(request, result)
    link = entities.link(request.ifname, mac=container.mac, up=True, alias=_expected_alias(request, config))
    expected = [Expectation(request.netns, link)]
    if config.ipam.type:
        expected += interface.declare_addressing(request, result, request.ifname)
    return expected


def _is_left_to_a_program(config: HostDeviceConfig) -> bool:
    try:
        return config.uses_dpdk()
    except CnictlError:
        return False  # the device is unplugged, or without a driver: what is in the container will tell


def _expected_alias(request: Request, config: HostDeviceConfig) -> str | None:
    """Return the device's name on the node, None when the configuration has it by another name."""
    try:
        with Rtnl(request.netns) as inside:
            if config.device in inside.link(request.ifname).altnames:
                return None
    except CnictlError:
        pass  # the comparison says what is missing
    return config.device or None


PLUGIN = Plugin("host-device", HostDeviceConfig, add=add, delete=delete, declare=declare, ipam="optional")
