"""tap on a real kernel: who may open it, what passes through it, and what CHECK and DEL find."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.conftest import unavailable
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    import subprocess

    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPAM = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "192.168.0.0/16"}]}
DUAL = {"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]}
MAC = "02:11:22:33:44:55"
PEER = Path(__file__).with_name("tap_peer.py").read_text(encoding="utf-8")


def tap(**keys: Any) -> dict[str, Any]:
    """A configuration of tap."""
    return {"type": "tap", "ipam": IPAM, **keys}


def eth0(node: Node) -> dict[str, Any]:
    """Return what iproute2 tells of the container's interface."""
    (found,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    return dict(found)


def sysfs(node: Node) -> tuple[int, int, int]:
    """Return what sysfs tells of the tap: IFF_* of linux/if_tun.h, its owner and its group, -1 for none."""
    show = "mount -t sysfs sysfs /sys && cd /sys/class/net/eth0 && cat tun_flags owner group"
    told = node.run(["unshare", "-m", "sh", "-c", show], netns="c1").checked().stdout.split()
    return int(told[0], 16), int(told[1]), int(told[2])


def own_context() -> str:
    """Return the SELinux context of this process, "" where there are none."""
    try:
        return Path("/proc/self/attr/current").read_text(encoding="ascii").rstrip("\0\n")
    except OSError:
        return ""


def write_scripts(node: Node, scripts: dict[str, str]) -> None:
    """Put programs below the node's /run."""
    for place, text in scripts.items():
        path = Path(node.path(f"/run/{place}"))
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


def names(node: Node) -> list[str]:
    """Return the names of the container's links."""
    return [one["ifname"] for one in witness.ip(node, "link", netns="c1")]


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    attachment = attach(tap(), version=version)
    assert attachment.add()["cniVersion"] == version
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    attachment.delete(netns="")
    assert names(node) == ["lo"]


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """A tap that stays, with addresses of both families, up and without carrier."""
    attachment = attach(tap(ipam=DUAL, mtu=1400, mac=MAC, dns={"nameservers": ["192.0.2.53"]}))
    assert attachment.add() == {
        "cniVersion": "1.0.0",
        "dns": {"nameservers": ["192.0.2.53"]},
        "interfaces": [{"mac": MAC, "name": "eth0", "sandbox": "/run/netns/c1"}],
        "ips": [
            {"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 0},
            {"address": "fd00:1::2/64", "gateway": "fd00:1::1", "interface": 0},
        ],
    }
    link = eth0(node)
    data = link["linkinfo"]["info_data"]
    assert (link["linkinfo"]["info_kind"], data["type"], data["persist"]) == ("tun", "tap", True)
    assert (link["mtu"], link["address"], "UP" in link["flags"]) == (1400, MAC, True)
    assert witness.sysctl(node, "net/ipv4/conf/eth0/arp_notify", netns="c1") == "1"
    assert attachment.check() == ""


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, 0x1802),
        ({"owner": 1000}, 0x1802),
        ({"group": 1000, "multiQueue": True}, 0x1902),
        ({"owner": 1000, "group": 1000}, 0x4802),
        ({"owner": 1000, "group": 1000, "multiQueue": True}, 0x5902),
    ],
    ids=["plain", "owner", "group and queues", "owner and group", "all"],
)
def test_the_form_of_its_frames(attach: Attach, node: Node, keys: dict[str, Any], expected: int) -> None:
    """As with the Go plugin: with owner and group a virtio header, and without queues packet information."""
    attachment = attach(tap(ipam={}, **keys))
    attachment.add()
    assert sysfs(node) == (expected, keys.get("owner", -1), keys.get("group", -1))
    assert attachment.check() == ""


def test_mac_and_mtu_are_set_with_owner_and_group_too(attach: Attach, node: Node) -> None:
    """User 0 is a user as well."""
    attach(tap(ipam={}, owner=0, group=0, mac=MAC, mtu=1300)).add()
    link = eth0(node)
    assert (link["mtu"], link["address"]) == (1300, MAC)


@pytest.mark.parametrize(
    ("keys", "args", "expected"),
    [
        ({}, f"IgnoreUnknown=1;MAC={MAC}", MAC),
        ({"mac": "02:00:00:00:00:01"}, f"IgnoreUnknown=1;MAC={MAC}", MAC),
        ({"runtimeConfig": {"mac": MAC}}, "IgnoreUnknown=1;MAC=02:00:00:00:00:01", MAC),
    ],
    ids=["CNI_ARGS", "CNI_ARGS before the key", "runtimeConfig before CNI_ARGS"],
)
def test_precedence_of_mac(
    attach: Attach, node: Node, keys: dict[str, Any], args: str, expected: str
) -> None:
    """From lowest: mac, CNI_ARGS, runtimeConfig."""
    attach(tap(**keys), args=args).add()
    assert eth0(node)["address"] == expected


def test_it_can_be_a_port_of_a_bridge(attach: Attach, node: Node) -> None:
    """Of one in the container, even if that is down."""
    attachment = attach(tap(ipam={}, bridge="br0"))
    node.run("ip link add br0 type bridge".split(), netns="c1").checked()
    assert attachment.add()["interfaces"] == [
        {"mac": eth0(node)["address"], "name": "eth0", "sandbox": "/run/netns/c1"}
    ]
    assert (eth0(node)["master"], "UP" in eth0(node)["flags"]) == ("br0", True)
    assert attachment.check() == ""
    node.run("ip link set eth0 nomaster".split(), netns="c1").checked()
    assert attachment.check() == "eth0 has no master, not br0 in /run/netns/c1"
    attachment.delete()
    assert names(node) == ["lo", "br0"]


class TestTheOtherEnd:
    """A program opens the tap."""

    @pytest.fixture(autouse=True)
    def _device_for_everybody(self, node: Node) -> None:
        if os.geteuid():
            unavailable("needs root: to make a device file that other users may open")
        make = "mount -t tmpfs -o mode=755 dev /dev/net && mknod -m 666 /dev/net/tun c 10 200"
        node.run(["sh", "-c", make]).checked()

    def peer(
        self, node: Node, pings: int, *words: str, user: int = 1000, group: int = 1000
    ) -> subprocess.Popen[bytes]:
        """Start the program as a user who has no capabilities and is in one group."""
        identity = [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        python = os.path.realpath(sys.executable)
        argv = ["setpriv", *identity, python, "-I", "-c", PEER, "eth0", "10.1.2.9", str(pings), *words]
        return node.start(argv, netns="c1")

    @pytest.mark.parametrize("queues", [False, True], ids=["one queue", "queues"])
    def test_its_owner_receives_and_sends(self, attach: Attach, node: Node, queues: bool) -> None:
        """Without privilege; what the pod sends there arrives, and what is answered comes back."""
        attach(tap(owner=1000, group=1000, multiQueue=queues)).add()
        with self.peer(node, 2, *(["multi_queue"] if queues else [])) as peer:
            assert peer.stdout is not None
            assert peer.stdout.readline() == b"open\n"
            node.run(["ping", "-c2", "-W3", "-i0.2", "10.1.2.9"], netns="c1").checked()
            heard = peer.stdout.read().split()
        assert heard.count(b"0800") == 2
        assert b"0806" in heard

    @pytest.mark.parametrize(
        ("keys", "user", "group"),
        [
            ({"owner": 1000}, 1001, 1000),
            ({"group": 1000}, 1000, 1001),
            ({"owner": 1000, "group": 1000}, 1000, 1001),
        ],
        ids=["another user", "another group", "the user in another group"],
    )
    def test_nobody_else_may(
        self, attach: Attach, node: Node, keys: dict[str, Any], user: int, group: int
    ) -> None:
        """The kernel refuses those whom owner and group do not name."""
        attach(tap(**keys)).add()
        with self.peer(node, 1, user=user, group=group) as peer:
            _, stderr = peer.communicate(timeout=30)
        assert b"PermissionError" in stderr

    def test_check_holds_while_it_is_open(self, attach: Attach, node: Node) -> None:
        """Whatever form of frames the program asked for."""
        attachment = attach(tap(owner=1000, group=1000))
        attachment.add()
        before = sysfs(node)
        with self.peer(node, 1) as peer:
            assert peer.stdout is not None
            assert peer.stdout.readline() == b"open\n"
            assert sysfs(node) != before
            assert attachment.check() == ""
            node.run(["ping", "-c1", "-W3", "10.1.2.9"], netns="c1").checked()
        attachment.delete()


class TestSELinux:
    """`ip` makes the interface, in a context."""

    def test_a_kernel_without_it_says_so(self, attach: Attach, node: Node) -> None:
        """Nothing is made where the context cannot be had."""
        if os.path.exists("/sys/fs/selinux/enforce"):
            unavailable("this kernel has SELinux")
        attachment = attach(tap(selinuxContext="system_u:system_r:container_t:s0"))
        failed = attachment.call("ADD", attachment.plugins[0])
        assert said(failed).startswith("failed set socket label: ")
        assert "system_u:system_r:container_t:s0" in said(failed)
        assert names(node) == ["lo"]

    @pytest.fixture
    def labelled(self, attach: Attach, node: Node, import_root: str) -> Callable[..., Attachment]:
        """Attach with a plugin that writes the context to a file, and an `ip` that keeps what stood there."""
        scripts = {
            "bin/tap": f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {import_root!r})\n"
            "from cnictl_plugins import multicall\nfrom cnictl_plugins.main import tap_device\n"
            "tap_device.EXEC_LABEL = '/run/label'\nsys.exit(multicall.main())\n",
            "path/ip": '#!/bin/sh\ncat /run/label >/run/seen; echo "$@" >/run/words\nexec /sbin/ip "$@"\n',
        }
        write_scripts(node, scripts)
        Path(node.path("/run/label")).touch()

        def make(**keys: Any) -> Attachment:
            path = f"/run/path:{os.environ['PATH']}"
            attachment = attach(tap(ipam={}, **keys), environment={"PATH": path})
            attachment.plugins_dir = "/run/bin"
            return attachment

        return make

    def test_ip_is_started_in_the_context(self, labelled: Callable[..., Attachment], node: Node) -> None:
        """With what the configuration asks for; the frames' form is the plain one."""
        attachment = labelled(selinuxContext="a:b:c", owner=1000, group=7, multiQueue=True, mtu=1300)
        attachment.add()
        assert Path(node.path("/run/seen")).read_text() == "a:b:c"
        words = "tuntap add mode tap name eth0 multi_queue user 1000 group 7\n"
        assert Path(node.path("/run/words")).read_text() == words
        link = eth0(node)
        assert sysfs(node) == (0x1902, 1000, 7)
        assert (link["mtu"], "UP" in link["flags"]) == (1300, True)
        assert attachment.check() == ""

    @pytest.mark.kernel_lane
    def test_the_kernel_starts_ip_in_the_context_and_nothing_else(
        self, attach: Attach, node: Node, plugins_dir: str
    ) -> None:
        """Without a policy there are the contexts that a kernel begins with; the IPAM plugin has its own."""
        if own_context() != "kernel":
            unavailable("this kernel has no SELinux, or a policy of its own")
        answer = '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.2/24"}]}'
        write_scripts(
            node,
            {
                "path/ip": '#!/bin/sh\ncat /proc/self/attr/current >/run/of-ip\nexec /sbin/ip "$@"\n',
                "bin/own": f"#!/bin/sh\ncat /proc/self/attr/current >/run/of-ipam\necho '{answer}'\n",
            },
        )
        Path(node.path("/run/bin/tap")).symlink_to(f"{plugins_dir}/tap")
        environment = {"PATH": f"/run/path:{os.environ['PATH']}"}
        attachment = attach(tap(ipam={"type": "own"}, selinuxContext="unlabeled"), environment=environment)
        attachment.plugins_dir = "/run/bin"
        attachment.add()
        contexts = [Path(node.path(f"/run/{name}")).read_text() for name in ("of-ip", "of-ipam")]
        assert [one.rstrip("\0\n") for one in contexts] == ["unlabeled", "kernel"]
        assert sysfs(node) == (0x1802, -1, -1)

    def test_what_ip_says_is_told(self, labelled: Callable[..., Attachment], node: Node) -> None:
        """When it fails, as the Go plugin tells it, and nothing is left."""
        attachment = labelled(selinuxContext="a:b:c")
        node.run("ip tuntap add mode tap name eth0".split(), netns="c1").checked()
        failed = said(attachment.call("ADD", attachment.plugins[0]))
        assert failed.startswith("failed to run command ioctl(TUNSETIFF): Device or resource busy\n: exit")
        assert names(node) == ["lo", "eth0"]

    def test_without_ip_it_says_so(self, labelled: Callable[..., Attachment]) -> None:
        """Only the context needs it."""
        attachment = labelled(selinuxContext="a:b:c")
        attachment.environment["PATH"] = "/nowhere"
        failed = said(attachment.call("ADD", attachment.plugins[0]))
        assert failed.startswith('failed to run command : exec: "ip": executable file not found in $PATH')


DISTURBANCES: dict[str, tuple[str, str]] = {
    "down": ("ip link set eth0 down", "eth0 is not up in /run/netns/c1"),
    "mac": (
        "ip link set eth0 address 02:00:00:00:00:99",
        f"eth0 has MAC address 02:00:00:00:00:99, not {MAC} in /run/netns/c1",
    ),
    "address": ("ip address flush dev eth0", "eth0 has lost address 10.1.2.2/24 in /run/netns/c1"),
    "route": (
        "ip route delete 192.168.0.0/16",
        "route 192.168.0.0/16 via 10.1.2.1 dev eth0 is missing in /run/netns/c1",
    ),
    "owner": (
        "ip link delete eth0; ip tuntap add eth0 mode tap user 1001 group 1000",
        "eth0 has owner 1001, not 1000 in /run/netns/c1",
    ),
    "group": (
        "ip link delete eth0; ip tuntap add eth0 mode tap user 1000",
        "eth0 has no owner group, not 1000 in /run/netns/c1",
    ),
    "queues": (
        "ip link delete eth0; ip tuntap add eth0 mode tap multi_queue",
        "eth0 is multi queue in /run/netns/c1",
    ),
    "mode": ("ip link delete eth0; ip tuntap add eth0 mode tun", "eth0 has mode tun, not tap"),
    "kind": (
        "ip link delete eth0; ip link add eth0 type veth peer name other",
        "eth0 has kind veth, not tun in /run/netns/c1",
    ),
    "gone": ("ip link delete eth0", "there is no link eth0 in /run/netns/c1"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    command, message = DISTURBANCES[name]
    attachment = attach(tap(owner=1000, group=1000, mac=MAC, mtu=1400))
    attachment.add()
    assert attachment.check() == ""
    node.run(["sh", "-c", command], netns="c1").checked()
    assert message in attachment.check()


@pytest.mark.parametrize("group", [{}, {"group": 1000}], ids=["owner", "owner and group"])
def test_check_lets_the_mtu_be_that_the_go_plugin_leaves(
    attach: Attach, node: Node, group: dict[str, Any]
) -> None:
    """Which passes `mtu` over where both owner and group are given; its containers must hold here."""
    attachment = attach(tap(ipam={}, owner=1000, **group, mtu=1400))
    attachment.add()
    assert attachment.check() == ""
    node.run(["ip", "link", "set", "eth0", "mtu", "1500"], netns="c1").checked()
    noticed = "eth0 has MTU 1500, not 1400 in /run/netns/c1" in attachment.check()
    assert (noticed, attachment.check() == "") == ((False, True) if group else (True, False))


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no MAC address": ({"mac": "zz"}, 7, "invalid args zz for MAC addr: address zz: invalid MAC address"),
    "group address": (
        {"mac": "01:00:5e:00:00:01"},
        7,
        "failed to create tap: cannot assign requested address",
    ),
    "MTU too small": ({"mtu": 10}, 999, "failed to create tap: invalid argument"),
    "no such bridge": ({"bridge": "br9"}, 999, "failed to get bridge br9: Link not found"),
    "no bridge": (
        {"bridge": "lo"},
        999,
        "failed to set tap eth0 as a port of bridge lo: operation not supported",
    ),
    "negative owner": ({"owner": -1}, 7, 'key "owner": expected a whole number from 0 up, found number -1'),
    "owner too large": (
        {"owner": 1 << 32},
        7,
        'key "owner": expected a whole number up to 4294967294, found number 4294967296',
    ),
    "group as text": ({"group": "1"}, 7, 'key "group": expected a whole number from 0 up, found string "1"'),
    "args of the wrong type": ({"args": 5}, 7, 'key "args": expected an object, found number 5'),
    "no addresses": ({"ipam": {"type": "static"}}, 999, "IPAM plugin returned missing IP config"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what, and nothing is left."""
    keys, code, message = REFUSED[name]
    attachment = attach(tap(**keys))
    failed = attachment.call("ADD", attachment.plugins[0])
    assert json.loads(failed.stdout)["code"] == code
    assert json.loads(failed.stdout)["msg"].startswith(message)
    assert names(node) == ["lo"]
    assert "10.1.2.2" not in witness.files(node, "/var/lib/cni")


@pytest.mark.parametrize("keys", [{}, {"owner": 1, "group": 1}], ids=["plain", "owner and group"])
def test_a_second_add_is_refused_and_spoils_nothing(attach: Attach, node: Node, keys: dict[str, Any]) -> None:
    """A tap of that name is not taken for one's own."""
    attachment = attach(tap(ipam={}, **keys))
    attachment.add()
    index = eth0(node)["ifindex"]
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed) == (
        "failed to create tap: file exists; "
        "eth0 is already in /run/netns/c1; DEL the attachment that has it first"
    )
    assert eth0(node)["ifindex"] == index
    assert attachment.check() == ""


def test_a_node_without_the_device_is_told(attach: Attach, node: Node) -> None:
    """Where the kernel's module is missing."""
    node.run(["mount", "-t", "tmpfs", "none", "/dev/net"]).checked()
    attachment = attach(tap())
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith(
        "failed to create tap: no such file or directory; open /dev/net/tun: no such file or directory"
    )


def test_delete_when_the_namespace_has_gone(attach: Attach, node: Node) -> None:
    """The addresses are released."""
    attachment = attach(tap())
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    attachment.delete()
    assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")


def test_arguments_nobody_knows_are_refused(attach: Attach) -> None:
    """By ADD, CHECK and DEL, as by the Go plugin."""
    attachment = attach(tap(ipam={}), args="FOO=bar")
    attachment.result = {"cniVersion": "1.0.0"}
    for command in ("ADD", "CHECK", "DEL"):
        failed = attachment.call(command, attachment.plugins[0])
        assert json.loads(failed.stdout)["code"] == 4
        assert said(failed).startswith('ARGS: unknown args ["FOO=bar"]')
