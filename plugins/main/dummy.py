"""dummy: an interface that swallows what it is sent, with addresses of an IPAM plugin.

Give a container a stable service address with it, or try a list of plugins where there is no
device to spare.  All that it makes is in the container's namespace.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.link_kinds import plain
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin import interface, ipam
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.config import MainConfig
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import dns
from cnictl.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result


class DummyConfig(MainConfig):
    """Keys of dummy; `ipam` is needed."""

    dns = dns("dns", text="has no effect: the Result has the resolver settings of the IPAM plugin")

    def validate(self, _request: Request) -> None:
        if not self.ipam.type:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                "dummy interface requires an IPAM configuration",
                'name an IPAM plugin in "ipam", such as static',
            )


def add(request: Request) -> Result:
    config = DummyConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside:
        try:
            inside.add_link(request.ifname, plain("dummy"))
        except NetlinkError as error:
            raise CniError(INTERNAL, f"failed to create dummy: {error.reason}", str(error)) from None
        request.undo.push(interface.delete_container_interface, request)
        link = inside.link(request.ifname)
        result = ipam.add(request, config.ipam.type)
        result.interfaces = [Interface(link.name, mac=link.mac, sandbox=request.netns)]
        for ip in result.ips:
            ip.interface = 0
        interface.configure(request, inside, request.ifname, result)
    request.log.info("made dummy", name=request.ifname)
    return result


def delete(request: Request) -> None:
    config = DummyConfig(request.document)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        each.run(interface.delete_container_interface, request)


def declare(request: Request) -> list[Expectation]:
    DummyConfig(request.document).validate(request)
    result = request.previous("dummy: Required prevResult missing")
    mine = interface.container_interface(request, result)
    link = entities.link(request.ifname, kind="dummy", mac=mine.mac, up=True)
    return [Expectation(request.netns, link), *interface.declare_addressing(request, result, request.ifname)]


PLUGIN = Plugin("dummy", DummyConfig, add=add, delete=delete, declare=declare, ipam="required")
