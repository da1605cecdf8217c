"""Every kind of entity that a state may hold: its facts with their types, and how its keys are spelled.

The order of KINDS is the order in which snapshots and differences list them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.netfilter.rule import Rule, split
from cnictl.spec.address import Address, Prefix
from cnictl.spec.names import is_absolute

if TYPE_CHECKING:
    from cnictl.declare.model import Entity


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of one kind.

    `facts` maps the name of a fact to its type: bool, int, str, or tuple for texts in order.
    `main` names the fact that a file may give in place of a mapping of all facts.  `canonical`
    returns a key as the functions of `cnictl.declare.entities` spell it, or raises ValueError.
    """

    facts: Mapping[str, type]
    canonical: Callable[[str], str]
    main: str = ""


PER_LINK = re.compile(r"(net/ipv[46]/conf/[^/]+)/([^/]+)")
"""A sysctl of a link: what comes before its last word, and that word."""

DEFAULT = "default"
"""The link whose sysctls a new one begins with."""

AS = "as"
"""What says in a file that a link's other sysctls are those of DEFAULT."""


def views(entity: Entity) -> Iterator[Entity]:
    """Yield what an entity says once more, in the form in which a plugin may expect it.

    A chain tells its rules one by one, a reservation that its attachment has one, a route that its
    link is connected to a network.  Snapshots and differences leave these out.
    """
    if entity.kind == "chain":
        yield from entities.rules_of(entity)
    elif entity.kind == "route":
        yield from _connected(entity)
    elif entity.kind == "reservation":
        container, ifname = entity.facts.get("container"), entity.facts.get("ifname")
        if container and ifname:
            yield entities.holder(entity.key.rpartition("/")[0], str(container), str(ifname))


def _connected(route: Entity) -> Iterator[Entity]:
    destination, *rest = route.key.split(" ")
    options = dict(zip(rest[::2], rest[1::2], strict=False))
    if "/" in destination and "dev" in options and "via" not in options:
        yield entities.connected(options["dev"], Prefix.parse(destination))


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key for sorting that puts eth2 before eth10."""
    parts = re.split(r"0*([0-9]+)", text)  # every other one is a number, and the longer the larger
    return [(i % 2, len(part) if i % 2 else 0, part) for i, part in enumerate(parts)]


def _address(key: str) -> str:
    link, prefix = _words(key, 2, "LINK ADDRESS/LENGTH")
    return entities.address(link, Prefix.parse(prefix)).key


def _link_and_network(key: str) -> str:
    link, network = _words(key, 2, "LINK NETWORK/LENGTH")
    return entities.connected(link, Prefix.parse(network)).key


def _bridge_vlan(key: str) -> str:
    link, vid = _words(key, 2, "LINK VID")
    return entities.bridge_vlan(link, _number(vid)).key


def _neighbour(key: str) -> str:
    link, address = _words(key, 2, "LINK ADDRESS")
    return entities.neighbour(link, Address.parse(address)).key


def _route(key: str) -> str:
    """Read a route as iproute2 prints it; `proto`, `scope` and `src` are facts and not part of it."""
    words = _split(key)
    version = {"inet": 4, "inet6": 6}.get(words[0] if words else "")
    destination, *rest = words[1:] if version else words or [""]
    options = dict(zip(rest[::2], rest[1::2], strict=False))
    unknown = options.keys() - {"via", "dev", "metric", "table"}
    if unknown or len(rest) % 2 or len(options) * 2 != len(rest):
        raise ValueError("write a route as [inet6] DESTINATION [via ADDRESS] [dev LINK] [metric N] [table N]")
    gateway = Address.parse(options["via"]) if "via" in options else None
    if destination == "default":
        prefix = Prefix.default(version or 4)
    elif "/" in destination:
        prefix = Prefix.parse(destination)
    else:
        prefix = Prefix.host(Address.parse(destination))
    tables = {name: number for number, name in entities.TABLE_NAMES.items()}
    table = options.get("table", "main")
    return entities.route(
        prefix,
        device=options.get("dev"),
        gateway=gateway,
        table=tables[table] if table in tables else _number(table),
        metric=_number(options.get("metric", "0")),
    ).key


def _sysctl(key: str) -> str:
    try:
        return sysctl.path_of(key, "").removeprefix("/")
    except sysctl.SysctlError:
        raise ValueError("write a sysctl by its path below /proc/sys, as net/ipv4/ip_forward") from None


def _source(key: str) -> str:
    return entities.source(*_words(key, 2, "ZONE SOURCE")).key


def _absolute(key: str) -> str:
    if not is_absolute(key):
        raise ValueError("write an absolute path")
    return key


def _fdb(key: str) -> str:
    link, *rest = _split(key)
    return " ".join([link, *(word.lower() for word in rest)])


def _rule(key: str) -> str:
    chain, separator, text = key.partition(": ")
    if not separator or len(_split(chain)) < 3:
        raise ValueError("write a rule as TOOL TABLE CHAIN: RULE")
    chain = _as_it_is(chain)
    return f"{chain}: {rule_text(chain, text)}"


def rule_text(chain: str, text: str) -> str:
    """Return a rule in canonical form; `chain` is the key of its chain.

    iptables rules may be spelled in any way that iptables understands, nftables rules only as
    snapshots spell them.  Raises ValueError.
    """
    tool, _, name = [*chain.split(" "), "", ""][:3]
    return Rule(name, *split(text)).text if tool.startswith(("iptables", "ip6tables")) else text


def _reservation(key: str) -> str:
    directory, slash, address = _absolute(key).rpartition("/")
    return f"{directory}{slash}{Address.parse(address)}"


def _as_it_is(key: str) -> str:
    return " ".join(_split(key))


def _split(key: str) -> list[str]:
    """Return the words of a key; blanks beyond ASCII may be part of a name."""
    return [word for word in key.replace("\t", " ").split(" ") if word]


def _words(key: str, count: int, form: str) -> list[str]:
    words = _split(key)
    if len(words) != count:
        raise ValueError(f"write it as {form}")
    return words


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a number")
    return int(text)


KINDS: dict[str, Kind] = {
    "link": Kind(
        {
            "kind": str,
            "mac": str,
            "mtu": int,
            "up": bool,
            "master": str,
            "peer": str,
            "parent": str,
            "mode": str,
            "vlan_id": int,
            "bcqueuelen": int,
            "table": int,
            "promiscuous": bool,
            "all_multicast": bool,
            "txqlen": int,
            "hairpin": bool,
            "isolated": bool,
            "vlan_filtering": bool,
            "vni": int,
            "local": str,
            "group": str,
            "port": int,
            "learning": bool,
            "owner": int,
            "owner_group": int,
            "multi_queue": bool,
            "alias": str,
        },
        _as_it_is,
    ),
    "address": Kind({"scope": str}, _address),
    "route": Kind({"scope": str, "source": str, "kind": str}, _route),
    "connected": Kind({}, _link_and_network),
    "policy": Kind({"priority": int}, _as_it_is),
    "neighbour": Kind({"mac": str}, _neighbour),
    "fdb": Kind({"state": str}, _fdb),
    "vlan": Kind({"pvid": bool, "untagged": bool}, _bridge_vlan),
    "qdisc": Kind(
        {"kind": str, "handle": str, "rate": int, "limit": int, "buffer": int, "options": str}, _as_it_is
    ),
    "class": Kind({"kind": str, "parent": str, "options": str}, _as_it_is),
    "filter": Kind({"kind": str, "options": str, "actions": tuple}, _as_it_is),
    "chain": Kind({"hook": str, "policy": str, "rules": tuple}, _as_it_is, main="rules"),
    "rule": Kind({}, _rule),
    "source": Kind({}, _source),
    "sysctl": Kind({"value": str}, _sysctl, main="value"),
    "reservation": Kind({"container": str, "ifname": str}, _reservation),
    "holder": Kind({}, _absolute),
    "lease": Kind({"address": str}, _absolute, main="address"),
    "file": Kind({"content": str}, _absolute, main="content"),
    "attachment": Kind(
        {
            "netns": str,
            "version": str,
            "plugins": tuple,
            "interfaces": tuple,
            "addresses": tuple,
            "routes": tuple,
            "dns": tuple,
        },
        _as_it_is,
    ),
}
