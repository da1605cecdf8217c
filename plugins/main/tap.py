"""tap: an interface whose other end is a program: a virtual machine's monitor, a VPN, a user-space stack.

A program in the container that opens /dev/net/tun under the interface's name sends and receives
its Ethernet frames.  With `owner` and `group` it needs no privilege to do so: make it run as that
user and give the container the device.  Until a program has opened it the interface has no
carrier.  With `bridge` it is a port of a bridge that is already in the container; without `ipam`
it is up and has no addresses.

With both `owner` and `group`, and no `selinuxContext`, frames are led by a virtio header and,
without `multiQueue`, by packet information, as the Go plugin has it; a program that opens the
interface says itself which it wants.
"""

from __future__ import annotations

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.netns import entered
from cnictl.plugin import interface, ipam, tuned
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import DNS, Interface, Result

from . import tap_device
from .tap_config import TapConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request


def add(request: Request) -> Result:
    config = TapConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside:
        link = tap_device.make(request, config, inside)
        if config.bridge:
            _connect(inside, link, config.bridge)
        result = ipam.add(request, config.ipam.type) if config.ipam.type else Result()
        result.interfaces = [Interface(link.name, mac=link.mac, sandbox=request.netns)]
        if config.ipam.type:
            for ip in result.ips:
                ip.interface = 0
            with entered(request.netns):
                sysctl.write_quietly(f"net/ipv4/conf/{request.ifname}/arp_notify", "1")
            interface.configure(request, inside, request.ifname, result)
        else:
            _set_up(inside, link)
    result.dns = config.dns or DNS()
    return result


def delete(request: Request) -> None:
    config = TapConfig(request.document)
    config.container_mac(request)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        each.run(interface.delete_container_interface, request)


def declare(request: Request) -> list[Expectation]:
    config = TapConfig(request.document)
    config.validate(request)
    result = request.previous()
    link = entities.link(
        request.ifname,
        kind="tun",
        mode="tap",
        mac=interface.container_interface(request, result).mac,
        # Elsewhere the Go plugin passes it over, and its containers must hold here.
        mtu=tuned.mtu_to_hold(request, config.mtu) if config.plain else None,
        up=True,
        master=config.bridge or None,
        owner=config.owner,
        owner_group=config.group,
        multi_queue=config.multi_queue,
    )
    expected = [Expectation(request.netns, link)]
    if config.ipam.type:
        expected += interface.declare_addressing(request, result, request.ifname)
    return expected


def _connect(inside: Rtnl, link: Link, bridge: str) -> None:
    try:
        master = inside.link(bridge)
    except NetlinkError as error:
        text = f"failed to get bridge {bridge}: {error.reason}"
        raise CniError(INTERNAL, text, "the bridge must be in the container before") from None
    try:
        inside.set_master(link, master.index)
    except NetlinkError as error:
        text = f"failed to set tap {link.name} as a port of bridge {bridge}: {error.reason}"
        raise CniError(INTERNAL, text, str(error)) from None


def _set_up(inside: Rtnl, link: Link) -> None:
    try:
        inside.set_up(link)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to set "{link.name}" UP: {error.reason}', str(error)) from None


PLUGIN = Plugin("tap", TapConfig, add=add, delete=delete, declare=declare, ipam="optional")
