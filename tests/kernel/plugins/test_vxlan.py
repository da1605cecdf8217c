"""vxlan on one node: what ADD makes, what DEL and GC leave, what STATUS says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.overlay import (
    FLOOD,
    MAC1,
    MAC2,
    MADE_BY_HAND,
    MODES,
    REMOTE,
    REMOTES,
    SHARED,
    UNDERLAY,
    bridged,
    entries,
    give_underlay,
    links,
    neighbours,
    put_remote,
    remove_remote,
    routed,
    routes,
    shell,
)

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]


@pytest.fixture(autouse=True)
def _underlay(node: Node) -> None:
    give_underlay(node)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, version: str, mode: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    attachment = attach(MODES[mode](ipMasq=mode == "routed"), version=version)
    assert attachment.add()["cniVersion"] == version
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()


def test_what_add_makes_in_mode_routed(attach: Attach, node: Node) -> None:
    """What flannel makes for a node and its remotes, in both families through one tunnel."""
    attachment = attach(routed(), version="1.1.0")
    result = attachment.add()
    vxlan = links(node)["vxlan.4096"]
    assert (
        vxlan["linkinfo"]["info_data"].items()
        >= {
            "id": 4096,
            "local": "192.0.2.1",
            "link": UNDERLAY,
            "port": 4789,
            "learning": False,
        }.items()
    )
    data = vxlan["linkinfo"]["info_data"]
    assert not any(data.get(one) for one in ("l2miss", "l3miss", "proxy", "rsc", "group"))
    assert (vxlan["address"], vxlan["mtu"], vxlan["ifalias"]) == (MAC1, 1450, "vxlan of network net")
    assert "UP" in vxlan["flags"]
    assert witness.sysctl(node, "net/ipv6/conf/vxlan.4096/accept_ra") == "0"
    (shown,) = witness.ip(node, "addr", "show", "dev", "vxlan.4096")
    assert {(one["local"], one["prefixlen"]) for one in shown["addr_info"] if one["scope"] == "global"} == {
        ("10.244.1.0", 32),
        ("fd00:1::", 128),
    }
    assert entries(node) == {(MAC2, "192.0.2.2")}
    assert neighbours(node) == {("10.244.2.0", MAC2), ("fd00:2::", MAC2)}
    assert routes(node) == {
        "10.244.1.0/24",
        "10.244.2.0/24 10.244.2.0 onlink",
        "fd00:1::/64",
        "fd00:2::/64 fd00:2:: onlink",
    }
    host, pod, own = result["interfaces"]
    assert own == {"name": "vxlan.4096", "mac": MAC1, "mtu": 1450}
    assert (pod["name"], pod["sandbox"], pod["mtu"]) == ("eth0", "/run/netns/c1", 1450)
    assert links(node)[host["name"]]["mtu"] == 1450
    (inner,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    assert inner["mtu"] == 1450
    assert {one["interface"] for one in result["ips"]} == {1}


def test_what_add_makes_in_mode_bridge(attach: Attach, node: Node) -> None:
    """The VXLAN interface and the pod are ports of one bridge; other nodes get what nobody knows."""
    attachment = attach(bridged(), version="1.1.0")
    result = attachment.add()
    shown = links(node)
    vxlan, bridge = shown["vxlan.4096"], shown["vxbr.4096"]
    assert vxlan["linkinfo"]["info_data"].items() >= {"id": 4096, "port": 4789, "learning": True}.items()
    assert (vxlan["master"], vxlan["mtu"], bridge["mtu"]) == ("vxbr.4096", 1450, 1450)
    assert "UP" in vxlan["flags"]
    assert entries(node) == {(FLOOD, "192.0.2.2")}
    assert neighbours(node) == set()
    assert routes(node) == set()
    names = [one["name"] for one in result["interfaces"]]
    assert (names[0], *names[2:]) == ("vxbr.4096", "eth0", "vxlan.4096")
    assert (shown[names[1]]["master"], shown[names[1]]["mtu"]) == ("vxbr.4096", 1450)
    assert {one["mtu"] for one in result["interfaces"]} == {1450}
    assert {one["interface"] for one in result["ips"]} == {2}


def test_a_layer_2_network_needs_no_addresses(attach: Attach, node: Node) -> None:
    """Without `ipam` the pod's interface is up, and that is all."""
    attachment = attach(bridged(ipam={}))
    assert "ips" not in attachment.add()
    assert attachment.check() == ""
    (inner,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    assert "UP" in inner["flags"]
    attachment.delete()


def test_all_keys_of_mode_bridge(attach: Attach, node: Node) -> None:
    """Names, addresses and what bridge does beside the overlay."""
    ipam = {**SHARED, "gateway": "10.5.1.1", "rangeStart": "10.5.1.2"}
    attachment = attach(
        bridged(
            vxlan="tunnel0",
            bridge="br7",
            port=8472,
            vtepMAC="02:00:00:00:00:07",
            master=UNDERLAY,
            local="192.0.2.11",
            mtu=1400,
            isDefaultGateway=True,
            ipMasq=True,
            hairpinMode=True,
            macspoofchk=True,
            dns={"nameservers": ["192.0.2.53"]},
            runtimeConfig={"mac": "02:00:00:00:00:99"},
            ipam=ipam,
        )
    )
    shell(node, f"ip addr add 192.0.2.11/24 dev {UNDERLAY}")
    result = attachment.add()
    tunnel = links(node)["tunnel0"]
    assert (tunnel["master"], tunnel["mtu"], tunnel["address"]) == ("br7", 1400, "02:00:00:00:00:07")
    info = tunnel["linkinfo"]["info_data"]
    assert (info["port"], info["local"], info["link"]) == (8472, "192.0.2.11", UNDERLAY)
    (bridge,) = witness.ip(node, "addr", "show", "dev", "br7")
    assert "10.5.1.1" in {one["local"] for one in bridge["addr_info"]}
    (inner,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    assert (inner["address"], inner["mtu"]) == ("02:00:00:00:00:99", 1400)
    assert result["dns"] == {"nameservers": ["192.0.2.53"]}
    assert any("MASQUERADE" in line for line in witness.iptables(node, "nat"))
    assert any("macspoofchk" in str(one) for one in witness.nft(node))
    assert attachment.check() == ""
    attachment.delete()
    assert not any("CNI-" in line for line in witness.iptables(node, "nat"))
    assert not any("macspoofchk" in str(one) for one in witness.nft(node))


def test_a_group(attach: Attach, node: Node) -> None:
    """The kernel keeps the one entry that there is."""
    attachment = attach(bridged(group="239.1.1.7", master=UNDERLAY, remotes=[]))
    attachment.add()
    info = links(node)["vxlan.4096"]["linkinfo"]["info_data"]
    assert (info["group"], info["learning"], info["link"]) == ("239.1.1.7", True, UNDERLAY)
    assert entries(node) == {(FLOOD, "239.1.1.7")}
    assert attachment.check() == ""
    Attachment(node, attachment.plugins_dir, attachment.plugins, container="c2").add()
    assert entries(node) == {(FLOOD, "239.1.1.7")}


@pytest.mark.parametrize(
    "keys",
    [
        {"underlay": "ipv6", "remotes": []},
        {"local": "2001:db8::1", "remotes": []},
        {"remotes": [{**REMOTE, "vtep": "2001:db8::2"}]},
    ],
)
def test_an_underlay_of_ipv6(attach: Attach, node: Node, keys: dict[str, Any]) -> None:
    """By its name, by this node's address, or by another node's; its header is 20 bytes longer."""
    attachment = attach(routed(**keys))
    attachment.add()
    vxlan = links(node)["vxlan.4096"]
    assert (vxlan["linkinfo"]["info_data"]["local6"], vxlan["mtu"]) == ("2001:db8::1", 1430)
    assert attachment.check() == ""


def test_the_underlay_is_that_of_the_preferred_default_route(attach: Attach, node: Node) -> None:
    """The lowest metric wins, as it does for packets; later it stays where it is."""
    shell(
        node,
        "ip link add other0 up type bridge",
        "ip addr add 198.51.100.1/24 dev other0",
        f"ip route replace default via 192.0.2.254 dev {UNDERLAY} metric 100",
        "ip route del default via 192.0.2.254 metric 0 || true",
        "ip route add default via 198.51.100.254 dev other0 metric 50",
    )
    attachment = attach(routed())
    attachment.add()
    assert links(node)["vxlan.4096"]["linkinfo"]["info_data"]["link"] == "other0"
    shell(node, "ip route del default via 198.51.100.254")
    attach(routed(), container="c2").add()
    assert attachment.check() == ""
    assert links(node)["vxlan.4096"]["linkinfo"]["info_data"]["link"] == "other0"


def test_the_mtu_follows_the_underlay(attach: Attach, node: Node) -> None:
    """On the VXLAN interface, the bridge and new pods; what ADD made is not what ADD would make."""
    first = attach(bridged(), version="1.1.0")
    first.add()
    shell(node, f"ip link set {UNDERLAY} mtu 1400")
    assert first.check() == "vxlan.4096 has MTU 1450, not 1350; vxbr.4096 has MTU 1450, not 1350"
    second = attach(bridged(), container="c2", version="1.1.0")
    second.add()
    shown = links(node)
    assert (shown["vxlan.4096"]["mtu"], shown["vxbr.4096"]["mtu"]) == (1350, 1350)
    (inner,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c2")
    assert inner["mtu"] == 1350
    assert (first.check(), second.check()) == ("", "")


def test_what_other_networks_have_is_no_matter(attach: Attach, node: Node) -> None:
    """Two networks on one node, in two modes; neither touches what the other has."""
    one, other = attach(routed()), attach(bridged(vni=7), container="c2", name="other")
    one.add()
    other.add()
    assert {"vxlan.4096", "vxlan.7", "vxbr.7"} <= links(node).keys()
    assert entries(node) == {(MAC2, "192.0.2.2")}
    assert entries(node, "vxlan.7") == {(FLOOD, "192.0.2.2")}
    assert (one.check(), other.check()) == ("", "")
    other.delete()
    assert one.check() == ""


def test_what_a_killed_add_left_is_used(attach: Attach, node: Node) -> None:
    """A VXLAN interface that is like ours in everything but has no mark yet."""
    shell(node, MADE_BY_HAND.replace("vxlan.4096", f"vxlan.4096 address {MAC1}"))
    attachment = attach(routed())
    attachment.add()
    assert links(node)["vxlan.4096"]["ifalias"] == "vxlan of network net"
    assert attachment.check() == ""


@pytest.mark.parametrize("mode", MODES)
def test_del_leaves_the_overlay_and_nothing_else(attach: Attach, node: Node, mode: str) -> None:
    """The next pod needs it; nothing of the pod is left, even when its namespace went first."""
    attachment = attach(MODES[mode](ipMasq=True, **({} if mode == "routed" else {"isGateway": True})))
    attachment.add()
    attachment.delete()
    after = leftovers(node)
    assert "vxlan.4096" in links(node)
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    attachment.delete(netns="")
    assert leftovers(node) == after


def test_a_node_may_get_another_network(attach: Attach, node: Node) -> None:
    """The address by which others route to it follows."""
    first = attach(routed())
    first.add()
    first.delete()
    attachment = attach(routed(podCIDRs=["10.244.0.0/16", "fd00:1::/64"], remotes=[]))
    attachment.add()
    (shown,) = witness.ip(node, "addr", "show", "dev", "vxlan.4096")
    assert {one["local"] for one in shown["addr_info"] if one["scope"] == "global"} == {
        "10.244.0.0",
        "fd00:1::",
    }
    assert routes(node) == {"10.244.0.0/16", "fd00:1::/64"}
    assert attachment.check() == ""


def collect(attachment: Attachment, *valid: str) -> None:
    """Call GC with the containers whose attachments are valid."""
    pairs = [{"containerID": one, "ifname": "eth0"} for one in valid]
    keys: dict[str, Any] = {"cni.dev/valid-attachments": pairs}
    done = attachment.call("GC", attachment.plugins[0], **keys)
    assert (done.status, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize("mode", MODES)
def test_gc_spares_what_is_valid(attach: Attach, node: Node, mode: str) -> None:
    """And with it the overlay; entries of nodes that are gone go, and so do lost reservations and rules."""
    network = MODES[mode](remotes=[], remotesDir=REMOTES, ipMasq=True)
    network |= {"ipam": {"type": "host-local", "subnet": "10.244.1.0/24"}}
    network |= {} if mode == "routed" else {"isGateway": True}
    for number in (2, 3):
        put_remote(node, f"node{number}", vtep=f"192.0.2.{number}", podCIDRs=[f"10.244.{number}.0/24"])
    stays, goes = attach(network, version="1.1.0"), attach(network, container="c2", version="1.1.0")
    stays.add()
    before = leftovers(node)
    goes.add()
    shell(node, "ip netns del c2", "sleep 0.2")
    remove_remote(node, "node3")
    collect(stays, "c1")
    assert {destination for _, destination in entries(node)} == {"192.0.2.2"}
    assert stays.check() == ""
    put_remote(node, "node3", vtep="192.0.2.3", podCIDRs=["10.244.3.0/24"])
    collect(stays, "c1")
    assert leftovers(node) == before


@pytest.mark.parametrize("mode", MODES)
def test_gc_removes_an_overlay_that_nobody_uses(attach: Attach, node: Node, mode: str) -> None:
    """With the bridge that was made for it; not while a pod is connected, whatever the caller says."""
    before = leftovers(node)
    attachment = attach(MODES[mode](), version="1.1.0")
    attachment.add()
    during = leftovers(node)
    del during["/var/lib/cni"]
    collect(attachment)
    after = leftovers(node)
    del after["/var/lib/cni"]
    assert after == during
    attachment.delete()
    collect(attachment)
    assert leftovers(node) == before
    collect(attachment)


def test_gc_leaves_what_is_not_the_networks(attach: Attach, node: Node) -> None:
    """A VXLAN interface of another network under that name, and a bridge that was named by the operator."""
    attachment = attach(bridged(bridge="br7"), version="1.1.0")
    attachment.add()
    attachment.delete()
    shell(node, "ip link set vxlan.4096 alias 'vxlan of network others'")
    collect(attachment)
    assert {"vxlan.4096", "br7"} <= links(node).keys()
    shell(node, "ip link set vxlan.4096 alias 'vxlan of network net'")
    collect(attachment)
    assert "vxlan.4096" not in links(node)
    assert "br7" in links(node)


def test_gc_without_a_list_does_nothing(attach: Attach, node: Node) -> None:
    attachment = attach(routed(), version="1.1.0")
    attachment.add()
    attachment.delete()
    done = attachment.call("GC", attachment.plugins[0])
    assert done.status == 0
    assert "vxlan.4096" in links(node)


def status(attachment: Attachment) -> tuple[int, str]:
    """Return code and text of what STATUS answers, 0 and nothing when all is well."""
    done = attachment.call("STATUS", attachment.plugins[0])
    return (json.loads(done.stdout)["code"], said(done)) if done.status else (0, done.stdout)


def test_status_tells_what_add_would_fail_at(attach: Attach, node: Node) -> None:
    """No underlay, somebody else's interface, no directory: 50."""
    attachment = attach(routed(remotesDir=REMOTES), version="1.1.0")
    assert status(attachment) == (
        50,
        (
            f"cannot read the directory of remotes {REMOTES}: no such file or directory; it is for whatever"
            " spreads the files of the other nodes; without it nothing is known of them"
        ),
    )
    shell(node, f"mkdir {REMOTES}")
    assert status(attachment) == (0, "")
    shell(node, MADE_BY_HAND.replace("4789", "8472"))
    assert status(attachment)[0] == 50
    assert "already exists with port 8472, not port 4789" in status(attachment)[1]
    shell(node, "ip link del vxlan.4096", f"ip link set {UNDERLAY} down")
    assert status(attachment)[0] == 50
    assert links(node).keys() == {"lo", UNDERLAY}


def test_status_tells_which_node_cannot_be_reached(attach: Attach, node: Node) -> None:
    """51: pods that are there may be cut off from it."""
    put_remote(node, "node3", vtep="192.0.2.3")
    put_remote(node, "node4", vtep="192.0.2.3", podCIDRs="all")
    attachment = attach(routed(remotesDir=REMOTES), version="1.1.0")
    assert status(attachment) == (
        51,
        (
            f"a node cannot be reached: {REMOTES}/node3.json: it does not say which networks the pods of the"
            f' node are in; add "podCIDRs"; {REMOTES}/node4.json: key "podCIDRs": expected a list, found'
            ' string "all"'
        ),
    )


def test_status_names_a_mistake(attach: Attach) -> None:
    """With the code that ADD would answer."""
    assert status(attach(routed(vni=0), version="1.1.0"))[0] == 7
