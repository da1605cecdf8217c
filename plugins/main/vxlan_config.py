"""vxlan: its configuration keys."""

from __future__ import annotations

from cnictl.plugin.config import MainConfig
from cnictl.plugin.masquerade import MasqueradeConfig
from cnictl.spec.address import Prefix
from cnictl.spec.digest import digest
from cnictl.spec.document import Document
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import address, integer, nested_list, prefixes, string
from cnictl.spec.mac import format_mac, parse_mac
from cnictl.spec.names import is_name
from cnictl.spec.quote import go_quote

from . import vxlan_remotes
from .bridge_config import BridgeConfig
from .vxlan_remotes import RemoteConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.document import Json

MAX_VNI = (1 << 24) - 1  # RFC 7348, section 5
MAX_PORT = (1 << 16) - 1
BRIDGE, ROUTED = "bridge", "routed"
VERSIONS = {"ipv4": 4, "ipv6": 6}
LEAST_MTU = 68  # ETH_MIN_MTU, linux/if_ether.h
_LONGEST_NAME = 15  # IFNAMSIZ - 1, linux/if.h

_OF_BRIDGES = ("isGateway", "isDefaultGateway", "forceAddress", "hairpinMode", "macspoofchk", "enabledad")
_NOT_OF_OVERLAYS = (
    "vlan",
    "vlanTrunk",
    "preserveDefaultVlan",
    "promiscMode",
    "portIsolation",
    "disableContainerInterface",
)
"""Keys of bridge that mean nothing here, and must not be passed on to it."""


class PodConfig(MainConfig, MasqueradeConfig):
    """As much of the configuration as detaching a pod needs: other mistakes must not keep it attached."""

    mode = string(
        "mode",
        default=BRIDGE,
        choices=(BRIDGE, ROUTED),
        text="bridge for one layer 2 across all nodes, routed for a network of its own on each node",
    )

    @property
    def is_routed(self) -> bool:
        return self.mode == ROUTED

    def of_pods(self, **changed: Json) -> Document:
        """Return the configuration for bridge, or for ptp in mode routed, with some keys changed."""
        dropped = {key.casefold() for key in (*changed, *_NOT_OF_OVERLAYS)}
        kept = {key: value for key, value in self.document.members.items() if key.casefold() not in dropped}
        return Document({**kept, **changed})


class VxlanConfig(PodConfig):
    """Keys of vxlan."""

    vni = integer(
        "vni", required=True, minimum=1, maximum=MAX_VNI, text="identifier of the overlay, on all its nodes"
    )
    port = integer(
        "port",
        default=4789,
        minimum=1,
        maximum=MAX_PORT,
        text="UDP port of the tunnels, on all nodes; 4789 is IANA's, 8472 that of Linux and flannel",
    )
    vxlan = string("vxlan", format="ifname", text="name of the VXLAN interface; vxlan.VNI when absent")
    vtep_mac = string("vtepMAC", format="mac", text="MAC address of the VXLAN interface; derived when absent")
    master = string(
        "master",
        format="ifname",
        text="interface of the underlay; when absent the one with `local`, if that is not lo, else that of"
        " the default route",
    )
    local = address("local", text="address to send from; when absent the first one of the underlay")
    underlay = string(
        "underlay",
        choices=tuple(VERSIONS),
        text="family of the addresses that nodes send from; when absent that of `local`, `group` or the first"
        " of `remotes`, else IPv4 if there is any",
    )
    remotes = nested_list("remotes", RemoteConfig, text="the other nodes; this one may be among them")
    remotes_dir = string(
        "remotesDir", text="directory of files, each with an object as in `remotes`, called NODE.json"
    )
    group = address(
        "group", text="multicast group by which nodes find one another, in place of remotes; needs `master`"
    )
    mtu = integer(
        "mtu",
        unit="bytes",
        text="MTU of the VXLAN interface, the bridge and the pods; by default that of the underlay less what"
        " a tunnel takes: 50 in IPv4, 70 in IPv6",
    )
    pod_cidrs = prefixes(
        "podCIDRs", text="networks of this node's pods, in mode routed; by default the subnets in `ipam`"
    )
    bridge = string(
        "bridge", format="ifname", text="name of the bridge, in mode bridge; vxbr.VNI when absent"
    )
    wants_gateway = BridgeConfig.wants_gateway
    is_default_gateway = BridgeConfig.is_default_gateway
    force_address = BridgeConfig.force_address
    hairpin_mode = BridgeConfig.hairpin_mode
    mac_spoof_check = BridgeConfig.mac_spoof_check
    enable_dad = BridgeConfig.enable_dad
    args = BridgeConfig.args
    runtime_config = BridgeConfig.runtime_config

    @property
    def vxlan_name(self) -> str:
        return self.vxlan or f"vxlan.{self.vni}"

    @property
    def bridge_name(self) -> str:
        """The bridge that the VXLAN interface is a port of, "" in mode routed."""
        return "" if self.is_routed else self.bridge or f"vxbr.{self.vni}"

    @property
    def is_gateway(self) -> bool:
        """Whether the bridge gets the gateway addresses."""
        return self.wants_gateway or self.is_default_gateway

    @property
    def learns(self) -> bool:
        """Whether the tunnel learns from what it receives where MAC addresses are."""
        return not self.is_routed

    def versions(self) -> tuple[int, ...]:
        """Return the families that the underlay may be of, the one to prefer first."""
        given = [self.local, self.group, *(one.vtep for one in self.remotes)]
        version = VERSIONS.get(self.underlay) or next((one.version for one in given if one is not None), 0)
        return (version,) if version else (4, 6)

    def networks(self) -> list[Prefix]:
        """Return the networks of this node's pods: `podCIDRs`, or the subnets in `ipam`."""
        return self.pod_cidrs or _subnets(self.document.object("ipam") or Document({}))

    def mac_of(self, vtep: Address) -> str:
        """Return the MAC address of the VXLAN interface on the node that sends from `vtep`.

        Six bytes of the SHA-512 of `VNI ADDRESS` (`4096 192.0.2.1`), made a locally administered unicast
        address: every node can tell what the others have.
        """
        octets = bytes.fromhex(digest(f"{self.vni} {vtep}", 12))
        return format_mac(bytes((octets[0] & 0xFC | 0x02,)) + octets[1:])

    def own_mac(self, local: Address) -> str:
        """Return the MAC address of this node's VXLAN interface."""
        return format_mac(parse_mac(self.vtep_mac)) if self.vtep_mac else self.mac_of(local)

    def attaching(self, mtu: int = 0) -> Document:
        """Return the configuration by which bridge, or ptp in mode routed, attaches a pod.

        ptp knows of no overlay that must not be masqueraded, so that this is left to vxlan.
        """
        if self.is_routed:
            return self.of_pods(mtu=mtu, ipMasq=False)
        return self.of_pods(mtu=mtu, bridge=self.bridge_name)

    def validate(self, request: Request) -> None:
        """Raise CniError 7 for values that make no sense, by themselves or together."""
        self.check_backend()
        if not 1 <= self.vni <= MAX_VNI:
            raise _invalid(f"invalid VNI {self.vni} (must be between 1 and {MAX_VNI})")
        if not 1 <= self.port <= MAX_PORT:
            raise _invalid(f"invalid port {self.port} (must be between 1 and {MAX_PORT})")
        if self.mode not in (BRIDGE, ROUTED):
            raise _invalid(f"unknown mode {go_quote(self.mode)}", 'key "mode" may be "bridge" or "routed"')
        if self.mtu and self.mtu < LEAST_MTU:
            raise _invalid(f"invalid MTU {self.mtu} (must be at least {LEAST_MTU})")
        self._check_names()
        self._check_underlay()
        self._check_remotes()
        self._check_mode()
        if not self.is_routed:
            BridgeConfig(self.attaching()).validate(request)

    def _check_names(self) -> None:
        for key, name in (("vxlan", self.vxlan_name), ("bridge", self.bridge_name or "-")):
            if name != "-" and not (is_name(name) and len(name) <= _LONGEST_NAME):
                raise _invalid(
                    f"invalid interface name {go_quote(name)}",
                    f'key "{key}" takes up to {_LONGEST_NAME} letters, digits and characters of "_.-"',
                )
        if self.vxlan_name in (self.bridge_name, self.master):
            raise _invalid(
                f"the VXLAN interface cannot be called {self.vxlan_name}",
                "that is the name of the bridge or of the underlay's interface; give it another one in"
                ' "vxlan", or leave the key out',
            )

    def _check_underlay(self) -> None:
        if self.underlay and self.underlay not in VERSIONS:
            raise _invalid(
                f"unknown underlay {go_quote(self.underlay)}", 'key "underlay" may be "ipv4" or "ipv6"'
            )
        if self.vtep_mac:
            vxlan_remotes.check_mac(self.vtep_mac, 'in key "vtepMAC"')
        if self.local is not None and (self.local.is_multicast or self.local.is_unspecified):
            raise _invalid(f"{self.local} is no address that a node can send from", 'in key "local"')
        if self.group is not None and not self.group.is_multicast:
            raise _invalid(f"{self.group} is not a multicast group", 'in key "group"; see RFC 5771, RFC 4291')
        (version, *others) = self.versions()
        for key, given in (("local", self.local), ("group", self.group)):
            if given is not None and not others and given.version != version:
                raise _invalid(
                    f"{given} is not an IPv{version} address",
                    f'in key "{key}"; the underlay is IPv{version}, as other keys say',
                )

    def _check_remotes(self) -> None:
        if self.remotes_dir and not self.remotes_dir.startswith("/"):
            raise _invalid(f"{self.remotes_dir} is not an absolute path", 'in key "remotesDir"')
        for one in self.remotes:
            vxlan_remotes.parse(one, self)
        if self.group is None:
            return
        if self.is_routed:
            raise _invalid(
                "mode routed does not learn where pods are, so that a multicast group is of no use to it",
                'name the other nodes in "remotes" or "remotesDir" in place of "group"',
            )
        if self.remotes or self.remotes_dir:
            raise _invalid(
                "either a multicast group or remotes tell where the other nodes are, not both",
                'leave out "group", or "remotes" and "remotesDir"',
            )
        if not self.master:
            raise _invalid("a multicast group needs an interface to be joined on", 'name it in "master"')

    def _check_mode(self) -> None:
        for prefix in self.pod_cidrs:
            if prefix.address != prefix.network_address:
                raise _invalid(f"{prefix} has host bits set", f'in key "podCIDRs"; write {prefix.network}')
        if not self.is_routed:
            return
        for key in ("bridge", *_OF_BRIDGES):
            if self.document.get(key):
                raise _invalid(f'key "{key}" has no meaning in mode routed', "there is no bridge in it")
        if not self.ipam.type:
            raise _invalid("mode routed needs an IPAM plugin", 'add "ipam" with a "type"')
        if not self.networks():
            raise _invalid(
                "mode routed must know which networks the pods of this node are in",
                'say it in "podCIDRs"; only subnets of host-local are found without it',
            )


def _subnets(section: Document) -> list[Prefix]:
    """Return the subnets of an `ipam` section of host-local, as far as they can be read: it is not ours."""
    ranges = section.get("ranges")
    sets = [one for one in ranges if isinstance(one, list)] if isinstance(ranges, list) else []
    inner = [Document(one) for several in sets for one in several if isinstance(one, dict)]
    found: dict[Prefix, None] = {}
    for document in (section, *inner):
        try:
            found[Prefix.parse(document.string("subnet")).network] = None
        except (CniError, ValueError):
            continue
    return list(found)


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
