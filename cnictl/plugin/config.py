"""The keys that every plugin's configuration may have."""

from __future__ import annotations

from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, dns, nested, string
from cnictl.spec.mac import parse_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

ETHERNET = 6
"""Bytes of a hardware address."""
MULTICAST = 0x01  # the bit of a MAC address's first byte, IEEE 802


class IPAMSection(Config):
    """The part of `ipam` that a main plugin reads; the rest is the IPAM plugin's."""

    type = string("type", text="name of the IPAM plugin; absent or empty for no addresses")


class NetworkConfig(Config):
    """Keys common to all plugins."""

    name = string("name", required=True, text="name of the network")
    cni_version = string(
        "cniVersion", default="0.1.0", text="version of the spec that the configuration follows"
    )
    type = string("type", required=True, text="name of the plugin")
    log_level = string(
        "logLevel",
        since="cnictl",
        choices=("debug", "verbose", "info", "warning", "error", "panic"),
        text="how much to log; nothing when both this and logFile are absent",
    )
    log_file = string("logFile", since="cnictl", text="file to log to, one line an event; stderr when absent")

    def validate(self, request: Request) -> None:
        """Raise CniError for what ADD refuses whatever the runtime adds and the node looks like.

        `cnictl validate` calls it for an ADD that nobody makes: the node is not looked at.
        """


class MainConfig(NetworkConfig):
    """Keys common to the plugins that make an interface."""

    ipam = nested("ipam", IPAMSection, text="the IPAM plugin and its settings")
    dns = dns("dns", text="resolver settings for the Result, in place of those of the IPAM plugin")


class CNIArguments(Config):
    """`args.cni`: settings for one container from the runtime or an orchestrator; `labels` are ignored."""


def check_station_mac(mac: str, kind: str) -> None:
    """Raise CniError for a MAC address that the kernel gives to no link of a kind, before it is asked."""
    try:
        address = parse_mac(mac)
    except ValueError as error:
        raise CniError(INVALID_NETWORK_CONFIG, f"invalid args {mac} for MAC addr: {error}") from None
    if len(address) != ETHERNET:
        text, details = "invalid argument", f"{mac} is no address of Ethernet"
    elif address[0] & MULTICAST or not any(address):
        what = "a group" if address[0] & MULTICAST else "nobody"
        text, details = "cannot assign requested address", f"{mac} is the address of {what}"
    else:
        return
    raise CniError(INVALID_NETWORK_CONFIG, f"failed to create {kind}: {text}", details)
