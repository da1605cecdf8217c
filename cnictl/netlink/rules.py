"""Requests about policy routing rules."""

from __future__ import annotations

from struct import Struct

from cnictl.netlink.channel import Channel
from cnictl.netlink.message import CREATE, EXCL, FAMILIES, attribute, attributes, number, string, u32
from cnictl.spec.address import Address, Prefix
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.message import Attributes

_RTM_NEWRULE, _RTM_DELRULE, _RTM_GETRULE = 32, 33, 34  # linux/rtnetlink.h

# linux/fib_rules.h
_HEADER = Struct(
    "=BBBBBBBBI"
)  # family, lengths of destination and source, TOS, table, two that are not used, action, flags
_DST, _SRC, _IIFNAME, _PRIORITY, _FWMARK = 1, 2, 3, 6, 10
_TABLE, _FWMASK, _OIFNAME = 15, 16, 17
_F_INVERT = 0x2
_TO_TABLE = 1

_HEADER_TABLES = 256
_WHOLE = 0xFFFFFFFF
_PROTO_BOOT = 3


class KernelRule(Value):
    """A rule that says for which packets which table is looked up.

    `version` is 4 or 6; `mark` a value and a mask, None when it does not matter; `incoming` and
    `outgoing` are links, "" for any; `action` is a number FR_ACT_*, `table` 0 with most of them.
    """

    __slots__ = (
        "version",
        "priority",
        "source",
        "destination",
        "tos",
        "mark",
        "incoming",
        "outgoing",
        "action",
        "table",
        "inverted",
    )

    def __init__(
        self,
        version: int,
        *,
        priority: int = 0,
        source: Prefix | None = None,
        destination: Prefix | None = None,
        tos: int = 0,
        mark: tuple[int, int] | None = None,
        incoming: str = "",
        outgoing: str = "",
        action: int = _TO_TABLE,
        table: int = 0,
        inverted: bool = False,
    ) -> None:
        self.version = version
        self.priority = priority
        self.source = source
        self.destination = destination
        self.tos = tos
        self.mark = mark
        self.incoming = incoming
        self.outgoing = outgoing
        self.action = action
        self.table = table
        self.inverted = inverted


class Rules(Channel):
    """What concerns policy routing rules.  Everything raises NetlinkError."""

    def rules(self) -> list[KernelRule]:
        """All rules of IPv4 and IPv6, each family in the order in which the kernel goes through them."""
        answers = self.read(_RTM_GETRULE, _HEADER.pack(0, 0, 0, 0, 0, 0, 0, 0, 0), "list rules", dump=True)
        found = [_parse(answer) for answer in answers]
        return sorted((one for one in found if one is not None), key=lambda one: one.version)

    def add_rule(self, source: Prefix, table: int) -> None:
        """Have a table looked up for what comes from a source.

        The kernel puts the rule before all but its own first one.
        """
        body = _body(source, table, action=_TO_TABLE)
        self.change(_RTM_NEWRULE, CREATE | EXCL, body, f"add rule from {source} lookup {table}")

    def delete_rule(self, source: Prefix, table: int, *, priority: int = 0) -> None:
        """Delete the first rule for that source and table, with that priority unless it is 0."""
        body = _body(source, table, action=0, priority=priority)
        self.change(_RTM_DELRULE, 0, body, f"delete rule from {source} lookup {table}")


def _body(source: Prefix, table: int, *, action: int, priority: int = 0) -> bytes:
    header = table if table < _HEADER_TABLES else 0
    body = _HEADER.pack(FAMILIES[source.version], 0, source.length, 0, header, _PROTO_BOOT, 0, action, 0)
    body += attribute(_SRC, source.address.packed)
    if priority:
        body += u32(_PRIORITY, priority)
    return body if table < _HEADER_TABLES else body + u32(_TABLE, table)


def _parse(body: bytes) -> KernelRule | None:
    """The rule of an RTM_NEWRULE message; None for other families, such as those of multicast routing."""
    family, dst_length, src_length, tos, table, _, _, action, flags = _HEADER.unpack_from(body)
    versions = [version for version, its in FAMILIES.items() if its == family]
    if not versions:
        return None
    found = attributes(body, _HEADER.size)
    mark, mask = (number(found[kind]) if kind in found else None for kind in (_FWMARK, _FWMASK))
    return KernelRule(
        versions[0],
        priority=number(found.get(_PRIORITY, b"")),
        source=_prefix(found, _SRC, src_length),
        destination=_prefix(found, _DST, dst_length),
        tos=tos,
        mark=(mark or 0, _WHOLE if mask is None else mask) if mark or mask else None,
        incoming=string(found.get(_IIFNAME, b"")),
        outgoing=string(found.get(_OIFNAME, b"")),
        action=action,
        table=number(found[_TABLE]) if _TABLE in found else table,
        inverted=bool(flags & _F_INVERT),
    )


def _prefix(found: Attributes, kind: int, length: int) -> Prefix | None:
    return Prefix(Address(found[kind]), length) if kind in found else None
