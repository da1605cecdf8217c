"""portmap: its configuration keys, and what the Go plugins say about values that make no sense."""

from __future__ import annotations

from cnictl.netfilter import backend
from cnictl.plugin.config import NetworkConfig
from cnictl.spec.address import Address
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import (
    Config,
    boolean,
    integer,
    nested,
    nested_list,
    optional_integer,
    optional_string,
    optional_strings,
    string,
)
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netfilter.iptables import Version
    from cnictl.plugin.request import Request

DEFAULT_MASQ_BIT = 13
"""The bit that kube-proxy does not use: its own masquerade mark is bit 14."""
HIGHEST_PORT = 65535
HIGHEST_BIT = 31  # a packet's mark has 32
VERSIONS: tuple[Version, ...] = (4, 6)
LOCALHOST = "127.0.0.1"
ANYBODY: dict[Version, str] = {4: "0.0.0.0/0", 6: "::/0"}


class PortMapping(Config):
    """One port of the node and where it leads."""

    host_port = integer("hostPort", minimum=1, maximum=HIGHEST_PORT, required=True, text="port of the node")
    container_port = integer(
        "containerPort", minimum=1, maximum=HIGHEST_PORT, required=True, text="port of the container"
    )
    protocol = string("protocol", required=True, text="`tcp`, `udp` or `sctp`")
    host_ip = string(
        "hostIP",
        format="ip",
        text="address of the node to listen on; all of a family for its unspecified one",
    )

    def destination(self, version: int) -> str | None:
        """The node's address that packets of an IP version must be for, "" for any of them.

        None when the mapping is for the other version.  Raises CniError for what is no address.
        """
        if not self.host_ip:
            return ""
        try:
            address = Address.parse(self.host_ip)
        except ValueError:
            raise _invalid(
                f"Invalid host IP: {self.host_ip}", f'in key "{self.document.below("hostIP")}"'
            ) from None
        if address.version != version:
            return None
        return "" if address.is_unspecified else str(address)

    def validate(self) -> None:
        """Raise CniError for a port that nobody can have forwarded."""
        if self.container_port <= 0:
            raise _invalid(f"Invalid container port number: {self.container_port}", self._place)
        if self.host_port <= 0:
            raise _invalid(f"Invalid host port number: {self.host_port}", self._place)

    def validate_for_rules(self) -> None:
        """Raise CniError for what iptables or nft would refuse, or leave out without a word."""
        if self.container_port > HIGHEST_PORT:
            raise _invalid(f"Invalid container port number: {self.container_port}", self._place)
        if self.host_port > HIGHEST_PORT:
            raise _invalid(f"Invalid host port number: {self.host_port}", self._place)
        if not (self.protocol.isascii() and self.protocol.isalnum()):
            raise _invalid(
                f"unknown protocol {go_quote(self.protocol)} specified",
                f'{self._place}; write "tcp", "udp" or "sctp"',
            )
        self.destination(4)

    @property
    def _place(self) -> str:
        return f"in {self.document.path}"


class PortmapRuntimeConfig(Config):
    """`runtimeConfig` as portmap reads it."""

    port_mappings = nested_list(
        "portMappings", PortMapping, text="the ports to forward (capability `portMappings`)"
    )


class PortmapConfig(NetworkConfig):
    """Keys of portmap."""

    backend = optional_string(
        "backend",
        since="1.6.0",
        choices=backend.NAMES,
        text="what forwards; iptables when absent, unless only nftables can be used",
    )
    snat = boolean(
        "snat",
        default=True,
        text="masquerade what the node and the container's own network send to the ports,"
        " so that the answers come back",
    )
    masq_all = boolean(
        "masqAll",
        since="1.6.0",
        text="masquerade what anybody sends to the ports (with nftables in releases after 1.9.1)",
    )
    mark_masq_bit = optional_integer(
        "markMasqBit",
        minimum=0,
        maximum=HIGHEST_BIT,
        text=f"bit of the packet mark that asks for masquerading (iptables); {DEFAULT_MASQ_BIT} when absent",
    )
    external_set_mark_chain = optional_string(
        "externalSetMarkChain",
        text="chain of table nat that marks for masquerading, such as KUBE-MARK-MASQ (iptables);"
        " not together with markMasqBit",
    )
    conditions_v4 = optional_strings(
        "conditionsV4", text="further words of an IPv4 rule that packets must match, for iptables or for nft"
    )
    conditions_v6 = optional_strings("conditionsV6", text="the same for IPv6")
    runtime_config = nested(
        "runtimeConfig", PortmapRuntimeConfig, text="settings from the runtime, by capability"
    )

    @property
    def port_mappings(self) -> list[PortMapping]:
        """The ports to forward."""
        return self.runtime_config.port_mappings

    @property
    def mark(self) -> str:
        """The mark that asks for masquerading, and its mask, as iptables writes them."""
        bit = DEFAULT_MASQ_BIT if self.mark_masq_bit is None else self.mark_masq_bit
        return f"{1 << bit:#x}/{1 << bit:#x}"

    def conditions(self, version: int) -> list[str]:
        """The further words for an IP version."""
        return (self.conditions_v4 if version == 4 else self.conditions_v6) or []

    def validate(self, request: Request) -> None:
        self.check_keys()
        self.check_mappings(request.command)

    def check_keys(self) -> None:
        """Raise CniError for keys that do not go together, whatever backend there is."""
        bit = self.mark_masq_bit
        if bit is not None and self.external_set_mark_chain is not None:
            raise _invalid("Cannot specify externalSetMarkChain and markMasqBit")
        if bit is not None and not 0 <= bit <= HIGHEST_BIT:
            raise _invalid(f"MasqMarkBit must be between 0 and {HIGHEST_BIT}", f"markMasqBit is {bit}")
        if self.backend is not None:
            self.check_backend(self.backend)

    def check_mappings(self, command: str) -> None:
        """Raise CniError for a port that nobody can have forwarded."""
        for mapping in self.port_mappings:
            mapping.validate()
            if command == "ADD":
                mapping.validate_for_rules()

    def masqueraded(self, version: Version, own: str) -> list[str]:
        """The sources that must be masqueraded, for a container whose own addresses are `own`.

        The kernel has no way for IPv6 packets to leave from localhost.
        """
        if not self.snat:
            return []
        if self.masq_all:
            return [ANYBODY[version]]
        return [own, LOCALHOST] if version == 4 else [own]

    def options_of(self, name: str) -> list[str]:
        """The keys that only make sense with the backend of that name."""
        found = []
        if name == backend.IPTABLES and self.external_set_mark_chain is not None:
            found.append("externalSetMarkChain")
        for key, words in (("conditionsV4", self.conditions_v4), ("conditionsV6", self.conditions_v6)):
            if words and words[0]:
                flavour = backend.IPTABLES if words[0][0] in "-!" else backend.NFTABLES
                if flavour == name:
                    found.append(key)
        return found

    def check_backend(self, name: str) -> None:
        """Raise CniError when there is no such backend, or when a key is for the other one."""
        other = backend.NFTABLES if name == backend.IPTABLES else backend.IPTABLES
        options = self.options_of(other)
        if options:
            raise _invalid(
                f"{name} backend was requested but configuration contains {other}-specific options"
                f" [{' '.join(options)}]"
            )
        if name not in backend.NAMES:
            raise _invalid(
                f"unrecognized backend {go_quote(name)}", 'use "iptables" or "nftables", or leave the key out'
            )


def read(request: Request) -> PortmapConfig:
    """Return the configuration of a request and its prevResult's validity checked; raises CniError.

    The words in front of the error are those of the Go plugins, where CHECK has none.
    """
    context = "" if request.command == "CHECK" else "failed to parse config: "
    try:
        config = PortmapConfig(request.document)
    except CniError as error:
        raise error.within(f"{context}failed to parse network configuration: ") from None
    try:
        request.given_result()
        _validate(config, request.command)
    except CniError as error:
        raise error.within(context) from None
    return config


def _validate(config: PortmapConfig, command: str) -> None:
    config.check_keys()
    if config.backend is None and command != "DEL" and config.options_of(backend.NFTABLES):
        config.check_backend(backend.probe())
    config.check_mappings(command)


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
