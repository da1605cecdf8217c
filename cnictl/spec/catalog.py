"""The plugins that are known here, most of them the CNI project's own, and conventions."""

from __future__ import annotations

from cnictl.spec.value import Value
from cnictl.spec.versions import OLDEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Role = Literal["main", "ipam", "meta", "delegating", "stand-in"]


class Reference(Value):
    """A plugin that we know: the part it plays in a list, and the first version of the spec it supports.

    A `main` plugin makes an interface, an `ipam` plugin assigns addresses for one that does, and a
    `meta` plugin works on the Result of those before it.  A `delegating` plugin has others make the
    interface, and needs none before it; a `stand-in` makes nothing for those after it.
    """

    __slots__ = ("role", "since")

    def __init__(self, role: Role, since: str = OLDEST) -> None:
        self.role: Role = role
        self.since = since


REFERENCE = {
    "bridge": Reference("main"),
    "dummy": Reference("main"),
    "host-device": Reference("main"),
    "ipvlan": Reference("main"),
    "loopback": Reference("main"),
    "macvlan": Reference("main"),
    "ptp": Reference("main"),
    "tap": Reference("main"),
    "vlan": Reference("main"),
    "vxlan": Reference("main"),
    "dhcp": Reference("ipam"),
    "host-local": Reference("ipam"),
    "static": Reference("ipam"),
    "bandwidth": Reference("meta", "0.3.0"),
    "firewall": Reference("meta", "0.4.0"),
    "flannel": Reference("delegating"),
    "multus": Reference("delegating"),
    "passthru": Reference("stand-in"),
    "portmap": Reference("meta"),
    "sbr": Reference("meta"),
    "tuning": Reference("meta"),
    "vrf": Reference("meta", "0.3.1"),
}
"""The plugins of github.com/containernetworking/plugins for Linux, those of other projects, and our own
vxlan, by name."""

CAPABILITIES = {
    "portMappings": "ports of the node to forward to the container",
    "ipRanges": "ranges to assign addresses from",
    "bandwidth": "limits of the traffic to and from the container",
    "dns": "resolver settings",
    "ips": "addresses for the container",
    "mac": "MAC address of the interface",
    "infinibandGUID": "InfiniBand GUID of the interface",
    "deviceID": "PCI address of the device to use",
    "aliases": "further names of the container in the network",
    "cgroupPath": "cgroup of the container",
    "CNIDeviceInfoFile": "file to which the plugin writes what its device is",
    "io.kubernetes.cri.pod-annotations": "annotations of the pod",
}
"""What runtimes pass to a plugin that asks for it in `capabilities` (CONVENTIONS.md of the CNI
project; the last is that of containerd and CRI-O)."""

RUNTIME_KEYS = ("runtimeConfig", "prevResult", "cni.dev/valid-attachments", "cni.dev/attachments")
"""What a runtime puts into a plugin's configuration (spec 1.1.0, "Deriving request configuration")."""

PLUGIN_KEYS = ("type", "name", "cniVersion", "capabilities", "ipMasq", "ipam", "dns", "args", *RUNTIME_KEYS)
"""The keys of a plugin's object that the spec, or a convention, gives a meaning."""

LIST_KEYS = {
    "cniVersion": "0.3.0",
    "cniVersions": "1.1.0",
    "name": "0.3.0",
    "plugins": "0.3.0",
    "disableCheck": "0.4.0",
    "disableGC": "1.1.0",
    "loadOnlyInlinedPlugins": "1.1.0",
}
"""The keys of a network configuration list, and the version of the spec that each came with."""
