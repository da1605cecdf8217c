"""dhcp on a real kernel, with a real server: what a container gets, and what comes of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.dhcp_network import SOCKET, Daemon, DhcpNetwork, within

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

Attach = Callable[..., Attachment]


def bridge(**ipam: Any) -> dict[str, Any]:
    """A configuration of bridge with dhcp."""
    return {"type": "bridge", "bridge": "br0", "ipam": {"type": "dhcp", **ipam}}


@pytest.fixture
def network(node: Node) -> DhcpNetwork:
    """Dnsmasq behind a bridge."""
    return DhcpNetwork(node)


@pytest.fixture
def daemon(node: Node, network: DhcpNetwork, plugins_dir: str) -> Daemon:  # noqa: ARG001
    """Our daemon, in the network."""
    return Daemon(node, f"{plugins_dir}/dhcp")


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, daemon: Daemon, network: DhcpNetwork, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed, and the server has its address back."""
    attachment = attach(bridge(), version=version)
    assert attachment.add()["cniVersion"] == version
    assert list(network.leases) == ["10.44.0.50"]
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    within(5, lambda: not network.leases, "the lease given back")
    assert daemon.records == {}


def test_what_a_container_gets(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """The server's address, its network and its router; packets pass."""
    attachment = attach(bridge())
    result = attachment.add()
    assert result["ips"] == [{"address": "10.44.0.50/24", "gateway": "10.44.0.1", "interface": 2}]
    assert result["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.44.0.1"}]
    assert "dns" not in result
    (eth0,) = witness.ip(node, "addr", "show", "dev", "eth0", netns="c1")
    assert ("10.44.0.50", 24) in [(one["local"], one["prefixlen"]) for one in eth0["addr_info"]]
    routes = [(one["dst"], one.get("gateway")) for one in witness.ip(node, "route", netns="c1")]
    assert routes == [("default", "10.44.0.1"), ("10.44.0.0/24", None)]
    node.run(["ping", "-c1", "-W2", "10.44.0.1"], netns="c1").checked()
    client = b"\0c1/net/eth0".hex(":")
    assert network.leases == {"10.44.0.50": [eth0["address"], "*", client]}
    record = daemon.records["c1:net:eth0"]
    assert (record["address"], record["server"], record["netns"]) == (
        "10.44.0.50/24",
        "10.44.0.1",
        "/run/netns/c1",
    )


def test_options_go_both_ways(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """The server sees what is provided; routes of 121 replace the default one, priority is their metric."""
    ipam = {
        "provide": [
            {"option": "host-name", "value": "unnamed", "fromArg": "K8S_POD_NAME"},
            {"option": "vendor-class-identifier", "value": "vend"},
            {"option": "77", "value": "us"},
        ],
        "request": [{"option": "121"}, {"option": "6"}],
        "priority": 77,
    }
    attachment = attach(bridge(**ipam), args="IgnoreUnknown=1;K8S_POD_NAME=pod1")
    result = attachment.add()
    assert result["routes"] == [
        {"dst": "10.99.0.0/16", "gw": "10.44.0.1", "priority": 77},
        {"dst": "0.0.0.0/0", "gw": "10.44.0.1", "priority": 77},
    ]
    assert attachment.check() == ""
    assert network.leases["10.44.0.50"][1] == "pod1"
    for line in ("vendor class: vend", "user class:", "client provides name: pod1"):
        assert line in network.log
    assert "requested options: 121:classless-static-route, 6:dns-server, \n" in network.log
    assert daemon.records["c1:net:eth0"]["sent"]["55"] == "79060301"


def test_a_client_id_of_ones_own(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """What is provided as option 61 goes out as it is."""
    attach(bridge(provide=[{"option": "dhcp-client-identifier", "value": "\u0001mine"}])).add()
    assert network.leases["10.44.0.50"][2] == b"\1mine".hex(":")
    assert daemon.records


def test_static_routes_with_the_length_of_their_class(attach: Attach, daemon: Daemon) -> None:
    """Without 121, those of option 33 come before the default route."""
    assert attach(bridge(request=[{"option": "33"}])).add()["routes"] == [
        {"dst": "192.168.7.0/24", "gw": "10.44.0.7"},
        {"dst": "0.0.0.0/0", "gw": "10.44.0.1"},
    ]
    assert daemon.records


def test_two_interfaces_of_a_container(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """Each has a lease of its own, under a client id of its own; releasing one leaves the other."""
    first, second = attach(bridge()), attach(bridge(), ifname="net1")
    first.add()
    second.add()
    assert list(daemon.records) == ["c1:net:eth0", "c1:net:net1"]
    first.delete()
    within(5, lambda: list(network.leases) == ["10.44.0.51"], "one lease given back")
    assert second.check() == ""


def test_below_macvlan(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """The container is a station of the server's own link, and gives its address back."""
    for words in (
        "link add phys0 up type veth peer name phys1",
        "link set phys1 up master br0",
    ):
        node.run(["ip", *words.split()]).checked()
    attachment = attach({"type": "macvlan", "master": "phys0", "ipam": {"type": "dhcp"}})
    assert attachment.add()["ips"] == [{"address": "10.44.0.50/24", "gateway": "10.44.0.1", "interface": 0}]
    node.run(["ping", "-c1", "-W2", "10.44.0.1"], netns="c1").checked()
    assert attachment.check() == ""
    attachment.delete()
    within(5, lambda: not network.leases, "the lease given back")
    assert daemon.records == {}


def test_add_twice_gives_the_same_lease(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """The server is asked once."""
    attachment = attach(bridge())
    attachment.add()
    again = attachment.call("ADD", {"type": "dhcp", "ipam": {"type": "dhcp"}})
    assert json.loads(again.stdout)["ips"] == [{"address": "10.44.0.50/24", "gateway": "10.44.0.1"}]
    assert network.asked("DHCPDISCOVER") == 1
    assert len(daemon.records) == 1


def test_del_without_the_namespace(attach: Attach, daemon: Daemon, node: Node) -> None:
    """The lease is dropped and no longer kept; the server cannot be told."""
    attachment = attach(bridge())
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    assert daemon.records == {}
    daemon.says("lease not given back, it will run out")


def test_del_without_the_daemon(attach: Attach, daemon: Daemon, node: Node) -> None:
    """A pod can be deleted; a daemon that comes back does not take the lease up again."""
    attachment = attach(bridge())
    attachment.add()
    daemon.end()
    assert not os.path.exists(node.path(SOCKET))
    done = attachment.call("DEL", attachment.plugins[0])
    assert (done.status, done.stdout) == (0, "")
    assert "c1/net/eth0 is not given back, and will run out" in done.stderr
    assert daemon.records == {}


@pytest.mark.parametrize(
    ("disturb", "message"),
    [
        (
            lambda daemon, _: daemon.end(),
            "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: ",
        ),
        (
            lambda daemon, _: os.unlink(daemon.node.path(f"{SOCKET}.leases/c1:net:eth0")),
            "the DHCP daemon at /run/cni/dhcp.sock has no lease for c1/net/eth0",
        ),
        (
            lambda _, attachment: attachment.result["ips"][0].update(address="10.44.0.9/24"),
            "lease /run/cni/dhcp.sock c1/net/eth0 has address 10.44.0.50/24, not 10.44.0.9/24",
        ),
    ],
    ids=["no daemon", "no lease", "another address"],
)
def test_check_names_what_was_disturbed(
    attach: Attach, daemon: Daemon, disturb: Callable[[Daemon, Attachment], None], message: str
) -> None:
    """And acquires nothing."""
    attachment = attach(bridge())
    attachment.add()
    disturb(daemon, attachment)
    done = attachment.call("CHECK", {"type": "dhcp", "ipam": {"type": "dhcp"}})
    assert said(done).startswith(message)


def test_nothing_is_left_when_bridge_fails_later(
    attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node
) -> None:
    """The lease is given back while there is an interface to do it through."""
    config = {**bridge(), "ipMasq": True, "ipMasqBackend": "nftables"}
    attachment = attach(config, environment={"PATH": "/nowhere"})  # where there is no nft
    failed = attachment.call("ADD", config)
    assert "nft" in said(failed)
    daemon.says("lease acquired")
    within(5, lambda: not network.leases, "the lease given back")
    assert daemon.records == {}
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]


def test_gc_ends_leases_that_are_not_valid(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """Those of the network whose attachment the runtime does not know, and nothing else."""
    attachments = [
        attach(bridge(), container="c1"),
        attach(bridge(), container="c2"),
        attach(bridge(), container="c1", ifname="net1"),
        attach(bridge(), container="c1", ifname="net2", name="other"),
    ]
    for one in attachments:
        one.add()
    valid: dict[str, Any] = {"cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}
    config = {"type": "dhcp", "ipam": {"type": "dhcp"}, "cniVersion": "1.1.0"}
    done = attachments[0].call("GC", config, **valid)
    assert (done.status, done.stdout) == (0, ""), done.stdout
    assert list(daemon.records) == ["c1:other:net2", "c2:net:eth0"]
    within(5, lambda: sorted(network.leases) == ["10.44.0.51", "10.44.0.53"], "two leases given back")
    # Without a list nothing is known to be invalid.
    assert attachments[0].call("GC", config).status == 0
    assert len(daemon.records) == 2


def test_differences_tell_of_a_lost_lease(
    attach: Attach, daemon: Daemon, node: Node, plugins_dir: str
) -> None:
    """`cnictl diff` and snapshots see what the daemon has."""
    attachment = attach(bridge())
    network = {"cniVersion": "1.0.0", "name": "net", "plugins": attachment.plugins}
    Path(node.path("/run/net.conflist")).write_text(json.dumps(network))
    cnictl = str(Path(sys.executable).with_name("cnictl"))

    def run(*words: str) -> Completed:
        return node.run([cnictl, *words], env={"CNI_PATH": plugins_dir, "LANG": "C.UTF-8"})

    run("add", "/run/net.conflist", "c1", "--container-id", "c1").checked()
    assert run("diff", "--network", "net").status == 0
    lease = "lease:\n    /run/cni/dhcp.sock c1/net/eth0: 10.44.0.50/24\n"
    assert lease in run("snapshot").checked().stdout
    os.unlink(node.path(f"{SOCKET}.leases/c1:net:eth0"))
    lost = run("diff", "--network", "net")
    assert lost.status == 1
    assert "the DHCP daemon at /run/cni/dhcp.sock has no lease for c1/net/eth0" in lost.stdout
    assert daemon.records == {}


def test_differences_with_the_go_daemon(
    attach: Attach, node: Node, go_plugins: str, plugins_dir: str
) -> None:
    """What it has nobody can tell, so that nothing is said of it; ADD, CHECK and DEL work."""
    DhcpNetwork(node)
    Daemon(node, f"{go_plugins}/dhcp")
    attachment = attach(bridge())
    attachment.add()
    assert attachment.check() == ""
    cnictl = str(Path(sys.executable).with_name("cnictl"))
    seen = node.run([cnictl, "snapshot"], env={"CNI_PATH": plugins_dir, "LANG": "C.UTF-8"}).checked().stdout
    assert "what: lease /run/cni/dhcp.sock, reason: the daemon there does not tell what it has" in seen
    attachment.delete()


def test_status_tells_whether_the_daemon_answers(attach: Attach, daemon: Daemon) -> None:
    """Through bridge as well."""
    attachment = attach(bridge(), version="1.1.0")
    assert attachment.call("STATUS", attachment.plugins[0]).status == 0
    daemon.end()
    done = attachment.call("STATUS", attachment.plugins[0])
    error = json.loads(done.stdout)
    assert (error["code"], error["msg"]) == (
        50,
        "error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory",
    )
    assert "cnictl dhcp daemon" in error["details"]


def test_status_tells_that_the_daemon_is_stuck(attach: Attach, daemon: Daemon) -> None:
    """A process that listens but does not answer is none that serves; the wait has an end."""
    daemon.send(signal.SIGSTOP)
    attachment = attach(bridge(), version="1.1.0")
    began = time.monotonic()
    done = attachment.call("STATUS", attachment.plugins[0])
    assert "no answer within 10 seconds" in said(done)
    assert time.monotonic() - began < 15
    daemon.send(signal.SIGCONT)
    assert attachment.call("STATUS", attachment.plugins[0]).status == 0


def test_no_server(attach: Attach, node: Node, plugins_dir: str) -> None:
    """ADD fails in the Go plugin's words, with the code for trying again, and nothing is left."""
    DhcpNetwork(node, orders={"address": "10.44.0.70", "silent": ["DISCOVER"]})
    daemon = Daemon(
        node, f"{plugins_dir}/dhcp", "-timeout", "300ms", "-resendmax", "2s", "-resendtimeout", "3s"
    )
    attachment = attach(bridge())
    failed = attachment.call("ADD", attachment.plugins[0])
    error = json.loads(failed.stdout)
    assert (error["code"], error["msg"]) == (11, "error calling DHCP.Allocate: no more tries")
    assert daemon.records == {}
    assert 'reason="no matching response packet received"' in daemon.log
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]


def test_interfaces_that_cannot_have_a_lease(attach: Attach, daemon: Daemon) -> None:
    """The daemon's words reach the runtime."""
    attachment = attach(bridge())
    done = attachment.call("ADD", {"type": "dhcp", "ipam": {"type": "dhcp"}}, netns="/run/netns/none")
    assert said(done) == (
        'error calling DHCP.Allocate: failed to Statfs "/run/netns/none": no such file or directory'
    )
    missing = attachment.call("ADD", {"type": "dhcp", "ipam": {"type": "dhcp"}})
    assert said(missing) == 'error calling DHCP.Allocate: error looking up "eth0": Link not found'
    attachment.node.run(["ip", "tuntap", "add", "eth0", "mode", "tun"], netns="c1").checked()
    useless = attachment.call("ADD", {"type": "dhcp", "ipam": {"type": "dhcp"}})
    assert '"eth0" has no Ethernet address' in said(useless)
    assert daemon.records == {}


def test_many_at_once(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """A node's pods start together: each gets an address of its own, and gives it back."""
    attachments = [attach(bridge(), container=f"c{number}") for number in range(24)]
    many(node, attachments, "ADD")
    addresses = [one["address"] for one in daemon.records.values()]
    assert len(set(addresses)) == len(network.leases) == 24
    many(node, attachments, "DEL")
    within(5, lambda: not network.leases, "all leases given back")
    assert daemon.records == {}


def test_an_add_races_the_del_of_its_container(attach: Attach, daemon: Daemon, node: Node) -> None:
    """Every DEL succeeds; after one more nothing is kept, and nothing is left in the containers."""
    attachments = [attach(bridge(), container=f"c{number}") for number in range(12)]
    many(node, attachments, "ADD", "DEL", may_fail="ADD")
    many(node, attachments, "DEL")
    assert daemon.records == {}
    for one in attachments:
        assert [link["ifname"] for link in witness.ip(node, "link", netns=one.container)] == ["lo"]
    assert "should not have happened" not in daemon.log
    assert "Traceback" not in daemon.log


def many(node: Node, attachments: list[Attachment], *commands: str, may_fail: str = "") -> None:
    """Call the plugins of all attachments at the same time."""
    with contextlib.ExitStack() as running:
        processes = []
        for one, command in itertools.product(attachments, commands):
            path = f"/run/{one.container}.json"
            config = {"cniVersion": one.version, "name": one.name, **one.plugins[0]}
            Path(node.path(path)).write_text(json.dumps(config))
            environment = {
                "PATH": os.environ["PATH"],
                "CNI_COMMAND": command,
                "CNI_CONTAINERID": one.container,
                "CNI_NETNS": one.netns,
                "CNI_IFNAME": one.ifname,
                "CNI_PATH": one.plugins_dir,
            }
            words = ["sh", "-c", f"exec {one.plugins_dir}/bridge <{path}"]
            processes.append((command, running.enter_context(node.start(words, env=environment))))
        for command, process in processes:
            out, _ = process.communicate(timeout=60)
            assert process.returncode == 0 or command == may_fail, out
