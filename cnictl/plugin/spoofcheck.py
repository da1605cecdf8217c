"""macspoofchk of bridge: what a container sends with another source MAC address is dropped.

Chains, rules and comments are those of the Go plugins.
"""

from __future__ import annotations

import _socket

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import nft
from cnictl.netfilter.nft import NftError
from cnictl.netfilter.program import Missing, NetfilterError
from cnictl.netlink.errors import NetlinkError
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.mac import canonical_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.netfilter.nft_text import Object
    from cnictl.plugin.request import Request

FAMILY, TABLE, BASE = "bridge", "nat", "PREROUTING"
CHAIN_PREFIX, COMMENT_PREFIX = "cni-br-iface-", "macspoofchk-"
_IN = {"family": FAMILY, "table": TABLE}


def setup(request: Request, host_link: str, mac: str) -> None:
    """Let only frames from `mac` pass what comes in through the host's end of the veth pair.

    Raises CniError.
    """
    chain, mac_chain, comment = _names(_identity(request))
    is_own = _equal({"payload": {"protocol": "ether", "field": "saddr"}}, mac)
    comes_from = _equal({"meta": {"key": "iifname"}}, host_link)
    base = {"type": "filter", "hook": "prerouting", "prio": -300, "policy": "accept"}
    ruleset = [
        _add("table", {"family": FAMILY, "name": TABLE}),
        _add("chain", {**_IN, "name": BASE, **base}),
        *(_add("chain", {**_IN, "name": one}) for one in (chain, mac_chain)),
        *({"flush": {"chain": {**_IN, "name": one}}} for one in (chain, mac_chain)),
        _rule(BASE, comment, comes_from, {"jump": {"target": chain}}),
        _rule(chain, comment, {"jump": {"target": mac_chain}}),
        _rule(mac_chain, comment, is_own, {"return": None}),
        _rule(mac_chain, comment, {"drop": None}),
    ]
    try:
        _commit(lambda: [*_jump_removal(comment), *ruleset])
    except (NetfilterError, NetlinkError) as e:
        raise CniError(INTERNAL, f"failed to setup spoof-check: {e}", e.hint) from None
    request.log.info("set up spoof check", link=host_link, mac=mac)


def teardown(request: Request) -> None:
    """Remove the attachment's rules and chains, found by its id; nothing there is a success.

    Raises CniError.
    """
    try:
        _commit(lambda: _removal(_identity(request)))
    except (NetfilterError, NetlinkError) as e:
        raise CniError(INTERNAL, f"failed to teardown spoof-check: {e}", e.hint) from None


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    """Remove the rules of attachments that are not valid and whose link on the node is gone.

    The rules do not tell the network, and a caller only knows which attachments of one network
    are valid; a link that is still there may belong to another.
    """
    kept = {f"{container_id}-{ifname}" for container_id, ifname in valid}
    lost = []
    try:
        for entry in nft.listing("chain", FAMILY, TABLE, BASE):
            rule = entry.get("rule", {})
            comment = rule.get("comment", "")
            identity = comment.removeprefix(COMMENT_PREFIX)
            if identity not in (comment, *kept) and not _link_exists(_incoming(rule)):
                lost.append(identity)
        _commit(lambda: [command for identity in lost for command in _removal(identity)])
    except Missing:
        return
    except (NetfilterError, NetlinkError) as e:
        raise CniError(INTERNAL, f"failed to collect spoof-check rules: {e}", e.hint) from None
    if lost:
        request.log.info("collected spoof check rules", of=",".join(lost))


def declare(request: Request, host_link: str, mac: str) -> list[Expectation]:
    """What must be there of the rules that `setup` makes."""
    chain, mac_chain, comment = _names(_identity(request))
    tool, note = f"nft {FAMILY}", f'comment "{comment}"'
    return [
        Expectation(NODE, entity)
        for entity in (
            entities.rule(tool, TABLE, BASE, f'iifname "{host_link}" jump {chain} {note}'),
            entities.chain(tool, TABLE, chain, [f"jump {mac_chain} {note}"]),
            entities.chain(
                tool, TABLE, mac_chain, [f"ether saddr {canonical_mac(mac)} return {note}", f"drop {note}"]
            ),
        )
    ]


def _identity(request: Request) -> str:
    return f"{request.container_id}-{request.ifname}"


def _names(identity: str) -> tuple[str, str, str]:
    """The attachment's chain, the chain that knows its MAC address, and the comment of its rules."""
    chain = CHAIN_PREFIX + identity
    return chain, chain + "-mac", COMMENT_PREFIX + identity


def _commit(work_out: Callable[[], list[Object]]) -> None:
    """Apply commands, worked out again when somebody else has removed what they were to remove."""
    failure: NftError | None = None
    for _ in range(nft.ATTEMPTS):
        commands = work_out()
        if not commands:
            return
        try:
            nft.apply_json(commands)
        except NftError as e:
            if not e.not_found:
                raise
            failure = e
        else:
            return
    if failure is not None:
        raise failure


def _removal(identity: str) -> list[Object]:
    """The commands that remove what there is of one attachment."""
    chain, mac_chain, comment = _names(identity)
    commands = _jump_removal(comment)
    for one in (chain, mac_chain):
        if nft.has_chain(FAMILY, TABLE, one):
            commands += [
                {"flush": {"chain": {**_IN, "name": one}}},
                {"delete": {"chain": {**_IN, "name": one}}},
            ]
    return commands


def _jump_removal(comment: str) -> list[Object]:
    return [
        {"delete": {"rule": {**_IN, "chain": BASE, "handle": one.number}}}
        for one in nft.rules(FAMILY, TABLE, BASE)
        if one.comment == comment
    ]


def _add(kind: str, body: Object) -> Object:
    return {"add": {kind: body}}


def _rule(chain: str, comment: str, *statements: Object) -> Object:
    return _add("rule", {**_IN, "chain": chain, "expr": list(statements), "comment": comment})


def _equal(left: Object, right: str) -> Object:
    return {"match": {"op": "==", "left": left, "right": right}}


def _incoming(rule: Object) -> str:
    """The name of the link that a rule is about."""
    for statement in rule.get("expr", ()):
        match = statement.get("match", {})
        if match.get("left") == {"meta": {"key": "iifname"}}:
            return str(match["right"])
    return ""


def _link_exists(name: str) -> bool:
    try:
        _socket.if_nametoindex(name)
    except OSError:
        return False
    return True
