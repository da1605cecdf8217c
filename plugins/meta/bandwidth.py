"""bandwidth: limits what is sent to a container, and what it sends.

It works on the veth pair of an earlier plugin, bridge or ptp.  The limits are the plugin's own keys,
the same for every container, or come from the runtime, which makes them of a pod's annotations
`kubernetes.io/ingress-bandwidth` and `kubernetes.io/egress-bandwidth`.  Rates are in bits a second,
bursts in bits: how much may go at full speed after a pause.  A burst smaller than a packet lets
nothing through; what is sent in a tenth of a second is a good one.

What goes to the container waits in a token bucket, tc-tbf(8), on the node's end of the pair.  What
comes from it is redirected to a link of kind ifb, which is made for it and has a bucket of its own.
The ifb is called `bwp` and a digest of network and container id; its alias says whose it is.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.netlink.links import Links
from cnictl.plugin import interface
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError

from .bandwidth_config import BandwidthConfig, read
from .bandwidth_shaping import Shaping, device_name, owner, shape, shape_egress, unshape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Entity
    from cnictl.netlink.link import Link
    from cnictl.plugin.request import Request
    from cnictl.spec.result import AnyResult, Result

    from .bandwidth_config import TokenBucket

VERSIONS = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")


def add(request: Request) -> AnyResult:
    limits = read(request)
    given = request.given_result()
    if given is not None and not limits.any:
        return given
    result = request.previous("must be called as chained plugin")
    with request.inside(Links) as inside, Shaping() as host:
        veth = _host_end(request, result, inside, host)
        if limits.ingress is not None:
            shape(request, host, veth, limits.ingress)
        if limits.egress is not None:
            result.interfaces.append(shape_egress(request, host, veth, limits.egress))
    return result


def delete(request: Request) -> None:
    read(request)
    device = device_name(request.network, request.container_id)
    with Shaping() as host, Failures() as each:
        if request.netns:
            each.run(_unshape, request, host, device)
        each.run(interface.delete_link, host, device)


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    """Remove the ifbs of this network's attachments that are not valid.

    Those that the Go plugin made do not say whose they are, and may be any network's: they stay.
    """
    with Links() as host, Failures() as each:
        for link in host.links():
            network, ifname, container_id = owner(link)
            if network == request.network and (container_id, ifname) not in valid:
                each.run(interface.delete_link, host, link.name)
                request.log.info("collected", link=link.name, container=container_id)


def declare(request: Request) -> list[Expectation]:
    limits = read(request)
    result = request.previous("must be called as a chained plugin")
    if not limits.any:
        return []
    with request.inside(Links) as inside, Links() as host:
        veth = _host_end(request, result, inside, host).name
    expected: list[Entity] = []
    if limits.ingress is not None:
        expected.append(_declared(veth, limits.ingress))
    if limits.egress is not None:
        ifb = device_name(request.network, request.container_id)
        mac = next((one.mac for one in result.interfaces if one.name == ifb), "")
        actions = [f"mirred egress redirect dev {ifb} {verdict}" for verdict in ("stolen", "pass")]
        expected += [
            entities.link(ifb, kind="ifb", mac=mac or None, up=True),
            _declared(ifb, limits.egress),
            entities.qdisc(veth, "ingress", kind="ingress"),
            entities.traffic_filter(
                veth, "ffff:", priority=1, handle="800::800", kind="u32", actions=actions
            ),
        ]
    return [Expectation(NODE, entity) for entity in expected]


def _declared(link: str, bucket: TokenBucket) -> Entity:
    return entities.qdisc(
        link, kind="tbf", handle="1:", rate=bucket.rate, limit=bucket.limit, buffer=bucket.buffer
    )


def _host_end(request: Request, result: Result, inside: Links, host: Links) -> Link:
    """Return the node's end of the container's veth pair, which the Result must name; raises CniError."""
    if not result.interfaces:
        raise CniError(INTERNAL, "no interfaces provided", "the plugin before bandwidth named none")
    name = request.ifname
    context = f"container interface {name} has no veth peer"
    try:
        link = inside.link(name)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'{context}: could not look up "{name}": {error.reason}') from None
    if link.kind != "veth":
        text = f'{context}: interface "{name}" was not a veth interface'
        raise CniError(INTERNAL, text, "bandwidth works after plugins that make a veth pair: bridge, ptp")
    try:
        peer = host.link_by_index(link.peer)
    except LinkGone:
        raise CniError(INTERNAL, f"veth peer with index {link.peer} is not in host ns") from None
    if not _are_a_pair(link, peer) or all(one.sandbox or one.name != peer.name for one in result.interfaces):
        raise CniError(
            INTERNAL,
            "no veth peer of container interface found in host ns",
            "the Result of the plugin before bandwidth should name it, without a sandbox",
        )
    return peer


def _unshape(request: Request, host: Shaping, device: str) -> None:
    """Clean the node's end, which stays until the plugin that made it has its turn."""
    try:
        with request.inside(Links) as inside:
            link = inside.link(request.ifname)
        if link.kind != "veth":
            return
        peer = host.link_by_index(link.peer)
    except LinkGone:
        return
    if _are_a_pair(link, peer):
        unshape(host, peer, device)


def _are_a_pair(link: Link, peer: Link) -> bool:
    return peer.kind == "veth" and peer.peer == link.index


PLUGIN = Plugin(
    "bandwidth", BandwidthConfig, add=add, delete=delete, declare=declare, gc=gc, versions=VERSIONS
)
