"""macvlan: gives the container a MAC address of its own on a link of the node, the master.

The network that the master is plugged into sees a container as one more station: no bridge, no
routing and no masquerading on the node.  In mode `bridge` containers on the same master reach one
another directly, in `private` not at all, in `vepa` by way of the switch outside; `passthru` hands
the whole master to one container.  The node itself does not reach its containers through the
master in any mode.  Without `ipam` the interface is up and has no addresses.
"""

from __future__ import annotations

from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin import interface, ipam, stacked
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.config import check_station_mac
from cnictl.plugin.skel import Plugin
from cnictl.plugin.stacked import StackedConfig
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, nested, string, unsigned
from cnictl.spec.result import DNS, Interface, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.plugin.request import Request

MODES = ("bridge", "private", "vepa", "passthru")
LONGEST_QUEUE = (1 << 32) - 1


class MacvlanRuntimeConfig(Config):
    """`runtimeConfig` as macvlan reads it."""

    mac = string("mac", format="mac", text="MAC address, before all others (capability `mac`)")


class MacvlanConfig(StackedConfig):
    """Keys of macvlan."""

    kind = "macvlan"
    mode = string(
        "mode", default="bridge", choices=MODES, text="who of the containers on one master reaches whom"
    )
    mac = string(
        "mac",
        format="mac",
        text="MAC address; that of CNI_ARGS goes before it, and with `passthru` the master's counts",
    )
    bcqueuelen = unsigned(
        "bcqueuelen",
        maximum=LONGEST_QUEUE,
        unit="packets",
        since="1.6.0",
        text="queue for broadcasts and multicasts; 0 for the kernel's default",
    )
    runtime_config = nested(
        "runtimeConfig", MacvlanRuntimeConfig, text="settings from the runtime, by capability"
    )

    def container_mac(self, request: Request) -> str:
        """Return the MAC address asked for, "" for none; raises CniError for CNI_ARGS."""
        from_args = parse_args(request.args, {"MAC"}).get("MAC", "")
        return self.runtime_config.mac or from_args or self.mac

    def validate(self, request: Request) -> None:
        """Raise CniError for values that make no sense."""
        if self.mode and self.mode not in MODES:
            raise _invalid(f'unknown macvlan mode: "{self.mode}"', f"there are {', '.join(MODES)}")
        self.check_mtu()
        if self.bcqueuelen > LONGEST_QUEUE:
            raise self.document.mismatch(
                "bcqueuelen", f"a whole number up to {LONGEST_QUEUE}", self.bcqueuelen
            )
        mac = self.container_mac(request)
        if mac:
            check_station_mac(mac, "macvlan")


def add(request: Request) -> Result:
    config = MacvlanConfig(request.document)
    config.validate(request)
    with request.inside(Rtnl) as inside:
        info = link_kinds.macvlan(config.mode or "bridge", bcqueuelen=config.bcqueuelen)
        mac = config.container_mac(request)
        link = stacked.add(request, config, inside, info, master=config.master, mac=mac)
        result = ipam.add(request, config.ipam.type) if config.ipam.type else Result()
        result.interfaces = [Interface(link.name, mac=link.mac, sandbox=request.netns)]
        if config.ipam.type:
            for ip in result.ips:
                ip.interface = 0
            stacked.announce(request)
            interface.configure(request, inside, request.ifname, result)
        else:
            try:
                inside.set_up(link)
            except NetlinkError as error:
                raise CniError(
                    INTERNAL, f'failed to set "{link.name}" UP: {error.reason}', str(error)
                ) from None
    result.dns = config.dns or DNS()
    return result


def delete(request: Request) -> None:
    config = MacvlanConfig(request.document)
    with Failures() as each:
        each.run(ipam.delete, request, config.ipam.type)
        each.run(stacked.delete, request, config)


def declare(request: Request) -> list[Expectation]:
    config = MacvlanConfig(request.document)
    config.validate(request)
    result = request.previous("required prevResult missing")
    mode, queue = config.mode or "bridge", config.bcqueuelen or None
    expected = stacked.declare(request, config, result, mode=mode, bcqueuelen=queue)
    if config.ipam.type:
        expected += interface.declare_addressing(request, result, request.ifname)
    return expected


def status(request: Request) -> None:
    config = MacvlanConfig(request.document)
    config.validate(request)
    stacked.require_master(config)


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)


PLUGIN = Plugin(
    "macvlan", MacvlanConfig, add=add, delete=delete, declare=declare, status=status, ipam="optional"
)
