"""All that plugins leave on a node, as other people's programs list it, for comparing before and after."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tests import witness

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

# What is shared by all containers and stays for the next one, as with the Go plugins: forwarding, portmap's
# dispatching chains, firewall's chains and policies, host-local's bookkeeping, and tables without rules that
# the tools make by looking.
_SHARED = re.compile(
    r"CNI-HOSTPORT-(MASQ|SETMARK|DNAT)|^:(PREROUTING|INPUT|OUTPUT|POSTROUTING|FORWARD)\b"
    r"|CNI-ADMIN|CNI-ISOLATION|^:CNI-FORWARD|^-A FORWARD .* -j CNI-FORWARD$"
)
_BOOKKEEPING = re.compile(r"(^|/)(lock|last_reserved_ip\.\d+|\.?index[^/]*|netfilter\.lock)$")
_RULE = re.compile(r'^\s*[^\s].* comment "[^"]*"$')  # elsewhere it is one of iptables
_PASSING = ("LOWER_UP", "NO-CARRIER")  # follow from other links


def leftovers(node: Node, *netns: str) -> dict[str, object]:
    """Return links, addresses, routes, rules, queues and files of the node and of some of its namespaces."""
    found: dict[str, object] = {}
    for place in ("", *netns):
        links = witness.ip(node, "addr", netns=place)
        found[f"{place} links"] = sorted(
            (
                link["ifname"],
                link["mtu"],
                link.get("address"),
                link.get("txqlen"),
                tuple(sorted(set(link["flags"]) - set(_PASSING))),
            )
            for link in links
        )
        found[f"{place} addresses"] = sorted(
            (link["ifname"], one["local"], one["prefixlen"])
            for link in links
            for one in link["addr_info"]
            if not one["local"].startswith("fe80")
        )
        routes = [
            line.replace(" linkdown", "").strip()
            for version in ("-4", "-6")
            for line in node.run(
                ["ip", version, "route", "show", "table", "all"], netns=place
            ).stdout.splitlines()
            if "fe80" not in line and "multicast" not in line
        ]
        found[f"{place} routes"] = sorted(routes)
        found[f"{place} policies"] = [
            line
            for version in ("-4", "-6")
            for line in node.run(["ip", version, "rule"], netns=place).checked().stdout.splitlines()
            if "l3mdev" not in line  # the kernel's, from the first VRF of a namespace on
        ]
        found[f"{place} queues"] = sorted(
            (one["dev"], one["kind"], one["handle"], str(one.get("options")))
            for one in witness.tc(node, "qdisc", netns=place)
        )
    for version in (4, 6):
        for table in ("nat", "filter"):
            lines = witness.iptables(node, table, version=version)
            found[f"iptables {version} {table}"] = [line for line in lines if not _SHARED.search(line)]
    ruleset = node.run(["nft", "list", "ruleset"]).stdout
    found["nftables"] = [line.strip() for line in ruleset.splitlines() if _RULE.search(line)]
    if os.path.exists(node.path("/run/firewalld.pid")):
        found["zones"] = node.run(["firewall-cmd", "--get-active-zones"]).checked().stdout
    for directory in ("/var/lib/cni", "/run/cni"):
        files = witness.files(node, directory)
        found[directory] = {path: data for path, data in files.items() if not _BOOKKEEPING.search(path)}
    return found
