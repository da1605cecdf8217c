"""What is measured when nobody says what: the plugins that most nodes with published ports run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.scenario.model import Scenario
from cnictl.spec.document import encode

if TYPE_CHECKING:
    from cnictl.spec.document import Json

_ADDRESSES: Json = {"type": "host-local", "subnet": "10.90.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]}
_PORTS: Json = [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}]
_RATES: dict[str, Json] = {
    "ingressRate": 8_000_000,
    "ingressBurst": 800_000,
    "egressRate": 16_000_000,
    "egressBurst": 800_000,
}
PLUGINS: tuple[dict[str, Json], ...] = (
    {"type": "bridge", "isGateway": True, "ipMasq": True, "ipam": _ADDRESSES},
    {"type": "portmap", "runtimeConfig": {"portMappings": _PORTS}},
    {"type": "firewall", "backend": "iptables"},
    {"type": "bandwidth", **_RATES},
    {"type": "tuning", "mtu": 1400, "sysctl": {"net.core.somaxconn": "500"}},
)


def chain(*types: str, name: str = "chain") -> Scenario:
    """Return a network of these plugins, or of all five, which follow one another as a runtime calls them."""
    plugins: list[Json] = [dict(one) for one in PLUGINS if not types or one["type"] in types]
    return Scenario(name, encode({"cniVersion": "1.0.0", "name": name, "plugins": plugins}))
