"""Kinds of links: what IFLA_LINKINFO says when one is made, and what is read of it.

Each kind has at most three things here: a function that returns the attribute for
`Links.add_link`, and entries in `FACTS` and `PORT_FACTS` for what a link, or the port of a
master of that kind, is read back with.  Numbers are from linux/if_link.h and linux/veth.h.
"""

from __future__ import annotations

from cnictl.netlink.message import NESTED, attribute, attributes, number, string, text, u8, u16, u32
from cnictl.spec.address import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Facts = dict[str, bool | int | str]

IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_TXQLEN = 13
IFLA_LINKINFO = 18
IFLA_NET_NS_FD = 28
IFLA_PROTINFO = 12

_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5

_VETH_INFO_PEER = 1
_BR_VLAN_FILTERING = 7
_BRPORT_MODE, _BRPORT_ISOLATED = 4, 33
_VXLAN_ID, _VXLAN_GROUP, _VXLAN_LINK, _VXLAN_LOCAL, _VXLAN_LEARNING = 1, 2, 3, 4, 7
_VXLAN_PORT, _VXLAN_GROUP6, _VXLAN_LOCAL6 = 15, 16, 17
_VXLAN_ADDRESSES = {"local": (_VXLAN_LOCAL, _VXLAN_LOCAL6), "group": (_VXLAN_GROUP, _VXLAN_GROUP6)}
_MACVLAN_MODE, _MACVLAN_BC_QUEUE_LEN = 1, 7
_IPVLAN_MODE, _IPVLAN_FLAGS = 1, 2
_VLAN_ID, _VLAN_FLAGS = 1, 2
_VRF_TABLE = 1
_TUN_OWNER, _TUN_GROUP, _TUN_TYPE, _TUN_MULTI_QUEUE = 1, 2, 3, 7
_IFINFOMSG_SIZE = 16

MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}
IPVLAN_MODES = {"l2": 0, "l3": 1, "l3s": 2}
TUN_MODES = {"tun": 1, "tap": 2}  # IFF_TUN and IFF_TAP, linux/if_tun.h


def plain(kind: str) -> bytes:
    """A kind that needs no more than its name."""
    return attribute(IFLA_LINKINFO, attribute(_INFO_KIND, kind.encode()))


def veth(peer: str, peer_netns_fd: int, mtu: int = 0) -> bytes:
    """A veth whose other end is called `peer`; that end has no transmit queue, as with the Go plugins."""
    other = bytes(_IFINFOMSG_SIZE) + text(IFLA_IFNAME, peer) + u32(IFLA_TXQLEN, 0)
    if mtu > 0:
        other += u32(IFLA_MTU, mtu)
    other += u32(IFLA_NET_NS_FD, peer_netns_fd)
    return _with_data("veth", attribute(_VETH_INFO_PEER, other))


def bridge(*, vlan_filtering: bool = False) -> bytes:
    return _with_data("bridge", u8(_BR_VLAN_FILTERING, 1) if vlan_filtering else b"")


def vxlan(
    vni: int, *, underlay: int, local: Address, port: int, learning: bool, group: Address | None = None
) -> bytes:
    """A tunnel end that sends from `local` through the link of index `underlay`, to UDP port `port`.

    What no entry knows goes to the multicast `group`, if there is one, and nowhere else otherwise.
    """
    data = u32(_VXLAN_ID, vni)
    if group is not None:
        data += attribute(_VXLAN_GROUP if group.version == 4 else _VXLAN_GROUP6, group.packed)
    data += u32(_VXLAN_LINK, underlay)
    data += attribute(_VXLAN_LOCAL if local.version == 4 else _VXLAN_LOCAL6, local.packed)
    data += u8(_VXLAN_LEARNING, learning)
    data += attribute(_VXLAN_PORT, port.to_bytes(2, "big"))
    return _with_data("vxlan", data)


def macvlan(mode: str, *, bcqueuelen: int = 0) -> bytes:
    """A macvlan; `bcqueuelen` in packets, 0 for the kernel's default."""
    data = u32(_MACVLAN_MODE, MACVLAN_MODES[mode])
    if bcqueuelen > 0:
        data += u32(_MACVLAN_BC_QUEUE_LEN, bcqueuelen)
    return _with_data("macvlan", data)


def ipvlan(mode: str) -> bytes:
    """An ipvlan whose neighbours on the same master can reach it: flags 0, which iproute2 calls bridge."""
    return _with_data("ipvlan", u16(_IPVLAN_MODE, IPVLAN_MODES[mode]) + u16(_IPVLAN_FLAGS, 0))


def vlan(vid: int) -> bytes:
    """An 802.1Q VLAN with the kernel's default flags."""
    return _with_data("vlan", u16(_VLAN_ID, vid) + attribute(_VLAN_FLAGS, bytes(8)))


def vrf(table: int) -> bytes:
    """A VRF, whose ports look routes up in that table."""
    return _with_data("vrf", u32(_VRF_TABLE, table))


def port_setting(name: str, *, on: bool) -> bytes:
    """The attribute that switches `hairpin` or `isolated` of a bridge port."""
    return attribute(IFLA_PROTINFO | NESTED, u8(_BRIDGE_PORT[name], on))


def read(info: bytes) -> tuple[str, Facts, Facts]:
    """Kind, facts of the link and facts of it as a port, from the payload of an IFLA_LINKINFO."""
    parts = attributes(info)
    kind = string(parts.get(_INFO_KIND, b""))
    facts = _facts(FACTS, kind, parts.get(_INFO_DATA))
    port = _facts(PORT_FACTS, string(parts.get(_INFO_SLAVE_KIND, b"")), parts.get(_INFO_SLAVE_DATA))
    return kind, facts, port


def _bridge_facts(data: bytes) -> Facts:
    return {"vlan_filtering": bool(number(attributes(data).get(_BR_VLAN_FILTERING, b"")))}


def _vxlan_facts(data: bytes) -> Facts:
    found = attributes(data)
    facts: Facts = {
        "id": number(found.get(_VXLAN_ID, b"")),
        "port": int.from_bytes(found.get(_VXLAN_PORT, b""), "big"),
        "learning": bool(number(found.get(_VXLAN_LEARNING, b""))),
    }
    if _VXLAN_LINK in found:
        facts["link"] = number(found[_VXLAN_LINK])
    for name, kinds in _VXLAN_ADDRESSES.items():
        for kind in kinds:
            if any(found.get(kind, b"")):
                facts[name] = str(Address(found[kind]))
    return facts


_BRIDGE_PORT = {"hairpin": _BRPORT_MODE, "isolated": _BRPORT_ISOLATED}


def _bridge_port_facts(data: bytes) -> Facts:
    found = attributes(data)
    return {name: bool(number(found[kind])) for name, kind in _BRIDGE_PORT.items() if kind in found}


def _macvlan_facts(data: bytes) -> Facts:
    found = attributes(data)
    facts: Facts = {"mode": _word(MACVLAN_MODES, found.get(_MACVLAN_MODE, b""))}
    if _MACVLAN_BC_QUEUE_LEN in found:  # since Linux 5.11
        facts["bcqueuelen"] = number(found[_MACVLAN_BC_QUEUE_LEN])
    return facts


def _ipvlan_facts(data: bytes) -> Facts:
    return {"mode": _word(IPVLAN_MODES, attributes(data).get(_IPVLAN_MODE, b""))}


def _vlan_facts(data: bytes) -> Facts:
    return {"id": number(attributes(data).get(_VLAN_ID, b""))}


def _word(words: dict[str, int], data: bytes) -> str:
    """The name of a number; the number itself when it is newer than this module."""
    wanted = number(data)
    return next((word for word, value in words.items() if value == wanted), str(wanted))


def _vrf_facts(data: bytes) -> Facts:
    return {"table": number(attributes(data).get(_VRF_TABLE, b""))}


def _tun_facts(data: bytes) -> Facts:
    found = attributes(data)
    facts: Facts = {"mode": _word(TUN_MODES, found.get(_TUN_TYPE, b""))}
    for name, kind in (("owner", _TUN_OWNER), ("group", _TUN_GROUP)):
        if kind in found:  # absent where everybody may open it who may open /dev/net/tun
            facts[name] = number(found[kind])
    facts["multi_queue"] = bool(number(found.get(_TUN_MULTI_QUEUE, b"")))
    return facts


FACTS: dict[str, Callable[[bytes], Facts]] = {
    "bridge": _bridge_facts,
    "ipvlan": _ipvlan_facts,
    "macvlan": _macvlan_facts,
    "tun": _tun_facts,
    "vlan": _vlan_facts,
    "vrf": _vrf_facts,
    "vxlan": _vxlan_facts,
}
PORT_FACTS: dict[str, Callable[[bytes], Facts]] = {"bridge": _bridge_port_facts}


def _facts(readers: dict[str, Callable[[bytes], Facts]], kind: str, data: bytes | None) -> Facts:
    reader = readers.get(kind)
    return reader(data) if reader is not None and data is not None else {}


def _with_data(kind: str, data: bytes) -> bytes:
    return attribute(IFLA_LINKINFO, attribute(_INFO_KIND, kind.encode()) + attribute(_INFO_DATA, data))
