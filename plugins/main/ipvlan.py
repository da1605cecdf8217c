"""ipvlan: gives the container an interface that shares its MAC address with a link of the node, the master.

For networks that allow one MAC address a port, such as those of most clouds.  In mode `l2`
containers take part in the master's segment; in `l3` and `l3s` the master routes for them, without
ARP and broadcasts, so that the network outside needs routes to them, and with `l3s` through the
node's netfilter.  All ipvlan links of a master have the same mode: the last one made decides.

In a list it may come after a plugin that made the master: without `master` it sits on that
plugin's one interface, and without `ipam` it takes over that plugin's addresses and routes.
"""

from __future__ import annotations

from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin import interface, ipam, stacked
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.plugin.stacked import StackedConfig
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import integer, string
from cnictl.spec.result import DNS, Interface, Result, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

MODES = ("l2", "l3", "l3s")


class IpvlanConfig(StackedConfig):
    """Keys of ipvlan."""

    kind = "ipvlan"
    master = string(
        "master",
        text="the link to sit on; when absent the interface of the plugin before, or without one the device"
        " of the default route",
    )
    mode = string("mode", default="l2", choices=MODES, text="switch or route between containers and master")
    mtu = integer("mtu", unit="bytes", text="MTU; 0 for the master's")

    def check_mtu(self, master: Link | None = None) -> None:
        """Leave the MTU to the kernel, which lets it be more than the master's."""

    def validate(self, _request: Request) -> None:
        """Raise CniError for values that make no sense."""
        if self.mode and self.mode not in MODES:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f'unknown ipvlan mode: "{self.mode}"',
                f"there are {', '.join(MODES)}",
            )


def add(request: Request) -> Result:
    config = IpvlanConfig(request.document)
    config.validate(request)
    given = request.given_result()
    before = None if given is None else current(given)
    master = config.master or _made_before(before)
    with request.inside(Rtnl) as inside:
        info = link_kinds.ipvlan(config.mode or "l2")
        link = stacked.add(request, config, inside, info, master=master)
        if not config.ipam.type and before is not None and before.ips:
            result = Result(ips=before.ips, routes=before.routes)
        else:
            result = ipam.add(request, config.ipam.type)
        result.interfaces = [Interface(link.name, mac=link.mac, sandbox=request.netns)]
        for ip in result.ips:
            ip.interface = 0
        stacked.announce(request)
        interface.configure(request, inside, request.ifname, result)
    result.dns = config.dns or DNS()
    return result


def delete(request: Request) -> None:
    config = IpvlanConfig(request.document)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        each.run(stacked.delete, request, config)


def declare(request: Request) -> list[Expectation]:
    config = IpvlanConfig(request.document)
    config.validate(request)
    result = request.previous()
    expected = stacked.declare(request, config, result, mode=config.mode or "l2")
    return expected + interface.declare_addressing(request, result, request.ifname)


def status(request: Request) -> None:
    config = IpvlanConfig(request.document)
    config.validate(request)
    if config.master:  # else a plugin before it may make one
        stacked.require_master(config)


def _made_before(before: Result | None) -> str:
    """Return the name of the interface that an earlier plugin made, "" when there was none."""
    if before is None:
        return ""
    if len(before.interfaces) != 1 or not before.interfaces[0].name:
        names = ", ".join(one.name for one in before.interfaces) or "none"
        raise CniError(
            INVALID_NETWORK_CONFIG,
            "chained master failure. PrevResult lacks a single named interface",
            f'it has {names}; say in "master" which one to sit on',
        )
    return before.interfaces[0].name


PLUGIN = Plugin(
    "ipvlan", IpvlanConfig, add=add, delete=delete, declare=declare, status=status, ipam="optional"
)
