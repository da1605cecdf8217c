"""Links on a real kernel: what we write is what `ip` shows, what we read is what is there."""

from __future__ import annotations

import errno
import os

import pytest

from cnictl.netlink import link_kinds
from cnictl.netlink.rtnl import Link, LinkGone, NetlinkError, Rtnl
from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.netlink.conftest import POD, required


def shown(node: Node, name: str, netns: str = "") -> dict:  # type: ignore[type-arg]
    """What `ip -d link show` says of one link."""
    (found,) = witness.ip(node, "link", "show", "dev", name, netns=netns)
    assert isinstance(found, dict)
    return found


def test_a_pair_is_made_as_upstream_makes_it(node: Node, host: Rtnl, inside: Rtnl) -> None:
    """MTU on both ends, MAC on the container's only, and no transmit queue on the node's."""
    link = inside.add_veth("eth0", peer="veth1", peer_netns=host, mtu=1400, mac="02:11:22:33:44:55")
    ours, theirs = shown(node, "eth0", POD), shown(node, "veth1")
    assert (ours["address"], ours["mtu"], ours["txqlen"]) == ("02:11:22:33:44:55", 1400, 1000)
    assert (theirs["mtu"], theirs.get("txqlen", 0)) == (1400, 0)
    assert theirs["address"] != ours["address"]
    assert "UP" not in ours["flags"] + theirs["flags"]
    assert link == inside.link("eth0")


def test_a_link_is_read_as_ip_reads_it(node: Node, host: Rtnl, inside: Rtnl, veth: Link) -> None:
    """Every property agrees with iproute2, and the two ends of a pair know one another."""
    bridge = host.add_bridge("cni0")
    end = host.link("veth1")
    host.set_master(end, bridge.index)
    host.set_promiscuous(end, True)
    host.set_all_multicast(end, True)
    end = host.link("veth1")
    facts = shown(node, "veth1")
    assert end.name == facts["ifname"]
    assert end.index == facts["ifindex"]
    assert end.mac == facts["address"]
    assert end.mtu == facts["mtu"]
    assert end.operstate == facts["operstate"].lower()
    assert end.kind == facts["linkinfo"]["info_kind"] == "veth"
    assert end.promiscuity == facts["promiscuity"] > 0
    assert end.txqlen == 0
    assert facts["master"] == "cni0"
    assert end.master == bridge.index
    assert end.up
    assert end.all_multicast
    assert not end.loopback
    assert (end.peer, veth.peer) == (veth.index, end.index)
    assert (end.link_netnsid, end.parent) == (facts["link_netnsid"], 0)
    assert (end.hairpin, end.isolated, end.vlan_filtering) == (False, False, None)
    assert (bridge.kind, bridge.vlan_filtering, bridge.hairpin) == ("bridge", False, None)
    assert inside.link("lo").mac == "00:00:00:00:00:00"
    assert inside.link("lo").loopback
    assert inside.link("lo").kind == ""


def test_all_links_are_listed(node: Node, host: Rtnl, veth: Link) -> None:
    """The list holds what single look-ups give, by name and by index."""
    assert veth.peer
    host.add_bridge("cni0")
    links = host.links()
    assert [one.name for one in links] == [one["ifname"] for one in witness.ip(node, "link")]
    assert links == [host.link(one.name) for one in links] == [host.link_by_index(one.index) for one in links]


def test_an_alternative_name_finds_a_link(node: Node, host: Rtnl) -> None:
    """Short or longer than IFNAMSIZ, a name given with `ip link property` is as good as the first."""
    link = host.add_bridge("cni0")
    for name in ("short", "a-name-that-is-longer-than-15-bytes"):
        node.run(["ip", "link", "property", "add", "dev", "cni0", "altname", name]).checked()
        assert host.link(name).index == link.index
    assert host.link("cni0").altnames == ("short", "a-name-that-is-longer-than-15-bytes")


@pytest.mark.parametrize("name", ["nope", "", "a-name-that-is-longer-than-15-bytes"])
def test_a_missing_link_is_gone(host: Rtnl, name: str) -> None:
    """Whatever the name, the words are upstream's."""
    with pytest.raises(LinkGone) as gone:
        host.link(name)
    assert gone.value.reason == "Link not found"
    with pytest.raises(LinkGone):
        host.delete_link(name)
    with pytest.raises(LinkGone):
        host.link_by_index(4711)


def test_settings_arrive(node: Node, host: Rtnl) -> None:
    """Each setter changes what it says and nothing else."""
    link = host.add_bridge("cni0", mtu=1400)
    before = shown(node, "cni0")
    assert before["mtu"] == 1400
    host.set_mtu(link, 1300)
    host.set_txqlen(link, 0)
    host.set_mac(link, "02:00:00:00:00:09")
    host.set_promiscuous(link, True)
    host.set_all_multicast(link, True)
    host.set_up(link)
    after = shown(node, "cni0")
    assert (after["mtu"], after["address"]) == (1300, "02:00:00:00:00:09")
    assert after.get("txqlen", 0) == 0
    assert {"PROMISC", "ALLMULTI", "UP"} <= set(after["flags"])
    host.set_promiscuous(link, False)
    host.set_all_multicast(link, False)
    host.set_down(link)
    assert not {"PROMISC", "ALLMULTI", "UP"} & set(shown(node, "cni0")["flags"])


def test_a_link_can_be_renamed_and_moved(node: Node, host: Rtnl, inside: Rtnl) -> None:
    """The index stays with the name, and leaves with the namespace."""
    link = host.add_bridge("br0")
    host.rename(link, "cni0")
    assert host.link("cni0").index == link.index
    inside.add_veth("eth0", peer="veth1", peer_netns=host)
    host.set_netns(host.link("veth1"), inside)
    assert {one["ifname"] for one in witness.ip(node, "link", netns=POD)} == {"lo", "eth0", "veth1"}


def test_deleting_an_end_deletes_the_pair(node: Node, host: Rtnl, inside: Rtnl, veth: Link) -> None:
    """And a second time there is nothing left to delete."""
    inside.delete_link(veth)
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo"]
    for again in (veth, "eth0"):
        with pytest.raises(LinkGone) as gone:
            inside.delete_link(again)
        assert gone.value.reason == "Link not found"
    with pytest.raises(LinkGone):
        host.link("veth1")


def test_a_link_moves_with_name_and_alias_at_once(node: Node, host: Rtnl, inside: Rtnl) -> None:
    """It arrives as it is to be called; a name that is taken here and there does not matter."""
    for words in ("add port0 type veth peer name port1", "add eth0 type veth peer name other"):
        node.run(["ip", "link", *words.split()]).checked()
    host.set_netns(host.link("port0"), inside, name="eth0", alias="port0")
    (moved,) = witness.ip(node, "link", "show", "dev", "eth0", netns=POD)
    assert (moved["ifname"], moved["ifalias"]) == ("eth0", "port0")
    inside.set_netns(inside.link("eth0"), host, name="port0", alias="")
    (back,) = witness.ip(node, "link", "show", "dev", "port0")
    assert (back["address"], back.get("ifalias")) == (moved["address"], None)
    with pytest.raises(NetlinkError) as refusal:
        host.set_netns(host.link("port0"), inside, name="lo", alias="port0")
    assert refusal.value.reason == "file exists"
    assert inside.link("port0").alias == ""  # it has moved all the same


def test_refusals_carry_the_kernels_words(host: Rtnl, inside: Rtnl, veth: Link) -> None:
    """The request, the kernel's reason where it gives one, and the errno as Go prints it."""
    end = host.link("veth1")
    with pytest.raises(NetlinkError) as refusal:
        host.set_mtu(end, 10)
    assert str(refusal.value) == 'set MTU of "veth1" to 10: mtu less than device minimum (invalid argument)'
    with pytest.raises(NetlinkError) as refusal:
        inside.add_veth("eth0", peer="veth2", peer_netns=host)
    assert (refusal.value.reason, refusal.value.errno) == ("file exists", errno.EEXIST)
    with pytest.raises(NetlinkError) as refusal:
        host.add_link("x0", link_kinds.plain("no-such-kind"))
    assert str(refusal.value) == 'create link "x0": Unknown device type (operation not supported)'
    with pytest.raises(NetlinkError) as refusal:
        inside.set_mac(veth, "01:00:5e:00:00:01")
    assert refusal.value.reason == "cannot assign requested address"
    with pytest.raises(NetlinkError) as refusal:
        inside.set_mac(veth, "zz")
    assert refusal.value.reason == "address zz: invalid MAC address"
    inside.set_down(veth)
    with pytest.raises(NetlinkError) as refusal:
        inside.rename(veth, "lo")
    assert refusal.value.reason == "file exists"


def test_the_process_stays_at_home(pod_path: str, host: Rtnl) -> None:
    """Opening and using channels elsewhere moves nothing, and closing leaves no descriptor behind."""
    home, before = os.readlink("/proc/thread-self/ns/net"), set(os.listdir("/proc/self/fd"))
    with Rtnl(pod_path) as inside:
        assert [one.name for one in inside.links()] == ["lo"]
        inside.add_veth("eth0", peer="veth1", peer_netns=host)
        assert inside.netns_fd == inside.netns_fd
        assert os.readlink("/proc/thread-self/ns/net") == home
        assert os.stat(inside.netns_fd).st_ino == os.stat(pod_path).st_ino
    host.netns_fd  # noqa: B018 - opened by add_veth, closed by the fixture
    after = set(os.listdir("/proc/self/fd"))
    assert len(after - before) <= 1  # the node's, which is still in use


@pytest.mark.kernel_lane
def test_a_bridge_can_filter_vlans(node: Node, host: Rtnl) -> None:
    """Where the kernel is built for it, vlan_filtering is on and read back."""
    with required():
        host.add_bridge("cni0", vlan_filtering=True)
    assert shown(node, "cni0")["linkinfo"]["info_data"]["vlan_filtering"] == 1
    assert host.link("cni0").vlan_filtering is True
