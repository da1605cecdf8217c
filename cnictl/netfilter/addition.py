"""Adds chains and rules of iptables by the kernel itself: no program is run.

iptables-restore takes as long to start as the kernel does for the whole change.  What is added is put in the
words that the nft variant of iptables has understood since its first release, so that whichever is on
the node, or in somebody's container, can show, check and delete it: ports by the matches tcp and udp
(since 1.8.8 it compares them in the header itself), networks masked (since 1.8.6 it compares fewer bytes).
"""

from __future__ import annotations

from cnictl.netfilter import nft
from cnictl.netfilter.expressions import PROTOCOLS, oldest, protocol_of, translate
from cnictl.netfilter.iptables import FAMILIES, may_be_legacy
from cnictl.netlink import message
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.netfilter.iptables import Addition, Version
    from cnictl.netfilter.rule import Rule
    from cnictl.netfilter.translated import Part

_ELEMENT = 1  # NFTA_LIST_ELEM
_NAME, _DATA = 1, 2  # NFTA_EXPR_*
_EXTENSION_NAME, _EXTENSION_REVISION, _EXTENSION_INFO = 1, 2, 3  # NFTA_MATCH_* and NFTA_TARGET_*
_DESTINATION, _IMMEDIATE_DATA = 1, 2  # NFTA_IMMEDIATE_*
_VERDICT, _CODE, _CHAIN = 2, 1, 2  # NFTA_DATA_VERDICT, NFTA_VERDICT_*
_COUNTER = message.attribute(1, bytes(8)) + message.attribute(2, bytes(8))  # NFTA_COUNTER_*
_COMPAT_PROTOCOL, _COMPAT_FLAGS = 1, 2  # NFTA_RULE_COMPAT_*
_INVERTED = 2  # NFT_RULE_COMPAT_F_INV
_EXTENSIONS = {
    "addrtype": (1, 8),
    "comment": (0, 256),
    "conntrack": (3, 168),
    "multiport": (1, 48),
    "sctp": (0, 296),
    "tcp": (0, 16),
    "udp": (0, 16),
    "DNAT": (2, 48),
    "MARK": (2, 8),
}
"""Revision, and size of the data, aligned as the kernel wants it (XT_ALIGN)."""
_MASQUERADE: dict[Version, tuple[int, int]] = {4: (0, 24), 6: (0, 40)}


def add(version: Version, table: str, additions: Iterable[Addition]) -> bool:
    """Make chains and rules, in that order, all or nothing; whether it was done.

    It is not where a chain is there already or one that is needed is not, where a rule is not known here, and
    beside legacy tables.
    """
    family = FAMILIES[version]
    requests: list[nft.Request] = []
    try:
        if may_be_legacy(table, version):
            return False
        for what, behind in additions:
            if isinstance(what, str):
                requests.append(nft.new_chain(family, table, what))
            else:
                requests.append(nft.new_rule(family, table, what.chain, _rule(version, what), behind=behind))
        nft.change_together(requests, f"add rules to {family} {table}")
    except (CnictlError, KeyError, ValueError):
        return False
    return True


def _rule(version: Version, rule: Rule) -> bytes:
    """What a rule consists of, as attributes.  Raises ValueError and KeyError for what is not known here."""
    parts = translate(version, list(rule.words))
    if not parts:
        raise ValueError(rule.text)
    protocol, inverted = protocol_of(list(rule.words))
    expressions = [_expression(version, part) for part in oldest(version, protocol, parts)]
    expressions.insert(-1, _named("counter", _COUNTER))  # where iptables has it, before the target
    body = message.attribute(nft.RULE_EXPRESSIONS, b"".join(expressions))
    if protocol:
        compat = message.attribute(_COMPAT_PROTOCOL, PROTOCOLS[protocol].to_bytes(4, "big"))
        compat += message.attribute(_COMPAT_FLAGS, (_INVERTED * inverted).to_bytes(4, "big"))
        body += message.attribute(nft.RULE_COMPAT, compat)
    return body


def _expression(version: Version, part: Part) -> bytes:
    kind, name, data = part
    if kind in ("match", "target"):
        revision, size = _MASQUERADE[version] if name == "MASQUERADE" else _EXTENSIONS[name]
        if len(data) > size or (name == "comment" and len(data) == size):
            raise ValueError(name)
        return _named(
            kind,
            message.text(_EXTENSION_NAME, name)
            + message.attribute(_EXTENSION_REVISION, revision.to_bytes(4, "big"))
            + message.attribute(_EXTENSION_INFO, data.ljust(size, b"\0")),
        )
    if kind == "verdict":
        verdict = message.attribute(_CODE, data) + (message.text(_CHAIN, name) if name else b"")
        value = message.attribute(_VERDICT, verdict)
        return _named(
            "immediate", message.attribute(_DESTINATION, bytes(4)) + message.attribute(_IMMEDIATE_DATA, value)
        )
    return _named(kind, data)


def _named(kind: str, data: bytes) -> bytes:
    return message.attribute(_ELEMENT, message.text(_NAME, kind) + message.attribute(_DATA, data))
