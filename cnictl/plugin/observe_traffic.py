"""The thin observer's part for plugins that direct or limit traffic; only they need it."""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.netlink.errors import LinkGone
from cnictl.netlink.links import Links
from cnictl.netlink.names import (
    KERNEL_HANDLES,
    action_name,
    handle_name,
    mirred_words,
    protocol_name,
    u32_handle_name,
)
from cnictl.netlink.rules import Rules
from cnictl.netlink.traffic_control import TrafficControl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity
    from cnictl.netlink.traffic_control import KernelFilter, KernelQdisc


class _Shaped(Links, TrafficControl):
    """Links with what hangs on them."""


def traffic_control(where: str, links: Iterable[str]) -> Iterator[Entity]:
    """Yield the queueing disciplines of links, and the filters that hang on them."""
    with _Shaped(where or None) as netns:
        there = []
        for name in links:
            try:
                there.append(netns.link(name))
            except LinkGone:
                continue
        found = netns.qdiscs_of(there)
        for link in there:
            for qdisc in found[link.index]:
                yield _qdisc(link.name, qdisc)
                for one in netns.filters(link, qdisc.handle):
                    yield _filter(netns, link.name, one)


def policies(where: str) -> Iterator[Entity]:
    """Yield all policy routing rules, the kernel's own among them."""
    with Rules(where or None) as netns:
        for rule in netns.rules():
            yield entities.policy(
                rule.version,
                source=rule.source,
                destination=rule.destination,
                tos=rule.tos,
                mark=rule.mark,
                incoming=rule.incoming,
                outgoing=rule.outgoing,
                inverted=rule.inverted,
                action=action_name(rule.action),
                table=rule.table,
                priority=rule.priority,
            )


def _qdisc(link: str, qdisc: KernelQdisc) -> Entity:
    return entities.qdisc(
        link,
        qdisc.kind if qdisc.kind == "clsact" else handle_name(qdisc.parent),
        kind=qdisc.kind,
        handle=None if qdisc.handle >> 16 in KERNEL_HANDLES else handle_name(qdisc.handle),
        rate=qdisc.rate,
        limit=qdisc.limit,
        buffer=qdisc.buffer,
    )


def _filter(netns: Links, link: str, one: KernelFilter) -> Entity:
    return entities.traffic_filter(
        link,
        handle_name(one.parent),
        priority=one.priority,
        protocol=protocol_name(one.protocol),
        handle=u32_handle_name(one.handle) if one.kind == "u32" else f"{one.handle:#x}",
        kind=one.kind,
        actions=[
            mirred_words(action.action, _name(netns, action.device), action.verdict)
            for action in one.redirections
        ],
    )


def _name(netns: Links, index: int) -> str:
    """Return a link's name as the full observer gives it: "" for none, its index for one that is gone."""
    try:
        return netns.link_by_index(index).name if index else ""
    except LinkGone:
        return f"if{index}"
