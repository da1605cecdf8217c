"""How a node is wired: a tree for people, members for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from cnictl.render.ports import port_members
from cnictl.render.table import BAD, DIM
from cnictl.render.text import counted, line
from cnictl.topology.segments import apart, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.ports.model import HostPort
    from cnictl.render.form import Data
    from cnictl.topology.model import Attached, Leg, Link, Masquerade, Namespace, Segment, Topology

ROUTED = "routed, without a bridge"
APART = "joined to nothing of the node"
GUIDE = "bright_black"


def map_tree(topology: Topology) -> Tree:
    """Return the node's links with what hangs on each, then namespaces that hang on none, then the rest."""
    found = segments(topology)
    root = Tree(Text(line(topology.node), style="bold"), guide_style=GUIDE, highlight=False)
    for words in routes_words(topology):
        root.add(Text(line(words), style=DIM))
    for segment in found:
        _segment(root, segment)
    _apart(root, topology, apart(topology, found))
    for title, lines in besides(topology):
        branch = root.add(Text(title, style="bold cyan"))
        for words, wrong in lines:
            branch.add(Text(line(words), style=BAD if wrong else ""))
    return root


def map_members(topology: Topology) -> dict[str, Data]:
    """Return everything for `-o json`; namespaces are numbered, and links are named by number and name."""
    return {
        "node": topology.node,
        "taken": round(topology.taken, 3),
        "namespaces": [_namespace(one) for one in topology.namespaces],
        "ports": [port_members(one) for one in topology.ports],
        "masquerades": [_masquerade(one) for one in topology.masquerades],
        "gone": [_attached(one) for one in topology.gone],
        "unseen": list(topology.unseen),
    }


def map_summary(topology: Topology) -> str:
    """Return one line: how much there is, and how much of it is amiss."""
    links = sum(len(one.links) for one in topology.namespaces)
    ports = sum(len(one.ports) for one in topology.namespaces) + len(topology.ports)
    words = [
        counted(len(topology.others), "namespace"),
        counted(links, "link"),
        counted(ports, "host port"),
    ]
    unknown = sum(bool(one.problem) for one in topology.others)
    if unknown:
        words.append(f"{counted(unknown, 'namespace')} that could not be entered")
    if topology.gone:
        words.append(f"{counted(len(topology.gone), 'attachment')} whose namespace is gone")
    return ", ".join(words)


def link_words(link: Link) -> list[str]:
    """Return what is to be said of a link besides its name: kind, facts, addresses, and what is odd."""
    words = [link.kind or "device", *link.facts, *link.addresses]
    if link.master and link.parent is not None:  # it stands below the one, and so the other is to be told
        words.append(f"on {link.parent.link}")
    if not link.up:
        words.append("down")
    if link.far and link.peer is None and link.parent is None:
        words.append("other end not found")
    if link.alias:
        words.append(f'alias "{link.alias}"')
    return words


def routes_words(topology: Topology) -> list[str]:
    """Return the node's routes, those to single addresses without a gateway counted only."""
    single = [
        one for one in topology.own.routes if not one.gateway and one.destination.endswith(("/32", "/128"))
    ]
    words = [str(one) for one in topology.own.routes if one not in single]
    return [*words, f"{counted(len(single), 'route')} to single addresses"] if single else words


def besides(topology: Topology) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """Yield what hangs on no namespace, under titles: in words, and whether it is wrong."""
    masquerades = [(masquerade_words(one), False) for one in topology.masquerades]
    ports = [(port_words(one), not _is_well(one)) for one in topology.ports]
    gone = [(_attached_words(one), True) for one in topology.gone]
    for title, found in (
        ("masquerading besides", masquerades),
        ("host ports that lead to no namespace", ports),
        ("attached, but the namespace is gone", gone),
    ):
        if found:
            yield title, found


def masquerade_words(one: Masquerade) -> str:
    """Return a masquerading rule in words."""
    source = one.source or "everything"
    return f"{source}{f' to all but {one.beyond}' if one.beyond else ''}, by {one.tool} {one.chain}"


def port_words(one: HostPort) -> str:
    """Return where a host port leads, in words."""
    return f"{one.name} → {one.destination}" + ("" if _is_well(one) else f" ({one.state})")


def _is_well(one: HostPort) -> bool:
    return one.state in ("ok", "foreign")


def _attached_words(one: Attached) -> str:
    return f"{one.network} {one.pod or one.container_id} {one.ifname} {one.netns}"


def _segment(tree: Tree, segment: Segment) -> None:
    if segment.link is None:
        branch = tree.add(Text(ROUTED, style="bold cyan"))
    else:
        branch = tree.add(_link(segment.link))
    for one in segment.below:
        _segment(branch, one)
    for leg in segment.legs:
        _leg(branch, leg)


def _link(link: Link) -> Text:
    words = link_words(link)
    text = Text.assemble((line(link.name), "bold cyan"), f" {line(' '.join(words))}")
    if not link.up:
        text.stylize(BAD)
    return text


def _leg(tree: Tree, leg: Leg) -> None:
    """Add the namespace that a leg leads to, and below it what its ports and its other links are."""
    through = (
        f"{line(leg.through)} ─ " if leg.through else f"{line(' '.join([leg.link.kind, *leg.link.facts]))} ─ "
    )
    text = Text.assemble(
        (through, DIM),
        (line(leg.namespace.name), "bold green"),
        f" {line(leg.link.name)} {line(' '.join(leg.link.addresses) or 'no address')}",
    )
    if not leg.link.up:
        text.append(" down", style=BAD)
    if leg.link.alias:
        text.append(f' alias "{line(leg.link.alias)}"')
    branch = tree.add(text)
    for words, style in _about(leg):
        branch.add(Text(line(words), style=style))


def _about(leg: Leg) -> Iterator[tuple[str, str]]:
    """Yield what is to be said once of a namespace, at the leg of its attachment's first link."""
    namespace = leg.namespace
    gateways = [str(one) for one in namespace.routes if one.link == leg.link.name and one.gateway]
    if gateways:
        yield ", ".join(gateways), DIM
    own = leg.link.hosts
    for port in namespace.ports:
        if port.to in own:
            yield f"port {port_words(port)}", "" if port.state == "ok" else BAD
    for one in namespace.masqueraded:
        if one.source.partition("/")[0] in own:
            yield f"masqueraded to all but {one.beyond}" if one.beyond else "masqueraded", DIM


def _apart(tree: Tree, topology: Topology, namespaces: list[Namespace]) -> None:
    if not namespaces:
        return
    branch = tree.add(Text(APART, style="bold cyan"))
    for namespace in namespaces:
        text = Text(line(namespace.name), style="bold green")
        if namespace.problem:
            text.append(f" {line(namespace.problem)}", style=BAD)
        below = branch.add(text)
        for link in namespace.links:
            if link.name == "lo":
                continue
            words = _link(link)
            if link.peer is not None:
                other = topology.namespaces[link.peer.namespace]
                words.append(line(f" ─ {link.peer.link} of {other.name}"))
            below.add(words)


def _namespace(one: Namespace) -> dict[str, Data]:
    return {
        "number": one.number,
        "name": one.name,
        "path": one.path or None,
        "inode": one.inode,
        "attached": [_attached(each) for each in one.attached],
        "links": [_link_members(each) for each in one.links],
        "routes": [
            {"destination": each.destination, "gateway": each.gateway or None, "link": each.link or None}
            for each in one.routes
        ],
        "ports": [port_members(each) for each in one.ports],
        "masqueraded": [_masquerade(each) for each in one.masqueraded],
        "problem": one.problem or None,
    }


def _link_members(link: Link) -> dict[str, Data]:
    ends = {"peer": link.peer, "parent": link.parent}
    return {
        "name": link.name,
        "kind": link.kind or None,
        "mac": link.mac or None,
        "mtu": link.mtu,
        "up": link.up,
        "master": link.master or None,
        **{
            word: {"namespace": end.namespace, "link": end.link} if end is not None else None
            for word, end in ends.items()
        },
        "alias": link.alias or None,
        "facts": list(link.facts),
        "addresses": list(link.addresses),
    }


def _attached(one: Attached) -> dict[str, Data]:
    return {
        "network": one.network,
        "containerID": one.container_id,
        "ifname": one.ifname,
        "pod": one.pod or None,
        "netns": one.netns,
        "netnsExists": one.there,
    }


def _masquerade(one: Masquerade) -> dict[str, Data]:
    return {
        "source": one.source or None,
        "beyond": one.beyond or None,
        "tool": one.tool,
        "chain": one.chain,
        "containerID": one.container_id or None,
        "ifname": one.ifname or None,
    }
