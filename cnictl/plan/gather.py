"""What a throwaway copy of this node is made from.  Only looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from cnictl import firewalld
from cnictl.netfilter import observe as netfilter
from cnictl.netfilter.program import locate, run
from cnictl.netlink import observe as netlink
from cnictl.netns import NetnsError, entered
from cnictl.plan.model import Seed, SeedLink, SeedPlace, SeedRoute
from cnictl.spec.errors import CnictlError
from cnictl.state.sysctls import sysctls

if TYPE_CHECKING:
    from cnictl.invoke import Completed
    from cnictl.netlink.observed import Link, Network, Route

NODE = ""
STAND_IN = "a stand-in is there in its place"
_TOOLS = {"iptables": ("iptables", "ip"), "ip6tables": ("ip6tables", "ip6")}


def gather(pods: Iterable[str] = ()) -> Seed:
    """Return what to copy of this node and of the containers whose netns have these paths.

    Raises CnictlError when the node itself cannot be read.
    """
    missing: list[str] = []
    networks = {NODE: netlink.observe()}
    values = {NODE: _sysctls()}
    for path in pods:
        try:
            with entered(path):
                networks[path], values[path] = netlink.observe(), _sysctls()
        except NetnsError as error:
            missing.append(f"netns {path}: {error}")
    peers = _peers(networks)
    places = []
    for path, network in networks.items():
        missing += [f"{what} of {path or 'the node'}: {why}" for what, why in network.unread.items()]
        places.append(_place(path, network, values[path], peers.get(path, {}), missing))
    if firewalld.is_running():
        missing.append("firewalld: a plugin that looks for it finds none on the copy")
    return Seed(places, list(_filters(missing)), missing)


def _place(
    path: str,
    network: Network,
    values: Mapping[str, str],
    peers: Mapping[str, tuple[str, str]],
    missing: list[str],
) -> SeedPlace:
    by_index = {link.index: link for link in network.links}
    links = [_link(one, by_index) for one in network.links if one.name != "lo"]
    addresses = [
        (one.link, str(one.prefix))
        for one in network.addresses
        if one.protocol != "kernel_ll" and not (one.scope == "link" and one.prefix.version == 6)
    ]
    routes = []
    for route in network.routes:
        if route.protocol == "kernel" or route.kind == "local":
            continue
        if route.kind != "unicast" or len(route.hops) != 1:
            words = route.kind if route.kind != "unicast" else "with several next hops"
            missing.append(f"route {route.dst} of {path or 'the node'} ({words})")
            continue
        routes.append(_route(route))
    if any(rule.protocol != "kernel" for rule in network.rules):
        missing.append(f"policy rules of {path or 'the node'}")
    neighbours = [
        (one.link, str(one.address), one.mac) for one in network.neighbours if "permanent" in one.state
    ]
    tunnels = [
        (one.link, one.mac, str(one.remote))
        for one in network.fdb
        if one.remote is not None and not one.remote.is_multicast and "permanent" in one.state
    ]
    return SeedPlace(path, links, addresses, routes, values, peers, neighbours, tunnels)


def _link(link: Link, by_index: Mapping[int, Link]) -> SeedLink:
    lower = by_index.get(link.lower) if link.netnsid is None else None
    return SeedLink(
        link.name,
        link.kind,
        link.mac,
        link.mtu,
        link.txqlen,
        link.up,
        link.master,
        lower.name if lower is not None and link.kind != "veth" else "",
        link.alias,
        dict(link.data),
        dict(link.port),
    )


def _route(route: Route) -> SeedRoute:
    hop = route.hops[0]
    return SeedRoute(
        str(route.dst),
        hop.link,
        str(hop.gateway or ""),
        str(route.source or ""),
        route.table,
        route.metric,
        route.scope,
        "onlink" in hop.flags,
    )


def _peers(networks: Mapping[str, Network]) -> dict[str, dict[str, tuple[str, str]]]:
    """Find the veths whose two ends are both copied: by place and name, place and name of the other end.

    Two ends know one another by index; that of another namespace could be the same by chance, so
    both must point at each other and only one pair may.
    """
    ends = [
        (path, link) for path, network in networks.items() for link in network.links if link.kind == "veth"
    ]
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for path, link in ends:
        others = [
            (place, other)
            for place, other in ends
            if (place, other) != (path, link)
            and (other.index, other.lower) == (link.lower, link.index)
            and (place == path) == (link.netnsid is None)
        ]
        if len(others) == 1:
            place, other = others[0]
            found.setdefault(path, {})[link.name] = (place, other.name)
    return found


def _sysctls() -> dict[str, str]:
    return {one.key: str(one.facts["value"]) for one in sysctls()}


def _filters(missing: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield programs that restore packet filter rules, and their input."""
    found = netfilter.observe()
    missing += [f"rules of {tool}: {why}" for tool, why in found.unread.items()]
    tools = {chain.tool for chain in found.chains if chain.source != "native"}
    for tool in sorted(tools):
        yield from _saved(f"{tool}-save", f"{tool}-restore", missing)
    tables = dict.fromkeys((c.tool.split(" ")[1], c.table) for c in found.chains if c.source == "native")
    for family, table in tables:
        said = _run("nft", ("-s", "list", "table", family, table), missing)
        if said is not None:
            yield ("nft", "-f", "-"), said.stdout.decode(errors="surrogateescape")


def _saved(save: str, restore: str, missing: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    said = _run(save, (), missing)
    if said is not None:
        for table in said.stdout.decode(errors="surrogateescape").split("COMMIT\n"):
            if "*" in table:
                yield (restore, "--noflush"), f"{table}COMMIT\n"


def _run(program: str, arguments: tuple[str, ...], missing: list[str]) -> Completed | None:
    try:
        done = run(locate(program), arguments)
    except CnictlError as error:
        missing.append(f"rules of {program}: {error}")
        return None
    if done.status:
        missing.append(f"rules of {program}: {done.reason}")
        return None
    return done
