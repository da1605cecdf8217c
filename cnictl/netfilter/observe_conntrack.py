"""Tracked connections whose destination was changed, read by pyroute2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pyroute2.netlink.exceptions import NetlinkError as Pyroute2Error  # type: ignore[import-untyped]
from pyroute2.netlink.nfnetlink.nfctsocket import (  # type: ignore[import-untyped]
    NFCTAttrTuple,
    NFCTSocket,
)

from cnictl.netfilter.program import NetfilterError
from cnictl.spec.address import endpoint
from cnictl.spec.errno_text import errno_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 20_000
"""Entries that are read of a family; pyroute2 takes a tenth of a millisecond for each."""

_FAMILIES = {4: 2, 6: 10}  # AF_INET, AF_INET6
_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
_UDP = 17
_DST_NAT = 1 << 5  # IPS_DST_NAT, linux/netfilter/nf_conntrack_common.h


class Flow(NamedTuple):
    """A tracked connection: who began it, for what address and port, and who answers.

    `changed` is whether its destination was changed on the way.
    """

    protocol: str
    source: str
    destination: str
    port: int
    answers: str
    answers_port: int
    changed: bool

    def __str__(self) -> str:
        where, who = endpoint(self.destination, self.port), endpoint(self.answers, self.answers_port)
        return f"{self.protocol} from {self.source} to {where}, answered by {who}"


class Flows(NamedTuple):
    """Some connections; `unread` says what of them could not be read, and why."""

    flows: list[Flow]
    unread: str = ""


def flows(udp_ports: Iterable[int]) -> Flows:
    """Return the connections of this namespace whose destination was changed, and UDP ones to some ports.

    Raises NetfilterError when the kernel lists none, as it does for root only.
    """
    found: dict[Flow, None] = {}
    unread = ""
    ports = sorted(set(udp_ports))
    for version, family in _FAMILIES.items():
        try:
            with NFCTSocket(nfgen_family=family) as socket:
                for number, one in enumerate(_entries(socket, ports)):
                    if number == MOST:
                        unread = f"only the first {MOST} connections of IPv{version} were looked at"
                        break
                    flow = _flow(one)
                    if flow is not None and (flow.changed or flow.port in ports):
                        found[flow] = None
        except Pyroute2Error as error:
            raise NetfilterError(f"cannot list tracked connections: {errno_text(error.code)}") from None
    return Flows(list(found), unread)


def _entries(socket: Any, ports: Iterable[int]) -> Iterator[Any]:
    yield from socket.dump(status=_DST_NAT, status_mask=_DST_NAT)
    for port in ports:
        yield from socket.dump(tuple_orig=NFCTAttrTuple(proto=_UDP, dport=port))


def _flow(entry: Any) -> Flow | None:
    original, reply = entry.get_attr("CTA_TUPLE_ORIG"), entry.get_attr("CTA_TUPLE_REPLY")
    if original is None or reply is None:
        return None
    protocol = _PROTOCOLS.get(original.get_attr("CTA_TUPLE_PROTO").get_attr("CTA_PROTO_NUM"))
    if protocol is None:
        return None
    destination, port = _end(original, "DST")
    answers, answers_port = _end(reply, "SRC")
    changed = bool((entry.get_attr("CTA_STATUS") or 0) & _DST_NAT)
    return Flow(protocol, _end(original, "SRC")[0], destination, port, answers, answers_port, changed)


def _end(tuple_: Any, which: str) -> tuple[str, int]:
    ip, proto = tuple_.get_attr("CTA_TUPLE_IP"), tuple_.get_attr("CTA_TUPLE_PROTO")
    address = ip.get_attr(f"CTA_IP_V4_{which}") or ip.get_attr(f"CTA_IP_V6_{which}") or ""
    return address, proto.get_attr(f"CTA_PROTO_{which}_PORT") or 0
