"""What a picture of a node says in each of its boxes, whatever it is drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cnictl.render.map import ROUTED, link_words, port_words
from cnictl.render.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.topology.model import Leg, Link, Namespace, Segment

Style = Literal["over", "name", "plain", "port", "quiet", "bad"]
Sort = Literal["device", "bridge", "tunnel", "stacked", "routed", "apart"]

_SORTS: dict[str, Sort] = {
    "": "device",
    "bridge": "bridge",
    "vxlan": "tunnel",
    "geneve": "tunnel",
    "gre": "tunnel",
    "ipip": "tunnel",
    "wireguard": "tunnel",
    "vlan": "stacked",
    "macvlan": "stacked",
    "ipvlan": "stacked",
    "vrf": "bridge",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A line in a box; control characters are escaped already, markup is not."""

    style: Style
    text: str


def sort_of(segment: Segment) -> Sort:
    """Return what sort of thing a segment is."""
    return "routed" if segment.link is None else _SORTS.get(segment.link.kind, "device")


def title(segment: Segment) -> tuple[str, str]:
    """Return the name of a segment, and the rest that is to be said of it."""
    if segment.link is None:
        return ROUTED, ""
    return line(segment.link.name), line("  ".join(link_words(segment.link)))


def tile(leg: Leg) -> list[Words]:
    """Return what the box of a namespace says, where it hangs on a segment by that leg."""
    return [*_name(leg.namespace), *_link(leg.link), *_carried(leg.namespace, leg.link)]


def lonely_tile(namespace: Namespace) -> list[Words]:
    """Return what the box of a namespace says that hangs on nothing."""
    found = [*_name(namespace)]
    if namespace.problem:
        return [*found, Words("bad", line(namespace.problem))]
    for link in namespace.links:
        if link.name != "lo":
            found += _link(link)
    return found


def search_words(namespace: Namespace) -> str:
    """Return all by which somebody may look for a namespace, in small letters."""
    words = [namespace.name, namespace.path]
    for link in namespace.links:
        words += [link.name, link.mac, link.kind, link.alias, *link.facts, *link.addresses]
    for one in namespace.attached:
        words += [one.network, one.container_id, one.pod, one.ifname]
    for port in namespace.ports:
        words += [port.name, port.destination, port.state, *(each.chain for each in port.carried)]
    return line(" ".join(dict.fromkeys(filter(None, words)))).lower()


def _name(namespace: Namespace) -> Iterator[Words]:
    above, slash, name = namespace.name.partition("/")
    if slash and name:
        yield Words("over", line(above))
        yield Words("name", line(name))
    else:
        yield Words("name", line(namespace.name))


def _link(link: Link) -> Iterator[Words]:
    kind = [] if link.kind == "veth" else [link.kind, *link.facts]
    first, *more = link.addresses or ("no address",)
    yield Words("plain", line(" ".join([link.name, *kind, *([first] if not kind else [])])))
    for address in more if not kind else (first, *more):
        yield Words("plain", line(f"{' ' * len(link.name)} {address}"))
    if not link.up:
        yield Words("bad", line(f"{link.name} is down"))
    if link.alias:
        yield Words("quiet", line(f'"{link.alias}"'))


def _carried(namespace: Namespace, link: Link) -> Iterator[Words]:
    own = link.hosts
    for port in namespace.ports:
        if port.to in own:
            short = f":{port.name} → {port.to_port}" if port.state == "ok" else port_words(port)
            yield Words("port" if port.state == "ok" else "bad", line(short))
    if any(one.source.partition("/")[0] in own for one in namespace.masqueraded):
        yield Words("quiet", "masqueraded")
