"""vxlan: what the node knows of the others, in the kernel: neighbours, forwarding entries and routes.

In mode routed another node has a neighbour and a route for each network of its pods, whose first
address stands for the far end of the tunnel, and one forwarding entry from the MAC address behind
that to the node's address.  In mode bridge each node has an entry for what no entry knows; what
the tunnel learns by itself is left to it, except of a node that is gone.
"""

from __future__ import annotations

import errno

from cnictl.netlink.neighbours import FLOOD
from cnictl.netlink.routes import SCOPE_LINK
from cnictl.netlink.rtnl import LinkGone, NetlinkError
from cnictl.spec.value import Value

from . import vxlan_remotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnictl.netlink.rtnl import Link, Rtnl
    from cnictl.spec.address import Address, Prefix

    from .vxlan_device import Overlay
    from .vxlan_remotes import Remote

    Step = Callable[[Rtnl, Link], None]

_PROTO_BOOT = 3  # RTPROT_BOOT, linux/rtnetlink.h


class Entries(Value):
    """Entries of one VXLAN interface.

    `neighbours` maps the first address of a network to a MAC address, `tunnel` has pairs of a MAC
    address and the node's address, `routes` maps a network to its gateway, None for this node's own.
    """

    __slots__ = ("neighbours", "tunnel", "routes")

    def __init__(
        self,
        neighbours: dict[Address, str] | None = None,
        tunnel: Iterable[tuple[str, Address]] = (),
        routes: dict[Prefix, Address | None] | None = None,
    ) -> None:
        self.neighbours = neighbours or {}
        self.tunnel = dict.fromkeys(tunnel)
        self.routes = routes or {}


class Change(Value):
    """One entry that is made (`+`), removed (`-`) or given another value (`~`), in iproute2's words."""

    __slots__ = ("sign", "kind", "words")

    def __init__(self, sign: str, kind: str, words: str) -> None:
        self.sign = sign
        self.kind = kind
        self.words = words

    def __str__(self) -> str:
        return f"{self.sign} {self.kind} {self.words}"


class Report(Value):
    """What was changed, or would be, and what is wrong with the descriptions of nodes, or in their way."""

    __slots__ = ("changes", "problems")

    def __init__(self, changes: Sequence[Change] = (), problems: Sequence[str] = ()) -> None:
        self.changes = list(changes)
        self.problems = list(problems)


def wanted(overlay: Overlay, remotes: Iterable[Remote]) -> Entries:
    """Return the entries for these nodes, and the route by which what no pod has stays in the overlay."""
    if not overlay.config.is_routed:
        return Entries(tunnel=((FLOOD, one.vtep) for one in remotes))
    entries = Entries()
    for network in overlay.config.networks():
        if network.length < network.address.bits:
            entries.routes[network] = None
    for one in remotes:
        entries.tunnel[one.mac, one.vtep] = None
        for prefix in one.pod_cidrs:
            entries.neighbours[prefix.address] = one.mac
            entries.routes[prefix] = prefix.address
    return entries


def converge(host: Rtnl, overlay: Overlay, device: Link | None, *, plan: bool = False) -> Report:
    """Give the VXLAN interface the entries of all other nodes, and take those of nodes that are gone.

    As long as a description cannot be used nothing is taken: whose an entry is cannot be told then.
    With `plan` nothing is changed; without a `device` there is nothing yet.  Only for who holds the
    lock.  Raises CniError 11 when the directory of remotes cannot be read, and NetlinkError.
    """
    if overlay.config.group is not None:
        return Report()
    remotes = vxlan_remotes.read(overlay.config, overlay.underlay.local)
    report = Report(problems=remotes.problems)
    goal = wanted(overlay, remotes.known)
    found, learned = (Entries(), []) if device is None else _present(host, device)
    steps = list(_additions(goal, found))
    if not remotes.problems:
        steps += _removals(goal, found, learned)
    for change, step in steps:
        try:
            if device is not None and not plan:
                step(host, device)
        except NetlinkError as error:
            if change.sign == "+" and error.errno == errno.EEXIST:
                report.problems.append(f"{change.kind} {change.words}: there is another one: {error.reason}")
                continue
            if change.sign != "-" or error.errno not in (errno.ENOENT, errno.ESRCH):
                raise
        report.changes.append(change)
    return report


def look(host: Rtnl, overlay: Overlay) -> tuple[Entries, Entries]:
    """Return the entries that should be there, and those that are there and should not be.

    Raises CniError 11 when the directory of remotes cannot be read.
    """
    if overlay.config.group is not None:
        return Entries(), Entries()
    remotes = vxlan_remotes.read(overlay.config, overlay.underlay.local)
    goal = wanted(overlay, remotes.known)
    try:
        found, _ = _present(host, host.link(overlay.name))
    except LinkGone:
        return goal, Entries()
    return goal, Entries() if remotes.problems else _stale(goal, found)


def _stale(goal: Entries, found: Entries) -> Entries:
    """Return what no node has any more; an entry that has another value for its key is no such thing."""
    replaced = {mac for mac, _ in goal.tunnel if mac != FLOOD}
    return Entries(
        {address: mac for address, mac in found.neighbours.items() if address not in goal.neighbours},
        (one for one in found.tunnel if one not in goal.tunnel and one[0] not in replaced),
        {prefix: gateway for prefix, gateway in found.routes.items() if prefix not in goal.routes},
    )


def _present(host: Rtnl, device: Link) -> tuple[Entries, list[tuple[str, Address]]]:
    """Return the entries that are there to stay, and those that the tunnel learned."""
    tunnel = host.tunnel_entries(device)
    entries = Entries(
        {one.address: one.mac for one in host.neighbours(device)},
        ((one.mac, one.destination) for one in tunnel if one.permanent),
        {one.dst: one.gateway for one in host.routes(link=device) if one.protocol == _PROTO_BOOT},
    )
    return entries, [(one.mac, one.destination) for one in tunnel if not one.permanent]


def _additions(goal: Entries, found: Entries) -> Iterator[tuple[Change, Step]]:
    """Yield what is missing or different, a neighbour and its forwarding entry before the route to them."""
    for address, mac in goal.neighbours.items():
        if found.neighbours.get(address) != mac:
            sign = "~" if address in found.neighbours else "+"
            yield _neighbour(sign, address, mac)
    sent = {mac for mac, _ in found.tunnel if mac != FLOOD}
    for mac, destination in goal.tunnel:
        if (mac, destination) not in found.tunnel:
            yield _tunnel_entry("~" if mac in sent else "+", mac, destination)
    for prefix, gateway in goal.routes.items():
        if prefix in found.routes and found.routes[prefix] != gateway:
            yield _route("-", prefix, found.routes[prefix])
        if prefix not in found.routes or found.routes[prefix] != gateway:
            yield _route("+", prefix, gateway)


def _removals(
    goal: Entries, found: Entries, learned: Iterable[tuple[str, Address]]
) -> Iterator[tuple[Change, Step]]:
    """Yield what no node has any more, routes first."""
    stale = _stale(goal, found)
    for prefix, gateway in stale.routes.items():
        yield _route("-", prefix, gateway)
    gone = {destination for one, destination in found.tunnel if (one, destination) not in goal.tunnel}
    for mac, destination in (*stale.tunnel, *(one for one in learned if one[1] in gone)):
        yield _tunnel_entry("-", mac, destination)
    for address, mac in stale.neighbours.items():
        yield _neighbour("-", address, mac)


def _neighbour(sign: str, address: Address, mac: str) -> tuple[Change, Step]:
    def step(host: Rtnl, device: Link) -> None:
        if sign == "-":
            host.delete_neighbour(device, address)
        else:
            host.set_neighbour(device, address, mac)

    return Change(sign, "neighbour", f"{address} lladdr {mac}"), step


def _tunnel_entry(sign: str, mac: str, destination: Address) -> tuple[Change, Step]:
    def step(host: Rtnl, device: Link) -> None:
        if sign == "-":
            host.delete_tunnel_entry(device, mac, destination)
        else:
            host.set_tunnel_entry(device, mac, destination)

    return Change(sign, "fdb", f"{mac} dst {destination}"), step


def _route(sign: str, prefix: Prefix, gateway: Address | None) -> tuple[Change, Step]:
    def step(host: Rtnl, device: Link) -> None:
        if sign == "-":
            host.delete_route(prefix, link=device, gateway=gateway)
        elif gateway is None:
            host.add_route(prefix, link=device, scope=SCOPE_LINK)
        else:
            host.add_route(prefix, link=device, gateway=gateway, onlink=True)

    return Change(sign, "route", str(prefix) if gateway is None else f"{prefix} via {gateway}"), step
