"""The keys that every plugin's configuration may have."""

from __future__ import annotations

from cnictl.spec.keys import Config, dns, nested, string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request


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
