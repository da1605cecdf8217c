"""Traffic control on a real kernel: what we write is what `tc` shows, what we read is what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cnictl.netlink.link_kinds import plain
from cnictl.netlink.rtnl import Link, NetlinkError, Rtnl
from cnictl.netlink.traffic_control import (
    INGRESS,
    INGRESS_HANDLE,
    ROOT,
    TBF_HANDLE,
    KernelQdisc,
    Redirection,
    TrafficControl,
)
from cnictl.sandbox.node import Node
from tests import witness


@pytest.fixture
def traffic(node: Node, pod_path: str) -> Iterator[TrafficControl]:
    del pod_path  # asked for because it knows who may
    with TrafficControl(node.netns) as channel:
        yield channel


@pytest.fixture
def ifb(host: Rtnl) -> Link:
    host.add_link("ifb7", plain("ifb"), mtu=1400, txqlen=0, up=True)
    return host.link("ifb7")


def qdiscs(node: Node, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = witness.tc(node, "qdisc", "show", "dev", name)
    return [one for one in found if one["kind"] != "noqueue"]


def test_an_ifb_is_made_as_upstream_makes_it(node: Node, ifb: Link) -> None:
    """Up at once, with the MTU asked for and no queue of its own."""
    (found,) = witness.ip(node, "link", "show", "dev", "ifb7")
    assert found["linkinfo"]["info_kind"] == ifb.kind == "ifb"
    assert (found["mtu"], found.get("txqlen", 0)) == (1400, 0)
    assert "UP" in found["flags"]
    assert ifb.up


def test_a_link_has_an_alias(node: Node, host: Rtnl, ifb: Link) -> None:
    """As `ip link set alias` gives it one, without the zero byte of a name, so that 255 bytes fit."""
    for alias in ("net: web, if: eth0, id: c1", "a" * 255):
        host.set_alias(ifb, alias)
        (found,) = witness.ip(node, "link", "show", "dev", "ifb7")
        assert found["ifalias"] == host.link("ifb7").alias == alias


def test_a_token_bucket(node: Node, traffic: TrafficControl, ifb: Link) -> None:
    """Rate, burst and latency are what was asked for; rates beyond 32 bits too."""
    traffic.add_token_bucket(ifb, rate=1_000_000, limit=125_000, buffer=1_562_500)
    (found,) = qdiscs(node, "ifb7")
    assert (found["kind"], found["handle"], found["root"]) == ("tbf", "1:", True)
    assert (found["options"]["rate"], found["options"]["burst"]) == (1_000_000, "100000b/1")
    assert found["options"]["lat"] == 25_000
    assert traffic.qdiscs(ifb) == [
        KernelQdisc("tbf", TBF_HANDLE, ROOT, rate=1_000_000, limit=125_000, buffer=1_562_500)
    ]
    traffic.delete_qdisc(ifb, ROOT)
    assert qdiscs(node, "ifb7") == traffic.qdiscs(ifb) == []
    traffic.add_token_bucket(ifb, rate=12_500_000_000, limit=312_499_998, buffer=5_368_703)
    assert qdiscs(node, "ifb7")[0]["options"]["rate"] == traffic.qdiscs(ifb)[0].rate == 12_500_000_000


def test_a_second_one_is_refused(traffic: TrafficControl, ifb: Link) -> None:
    """There is one root, and the kernel says so."""
    traffic.add_token_bucket(ifb, rate=1000, limit=35, buffer=156_250)
    with pytest.raises(NetlinkError) as refused:
        traffic.add_token_bucket(ifb, rate=1000, limit=35, buffer=156_250)
    assert refused.value.reason == "file exists"
    with pytest.raises(NetlinkError) as refused:
        traffic.add_token_bucket(ifb.replace(index=999), rate=1000, limit=35, buffer=156_250)
    assert refused.value.reason == "no such device"


def test_a_redirection(node: Node, host: Rtnl, traffic: TrafficControl, veth: Link, ifb: Link) -> None:
    """Everything that comes in goes out of another link; with the other link its action leads nowhere."""
    assert veth.up
    link = host.link("veth1")
    traffic.add_ingress(link)
    traffic.add_redirection(link, ifb)
    assert traffic.qdiscs(link) == [KernelQdisc("ingress", INGRESS_HANDLE, INGRESS)]
    text = node.run(["tc", "filter", "show", "dev", "veth1", "parent", "ffff:"]).checked().stdout
    assert "filter protocol all pref 1 u32 chain 0 fh 800::800" in text
    assert "flowid 1:1" in text
    assert "match 00000000/00000000 at 0" in text
    assert [line.split(": ")[1] for line in text.splitlines() if "mirred" in line] == [
        "mirred (Egress Redirect to device ifb7) stolen",
        "mirred (Egress Redirect to device ifb7) pass",
    ]
    (found,) = traffic.filters(link, INGRESS_HANDLE)
    assert (found.kind, found.parent, found.handle) == ("u32", INGRESS_HANDLE, 0x80000800)
    assert (found.priority, found.protocol) == (1, 3)
    assert found.redirections == (Redirection(1, ifb.index, 4), Redirection(1, ifb.index, 0))
    host.delete_link(ifb)
    (found,) = traffic.filters(link, INGRESS_HANDLE)
    assert [one.device for one in found.redirections] == [0, 0]
    traffic.delete_qdisc(link, INGRESS)
    assert traffic.filters(link, INGRESS_HANDLE) == traffic.qdiscs(link) == []


def test_only_what_was_asked_for_is_listed(
    node: Node, host: Rtnl, traffic: TrafficControl, veth: Link, ifb: Link
) -> None:
    """Of that link, and what somebody put there; other kinds of disciplines and filters by their names."""
    assert veth.up
    traffic.add_token_bucket(ifb, rate=1000, limit=35, buffer=156_250)
    link = host.link("veth1")
    assert traffic.qdiscs(link) == []
    node.run("tc qdisc add dev veth1 root handle 1: htb default 30".split()).checked()
    words = "tc filter add dev veth1 parent 1: prio 5 protocol ip bpf bytecode"
    node.run([*words.split(), "1,6 0 0 1"]).checked()
    assert [(one.kind, one.handle, one.rate) for one in traffic.qdiscs(link)] == [("htb", 0x10000, None)]
    assert [(one.kind, one.protocol) for one in traffic.filters(link, 0x10000)] == [("bpf", 0x800)]
