"""The DHCP daemon over time: renewals, refusals, silence, expiry, restarts, and how it starts and ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.ipam import dhcp_rpc
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.dhcp_network import (
    QUICK,
    SOCKET,
    Daemon,
    DhcpNetwork,
    in_background,
    within,
)

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
BRIDGE = {"type": "bridge", "bridge": "br0", "ipam": {"type": "dhcp"}}
ALONE = {"type": "dhcp", "ipam": {"type": "dhcp"}}
TIMES = ("-timeout", "500ms", "-resendmax", "1s", "-resendtimeout", "2s")
LONG = {"address": "10.44.0.70", "lease": 600}


@pytest.fixture
def network(node: Node) -> DhcpNetwork:
    """A server that gives leases of some seconds."""
    return DhcpNetwork(node, orders=QUICK)


@pytest.fixture
def daemon(node: Node, network: DhcpNetwork, plugins_dir: str) -> Daemon:  # noqa: ARG001
    """Our daemon, which does not wait long."""
    return Daemon(node, f"{plugins_dir}/dhcp", *TIMES)


def is_up(node: Node) -> bool:
    (eth0,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    return "UP" in eth0["flags"]


def test_what_is_sent(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """Options in ascending order, 300 bytes, no broadcast flag; a renewal is from the address it names."""
    attach(BRIDGE).add()
    daemon.says("lease renewed")
    discover, request, renewal = network.heard[-3:]
    client = b"\0c1/net/eth0".hex()
    assert discover["order"] == [53, 55, 57, 61]
    assert discover["options"] == {"53": "01", "55": "0301", "57": "05dc", "61": client}
    assert request["order"] == [50, 53, 54, 55, 57, 61]
    assert (request["options"]["50"], request["options"]["54"]) == ("0a2c0046", "0a2c0001")
    assert request["xid"] == discover["xid"]
    assert renewal["order"] == [53, 55, 57, 61]
    assert [one["ciaddr"] for one in (discover, request, renewal)] == ["0.0.0.0", "0.0.0.0", "10.44.0.70"]
    assert [one["source"] for one in (discover, request, renewal)] == ["0.0.0.0", "0.0.0.0", "10.44.0.70"]
    assert {(one["flags"], one["size"]) for one in network.heard} == {(0, 300)}


def test_a_lease_is_renewed_and_given_back(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """For longer than it lasts, at its renewal time; DEL names address and server."""
    attachment = attach(BRIDGE)
    attachment.add()
    daemon.says("lease renewed", times=5)
    assert set(network.types()[2:]) == {"REQUEST"}
    assert attachment.check() == ""
    expire = daemon.records["c1:net:eth0"]["expire"]
    assert 0 < expire - time.time() <= QUICK["lease"]
    attachment.delete()
    within(5, lambda: "RELEASE" in network.types(), "the release")
    (release,) = [one for one in network.heard if one["type"] == "RELEASE"]
    assert (release["ciaddr"], release["order"]) == ("10.44.0.70", [53, 54, 61])
    assert release["options"]["54"] == "0a2c0001"
    asked = len(network.heard)
    time.sleep(1.5)
    assert len(network.heard) == asked


@pytest.mark.parametrize(
    ("word", "flag"), [("-broadcast", 0x8000), ("--broadcast=true", 0x8000), ("-broadcast=false", 0)]
)
def test_the_broadcast_flag(
    attach: Attach, node: Node, network: DhcpNetwork, plugins_dir: str, word: str, flag: int
) -> None:
    """-broadcast asks servers to answer to all; Go's spelling of it is understood."""
    Daemon(node, f"{plugins_dir}/dhcp", *TIMES, word)
    attach(BRIDGE).add()
    assert [one["flags"] for one in network.heard[:2]] == [flag, flag]


def test_a_server_that_falls_silent(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """Renewing fails, then rebinding; at the end the lease is gone and the link down, with its address."""
    attachment = attach(BRIDGE)
    attachment.add()
    network.order(**QUICK, silent=["DISCOVER", "REQUEST"])
    daemon.says("renewal time expired, rebinding")
    assert is_up(node)
    daemon.says("lease expired, bringing interface DOWN")
    within(5, lambda: not is_up(node), "the link down")
    (eth0,) = witness.ip(node, "addr", "show", "dev", "eth0", netns="c1")
    assert "10.44.0.70" in [one["local"] for one in eth0["addr_info"]]
    assert daemon.records == {}
    assert "has no lease for c1/net/eth0" in attachment.check()
    for event in ("renewing lease", "lease not renewed"):
        assert f'event="{event}"' in daemon.log
    attachment.delete()


def test_a_server_that_comes_back(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """After the renewal time a new lease is asked for, and taken when it is there in time."""
    attachment = attach(BRIDGE)
    attachment.add()
    network.order(**QUICK, silent=["REQUEST"])
    daemon.says("renewal time expired, rebinding")
    network.order(**LONG)
    daemon.says("lease rebound")
    assert is_up(node)
    assert attachment.check() == ""
    assert "10.44.0.70/24" in {one["address"] for one in daemon.records.values()}


def test_a_server_that_refuses(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """A new lease is asked for at once; with another address the interface keeps its own, and CHECK fails."""
    attachment = attach(BRIDGE)
    attachment.add()
    network.order(**{**QUICK, "address": "10.44.0.71"}, refuse=["REQUEST"])
    daemon.says("lease refused, asking for a new one")
    assert "not yours" in daemon.log
    network.order(**{**LONG, "address": "10.44.0.71"})
    daemon.says("the server gave another address, the interface keeps the old one")
    # Bridge would say that as well, had it been changed.
    assert said(attachment.call("CHECK", ALONE)) == (
        "lease /run/cni/dhcp.sock c1/net/eth0 has address 10.44.0.71/24, not 10.44.0.70/24"
    )


def test_a_server_without_a_mask(attach: Attach, daemon: Daemon, network: DhcpNetwork) -> None:
    """Such a lease is of no use, and given back."""
    network.order(**QUICK, options={"1": ""})
    failed = attach(BRIDGE).call("ADD", BRIDGE)
    assert said(failed) == "error calling DHCP.Allocate: DHCP option Subnet Mask not found in DHCPACK"
    within(5, lambda: "RELEASE" in network.types(), "the release")
    assert daemon.records == {}


def test_classless_routes(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """An option that is spread over several pieces is read as one; a router of zeros is the link itself."""
    routes = [f"180a64{number:02x}0a2c0001" for number in range(60)] + ["100a6200000000"]
    network.order(**LONG, options={"121": "".join(routes)})
    attachment = attach({**BRIDGE, "ipam": {"type": "dhcp", "request": [{"option": "121"}]}})
    given = attachment.add()["routes"]
    assert given[59] == {"dst": "10.100.59.0/24", "gw": "10.44.0.1"}
    assert given[60:] == [{"dst": "10.98.0.0/16", "gw": "0.0.0.0", "scope": 253}]
    made = {one["dst"]: one.get("gateway", one.get("scope")) for one in witness.ip(node, "route", netns="c1")}
    assert made["10.100.59.0/24"] == "10.44.0.1"
    assert made["10.98.0.0/16"] == "link"
    assert attachment.check() == ""
    assert len(daemon.records) == 1


@pytest.mark.usefixtures("daemon")
def test_the_metric_of_routes(attach: Attach, network: DhcpNetwork, node: Node) -> None:
    """It is in the daemon's answer, as the Go plugin adds none to it."""
    network.order(**LONG, options={"3": "0a2c0001"})
    attachment = attach({"type": "bridge", "bridge": "br0"})
    attachment.add()
    config = {"cniVersion": "1.0.0", "name": "net", "type": "dhcp", "ipam": {"type": "dhcp", "priority": 77}}
    with dhcp_rpc.Daemon(node.path(SOCKET)) as called:
        reply = called.call(
            dhcp_rpc.ALLOCATE,
            {
                "ContainerID": attachment.container,
                "Netns": attachment.netns,
                "IfName": "eth0",
                "StdinData": json.dumps(config).encode(),
            },
        )
    assert [(str(one.gw), one.priority) for one in dhcp_rpc.result_of(reply).routes] == [("10.44.0.1", 77)]


def test_a_vanished_interface(attach: Attach, daemon: Daemon, node: Node) -> None:
    """A container that went without DEL: its lease is no longer kept when the next renewal is due."""
    attach(BRIDGE).add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    daemon.says("interface is gone, lease is no longer kept")
    within(5, lambda: not daemon.records, "the record gone")


def test_another_interface_of_the_same_name(attach: Attach, daemon: Daemon, node: Node) -> None:
    """It is not the one that the lease is for."""
    attachment = attach(BRIDGE)
    attachment.add()
    node.run(["ip", "link", "delete", "eth0"], netns="c1").checked()
    node.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other"], netns="c1").checked()
    daemon.says("interface is gone, lease is no longer kept")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_a_restart(attach: Attach, daemon: Daemon, network: DhcpNetwork, number: signal.Signals) -> None:
    """The next daemon goes on with the leases: renews them, answers CHECK, gives them back."""
    network.order(address="10.44.0.70", lease=60, renew=3, rebind=50)
    attachment = attach(BRIDGE)
    attachment.add()
    daemon.restart(number)
    daemon.says("lease taken over")
    asked = network.types().count("REQUEST")
    daemon.says("lease renewed", times=2)
    assert network.types().count("REQUEST") > asked
    assert network.types().count("DISCOVER") == 1
    assert network.heard[-1]["options"]["61"] == b"\0c1/net/eth0".hex()
    assert attachment.check() == ""
    attachment.delete()
    within(5, lambda: "RELEASE" in network.types(), "the release")
    assert daemon.records == {}


def test_a_restart_after_the_container_went(attach: Attach, daemon: Daemon, node: Node) -> None:
    """What is kept of it is dropped; so is that of a container whose namespace is another one by now."""
    attach(BRIDGE).add()
    attach(BRIDGE, container="c2").add()
    daemon.end()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    node.run(["ip", "netns", "delete", "c2"]).checked()
    node.new_netns("c2")
    node.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other"], netns="c2").checked()
    daemon.start()
    daemon.says("lease dropped", times=2)
    assert daemon.records == {}


def test_a_lease_that_ran_out_while_nobody_kept_it(
    attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node
) -> None:
    """It is asked for once more; without an answer the interface goes down."""
    attach(BRIDGE).add()
    daemon.end()
    network.order(**QUICK, silent=["DISCOVER", "REQUEST"])
    time.sleep(QUICK["lease"])
    assert is_up(node)
    daemon.start()
    daemon.says("lease expired, bringing interface DOWN")
    within(5, lambda: not is_up(node), "the link down")


def test_files_that_are_no_leases(attach: Attach, daemon: Daemon, node: Node) -> None:
    """They are named in the log and left alone, and the others count."""
    attach(BRIDGE).add()
    daemon.end()
    kept = Path(node.path(f"{SOCKET}.leases"))
    (kept / "c9:net:eth0").write_text("{")
    (kept / "c8:net:eth0").write_text((kept / "c1:net:eth0").read_text())
    (kept / "c7:net:eth0").symlink_to("/etc/passwd")
    daemon.start()
    daemon.says("lease taken over")
    daemon.says("lease cannot be read, leaving it alone", times=2)
    assert (kept / "c9:net:eth0").read_text() == "{"


def test_a_plugin_that_is_killed(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """A lease that nobody waits for is not acquired: no DEL would ever give it back."""
    network.order(**LONG, silent=["DISCOVER"])
    attachment = attach(BRIDGE)
    config = Path(node.path("/run/config.json"))
    config.write_text(json.dumps({"cniVersion": "1.0.0", "name": "net", **BRIDGE}))
    words = f"exec timeout -s KILL 1 {attachment.plugins_dir}/bridge </run/config.json"
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": attachment.plugins_dir,
    }
    node.run(["sh", "-c", words], env=environment)
    daemon.says("lease not acquired, nobody waits for it any more")
    network.order(**LONG)
    asked = len(network.heard)
    time.sleep(2)
    assert len(network.heard) == asked
    assert daemon.records == {}


def test_an_end_while_a_lease_is_acquired(
    attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node
) -> None:
    """The daemon does not wait for servers, and the plugin not for the daemon."""
    network.order(**LONG, silent=["DISCOVER"])
    wait = f"until grep -q 'acquiring lease' /run/dhcp.sock.log; do sleep 0.1; done; kill {daemon.pid}"
    in_background(node, f"({wait})", "/dev/null")
    failed = attach(BRIDGE).call("ADD", BRIDGE)
    assert said(failed).startswith("error calling DHCP.Allocate: unexpected EOF")
    within(3, lambda: not os.path.exists(node.path(f"/proc/{daemon.pid}")), "the end of the daemon")
    assert "Traceback" not in daemon.log


def test_a_release_while_it_is_acquired(
    attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node
) -> None:
    """The ADD that is under way fails, and leaves nothing."""
    network.order(**LONG, silent=["DISCOVER"])
    attachment = attach(BRIDGE)
    node.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "uplink1"], netns="c1").checked()
    ours = f"{attachment.plugins_dir}/dhcp"
    environment = {
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": attachment.plugins_dir,
    }
    config = json.dumps({"cniVersion": "1.0.0", "name": "net", **ALONE})
    Path(node.path("/run/config.json")).write_text(config)
    script = (
        f"CNI_COMMAND=ADD {ours} </run/config.json >/run/added & sleep 0.7;"
        f" CNI_COMMAND=DEL {ours} </run/config.json; wait"
    )
    done = node.run(["sh", "-c", script], env={"PATH": os.environ["PATH"], **environment}, timeout=30)
    assert done.stdout == ""
    error = json.loads(Path(node.path("/run/added")).read_text())
    assert error["msg"] == "error calling DHCP.Allocate: released before it was acquired"
    assert daemon.records == {}


class TestStart:
    """How the daemon is started, and how it ends."""

    def test_files_that_it_makes_and_removes(self, node: Node, plugins_dir: str) -> None:
        """A socket for root alone, in a directory for root alone, and a pid without a newline.

        A second daemon that cannot start changes none of them.
        """
        words = [f"{plugins_dir}/dhcp", "daemon", "-pidfile", "/run/dhcp.pid", "-hostprefix", "/run/host"]
        with node.start(["sh", "-c", f"echo $$ >/run/started; exec {' '.join(words)}"]) as process:
            socket = Path(node.path(f"/run/host{SOCKET}"))
            within(20, socket.exists, "the socket")
            assert oct(socket.stat().st_mode & 0o777) == "0o600"
            assert oct(socket.parent.stat().st_mode & 0o777) == "0o700"
            pid = Path(node.path("/run/dhcp.pid"))
            within(20, lambda: pid.exists() and pid.read_text(), "the pid")
            second = node.run(words, timeout=30)
            assert (second.status, "another daemon answers there" in second.stderr) == (3, True)
            assert pid.read_text() == Path(node.path("/run/started")).read_text().strip()
            node.run(["kill", pid.read_text()]).checked()
            _, log = process.communicate(timeout=20)
        assert process.returncode == 0
        assert not pid.exists()
        assert list(socket.parent.iterdir()) == []
        assert b'event="stopping' in log

    def test_in_a_container(self, attach: Attach, node: Node, plugins_dir: str) -> None:
        """With the host's files below a prefix it serves plugins of the host."""
        DhcpNetwork(node, orders=LONG)
        node.run(["sh", "-c", "mkdir -p /run/host/run && ln -s /run/netns /run/host/run/netns"]).checked()
        socket = f"/run/host{SOCKET}"
        daemon = Daemon(node, f"{plugins_dir}/dhcp", "-hostprefix", "/run/host", socket=SOCKET, there=socket)
        attachment = attach({**BRIDGE, "ipam": {"type": "dhcp", "daemonSocketPath": socket}})
        attachment.add()
        assert attachment.check() == ""
        daemon.restart()
        daemon.says("lease taken over")
        attachment.delete()
        daemon.says("releasing lease")

    def test_a_socket_that_was_left_behind(self, node: Node, plugins_dir: str) -> None:
        """It is replaced, but not under a daemon that lives."""
        daemon = Daemon(node, f"{plugins_dir}/dhcp")
        daemon.restart(signal.SIGKILL)
        done = node.run([f"{plugins_dir}/dhcp", "daemon"], timeout=30)
        assert done.status == 3
        assert done.stderr == (
            "error: Error getting listener: listen unix /run/cni/dhcp.sock: bind: address already in use\n"
            "hint: another daemon answers there\n"
        )
        daemon.end()

    @pytest.mark.parametrize(
        ("words", "status", "error"),
        [
            (["-pidfile", "x"], 3, 'Error writing pidfile "x": path not absolute'),
            (["-pidfile", "/proc/x"], 3, 'Error writing pidfile "/proc/x": no such file or directory'),
            (["-broadcast=yes"], 2, "-broadcast=yes: a switch is true or false"),
            (["-timeout", "5"], 2, '"5" is no duration; write it as 500ms, 10s or 1m30s'),
            (["-socketpath", "/proc/x/y"], 3, "Error getting listener: listen unix /proc/x/y: bind: "),
        ],
        ids=["relative pidfile", "pidfile", "switch", "duration", "socket"],
    )
    def test_what_it_refuses(
        self, node: Node, plugins_dir: str, words: list[str], status: int, error: str
    ) -> None:
        """In the words of the Go daemon where it has some."""
        done = node.run([f"{plugins_dir}/dhcp", "daemon", *words], timeout=30)
        assert done.status == status
        assert done.stderr.startswith(f"error: {error}")

    @pytest.mark.parametrize("count", [1, 2])
    def test_socket_activation(self, node: Node, plugins_dir: str, attach: Attach, count: int) -> None:
        """It listens on the socket that it is handed, and leaves it there at the end; two are too many."""
        code = (
            "import os, socket, sys; s = socket.socket(socket.AF_UNIX); os.makedirs('/run/cni')\n"
            "s.bind('/run/cni/dhcp.sock'); s.listen(); os.dup2(s.fileno(), 3); os.set_inheritable(3, True)\n"
            f"os.environ |= {{'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '{count}'}}\n"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        words = [sys.executable, "-c", code, f"{plugins_dir}/dhcp", "daemon"]
        with node.start(words) as process:
            if count == 2:
                _, log = process.communicate(timeout=20)
                assert b"Too many (2) FDs passed through socket activation" in log
                return
            within(20, lambda: os.path.exists(node.path(SOCKET)), "the socket")
            attachment = attach(ALONE, version="1.1.0")
            assert attachment.call("STATUS", ALONE).status == 0
            node.run(["pkill", "-TERM", "-f", "[d]aemon"]).checked()
            process.communicate(timeout=20)
        assert process.returncode == 0
        assert os.path.exists(node.path(SOCKET))


def test_what_is_no_call(node: Node, plugins_dir: str) -> None:
    """Nonsense on the socket ends that connection, and the daemon goes on."""
    daemon = Daemon(node, f"{plugins_dir}/dhcp")
    code = (
        "import socket\n"
        "call = b'CONNECT /_goRPC_ HTTP/1.0\\n\\n'\n"
        "for data in (b'GET / HTTP/1.0\\r\\n\\r\\n', call + b'\\1\\2', b''):\n"
        "    s = socket.socket(socket.AF_UNIX); s.connect('/run/cni/dhcp.sock'); s.sendall(data)\n"
        "    s.shutdown(socket.SHUT_WR); print(s.makefile('rb').read())\n"
    )
    said_of_it = node.run([sys.executable, "-c", code], timeout=30).checked().stdout.splitlines()
    assert "405 must CONNECT" in said_of_it[0]
    assert said_of_it[1:] == [str(b"HTTP/1.0 200 Connected to Go RPC\n\n"), "b''"]
    assert 'event="plugin cannot be understood, hanging up"' in daemon.log
    daemon.end()


def listed(node: Node, *words: str) -> Any:
    """What `cnictl dhcp ls` prints, and what it remarks."""
    cnictl = str(Path(sys.executable).with_name("cnictl"))
    return node.run([cnictl, "dhcp", "ls", *words], env={"LANG": "C.UTF-8"}).checked()


def test_leases_are_listed(attach: Attach, daemon: Daemon, network: DhcpNetwork, node: Node) -> None:
    """With whose they are and when they end; and whether anybody keeps them."""
    network.order(**LONG)
    assert listed(node).stderr == "the daemon at /run/cni/dhcp.sock has no leases\n"
    attach(BRIDGE).add()
    heads, row = listed(node).stdout.splitlines()
    assert heads.split() == ["CONTAINER", "NETWORK", "IFNAME", "ADDRESS", "SERVER", "RENEWED", "EXPIRES"]
    assert row.split()[:5] == ["c1", "net", "eth0", "10.44.0.70/24", "10.44.0.1"]
    assert "in 4m" in row
    (lease,) = json.loads(listed(node, "-o", "json").stdout)
    assert (lease["address"], lease["netns"]) == ("10.44.0.70/24", "/run/netns/c1")
    assert lease["expire"] - lease["renew"] in (299, 300, 301)
    daemon.end()
    assert listed(node).stderr == "no daemon of cnictl is at /run/cni/dhcp.sock; nobody renews these\n"
