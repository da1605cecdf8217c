"""Addresses, routes, rules, neighbours and bridge tables as pyroute2 decodes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnictl.netlink.names import action_name, scope_name
from cnictl.netlink.observed import BridgeVlan, FdbEntry, LinkAddress, Neighbour, NextHop, Route, Rule
from cnictl.spec.address import Address, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.netlink.observe_link import Names

# linux/if_addr.h
_ADDRESS_FLAGS = {
    0x01: "secondary",  # also "temporary" of IPv6
    0x02: "nodad",
    0x04: "optimistic",
    0x08: "dadfailed",
    0x10: "home",
    0x20: "deprecated",
    0x40: "tentative",
    0x80: "permanent",
    0x100: "managetempaddr",
    0x200: "noprefixroute",
    0x400: "autojoin",
    0x800: "stable-privacy",
}
_ADDRESS_PROTOCOLS = {0: "", 1: "kernel_lo", 2: "kernel_ra", 3: "kernel_ll"}

# linux/rtnetlink.h
_ROUTE_KINDS = (
    "unspec",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
    "nat",
    "xresolve",
)
_PROTOCOLS = {0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}
_CLONED = 0x200
_HOP_FLAGS = {1: "dead", 2: "pervasive", 4: "onlink", 8: "offload", 16: "linkdown", 32: "unresolved"}

# linux/fib_rules.h
_INVERTED = 0x2

# linux/neighbour.h
_STATES = {
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}
_NONE, _NOARP, _PERMANENT = 0, 0x40, 0x80
_NEIGHBOUR_FLAGS = {
    0x01: "use",
    0x02: "self",
    0x04: "master",
    0x08: "proxy",
    0x10: "extern_learn",
    0x20: "offload",
    0x40: "sticky",
    0x80: "router",
}

# linux/if_bridge.h
_PVID, _UNTAGGED, _RANGE_BEGIN, _RANGE_END = 0x2, 0x4, 0x8, 0x10


def address(message: Any, name: Names) -> LinkAddress:
    far = message.get_attr("IFA_ADDRESS")
    local = message.get_attr("IFA_LOCAL") or far
    return LinkAddress(
        link=name[message["index"]],
        prefix=Prefix(Address.parse(local), message["prefixlen"]),
        peer=Address.parse(far) if far and far != local else None,
        broadcast=_address(message.get_attr("IFA_BROADCAST")),
        scope=scope_name(message["scope"]),
        label=message.get_attr("IFA_LABEL") or "",
        flags=_words(message.get_attr("IFA_FLAGS") or message["flags"], _ADDRESS_FLAGS),
        protocol=_named(_ADDRESS_PROTOCOLS, message.get_attr("IFA_PROTO") or 0),
    )


def is_route(message: Any) -> bool:
    """Whether it is more than a copy in the routing cache."""
    return not message["flags"] & _CLONED


def route(message: Any, name: Names) -> Route:
    metrics = message.get_attr("RTA_METRICS")
    version = 4 if message["family"] == 2 else 6
    dst = _prefix(message.get_attr("RTA_DST"), message["dst_len"])
    return Route(
        dst=Prefix.default(version) if dst is None else dst,
        hops=tuple(_hops(message, name)),
        table=message.get_attr("RTA_TABLE") or message["table"],
        metric=message.get_attr("RTA_PRIORITY") or 0,
        kind=_numbered(_ROUTE_KINDS, message["type"]),
        scope=scope_name(message["scope"]),
        protocol=_PROTOCOLS.get(message["proto"]) or str(message["proto"]),
        source=_address(message.get_attr("RTA_PREFSRC")),
        tos=message["tos"],
        mtu=(metrics.get_attr("RTAX_MTU") if metrics is not None else 0) or 0,
        advmss=(metrics.get_attr("RTAX_ADVMSS") if metrics is not None else 0) or 0,
    )


def rule(message: Any) -> Rule:
    mark = message.get_attr("FRA_FWMARK")
    mask = message.get_attr("FRA_FWMASK")
    return Rule(
        version=4 if message["family"] == 2 else 6,
        priority=message.get_attr("FRA_PRIORITY") or 0,
        source=_prefix(message.get_attr("FRA_SRC"), message["src_len"]),
        dst=_prefix(message.get_attr("FRA_DST"), message["dst_len"]),
        incoming=message.get_attr("FRA_IIFNAME") or "",
        outgoing=message.get_attr("FRA_OIFNAME") or "",
        mark=(mark or 0, 0xFFFFFFFF if mask is None else mask) if mark or mask else None,
        action=action_name(message["action"]),
        table=message.get_attr("FRA_TABLE") or message["table"],
        protocol=_PROTOCOLS.get(message.get_attr("FRA_PROTOCOL") or 0)
        or str(message.get_attr("FRA_PROTOCOL")),
        inverted=bool(message["flags"] & _INVERTED),
        tos=message["tos"],
    )


def is_resolved(message: Any) -> bool:
    """Whether it says something, as `ip neigh` sees it: not multicast, not loopback."""
    return message["state"] not in (_NONE, _NOARP) and message.get_attr("NDA_DST") is not None


def neighbour(message: Any, name: Names) -> Neighbour:
    return Neighbour(
        link=name[message["ifindex"]],
        address=Address.parse(message.get_attr("NDA_DST")),
        mac=message.get_attr("NDA_LLADDR") or "",
        state=",".join(_words(message["state"], _STATES)),
        flags=_words(message["flags"], _NEIGHBOUR_FLAGS),
    )


def fdb_entry(message: Any, name: Names) -> FdbEntry:
    state = message["state"]
    return FdbEntry(
        link=name[message["ifindex"]],
        mac=message.get_attr("NDA_LLADDR") or "",
        master=name[message.get_attr("NDA_MASTER")],
        vlan=message.get_attr("NDA_VLAN") or 0,
        remote=_address(message.get_attr("NDA_DST")),
        state=_fdb_state(state),
        flags=_words(message["flags"], _NEIGHBOUR_FLAGS),
    )


def _fdb_state(state: int) -> str:
    """Return what bridge(8) calls it: static if it was put there by hand, permanent if it is to stay."""
    if state & _PERMANENT:
        return "permanent"
    return "static" if state & _NOARP else ",".join(_words(state, _STATES))


def bridge_vlans(message: Any, name: Names) -> Iterator[BridgeVlan]:
    spec = message.get_attr("IFLA_AF_SPEC")
    if not hasattr(spec, "get_attrs"):
        return
    first = 0
    for one in spec.get_attrs("IFLA_BRIDGE_VLAN_INFO"):
        flags, vid = one["flags"], one["vid"]
        if flags & _RANGE_BEGIN:
            first = vid
            continue
        for each in range(first if flags & _RANGE_END else vid, vid + 1):
            yield BridgeVlan(
                name[message["index"]], each, pvid=bool(flags & _PVID), untagged=bool(flags & _UNTAGGED)
            )


def _hops(message: Any, name: Names) -> Iterator[NextHop]:
    several = message.get_attr("RTA_MULTIPATH")
    if several:
        for hop in several:
            yield NextHop(name[hop["oif"]], _gateway(hop), hop["hops"] + 1, _words(hop["flags"], _HOP_FLAGS))
        return
    device, gateway = message.get_attr("RTA_OIF"), _gateway(message)
    if device or gateway:
        yield NextHop(name[device], gateway, 1, _words(message["flags"] & 0xFF, _HOP_FLAGS))


def _gateway(message: Any) -> Address | None:
    gateway = message.get_attr("RTA_GATEWAY")
    if gateway is None:
        via = message.get_attr("RTA_VIA")  # of another family than the destination
        gateway = via["addr"] if via is not None else None
    return _address(gateway)


def _address(text: str | None) -> Address | None:
    return Address.parse(text) if text else None


def _prefix(text: str | None, length: int) -> Prefix | None:
    return Prefix(Address.parse(text), length) if text else None


def _words(bits: int, names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(word for bit, word in names.items() if bits & bit)


def _named(names: Mapping[int, str], number: int) -> str:
    return names[number] if number in names else str(number)


def _numbered(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else str(number)
