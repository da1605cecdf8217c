"""CNI315: an MTU that no interface takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top
from cnictl.lint.model import Remark, rule
from cnictl.lint.ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

LEAST, LEAST_IPV6 = 68, 1280  # RFC 791; RFC 8200, section 5
MOST = 65535  # ETH_MAX_MTU, linux/if_ether.h


@rule("CNI315", "mtu-range")
def mtu_range(conf: Configuration) -> Iterator[Remark]:
    """An MTU is from 68 to 65535, from 1280 where there are IPv6 addresses, or 0 for the default.

    ## Why it matters
    The kernel refuses another, and an interface with less than 1280 takes no IPv6 address: ADD fails.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "mtu": 1200, "ipam": {
            "type": "host-local", "subnet": "fd00:1::/64"}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "mtu": 1400, "ipam": {
            "type": "host-local", "subnet": "fd00:1::/64"}}]}
    """
    ipv6 = any(":" in one.subnet for plugin in conf.all_plugins for one in ranges(plugin))
    least = LEAST_IPV6 if ipv6 else LEAST
    for plugin in conf.all_plugins:
        programs = readers(plugin)
        mtu = plugin.document.get("mtu")
        if not programs or "mtu" not in top(plugin, programs).keys or type(mtu) is not int or mtu <= 0:
            continue
        if mtu > MOST:
            yield Remark(
                plugin.at("mtu"), f"MTU {mtu} is more than an interface takes", f"{MOST} is the most"
            )
        elif mtu < least:
            why = "IPv6 needs" if ipv6 else "an interface takes"
            yield Remark(plugin.at("mtu"), f"MTU {mtu} is less than {why}", f"{least} is the least")
