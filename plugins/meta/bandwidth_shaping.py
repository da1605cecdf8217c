"""bandwidth: what it makes on the node, under the names that the Go plugin gives it."""

from __future__ import annotations

from cnictl.declare.model import NODE
from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.netlink.link_kinds import plain
from cnictl.netlink.links import Links
from cnictl.netlink.traffic_control import INGRESS, INGRESS_HANDLE, ROOT, TBF_HANDLE, TrafficControl
from cnictl.plugin import interface
from cnictl.spec.digest import digest
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link import Link
    from cnictl.plugin.request import Request

    from .bandwidth_config import TokenBucket

PREFIX, NAME_LENGTH = "bwp", 15
_LONGEST_ALIAS = 255  # IFALIASZ, linux/if.h, less a zero


class Shaping(Links, TrafficControl):
    """The links of the node and their queueing disciplines."""


def device_name(network: str, container_id: str) -> str:
    """The ifb of a container in a network, one for all of its interfaces there."""
    return digest(network + container_id, NAME_LENGTH, PREFIX)


def shape(request: Request, host: Shaping, link: Link, bucket: TokenBucket) -> None:
    """Let what a link sends pass a token bucket; taken back when the request fails.  Raises CniError."""
    try:
        host.add_token_bucket(link, rate=bucket.rate, limit=bucket.limit, buffer=bucket.buffer)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"create qdisc: {error.reason}", str(error)) from None
    request.undo.push(_remove_qdisc, link, ROOT)
    request.log.info("limited", link=link.name, rate=bucket.rate, limit=bucket.limit)


def shape_egress(request: Request, host: Shaping, veth: Link, bucket: TokenBucket) -> Interface:
    """Let what the node's end receives pass an ifb with a token bucket; return the ifb's entry.

    Taken back when the request fails.  Raises CniError.
    """
    name = device_name(request.network, request.container_id)
    try:
        host.add_link(name, plain("ifb"), mtu=veth.mtu, txqlen=0, up=True)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"adding link: {error.reason}", str(error)) from None
    request.undo.push(interface.later, NODE, interface.delete_link, name)
    try:
        ifb = host.link(name)
        host.set_alias(ifb, _alias(request))
    except NetlinkError as error:
        raise CniError(INTERNAL, f"get ifb device: {error.reason}", str(error)) from None
    try:
        host.add_ingress(veth)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"create ingress qdisc: {error.reason}", str(error)) from None
    request.undo.push(_remove_qdisc, veth, INGRESS)
    try:
        host.add_redirection(veth, ifb)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"add filter: {error.reason}", str(error)) from None
    try:
        shape(request, host, ifb, bucket)
    except CniError as error:
        raise error.within("create ifb qdisc: ") from None
    return Interface(name, mac=ifb.mac)


def unshape(host: Shaping, veth: Link, device: str) -> None:
    """Remove what `shape` and `shape_egress` left on the node's end, and nothing that others put there."""
    bare = veth.replace(txqlen=0)  # as bridge and ptp make it
    for qdisc in host.qdiscs(veth):
        if (qdisc.kind, qdisc.handle, qdisc.parent) == ("tbf", TBF_HANDLE, ROOT):
            _delete_qdisc(host, bare, ROOT)
        elif qdisc.kind == "ingress" and _leads_to(host, veth, device):
            _delete_qdisc(host, bare, INGRESS)


def owner(link: Link) -> tuple[str, str, str]:
    """Return network, ifname and container id in the alias of an ifb, empty when it does not name them.

    The digest in its name must agree: an alias anybody may write, and a very long one is cut off.
    """
    words = link.alias.replace(", if: ", ", id: ").split(", id: ")
    if link.kind != "ifb" or len(words) != 3:
        return "", "", ""
    network, ifname, container_id = words[0].removeprefix("net: "), words[1], words[2]
    if link.name != device_name(network, container_id):
        return "", "", ""
    return network, ifname, container_id


def _leads_to(host: Shaping, veth: Link, device: str) -> bool:
    """Whether all that the node's end receives goes to the ifb, or would if that were still there."""
    filters = host.filters(veth, INGRESS_HANDLE)
    targets = {one.device for found in filters for one in found.redirections} - {0}
    return all(found.redirections for found in filters) and targets <= {_index(host, device)}


def _index(host: Shaping, name: str) -> int:
    try:
        return host.link(name).index
    except LinkGone:
        return 0


def _remove_qdisc(link: Link, parent: int) -> None:
    with Shaping() as host:
        _delete_qdisc(host, link, parent)


def _delete_qdisc(host: Shaping, link: Link, parent: int) -> None:
    host.delete_qdisc(link, parent)
    # A link without a queue was given one with its first discipline (qdisc_create, net/sched/sch_api.c).
    host.set_txqlen(link, link.txqlen)


def _alias(request: Request) -> str:
    text = f"net: {request.network}, if: {request.ifname}, id: {request.container_id}"
    return text[:_LONGEST_ALIAS]
