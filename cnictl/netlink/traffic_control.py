"""Requests about traffic control: queueing disciplines, and the filters that hang on them."""

from __future__ import annotations

import sys
from struct import Struct

from cnictl.netlink.channel import Channel
from cnictl.netlink.message import (
    CREATE,
    EXCL,
    attribute,
    attributes,
    each_attribute,
    number,
    string,
    text,
    u32,
)
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cnictl.netlink.link import Link

# linux/rtnetlink.h
_RTM_NEWQDISC, _RTM_DELQDISC, _RTM_GETQDISC = 36, 37, 38
_RTM_NEWTFILTER, _RTM_GETTFILTER = 44, 46
_TCMSG = Struct("=BxxxiIII")  # family, link, handle, parent, info
_KIND, _OPTIONS = 1, 2

# linux/pkt_sched.h
ROOT, INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
"""Where a queueing discipline hangs: on what a link sends, or on what it receives."""
TBF_HANDLE, INGRESS_HANDLE = 0x10000, 0xFFFF0000
_TBF_PARMS, _TBF_RATE64 = 1, 4
_TBF = Struct("=8xI12xIII")  # rate, limit, buffer, MTU
_U64 = Struct("=Q")

# linux/pkt_cls.h, linux/tc_act/tc_mirred.h and linux/if_ether.h
_PRIORITY, _EVERY_PROTOCOL = 1, 0x0003
_U32_CLASSID, _U32_DIVISOR, _U32_SEL, _U32_ACT = 1, 4, 5, 7
_MATCH_ALL = Struct("=BxBx28x").pack(1, 1)  # TC_U32_TERMINAL, and one key that is all zeros
_FLOW = 0x10001
_ACT_KIND, _ACT_OPTIONS, _MIRRED_PARMS = 1, 2, 2
_MIRRED = Struct("=8xi8xiI")  # verdict, action, link
_EGRESS_REDIRECT = 1
_PASS, _STOLEN = 0, 4


class KernelQdisc(Value):
    """A queueing discipline; `handle` and `parent` are numbers.

    Of a token bucket `rate` is in bytes a second, `limit` in bytes and `buffer` in the ticks of
    /proc/net/psched; they are None of other kinds.
    """

    __slots__ = ("kind", "handle", "parent", "rate", "limit", "buffer")

    def __init__(
        self,
        kind: str,
        handle: int,
        parent: int,
        *,
        rate: int | None = None,
        limit: int | None = None,
        buffer: int | None = None,
    ) -> None:
        self.kind = kind
        self.handle = handle
        self.parent = parent
        self.rate = rate
        self.limit = limit
        self.buffer = buffer


class Redirection(Value):
    """An action of kind mirred: TCA_EGRESS_* or TCA_INGRESS_*, the link's index, and the verdict TC_ACT_*."""

    __slots__ = ("action", "device", "verdict")

    def __init__(self, action: int, device: int, verdict: int) -> None:
        self.action = action
        self.device = device
        self.verdict = verdict


class KernelFilter(Value):
    """A filter; `parent` and `handle` are numbers, `protocol` one of linux/if_ether.h.

    `redirections` are the actions of a u32 filter that are of kind mirred.
    """

    __slots__ = ("kind", "parent", "handle", "priority", "protocol", "redirections")

    def __init__(
        self,
        kind: str,
        parent: int,
        handle: int,
        *,
        priority: int,
        protocol: int,
        redirections: tuple[Redirection, ...] = (),
    ) -> None:
        self.kind = kind
        self.parent = parent
        self.handle = handle
        self.priority = priority
        self.protocol = protocol
        self.redirections = redirections


class TrafficControl(Channel):
    """What concerns traffic control.  Everything raises NetlinkError."""

    def add_token_bucket(self, link: Link, *, rate: int, limit: int, buffer: int) -> None:
        """Have what a link sends pass a token bucket, tc-tbf(8); units are those of `KernelQdisc`."""
        parameters = attribute(_TBF_PARMS, _TBF.pack(rate & 0xFFFFFFFF, limit, buffer, 0))
        if rate > 0xFFFFFFFF:
            parameters += attribute(_TBF_RATE64, _U64.pack(rate))
        self._add_qdisc(link, "tbf", TBF_HANDLE, ROOT, parameters)

    def add_ingress(self, link: Link) -> None:
        """Let filters look at what a link receives."""
        self._add_qdisc(link, "ingress", INGRESS_HANDLE, INGRESS)

    def delete_qdisc(self, link: Link, parent: int) -> None:
        """Remove what hangs there, ROOT or INGRESS, and with it its filters."""
        what = f'delete the queueing discipline of "{link.name}"'
        self.change(_RTM_DELQDISC, 0, _TCMSG.pack(0, link.index, 0, parent, 0), what)

    def add_redirection(self, link: Link, target: Link) -> None:
        """Have all that a link receives sent out by another one; `add_ingress` comes first.

        The Go plugins name the same action twice, the second time to no effect, and so does this.
        """
        actions = b"".join(
            attribute(place, text(_ACT_KIND, "mirred") + attribute(_ACT_OPTIONS, parameters))
            for place, parameters in enumerate((_redirect(target, _STOLEN), _redirect(target, _PASS)), 1)
        )
        options = attribute(_U32_SEL, _MATCH_ALL) + u32(_U32_CLASSID, _FLOW) + attribute(_U32_ACT, actions)
        body = _TCMSG.pack(0, link.index, 0, INGRESS_HANDLE, _PRIORITY << 16 | _swapped(_EVERY_PROTOCOL))
        body += text(_KIND, "u32") + attribute(_OPTIONS, options)
        what = f'redirect what "{link.name}" receives to "{target.name}"'
        self.change(_RTM_NEWTFILTER, CREATE | EXCL, body, what)

    def qdiscs(self, link: Link) -> list[KernelQdisc]:
        """What hangs on a link and was put there; without the kernel's default."""
        return self.qdiscs_of([link])[link.index]

    def qdiscs_of(self, links: Collection[Link]) -> dict[int, list[KernelQdisc]]:
        """The same for several links, by index, read once: the kernel answers with those of all links."""
        found: dict[int, list[KernelQdisc]] = {link.index: [] for link in links}
        names = ", ".join(f'"{link.name}"' for link in links)
        what = f"list queueing disciplines of {names}"
        for answer in self.read(_RTM_GETQDISC, _TCMSG.pack(0, 0, 0, 0, 0), what, dump=True):
            _, index, handle, *_ = _TCMSG.unpack_from(answer)
            if index in found and handle:
                found[index].append(_parse_qdisc(answer))
        return found

    def filters(self, link: Link, parent: int) -> list[KernelFilter]:
        """The filters that hang on one of a link's queueing disciplines, by its handle."""
        what = f'list filters of "{link.name}"'
        body = _TCMSG.pack(0, link.index, 0, parent, 0)
        answers = self.read(_RTM_GETTFILTER, body, what, dump=True)
        return [found for answer in answers for found in _parse_filter(answer)]

    def _add_qdisc(self, link: Link, kind: str, handle: int, parent: int, options: bytes = b"") -> None:
        body = (
            _TCMSG.pack(0, link.index, handle, parent, 0) + text(_KIND, kind) + attribute(_OPTIONS, options)
        )
        self.change(_RTM_NEWQDISC, CREATE | EXCL, body, f'add queueing discipline {kind} to "{link.name}"')


def _redirect(target: Link, verdict: int) -> bytes:
    return attribute(_MIRRED_PARMS, _MIRRED.pack(verdict, _EGRESS_REDIRECT, target.index))


def _parse_qdisc(body: bytes) -> KernelQdisc:
    _, _, handle, parent, _ = _TCMSG.unpack_from(body)
    found = attributes(body, _TCMSG.size)
    kind = string(found.get(_KIND, b""))
    options = attributes(found.get(_OPTIONS, b"")) if kind == "tbf" else {}
    if _TBF_PARMS not in options:
        return KernelQdisc(kind, handle, parent)
    rate, limit, buffer, _ = _TBF.unpack_from(options[_TBF_PARMS])
    rate = number(options[_TBF_RATE64]) if _TBF_RATE64 in options else rate
    return KernelQdisc(kind, handle, parent, rate=rate, limit=limit, buffer=buffer)


def _parse_filter(body: bytes) -> Iterator[KernelFilter]:
    """The filter of a message, if it is one that matches anything: heads and hash tables are listed too."""
    _, _, handle, parent, info = _TCMSG.unpack_from(body)
    found = attributes(body, _TCMSG.size)
    kind = string(found.get(_KIND, b""))
    options = attributes(found.get(_OPTIONS, b"")) if kind == "u32" else {}
    if handle and _U32_DIVISOR not in options:
        yield KernelFilter(
            kind,
            parent,
            handle,
            priority=info >> 16,
            protocol=_swapped(info & 0xFFFF),
            redirections=tuple(_redirections(options.get(_U32_ACT, b""))),
        )


def _redirections(actions: bytes) -> Iterator[Redirection]:
    for _, payload in each_attribute(actions):
        action = attributes(payload)
        if string(action.get(_ACT_KIND, b"")) == "mirred":
            parameters = attributes(action[_ACT_OPTIONS])[_MIRRED_PARMS]
            verdict, verb, device = _MIRRED.unpack_from(parameters)
            yield Redirection(verb, device, verdict)


def _swapped(protocol: int) -> int:
    """Between the machine's byte order and that of the network."""
    return int.from_bytes(protocol.to_bytes(2, sys.byteorder), "big")
