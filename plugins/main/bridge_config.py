"""bridge: its configuration keys."""

from __future__ import annotations

from cnictl.plugin.config import CNIArguments, MainConfig
from cnictl.plugin.masquerade import MasqueradeConfig
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, boolean, integer, nested, optional_integer, optional_nested_list, string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

MAX_VLAN = 4094  # VLAN_N_VID - 2, linux/if_vlan.h


class TrunkConfig(Config):
    """One entry of `vlanTrunk`: a range of VLANs, one VLAN, or both."""

    min_id = optional_integer("minID", minimum=1, maximum=MAX_VLAN, text="first VLAN of the range")
    max_id = optional_integer("maxID", minimum=1, maximum=MAX_VLAN, text="last VLAN of the range")
    id = optional_integer("id", minimum=1, maximum=MAX_VLAN, text="a single VLAN")

    def vlans(self) -> set[int]:
        """Return the VLANs that the entry names; raises CniError for an impossible range."""
        found: set[int] = set()
        if self.min_id is not None and self.max_id is not None:
            if not 0 < self.min_id <= MAX_VLAN:
                raise _invalid("incorrect trunk minID parameter", f"minID is {self.min_id}")
            if not 0 < self.max_id <= MAX_VLAN:
                raise _invalid("incorrect trunk maxID parameter", f"maxID is {self.max_id}")
            if self.max_id < self.min_id:
                raise _invalid(
                    "minID is greater than maxID in trunk parameter", f"{self.min_id} > {self.max_id}"
                )
            found.update(range(self.min_id, self.max_id + 1))
        elif self.max_id is not None:
            raise _invalid("minID and maxID should be configured simultaneously, minID is missing")
        elif self.min_id is not None:
            raise _invalid("minID and maxID should be configured simultaneously, maxID is missing")
        if self.id is not None:
            if not 0 < self.id <= MAX_VLAN:
                raise _invalid("incorrect trunk id parameter", f"id is {self.id}")
            found.add(self.id)
        return found


class BridgeCNIArguments(CNIArguments):
    """`args.cni` as bridge reads it."""

    mac = string("mac", format="mac", text="MAC address of the container's interface")


class BridgeArguments(Config):
    """`args` as bridge reads it."""

    cni = nested("cni", BridgeCNIArguments, text="per-container settings")


class BridgeRuntimeConfig(Config):
    """`runtimeConfig` as bridge reads it."""

    mac = string("mac", format="mac", text="MAC address of the container's interface (capability `mac`)")


class BridgeConfig(MainConfig, MasqueradeConfig):
    """Keys of bridge."""

    bridge = string(
        "bridge", default="cni0", format="ifname", text="name of the bridge; made when it is not there"
    )
    wants_gateway = boolean("isGateway", text="give the bridge the gateway address and turn on forwarding")
    is_default_gateway = boolean(
        "isDefaultGateway", text="as isGateway, and make the bridge the container's default gateway"
    )
    force_address = boolean("forceAddress", text="replace another address on the bridge instead of failing")
    mtu = integer(
        "mtu",
        unit="bytes",
        text="MTU of both ends of the veth pair and of a new bridge; 0 for the kernel's default",
    )
    hairpin_mode = boolean("hairpinMode", text="let a container reach itself through the bridge")
    promisc_mode = boolean("promiscMode", text="set the bridge promiscuous; not together with hairpinMode")
    vlan = integer(
        "vlan", minimum=0, maximum=MAX_VLAN, text="VLAN of the container's port, untagged; 0 for none"
    )
    vlan_trunk = optional_nested_list(
        "vlanTrunk", TrunkConfig, since="1.4.0", text="VLANs that the container sees tagged"
    )
    preserve_default_vlan = boolean(
        "preserveDefaultVlan", since="1.2.0", text="leave the port in the bridge's default VLAN as well"
    )
    mac_spoof_check = boolean(
        "macspoofchk", since="1.1.0", text="drop what the container sends with another source MAC address"
    )
    enable_dad = boolean("enabledad", since="1.1.0", text="let the container detect duplicate IPv6 addresses")
    disable_container_interface = boolean(
        "disableContainerInterface", since="1.3.0", text="leave the container's interface down; not with ipam"
    )
    port_isolation = boolean(
        "portIsolation", since="1.6.0", text="keep the container's port from reaching other isolated ports"
    )
    args = nested("args", BridgeArguments, text="settings from the runtime, by convention")
    runtime_config = nested(
        "runtimeConfig", BridgeRuntimeConfig, text="settings from the runtime, by capability"
    )

    @property
    def is_gateway(self) -> bool:
        """Whether the bridge gets the gateway addresses."""
        return self.wants_gateway or self.is_default_gateway

    @property
    def vlan_filtering(self) -> bool:
        """Whether the bridge must separate VLANs; an empty `vlanTrunk` asks for it as well."""
        return self.vlan != 0 or self.vlan_trunk is not None

    def trunk(self) -> list[int]:
        """Return the VLANs of `vlanTrunk`, ascending; raises CniError for an impossible range."""
        return sorted(set[int]().union(*(entry.vlans() for entry in self.vlan_trunk or ())))

    def container_mac(self, request: Request) -> str:
        """Return the MAC address asked for, "" for none: runtimeConfig before `args` before CNI_ARGS."""
        return (
            self.runtime_config.mac or self.args.cni.mac or parse_args(request.args, {"MAC"}).get("MAC", "")
        )

    def validate(self, request: Request) -> None:
        """Raise CniError for values that make no sense, by themselves or together."""
        if not 0 <= self.vlan <= MAX_VLAN:
            raise _invalid(f"invalid VLAN ID {self.vlan} (must be between 0 and {MAX_VLAN})")
        self.trunk()
        parse_args(request.args, {"MAC"})
        if request.command != "ADD":
            return
        self.check_backend()
        if not self.bridge:
            raise _invalid(
                'failed to create bridge "": could not add "": LinkAttrs.Name cannot be empty',
                'give "bridge" a name or leave it out for cni0',
            )
        if self.hairpin_mode and self.promisc_mode:
            raise _invalid("cannot set hairpin mode and promiscuous mode at the same time")
        if self.ipam.type and self.disable_container_interface:
            raise _invalid("cannot use IPAM when DisableContainerInterface flag is set")


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
