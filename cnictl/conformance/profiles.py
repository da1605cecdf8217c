"""How the reference plugins are tried when nobody gives a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.conformance.model import Profile

if TYPE_CHECKING:
    from cnictl.spec.document import Json

_RANGE: Json = {"type": "host-local", "subnet": "10.123.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
_BRIDGE: dict[str, Json] = {"type": "bridge", "bridge": "conf0", "isGateway": True, "ipam": _RANGE}
_PORTS: Json = [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}]
_UPLINK = (
    "ip link add up0 type veth peer name cable0",
    "ip link set cable0 up",
    "ip link set up0 up",
)

PROFILES = {
    "bridge": Profile({**_BRIDGE, "ipMasq": True}),
    "ptp": Profile(
        {"type": "ptp", "ipMasq": True, "ipam": _RANGE},
        single="two interfaces would need a route each to the one gateway",
    ),
    "macvlan": Profile({"type": "macvlan", "master": "up0", "ipam": _RANGE}, setup=_UPLINK),
    "ipvlan": Profile({"type": "ipvlan", "master": "up0", "ipam": _RANGE}, setup=_UPLINK),
    "vlan": Profile({"type": "vlan", "master": "up0", "vlanId": 5, "ipam": _RANGE}, setup=_UPLINK),
    "dummy": Profile({"type": "dummy", "ipam": _RANGE}),
    "tap": Profile({"type": "tap", "ipam": _RANGE}),
    "loopback": Profile({"type": "loopback"}, ifname="lo", single="a container has one lo"),
    "host-local": Profile({"type": "host-local", "ipam": _RANGE}, ipam=True),
    "static": Profile(
        {"type": "static", "ipam": {"type": "static", "addresses": [{"address": "10.123.0.9/24"}]}}, ipam=True
    ),
    "portmap": Profile(
        {
            "type": "portmap",
            "capabilities": {"portMappings": True},
            "runtimeConfig": {"portMappings": _PORTS},
        },
        before=[_BRIDGE],
    ),
    "firewall": Profile({"type": "firewall", "backend": "iptables"}, before=[_BRIDGE]),
    "bandwidth": Profile(
        {
            "type": "bandwidth",
            "ingressRate": 10_000_000,
            "ingressBurst": 1_000_000,
            "egressRate": 10_000_000,
            "egressBurst": 1_000_000,
        },
        before=[_BRIDGE],
    ),
    "tuning": Profile(
        {"type": "tuning", "mtu": 1400, "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}}, before=[_BRIDGE]
    ),
    "sbr": Profile({"type": "sbr"}, before=[_BRIDGE]),
    "vrf": Profile({"type": "vrf", "vrfname": "blue"}, before=[_BRIDGE]),
}
