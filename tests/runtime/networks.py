"""The networks of the tests with real runtimes."""

from __future__ import annotations

from typing import Any

PODS: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni-pods",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "dns": {"nameservers": ["192.0.2.53"]},
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.216.0.0/24"}], [{"subnet": "fd00:216::/64"}]],
                "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
        {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}},
    ],
}
SECOND: dict[str, Any] = {
    "cniVersion": "0.4.0",
    "name": "second",
    "plugins": [
        {
            "type": "ptp",
            "ipMasq": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.217.0.0/24"}]]},
        }
    ],
}
