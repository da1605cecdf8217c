"""A link as the kernel describes it."""

from __future__ import annotations

from struct import Struct

from cnictl.netlink import link_kinds
from cnictl.netlink.message import attributes, each_attribute, number, string
from cnictl.netlink.names import operstate_name
from cnictl.spec.mac import format_mac
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link_kinds import Facts

IFINFOMSG = Struct("=BxHiII")  # family, type, index, flags, change; linux/rtnetlink.h

IFF_UP, IFF_LOOPBACK, IFF_PROMISC, IFF_ALLMULTI = 0x1, 0x8, 0x100, 0x200  # linux/if.h

# linux/if_link.h
_ADDRESS, _IFNAME, _MTU, _LINK, _MASTER = 1, 3, 4, 5, 10
_TXQLEN, _OPERSTATE, _LINKINFO, _IFALIAS = 13, 16, 18, 20
_PROMISCUITY, _LINK_NETNSID = 30, 37
_PROP_LIST, _ALT_IFNAME = 52, 53

_PAIRED = ("veth", "netkit", "vxcan")
"""Kinds whose IFLA_LINK is their other end; with all others it is what they sit on."""


class Link(Value):
    """A link.

    `mtu` in bytes, `txqlen` in packets; `kind` is empty for hardware and `lo`, `mac` for links
    without a hardware address.  `master`, `peer` (the other end of a pair) and `parent` (what a
    stacked link sits on) are indexes, 0 for none; the latter two are of the namespace
    `link_netnsid`, or of this one when that is None.  `data` holds what `link_kinds` reads of the
    kind, `port` of the link as a port of its master.
    """

    __slots__ = (
        "index",
        "name",
        "kind",
        "mac",
        "mtu",
        "flags",
        "operstate",
        "master",
        "peer",
        "parent",
        "link_netnsid",
        "txqlen",
        "promiscuity",
        "alias",
        "altnames",
        "data",
        "port",
    )

    def __init__(
        self,
        index: int,
        name: str,
        *,
        kind: str = "",
        mac: str = "",
        mtu: int = 0,
        flags: int = 0,
        operstate: str = "unknown",
        master: int = 0,
        peer: int = 0,
        parent: int = 0,
        link_netnsid: int | None = None,
        txqlen: int = 0,
        promiscuity: int = 0,
        alias: str = "",
        altnames: tuple[str, ...] = (),
        data: Facts | None = None,
        port: Facts | None = None,
    ) -> None:
        self.index = index
        self.name = name
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.flags = flags
        self.operstate = operstate
        self.master = master
        self.peer = peer
        self.parent = parent
        self.link_netnsid = link_netnsid
        self.txqlen = txqlen
        self.promiscuity = promiscuity
        self.alias = alias
        self.altnames = altnames
        self.data: Facts = {} if data is None else data
        self.port: Facts = {} if port is None else port

    def __hash__(self) -> int:
        return hash((self.index, self.name))  # the facts are dicts

    @property
    def up(self) -> bool:
        return bool(self.flags & IFF_UP)

    @property
    def loopback(self) -> bool:
        return bool(self.flags & IFF_LOOPBACK)

    @property
    def all_multicast(self) -> bool:
        return bool(self.flags & IFF_ALLMULTI)

    @property
    def vlan_filtering(self) -> bool | None:
        """Of a bridge; None for other kinds."""
        return _flag(self.data, "vlan_filtering")

    @property
    def vni(self) -> int | None:
        """Of a vxlan, as are the next four; None for other kinds."""
        return _number(self.data, "id") if self.kind == "vxlan" else None

    @property
    def local(self) -> str | None:
        """The address that the tunnel sends from, None when the kernel chooses it."""
        return _text(self.data, "local")

    @property
    def group(self) -> str | None:
        """The multicast group for what no entry knows; None without one."""
        return _text(self.data, "group") if self.kind == "vxlan" else None

    @property
    def udp_port(self) -> int | None:
        return _number(self.data, "port")

    @property
    def learning(self) -> bool | None:
        """Whether the tunnel learns from what it receives where MAC addresses are."""
        return _flag(self.data, "learning")

    @property
    def mode(self) -> str | None:
        """Of a macvlan, ipvlan or tun; None for other kinds."""
        return _text(self.data, "mode")

    @property
    def vlan_id(self) -> int | None:
        """Of a VLAN; None for other kinds."""
        return _number(self.data, "id") if self.kind == "vlan" else None

    @property
    def bcqueuelen(self) -> int | None:
        """Packets that a macvlan queues for broadcast; None for other kinds, and before Linux 5.11."""
        return _number(self.data, "bcqueuelen")

    @property
    def table(self) -> int | None:
        """The routing table of a VRF; None for other kinds."""
        return _number(self.data, "table")

    @property
    def owner(self) -> int | None:
        """The user who may open a tun without privilege; None for other kinds, and where there is none."""
        return _number(self.data, "owner")

    @property
    def owner_group(self) -> int | None:
        """The group that may; as above."""
        return _number(self.data, "group") if self.kind == "tun" else None

    @property
    def multi_queue(self) -> bool | None:
        """Of a tun; None for other kinds."""
        return _flag(self.data, "multi_queue")

    @property
    def hairpin(self) -> bool | None:
        """Of a bridge port; None for links that are none."""
        return _flag(self.port, "hairpin")

    @property
    def isolated(self) -> bool | None:
        """Of a bridge port; None for links that are none, and before Linux 4.18."""
        return _flag(self.port, "isolated")


def parse_link(body: bytes) -> Link:
    """The link of an RTM_NEWLINK message."""
    _, _, index, flags, _ = IFINFOMSG.unpack_from(body)
    found = attributes(body, IFINFOMSG.size)
    kind, data, port = link_kinds.read(found.get(_LINKINFO, b""))
    # The kernel tells of a tunnel what it sits on among what it tells of its kind only.
    lower = number(found.get(_LINK, b"")) or int(data.get("link", 0))
    netnsid = found.get(_LINK_NETNSID)
    if lower == index and netnsid is None:  # some drivers say that they sit on themselves
        lower = 0
    return Link(
        index,
        string(found.get(_IFNAME, b"")),
        kind=kind,
        mac=format_mac(found.get(_ADDRESS, b"")),
        mtu=number(found.get(_MTU, b"")),
        flags=flags,
        operstate=operstate_name(number(found.get(_OPERSTATE, b""))),
        master=number(found.get(_MASTER, b"")),
        peer=lower if kind in _PAIRED else 0,
        parent=0 if kind in _PAIRED else lower,
        link_netnsid=None if netnsid is None else number(netnsid),
        txqlen=number(found.get(_TXQLEN, b"")),
        promiscuity=number(found.get(_PROMISCUITY, b"")),
        alias=string(found.get(_IFALIAS, b"")),
        altnames=tuple(
            string(name) for key, name in each_attribute(found.get(_PROP_LIST, b"")) if key == _ALT_IFNAME
        ),
        data=data,
        port=port,
    )


def _number(facts: Facts, name: str) -> int | None:
    value = facts.get(name)
    return None if value is None else int(value)


def _text(facts: Facts, name: str) -> str | None:
    value = facts.get(name)
    return None if value is None else str(value)


def _flag(facts: Facts, name: str) -> bool | None:
    value = facts.get(name)
    return None if value is None else bool(value)
