"""Links as pyroute2 decodes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnictl.netlink.observed import Fact, Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IFF_UP, _IFF_ALLMULTI = 0x1, 0x200  # linux/if.h

# What is set when a link of a kind is made, by our name for it: the first of the attributes that is there.
# Counters and timers are left out.
_KINDS: dict[str, dict[str, str]] = {
    "bridge": {
        "vlan_filtering": "IFLA_BR_VLAN_FILTERING",
        "default_pvid": "IFLA_BR_VLAN_DEFAULT_PVID",
        "stp": "IFLA_BR_STP_STATE",
        "mcast_snooping": "IFLA_BR_MCAST_SNOOPING",
        "ageing_time": "IFLA_BR_AGEING_TIME",
    },
    "vlan": {"id": "IFLA_VLAN_ID", "protocol": "IFLA_VLAN_PROTOCOL"},
    "macvlan": {"mode": "IFLA_MACVLAN_MODE", "bcqueuelen": "IFLA_MACVLAN_BC_QUEUE_LEN"},
    "macvtap": {"mode": "IFLA_MACVTAP_MODE"},
    "ipvlan": {"mode": "IFLA_IPVLAN_MODE"},
    "vrf": {"table": "IFLA_VRF_TABLE"},
    "vxlan": {
        "id": "IFLA_VXLAN_ID",
        "link": "IFLA_VXLAN_LINK",
        "local": "IFLA_VXLAN_LOCAL IFLA_VXLAN_LOCAL6",
        "group": "IFLA_VXLAN_GROUP IFLA_VXLAN_GROUP6",
        "port": "IFLA_VXLAN_PORT",
        "learning": "IFLA_VXLAN_LEARNING",
    },
    "tun": {
        "mode": "IFLA_TUN_TYPE",
        "owner": "IFLA_TUN_OWNER",
        "group": "IFLA_TUN_GROUP",
        "multi_queue": "IFLA_TUN_MULTI_QUEUE",
    },
    "bond": {"mode": "IFLA_BOND_MODE"},
}
_PORTS: dict[str, dict[str, str]] = {
    "bridge": {
        "hairpin": "IFLA_BRPORT_MODE",
        "isolated": "IFLA_BRPORT_ISOLATED",
        "learning": "IFLA_BRPORT_LEARNING",
        "flood": "IFLA_BRPORT_UNICAST_FLOOD",
        "guard": "IFLA_BRPORT_GUARD",
        "neigh_suppress": "IFLA_BRPORT_NEIGH_SUPPRESS",
    },
    "vrf": {"table": "IFLA_VRF_PORT_TABLE"},
}
_SWITCHES = {
    "vlan_filtering",
    "stp",
    "mcast_snooping",
    "hairpin",
    "isolated",
    "learning",
    "flood",
    "guard",
    "neigh_suppress",
    "multi_queue",
}
_OPERSTATES = {"LOWERLAYERDOWN": "lower-layer-down", "NOTPRESENT": "not-present"}
_WORDS: dict[tuple[str, str], dict[int, str]] = {
    ("macvlan", "mode"): {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"},
    ("macvtap", "mode"): {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"},
    ("ipvlan", "mode"): {0: "l2", 1: "l3", 2: "l3s"},
    ("vlan", "protocol"): {0x8100: "802.1q", 0x88A8: "802.1ad"},
    ("tun", "mode"): {1: "tun", 2: "tap"},
}


class Names:
    """The name of a link by its index; `""` for 0 and for None."""

    def __init__(self, links: Iterable[Any]) -> None:
        self._names: dict[int, str] = {one["index"]: one.get_attr("IFLA_IFNAME") for one in links}

    def __getitem__(self, index: int | None) -> str:
        return self._names.get(index) or f"if{index}" if index else ""


def link(message: Any, name: Names) -> Link:
    info = message.get_attr("IFLA_LINKINFO")
    kind, data, port_kind, port = "", None, "", None
    if info is not None:
        kind, data = info.get_attr("IFLA_INFO_KIND") or "", info.get_attr("IFLA_INFO_DATA")
        port_kind, port = info.get_attr("IFLA_INFO_SLAVE_KIND") or "", info.get_attr("IFLA_INFO_SLAVE_DATA")
    lower, netnsid = message.get_attr("IFLA_LINK") or 0, message.get_attr("IFLA_LINK_NETNSID")
    facts = _facts(_KINDS, kind, data)
    # The kernel tells of a tunnel what it sits on among what it tells of its kind only.
    lower = lower or int(facts.get("link", 0))
    operstate = message.get_attr("IFLA_OPERSTATE") or "UNKNOWN"
    properties = message.get_attr("IFLA_PROP_LIST")
    return Link(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME"),
        kind=kind,
        mac=message.get_attr("IFLA_ADDRESS") or "",
        mtu=message.get_attr("IFLA_MTU") or 0,
        up=bool(message["flags"] & _IFF_UP),
        operstate=_OPERSTATES.get(operstate) or operstate.lower(),
        master=name[message.get_attr("IFLA_MASTER")],
        lower=0 if lower == message["index"] and netnsid is None else lower,
        netnsid=netnsid,
        txqlen=message.get_attr("IFLA_TXQLEN") or 0,
        promiscuity=message.get_attr("IFLA_PROMISCUITY") or 0,
        all_multicast=bool(message["flags"] & _IFF_ALLMULTI),
        alias=message.get_attr("IFLA_IFALIAS") or "",
        altnames=tuple(properties.get_attrs("IFLA_ALT_IFNAME")) if properties is not None else (),
        data=facts,
        port=_facts(_PORTS, port_kind, port),
    )


def _facts(catalogue: Mapping[str, Mapping[str, str]], kind: str, data: Any) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if not hasattr(data, "get_attr"):  # kinds that pyroute2 does not decode come as hexadecimal text
        return facts
    for name, attributes in catalogue.get(kind, {}).items():
        values = (data.get_attr(attribute) for attribute in attributes.split())
        value = next((one for one in values if one is not None), None)
        if value is None:
            continue
        if name in _SWITCHES:
            value = bool(value)
        facts[name] = _WORDS.get((kind, name), {}).get(value, value)
    return facts
