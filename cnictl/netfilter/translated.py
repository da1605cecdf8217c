"""Rules of iptables as its nft variant hands them to the kernel: the few that all containers share.

iptables reads every rule of every chain before it can tell whether there is a certain one.  The kernel tells
it without that, if the question is put in its own terms.  Rules in other words, and those that a newer
iptables translates otherwise, are not found here, which costs time and nothing else.
"""

from __future__ import annotations

from cnictl.netfilter import nft
from cnictl.netlink import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netfilter.iptables import Version
    from cnictl.netfilter.rule import Rule
    from cnictl.netlink.message import Attributes

    Part = tuple[str, str, bytes]
    """Kind (match, target, verdict, or the kernel's word), name, and data, whose last zeros are cut off."""

_NAME, _DATA = 1, 2  # NFTA_EXPR_*
_EXTENSION_NAME, _EXTENSION_INFO = 1, 3  # NFTA_MATCH_* and NFTA_TARGET_*
_IMMEDIATE_DATA = 2  # NFTA_IMMEDIATE_DATA
_VERDICT = 2  # NFTA_DATA_VERDICT
_CODE, _CHAIN = 1, 2  # NFTA_VERDICT_*
_JUMP = b"\xff\xff\xff\xfd"  # NFT_JUMP, -3
_META_MARK = 3  # NFT_META_MARK
_REGISTER = b"\0\0\0\1"  # NFT_REG_1
_TYPE_LOCAL = b"\0\0\4"  # struct xt_addrtype_info_v1: source, then destination; 1 << RTN_LOCAL


def has(family: str, table: str, version: Version, rule: Rule) -> bool:
    """Whether the kernel has a rule, asked for in the order of its chain.  Raises NetlinkError."""
    wanted = translate(version, list(rule.words))
    return bool(wanted) and nft.has_rule(
        family, table, rule.chain, lambda found: list(parts_of(found)) == wanted
    )


def translate(version: Version, words: list[str]) -> list[Part]:
    """What a rule consists of for the kernel; nothing where that is not known."""
    parts: list[Part] = []
    while words:
        match words:
            case ["-m", "comment", "--comment", text, *words]:
                parts.append(("match", "comment", text.encode()))
            case ["-m", "addrtype", "--dst-type", "LOCAL", *words]:
                parts.append(("match", "addrtype", _TYPE_LOCAL))
            case ["-m", "mark", "--mark", value, *words]:
                mark, mask = _numbers(value)
                parts += (meta(_META_MARK), masked(mask), compared(mark))
            case ["-j", "MARK", "--set-xmark", value]:
                return [*parts, ("target", "MARK", b"".join(_numbers(value)).rstrip(b"\0"))]
            case ["-j", "MASQUERADE"]:
                # struct nf_nat_ipv4_multi_range_compat has a count of ranges, struct nf_nat_range has not
                return [*parts, ("target", "MASQUERADE", b"\1" if version == 4 else b"")]
            case ["-j", chain] if not chain.isupper() or "-" in chain:
                return [*parts, ("verdict", chain, _JUMP)]
            case _:
                return []
    return []


def masked(mask: bytes) -> Part:
    """What masks the register that rules of one address family load everything into."""
    zeros = bytes(len(mask))
    return (
        "bitwise",
        "",
        message.attribute(1, _REGISTER)
        + message.attribute(2, _REGISTER)
        + message.attribute(3, len(mask).to_bytes(4, "big"))
        + message.attribute(6, bytes(4))
        + message.attribute(4, message.attribute(1, mask))
        + message.attribute(5, message.attribute(1, zeros)),
    )


def meta(key: int) -> Part:
    """What loads something that the kernel knows of a packet (NFT_META_*)."""
    return "meta", "", message.attribute(2, key.to_bytes(4, "big")) + message.attribute(1, _REGISTER)


def compared(value: bytes, *, inverted: bool = False) -> Part:
    """What goes on only where that register has a value, or another one."""
    return (
        "cmp",
        "",
        message.attribute(1, _REGISTER)
        + message.attribute(2, bytes((0, 0, 0, inverted)))
        + message.attribute(3, message.attribute(1, value)),
    )


def _numbers(text: str) -> tuple[bytes, bytes]:
    """Return value and mask of `0x2000/0x2000`, as the machine has them in memory."""
    import sys

    value, _, mask = text.partition("/")
    numbers = int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF
    return tuple(one.to_bytes(4, sys.byteorder) for one in numbers)  # type: ignore[return-value]


def parts_of(rule: Attributes) -> Iterator[Part]:
    """Yield what a rule consists of, its counter left out."""
    for _, expression in message.each_attribute(rule.get(nft.RULE_EXPRESSIONS, b"")):
        outer = message.attributes(expression)
        kind, raw = message.string(outer[_NAME]), outer.get(_DATA, b"")
        if kind == "counter":
            continue
        if kind not in ("match", "target", "immediate"):
            yield kind, "", raw
            continue
        data = message.attributes(raw)
        if kind == "immediate":
            verdict = message.attributes(message.attributes(data[_IMMEDIATE_DATA]).get(_VERDICT, b""))
            if _CODE in verdict:
                yield "verdict", message.string(verdict.get(_CHAIN, b"")), verdict[_CODE]
            else:
                yield kind, "", raw
        else:
            info = data[_EXTENSION_INFO]
            name = message.string(data[_EXTENSION_NAME])
            yield kind, name, info.partition(b"\0")[0] if name == "comment" else info.rstrip(b"\0")
