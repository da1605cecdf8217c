"""Kinds of links: what IFLA_LINKINFO says when one is made, and what is read of it.

Each kind has at most three things here: a function that returns the attribute for
`Links.add_link`, and entries in `FACTS` and `PORT_FACTS` for what a link, or the port of a
master of that kind, is read back with.  Numbers are from linux/if_link.h and linux/veth.h.
"""

from __future__ import annotations

from cnictl.netlink.message import NESTED, attribute, attributes, number, string, text, u8, u32

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
_IFINFOMSG_SIZE = 16


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


_BRIDGE_PORT = {"hairpin": _BRPORT_MODE, "isolated": _BRPORT_ISOLATED}


def _bridge_port_facts(data: bytes) -> Facts:
    found = attributes(data)
    return {name: bool(number(found[kind])) for name, kind in _BRIDGE_PORT.items() if kind in found}


FACTS: dict[str, Callable[[bytes], Facts]] = {"bridge": _bridge_facts}
PORT_FACTS: dict[str, Callable[[bytes], Facts]] = {"bridge": _bridge_port_facts}


def _facts(readers: dict[str, Callable[[bytes], Facts]], kind: str, data: bytes | None) -> Facts:
    reader = readers.get(kind)
    return reader(data) if reader is not None and data is not None else {}


def _with_data(kind: str, data: bytes) -> bytes:
    return attribute(IFLA_LINKINFO, attribute(_INFO_KIND, kind.encode()) + attribute(_INFO_DATA, data))
