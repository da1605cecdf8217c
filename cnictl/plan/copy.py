"""Makes the copy: links and stand-ins, addresses, routes, sysctls and rules on a throwaway node.

Runs on that node.  What cannot be made there is told, and the rest goes on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl import sysctl
from cnictl.netfilter.program import locate, run
from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.netns import Netns, entered
from cnictl.netns_named import DIRECTORY, create_named
from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.plan.model import Seed, SeedLink, SeedPlace

_OUTSIDE = os.path.join(DIRECTORY, "outside")
"""Where the other ends of stand-ins are: up, so that the stand-ins have a carrier."""

_REAL = ("", "veth", "dummy")
"""Kinds that a veth stands in for and nobody can tell: cables, and what ends elsewhere."""

SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}  # rtnetlink(7)


def copy(seed: Seed) -> list[str]:
    """Make all that a seed says; return what could not be made, and why."""
    missing = list(seed.missing)
    create_named(_OUTSIDE)
    for place in seed.places:
        if place.path:
            create_named(place.path)
    made: set[tuple[str, str]] = set()
    with Rtnl(_OUTSIDE) as outside:
        for place in seed.places:
            with Rtnl(place.path or None) as here:
                for link in _by_need(place):
                    _make(here, outside, place, link, made, missing)
    for place in seed.places:
        with Rtnl(place.path or None) as here:
            _furnish(here, place, missing)
        _write_sysctls(place, missing)
    for words, text in seed.filters:
        _restore(words, text, missing)
    return missing


def _by_need(place: SeedPlace) -> list[SeedLink]:
    """Return the links in an order in which each finds what it sits on."""
    return sorted(place.links, key=lambda link: (bool(link.parent), link.kind != "bridge"))


def _make(
    here: Rtnl,
    outside: Rtnl,
    place: SeedPlace,
    link: SeedLink,
    made: set[tuple[str, str]],
    missing: list[str],
) -> None:
    if (place.path, link.name) in made:
        return
    try:
        if link.kind == "bridge":
            here.add_bridge(link.name, vlan_filtering=bool(link.data.get("vlan_filtering")))
        elif link.kind == "vlan" and link.parent:
            parent = here.link(link.parent).index
            here.add_link(link.name, link_kinds.vlan(int(link.data["id"])), parent=parent)
        elif link.kind == "vxlan" and link.parent and link.data.get("local"):
            here.add_link(link.name, _tunnel(link, here.link(link.parent).index))
        elif link.name in place.peers:
            where, name = place.peers[link.name]
            with Rtnl(where or None) as there:
                here.add_veth(link.name, peer=name, peer_netns=there)
            made.add((where, name))
        else:
            if link.kind not in _REAL:
                missing.append(f"link {link.name} ({link.kind}): a stand-in is there in its place")
            peer = f"to{len(made)}"
            here.add_veth(link.name, peer=peer, peer_netns=outside)
            outside.set_up(outside.link(peer))
    except (NetlinkError, CnictlError) as error:
        missing.append(f"link {link.name}: {error}")
        return
    made.add((place.path, link.name))


def _furnish(here: Rtnl, place: SeedPlace, missing: list[str]) -> None:
    """Give the links what they have, then addresses, then routes: each needs the one before."""
    links = {link.name: link for link in here.links()}
    for wanted in place.links:
        link = links.get(wanted.name)
        if link is None:
            continue
        try:
            if wanted.mac and wanted.mac != "00:00:00:00:00:00" and wanted.kind != "vlan":
                here.set_mac(link, wanted.mac)
            if wanted.master in links:
                here.set_master(link, links[wanted.master].index)
                if links[wanted.master].kind == "bridge":
                    here.set_hairpin(link, bool(wanted.port.get("hairpin")))
                    here.set_isolated(link, bool(wanted.port.get("isolated")))
            here.set_mtu(link, wanted.mtu)
            here.set_txqlen(link, wanted.txqlen)
            if wanted.alias:
                here.set_alias(link, wanted.alias)
            if wanted.up:
                here.set_up(link)
        except NetlinkError as error:
            missing.append(f"link {wanted.name}: {error}")
    if place.path:
        here.set_up(links["lo"])
    for name, text in place.addresses:
        if name not in links or Prefix.parse(text).address.is_loopback:
            continue
        try:
            here.add_address(links[name], Prefix.parse(text))
        except NetlinkError as error:
            missing.append(f"address {text} of {name}: {error.reason}")
    for route in sorted(place.routes, key=lambda one: bool(one.gateway)):
        link = links.get(route.link)
        try:
            here.add_route(
                Prefix.parse(route.dst),
                link=link,
                gateway=Address.parse(route.gateway) if route.gateway else None,
                metric=route.metric,
                table=route.table,
                scope=SCOPES.get(route.scope, 0),
                source=Address.parse(route.source) if route.source else None,
                exclusive=False,
                onlink=route.onlink,
            )
        except NetlinkError as error:
            missing.append(f"route {route.dst} of {place.path or 'the node'}: {error.reason}")

    for name, address, mac in place.neighbours:
        try:
            here.set_neighbour(links[name], Address.parse(address), mac)
        except (KeyError, NetlinkError) as error:
            missing.append(f"neighbour {address} of {name}: {error}")
    for name, mac, destination in place.tunnels:
        try:
            here.set_tunnel_entry(links[name], mac, Address.parse(destination))
        except (KeyError, NetlinkError) as error:
            missing.append(f"forwarding entry {mac} of {name}: {error}")


def _tunnel(link: SeedLink, underlay: int) -> bytes:
    data = link.data
    return link_kinds.vxlan(
        int(data["id"]),
        underlay=underlay,
        local=Address.parse(str(data["local"])),
        port=int(data["port"]),
        learning=bool(data["learning"]),
        group=Address.parse(str(data["group"])) if "group" in data else None,
    )


def _write_sysctls(place: SeedPlace, missing: list[str]) -> None:
    with Netns.own() as home, entered(place.path or home):
        for name, value in place.sysctls.items():
            try:
                if sysctl.read(name) != value:
                    sysctl.write(name, value)
            except OSError as error:
                missing.append(f"sysctl {name} of {place.path or 'the node'}: {error.strerror or error}")


def _restore(words: Sequence[str], text: str, missing: list[str]) -> None:
    program, *arguments = words
    try:
        done = run(locate(program), arguments, text)
    except CnictlError as error:
        missing.append(f"rules for {program}: {error}")
        return
    if done.status:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        what = text.split("\n", 1)[0] if program == "nft" else text[text.find("*") + 1 :].split("\n", 1)[0]
        missing.append(f"rules of {program}, {what.strip(' {')}: {said[0] if said else done.reason}")
