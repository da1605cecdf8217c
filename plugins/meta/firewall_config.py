"""firewall: its configuration keys, and what the Go plugin says about values that make no sense."""

from __future__ import annotations

from cnictl import firewalld
from cnictl.plugin.config import NetworkConfig
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import string
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import Result

IPTABLES, FIREWALLD = "iptables", "firewalld"
FORWARD, ADMIN = "CNI-FORWARD", "CNI-ADMIN"
STAGE_1, STAGE_2 = "CNI-ISOLATION-STAGE-1", "CNI-ISOLATION-STAGE-2"
OPEN, SAME_BRIDGE, ISOLATED = "open", "same-bridge", "isolated"
LONGEST_CHAIN = 28  # XT_EXTENSION_MAXNAMELEN, linux/netfilter/x_tables.h, less a zero
_NO_ADMIN_CHAINS = {FORWARD, STAGE_1, STAGE_2, "INPUT", "FORWARD", "OUTPUT", "ACCEPT", "DROP", "RETURN"}


class FirewallConfig(NetworkConfig):
    """Keys of firewall."""

    backend = string(
        "backend",
        choices=(IPTABLES, FIREWALLD),
        text="what lets the traffic through; with anything else it is firewalld if that is running, and"
        " iptables if not",
    )
    admin_chain = string(
        "iptablesAdminChainName",
        default=ADMIN,
        text="chain of table filter for the administrator's own rules, which come first (iptables)",
    )
    zone = string(
        "firewalldZone",
        default="trusted",
        text="zone that the container's addresses become sources of (firewalld)",
    )
    ingress_policy = string(
        "ingressPolicy",
        default=OPEN,
        since="1.1.0",
        choices=(OPEN, SAME_BRIDGE, ISOLATED),
        text="who may reach the container: everybody, only who is on the same bridge, or not even those"
        " (`isolated` since 1.7.0)",
    )

    def validate(self, _request: Request) -> None:
        if self.policy not in (OPEN, SAME_BRIDGE, ISOLATED):
            raise _invalid(
                f"unknown ingress policy: {go_quote(self.policy)}",
                f'key "ingressPolicy" may be "{OPEN}", "{SAME_BRIDGE}" or "{ISOLATED}"',
            )
        chain = self.override_chain
        if chain in _NO_ADMIN_CHAINS:
            raise _invalid(
                f'key "iptablesAdminChainName": {chain} is not free for the administrator\'s rules'
            )
        if len(chain.encode()) > LONGEST_CHAIN or chain[0] in "-!" or not chain.isprintable() or " " in chain:
            raise _invalid(
                f'key "iptablesAdminChainName": iptables cannot have a chain {go_quote(chain)}',
                f"use at most {LONGEST_CHAIN} characters, no blanks, and neither - nor ! in front",
            )

    @property
    def override_chain(self) -> str:
        """The chain for the administrator's rules."""
        return self.admin_chain or ADMIN

    @property
    def source_zone(self) -> str:
        """The zone for the addresses."""
        return self.zone or "trusted"

    @property
    def policy(self) -> str:
        """The ingress policy."""
        return self.ingress_policy or OPEN

    def chosen_backend(self) -> str:
        """The backend asked for, or what is there, found out as the Go plugin does."""
        if self.backend in (IPTABLES, FIREWALLD):
            return self.backend
        return FIREWALLD if firewalld.is_running() else IPTABLES

    def bridge(self, result: Result) -> str:
        """The bridge that the ingress policy is about, "" when all is open; raises CniError."""
        if self.policy == OPEN:
            return ""
        if not result.interfaces:
            raise CniError(
                INTERNAL,
                f"interface needs to be set for ingress policy {go_quote(self.policy)},"
                ' make sure to chain "firewall" plugin with "bridge"',
            )
        name = result.interfaces[0].name
        if not name:
            raise CniError(INTERNAL, "got empty bridge name")
        if name.endswith("+"):
            raise CniError(INTERNAL, f"iptables takes bridge {name} for all whose names begin like it")
        return name


def read(request: Request) -> FirewallConfig:
    """Return the configuration of a request; raises CniError with the words of the Go plugin in front."""
    try:
        return FirewallConfig(request.document)
    except CniError as error:
        raise error.within("failed to load netconf: ") from None


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
