"""Nodes as values, for what draws them: a small one with all there is, and one with many pods."""

from __future__ import annotations

from cnictl.netfilter.observed import Owner
from cnictl.ports.model import Forward, HostPort, Problem
from cnictl.topology.model import Attached, End, Link, Masquerade, Namespace, Route, Topology

HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e"
"""What somebody may call an interface or a pod who wishes harm."""


def link(name: str, kind: str = "veth", *, up: bool = True, **facts: object) -> Link:
    return Link(name, kind, "02:00:00:00:00:01", 1500, up, **facts)  # type: ignore[arg-type]


def port(number: int, to: str, *, wrong: bool = False) -> HostPort:
    rule = f"-p tcp -m tcp --dport {number} -j DNAT --to-destination {to}:80"
    forward = Forward(
        "iptables", "nat", "CNI-DN-0123456789abcdef01234", "compat", rule, "tcp", "", number, number, to, 80,
        Owner("c1"), ours=True,
    )  # fmt: skip
    problems = (Problem("stale", "nobody asked for it"),) if wrong else ()
    return HostPort("tcp", "", number, number, to, 80, "web", "c1", "", (forward,), problems)


def pod(
    number: int, name: str, address: str, *, alias: str = "", ports: tuple[HostPort, ...] = ()
) -> Namespace:
    """Return a namespace whose eth0 is joined to link vethN of the node."""
    inside = link("eth0", peer=End(0, f"veth{number}"), far=True, alias=alias, addresses=(f"{address}/16",))
    return Namespace(
        number,
        name,
        f"/run/netns/pod{number}",
        4026532000 + number,
        (link("lo", "", addresses=("127.0.0.1/8",)), inside),
        (Route("default", "10.88.0.1", "eth0"),),
        (Attached("web", f"{number:064x}", "eth0", name, f"/run/netns/pod{number}", there=True),),
        ports,
        (Masquerade(address, "10.88.0.0/16", "iptables", "CNI-0123456789abcdef01234567"),),
    )


def many(count: int, name: str = "prod/shop-{}") -> Topology:
    """Return a node with pods on a bridge, one of them with a port."""
    pods = [
        pod(
            number,
            name.format(number),
            f"10.88.{number // 250}.{number % 250 + 2}",
            ports=(port(8080, "10.88.0.7"),) if number == 5 else (),
        )
        for number in range(1, count + 1)
    ]
    ends = [link(f"veth{one.number}", master="cni0", peer=End(one.number, "eth0"), far=True) for one in pods]
    own = (
        link("lo", "", addresses=("127.0.0.1/8",)),
        link("eth0", "", addresses=("192.0.2.10/24",)),
        link("cni0", "bridge", addresses=("10.88.0.1/16",)),
        *ends,
    )
    routes = (Route("default", "192.0.2.1", "eth0"), Route("10.88.0.0/16", "", "cni0"))
    return Topology("web-1", 0, (Namespace(0, "node", "", 4026531840, own, routes), *pods))


def small() -> Topology:
    """Return a node with everything that can be drawn, called by names that wish harm."""
    storage = Namespace(
        2,
        "data/postgres-0",
        "/run/netns/db",
        2,
        (
            link(
                "net1",
                "macvlan",
                parent=End(0, "eth0"),
                far=True,
                facts=("mode bridge",),
                addresses=("192.0.2.20/24",),
            ),
        ),
    )
    edge = Namespace(
        3,
        "edge/gateway",
        "/run/netns/edge",
        3,
        (link("eth0", peer=End(0, "vethptp"), far=True, up=False, addresses=("10.99.0.2/24",)),),
        (Route("10.99.0.0/24", "10.99.0.1", "eth0"),),
    )
    shut = Namespace(4, "lost", "/run/netns/lost", 4, problem="setns: operation not permitted")
    own = Namespace(
        0,
        "node",
        "",
        1,
        (
            link("lo", ""),
            link("eth0", "", addresses=("192.0.2.10/24",)),
            link("eth0.5", "vlan", parent=End(0, "eth0"), facts=("id 5",)),
            link("cni0", "bridge", addresses=("10.88.0.1/16",)),
            link("vx0", "vxlan", master="cni0", parent=End(0, "eth0"), facts=("vni 7",)),
            link("veth1", master="cni0", peer=End(1, "eth0"), far=True),
            link("vethptp", peer=End(3, "eth0"), far=True, addresses=("10.99.0.1/32",)),
        ),
        (Route("default", "192.0.2.1", "eth0"), Route("10.99.0.2/32", "", "vethptp")),
    )
    first = pod(1, f"{HOSTILE}/{HOSTILE}", "10.88.0.2", alias=HOSTILE, ports=(port(8080, "10.88.0.2"),))
    return Topology(
        "web-1",
        0,
        (own, first, storage, edge, shut),
        (port(9090, "10.88.0.99", wrong=True),),
        (Masquerade("172.17.0.0/16", "", "iptables", "POSTROUTING"),),
        (Attached("web", "c9", "eth0", "", "/run/netns/gone", there=False),),
        ("rules of nft: nft is not there",),
    )
