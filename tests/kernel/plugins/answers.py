"""What an IPAM plugin may answer ADD with, and what bridge makes of it.

Both lanes that compare use them: the kernel lane with what stands here, the interop lane with the Go plugin.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GATEWAY = "10.1.2.1"
ADDRESS = {"address": "10.1.2.2/24", "gateway": GATEWAY}
ADDRESS_6 = {"address": "fd00:1::2/64", "gateway": "fd00:1::1"}
CONNECTED = "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2"
CONNECTED_6 = "fd00:1::/64 dev eth0 proto kernel metric 256 pref medium"
ELSEWHERE = {"dst": "10.9.0.0/16"}
PLUGIN = """\
#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exit 0
cat <<'END'
{text}
END
exit {status}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the routes that are in the container afterwards, or the error (code, message).

    `routes` are lines of iproute2, link-local ones left out, with the table's name first where it is
    not the main one.  `since` is the release of the Go plugins that knows such an answer.
    """

    members: Any
    routes: tuple[str, ...] = ()
    error: tuple[int, str] | None = None
    status: int = 0
    since: str = ""

    def write(self, directory: Path) -> None:
        """Make a plugin called `canned` that gives this answer."""
        text = self.members if isinstance(self.members, str) else json.dumps(self.members)
        path = directory / "canned"
        path.write_text(PLUGIN.format(text=text, status=self.status))
        path.chmod(0o755)


def gives(*routes: dict[str, Any], ips: tuple[dict[str, Any], ...] = (ADDRESS,)) -> dict[str, Any]:
    """A Result of those addresses and routes."""
    return {"cniVersion": "1.0.0", "ips": list(ips), "routes": list(routes)}


ANSWERS: dict[str, Answer] = {
    "without a version it is of the configuration's": Answer({"ips": [ADDRESS]}, (CONNECTED,)),
    "of version 0.2.0": Answer(
        {
            "cniVersion": "0.2.0",
            "ip4": {"ip": "10.1.2.2/24", "gateway": GATEWAY, "routes": [{"dst": "0.0.0.0/0"}]},
        },
        ("default via 10.1.2.1 dev eth0", CONNECTED),
    ),
    "of version 0.4.0": Answer({"cniVersion": "0.4.0", "ips": [{"version": "4", **ADDRESS}]}, (CONNECTED,)),
    "an index of no interface is not read": Answer(gives(ips=({**ADDRESS, "interface": 7},)), (CONNECTED,)),
    "a 31 has no broadcast address": Answer(
        gives(ips=({"address": "10.1.2.2/31", "gateway": "10.1.2.3"},)),
        ("10.1.2.2/31 dev eth0 proto kernel scope link src 10.1.2.2",),
    ),
    "a host address has no network": Answer(gives(ips=({"address": "10.1.2.2/32"},))),
    "both families": Answer(gives(ips=(ADDRESS, ADDRESS_6)), (CONNECTED, CONNECTED_6)),
    "a route without a gateway gets the first of its family": Answer(
        gives(ELSEWHERE, ips=({"address": "10.1.3.2/24"}, ADDRESS, {**ADDRESS_6, "gateway": "fd00:1::9"})),
        (
            CONNECTED,
            "10.1.3.0/24 dev eth0 proto kernel scope link src 10.1.3.2",
            "10.9.0.0/16 via 10.1.2.1 dev eth0",
            CONNECTED_6,
        ),
    ),
    "a route of a family without addresses leads to the link": Answer(
        gives({"dst": "fd02::/64"}), (CONNECTED, "fd02::/64 dev eth0 metric 1024 pref medium")
    ),
    "two gateways for one network": Answer(
        gives({**ELSEWHERE, "gw": "10.1.2.8"}, {**ELSEWHERE, "gw": "10.1.2.9"}),
        (CONNECTED, "10.9.0.0/16 via 10.1.2.9 dev eth0", "10.9.0.0/16 via 10.1.2.8 dev eth0"),
    ),
    "two gateways for one network of IPv6": Answer(
        gives(
            {"dst": "fd02::/64", "gw": "fd00:1::8"},
            {"dst": "fd02::/64", "gw": "fd00:1::9"},
            ips=(ADDRESS_6,),
        ),
        (
            CONNECTED_6,
            "fd02::/64 metric 1024 pref medium",
            "nexthop via fd00:1::8 dev eth0 weight 1",
            "nexthop via fd00:1::9 dev eth0 weight 1",
        ),
    ),
    "a route in a table of its own": Answer(
        gives({**ELSEWHERE, "table": 5000}),
        (CONNECTED, "table 5000 10.9.0.0/16 via 10.1.2.1 dev eth0"),
        since="1.6.0",
    ),
    "a metric": Answer(
        gives({**ELSEWHERE, "priority": 7}),
        (CONNECTED, "10.9.0.0/16 via 10.1.2.1 dev eth0 metric 7"),
        since="1.6.0",
    ),
    "a scope": Answer(
        gives({"dst": "1.2.3.4/32", "scope": 200}),
        ("1.2.3.4 via 10.1.2.1 dev eth0 scope site", CONNECTED),
        since="1.6.0",
    ),
    "a scope that its gateway contradicts": Answer(
        gives({**ELSEWHERE, "scope": 253}),
        error=(
            999,
            "failed to add route '10.9.0.0/16 via 10.1.2.1 dev eth0 metric 0': network is unreachable",
        ),
        since="1.6.0",
    ),
    "a gateway that cannot be reached": Answer(
        gives({**ELSEWHERE, "gw": "192.0.2.1"}),
        error=(
            999,
            "failed to add route '10.9.0.0/16 via 192.0.2.1 dev eth0 metric 0': network is unreachable",
        ),
    ),
    "an IPv6 gateway of an IPv4 route": Answer(
        gives({**ELSEWHERE, "gw": "fd00:1::1"}, ips=(ADDRESS, ADDRESS_6)),
        error=(
            999,
            (
                "failed to add route '10.9.0.0/16 via fd00:1::1 dev eth0 metric 0':"
                " gateway, source, and destination ip are not the same IP family"
            ),
        ),
    ),
    "an IPv4 gateway of an IPv6 route": Answer(
        gives({"dst": "::/0", "gw": "10.1.2.1"}, ips=(ADDRESS, ADDRESS_6)),
        error=(
            999,
            (
                "failed to add route '::/0 via 10.1.2.1 dev eth0 metric 0':"
                " gateway, source, and destination ip are not the same IP family"
            ),
        ),
    ),
    "a route twice": Answer(
        gives({"dst": "0.0.0.0/0"}, {"dst": "0.0.0.0/0"}),
        error=(999, "failed to add route '0.0.0.0/0 via 10.1.2.1 dev eth0 metric 0': file exists"),
    ),
    "an address twice": Answer(
        gives(ips=(ADDRESS, ADDRESS)),
        error=(999, 'failed to add IP addr 10.1.2.2/24 to "eth0": file exists'),
    ),
    "an address without a length": Answer(
        gives(ips=({"address": "10.1.2.2"},)), error=(6, "invalid CIDR address: 10.1.2.2")
    ),
    "no addresses": Answer(gives(ips=()), error=(999, "IPAM plugin returned missing IP config")),
    "null": Answer("null", error=(999, "IPAM plugin returned missing IP config")),
    "nothing": Answer("", error=(6, "failed to unmarshal raw result: unexpected end of JSON input")),
    "a version that nobody knows": Answer(
        {"cniVersion": "9.9.9", "ips": [ADDRESS]}, error=(1, 'unsupported CNI result version "9.9.9"')
    ),
    "an error": Answer(
        {"cniVersion": "1.0.0", "code": 11, "msg": "not now", "details": "later"},
        error=(11, "not now"),
        status=1,
    ),
    "an error without words": Answer(
        "null", error=(0, "netplugin failed with no error message: exit status 3"), status=3
    ),
}
