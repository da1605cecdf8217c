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
    """Kind (match, target, jump, or the kernel's own word), name, and data, whose last zeros are cut off."""

_NAME, _DATA = 1, 2  # NFTA_EXPR_*
_EXTENSION_NAME, _EXTENSION_INFO = 1, 3  # NFTA_MATCH_* and NFTA_TARGET_*
_IMMEDIATE_DATA = 2  # NFTA_IMMEDIATE_DATA
_VERDICT = 2  # NFTA_DATA_VERDICT
_CODE, _CHAIN = 1, 2  # NFTA_VERDICT_*
_JUMP = (-3).to_bytes(4, "big", signed=True)  # NFT_JUMP
_TYPE_LOCAL = b"\0\0\4"  # struct xt_addrtype_info_v1: source, then destination; 1 << RTN_LOCAL


def has(family: str, table: str, version: Version, rule: Rule) -> bool:
    """Whether the kernel has a rule, asked for in the order of its chain.  Raises NetlinkError."""
    wanted = _wanted(version, list(rule.words))
    return bool(wanted) and nft.has_rule(
        family, table, rule.chain, lambda found: list(_parts(found)) == wanted
    )


def _wanted(version: Version, words: list[str]) -> list[Part]:
    """What a rule consists of for the kernel; nothing where that is not known."""
    parts: list[Part] = []
    while words:
        match words:
            case ["-m", "comment", "--comment", text, *words]:
                parts.append(("match", "comment", text.encode()))
            case ["-m", "addrtype", "--dst-type", "LOCAL", *words]:
                parts.append(("match", "addrtype", _TYPE_LOCAL))
            case ["-m", "mark", "--mark", value, *words]:
                parts += _mark(*_numbers(value))
            case ["-j", "MARK", "--set-xmark", value]:
                return [*parts, ("target", "MARK", b"".join(_numbers(value)).rstrip(b"\0"))]
            case ["-j", "MASQUERADE"]:
                # struct nf_nat_ipv4_multi_range_compat has a count of ranges, struct nf_nat_range has not
                return [*parts, ("target", "MASQUERADE", b"\1" if version == 4 else b"")]
            case ["-j", chain] if not chain.isupper() or "-" in chain:
                return [*parts, ("jump", chain, b"")]
            case _:
                return []
    return []


def _mark(value: bytes, mask: bytes) -> Iterator[Part]:
    """Yield what loads a packet's mark, masks it and compares it, in one register."""
    zeros = bytes(4)
    load = message.attribute(2, b"\0\0\0\3") + message.attribute(1, b"\0\0\0\1")  # NFT_META_MARK, NFT_REG_1
    yield "meta", "", load
    yield (
        "bitwise",
        "",
        message.attribute(1, b"\0\0\0\1")
        + message.attribute(2, b"\0\0\0\1")
        + message.attribute(3, b"\0\0\0\4")
        + message.attribute(6, zeros)
        + message.attribute(4, message.attribute(1, mask))
        + message.attribute(5, message.attribute(1, zeros)),
    )
    yield (
        "cmp",
        "",
        message.attribute(1, b"\0\0\0\1")
        + message.attribute(2, zeros)
        + message.attribute(3, message.attribute(1, value)),
    )


def _numbers(text: str) -> tuple[bytes, bytes]:
    """Return value and mask of `0x2000/0x2000`, as the machine has them in memory."""
    import sys

    value, _, mask = text.partition("/")
    numbers = int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF
    return tuple(one.to_bytes(4, sys.byteorder) for one in numbers)  # type: ignore[return-value]


def _parts(rule: Attributes) -> Iterator[Part]:
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
            jumps = verdict.get(_CODE) == _JUMP
            yield "jump" if jumps else kind, message.string(verdict.get(_CHAIN, b"")), b""
        else:
            info = data[_EXTENSION_INFO]
            name = message.string(data[_EXTENSION_NAME])
            yield kind, name, info.partition(b"\0")[0] if name == "comment" else info.rstrip(b"\0")
