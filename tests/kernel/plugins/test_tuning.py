"""tuning on a real kernel: sysctls, the interface's properties, and their restoring."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
BRIDGE = {"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.1.2.0/24"}}
BACKUP = "/run/cni/tuning/c1_eth0.json"
MAC = "02:11:22:33:44:55"


def eth0(node: Node) -> dict[str, Any]:
    """Return what iproute2 tells of the container's interface."""
    (found,) = witness.ip(node, "link", "show", "dev", "eth0", netns="c1")
    return dict(found)


def exists(node: Node, path: str) -> bool:
    """Whether a file of the node is there."""
    return os.path.lexists(node.path(path))


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    attachment = attach(BRIDGE, {"type": "tuning", "mtu": 1400}, version=version)
    attachment.add()
    assert eth0(node)["mtu"] == 1400
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert not exists(node, BACKUP)


def test_all_properties_are_set_and_restored(attach: Attach, node: Node) -> None:
    """The backup says what was there; DEL gives it back and removes the backup."""
    tuning = {"type": "tuning", "mac": MAC, "promisc": True, "mtu": 1454, "txQLen": 20000, "allmulti": True}
    attachment = attach(BRIDGE, tuning)
    before = attachment.call("ADD", BRIDGE)
    attachment.result = json.loads(before.stdout)
    original = eth0(node)
    attachment.result = json.loads(attachment.call("ADD", tuning).stdout)
    link = eth0(node)
    assert (link["address"], link["mtu"], link["txqlen"], link["promiscuity"]) == (MAC, 1454, 20000, 1)
    assert "ALLMULTI" in link["flags"]
    with open(node.path(BACKUP), encoding="utf-8") as file:
        assert file.read() == (
            f'{{\n "mac": "{original["address"]}",\n "promisc": false,\n "mtu": 1500,\n'
            ' "allmulti": false,\n "txQLen": 1000,\n "network": "net"\n}'
        )
    assert os.stat(node.path(BACKUP)).st_mode & 0o777 == 0o600
    assert attachment.result is not None
    assert attachment.result["interfaces"][2]["mac"] == MAC
    assert attachment.call("CHECK", tuning).status == 0
    assert attachment.call("DEL", tuning).status == 0
    restored = eth0(node)
    for name in ("address", "mtu", "txqlen", "promiscuity", "flags"):
        assert restored[name] == original[name], name
    assert not exists(node, BACKUP)


def test_sysctls_are_set_inside_only(attach: Attach, node: Node) -> None:
    """IFNAME stands for the interface, dots and slashes both separate; no backup is made for them."""
    values = {"net.ipv4.conf.IFNAME.arp_filter": "1", "net/core/somaxconn": "500"}
    attachment = attach(BRIDGE, {"type": "tuning", "sysctl": values})
    attachment.add()
    assert witness.sysctl(node, "net/ipv4/conf/eth0/arp_filter", netns="c1") == "1"
    assert witness.sysctl(node, "net/core/somaxconn", netns="c1") == "500"
    assert witness.sysctl(node, "net/core/somaxconn") != "500"
    assert attachment.check() == ""
    assert not exists(node, BACKUP)


@pytest.mark.parametrize(
    ("keys", "args", "expected"),
    [
        ({}, "IgnoreUnknown=1;MAC=02:00:00:00:00:01", "02:00:00:00:00:01"),
        (
            {"runtimeConfig": {"mac": "02:00:00:00:00:02"}},
            "MAC=02:00:00:00:00:01;IgnoreUnknown=1",
            "02:00:00:00:00:02",
        ),
        (
            {"runtimeConfig": {"mac": "02:00:00:00:00:02"}, "args": {"cni": {"mac": "02:00:00:00:00:03"}}},
            "",
            "02:00:00:00:00:03",
        ),
    ],
    ids=["CNI_ARGS before the key", "runtimeConfig before CNI_ARGS", "args before all"],
)
def test_precedence_of_mac(
    attach: Attach, node: Node, keys: dict[str, Any], args: str, expected: str
) -> None:
    """From lowest: mac, CNI_ARGS, runtimeConfig, args.cni."""
    attachment = attach({"type": "tuning", "mac": MAC, **keys}, args=args)
    bridge = attach(BRIDGE)
    attachment.result = bridge.add()
    attachment.add()
    assert eth0(node)["address"] == expected


def test_args_replace_and_merge(attach: Attach, node: Node) -> None:
    """promisc can be switched off, mtu cancelled; sysctls merge, even into none."""
    args = {"cni": {"promisc": False, "mtu": 0, "sysctl": {"net.core.somaxconn": "600"}}}
    attachment = attach(BRIDGE, {"type": "tuning", "promisc": True, "mtu": 1300, "args": args})
    attachment.add()
    link = eth0(node)
    assert (link["mtu"], link["promiscuity"]) == (1500, 0)
    assert witness.sysctl(node, "net/core/somaxconn", netns="c1") == "600"


@pytest.mark.parametrize("mac", ["02:11:22:33:44:AB", "02-11-22-33-44-ab", "0211.2233.44ab"])
def test_a_mac_address_in_another_spelling_can_be_checked(mac: str, attach: Attach, node: Node) -> None:
    """The Result keeps the spelling; CHECK of tuning and of the plugin before it compares addresses."""
    attachment = attach(BRIDGE, {"type": "tuning", "mac": mac})
    assert attachment.add()["interfaces"][2]["mac"] == mac
    assert eth0(node)["address"] == "02:11:22:33:44:ab"
    assert attachment.check() == ""


DISTURBANCES: dict[str, tuple[str, str]] = {
    "sysctl": (
        "echo 77 > /proc/sys/net/core/somaxconn",
        "net/core/somaxconn has value 77, not 500 in /run/netns/c1",
    ),
    "mtu": ("ip link set eth0 mtu 1300", "eth0 has MTU 1300, not 1400 in /run/netns/c1"),
    "promiscuous": ("ip link set eth0 promisc off", "eth0 is not promiscuous in /run/netns/c1"),
    "all-multicast": ("ip link set eth0 allmulticast on", "eth0 is all multicast in /run/netns/c1"),
    "queue": ("ip link set eth0 txqueuelen 7", "eth0 has transmit queue length 7, not 50 in /run/netns/c1"),
    "gone": ("ip link delete eth0", "there is no link eth0 in /run/netns/c1"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is, with the value wanted."""
    command, message = DISTURBANCES[name]
    sysctls = {"net.core.somaxconn": "500"}
    tuning = {
        "type": "tuning",
        "mtu": 1400,
        "promisc": True,
        "allmulti": False,
        "txQLen": 50,
        "sysctl": sysctls,
    }
    attachment = attach(BRIDGE, tuning)
    attachment.add()
    assert attachment.check() == ""
    node.run(["sh", "-c", command], netns="c1").checked()
    assert said(attachment.call("CHECK", tuning)).startswith(message)


REFUSED: dict[str, tuple[str, int, str]] = {
    "outside of net": ('"sysctl": {"kernel.foo": "1"}', 7, 'invalid net sysctl key: "kernel/foo"'),
    "traversal": ('"sysctl": {"net.../kernel/panic": "1"}', 999, "open /proc/sys/net/kernel/panic"),
    "twice": (
        '"sysctl": {"net.core.somaxconn": "1", "net.core.somaxconn": "2"}',
        7,
        "duplicated sysctl keys are not allowed",
    ),
    "number": (
        '"sysctl": {"net.core.somaxconn": 1}',
        7,
        'key "sysctl.net.core.somaxconn": expected a string, found number 1',
    ),
    "unknown sysctl": (
        '"sysctl": {"net.ipv4.nope": "1"}',
        999,
        "open /proc/sys/net/ipv4/nope: no such file or directory",
    ),
    "bad value": ('"sysctl": {"net.ipv4.conf.IFNAME.forwarding": "x"}', 999, "write /proc/sys/net/"),
    "bad MAC address": ('"mac": "zz"', 7, "invalid args zz for MAC addr: address zz: invalid MAC address"),
    "MTU too small": ('"mtu": 10', 999, 'set MTU of "eth0" to 10: '),
    "negative MTU": ('"mtu": -5', 999, 'set MTU of "eth0" to -5: '),
    "negative queue": ('"txQLen": -5', 999, 'set transmit queue length of "eth0" to -5: '),
    "multicast MAC address": ('"mac": "01:00:5e:00:00:01"', 999, 'set MAC address of "eth0" to 01:00:5e:'),
    "sysctl without a name": ('"sysctl": {"": "1"}', 7, 'invalid net sysctl key: ""'),
    "MTU as string": ('"mtu": "1400"', 7, 'key "mtu": expected a whole number, found string "1400"'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what; interface, sysctls and backup are as before."""
    text, code, message = REFUSED[name]
    attachment = attach(BRIDGE)
    result = attachment.add()
    before = eth0(node)
    head = json.dumps({"cniVersion": "1.0.0", "name": "net", "type": "tuning", "prevResult": result})
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": attachment.plugins_dir,
    }
    program = f"{attachment.plugins_dir}/tuning"
    done = node.run([program], env=environment, stdin=f'{head[:-1]}, "txQLen": 33, {text}}}')
    error = json.loads(done.stdout)
    assert error["code"] == code
    assert error["msg"].startswith(message)
    assert eth0(node) == before
    assert not exists(node, BACKUP)


class TestAllowlist:
    """/etc/cni/tuning/allowlist.conf."""

    @pytest.mark.parametrize(
        ("lines", "allowed"),
        [
            ("^net\\.core\\.[a-z_]*$\n", True),
            ("  somaxconn  \n\n", True),
            ("^net\\.ipv4\\.\n^x$\n", False),
            ("", False),
        ],
        ids=["matches", "anywhere in the name", "none matches", "empty file"],
    )
    def test_only_what_matches_may_be_set(
        self, attach: Attach, node: Node, lines: str, allowed: bool
    ) -> None:
        """The list is matched with the names as the configuration spells them."""
        os.makedirs(node.path("/etc/cni/tuning"))
        with open(node.path("/etc/cni/tuning/allowlist.conf"), "w", encoding="ascii") as file:
            file.write(lines)
        attachment = attach({"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}})
        attachment.result = attach(BRIDGE).add()
        done = attachment.call("ADD", attachment.plugins[0])
        assert (done.status == 0) is allowed
        if not allowed:
            listed = " ".join(line for line in lines.split("\n") if line)
            assert said(done).startswith(
                "Sysctl net.core.somaxconn is not allowed."
                f" Only the following sysctls are allowed: [{listed}]"
            )
        attachment.delete()

    def test_a_bad_expression_is_named(self, attach: Attach, node: Node) -> None:
        """The message names the expression and the file."""
        os.makedirs(node.path("/etc/cni/tuning"))
        with open(node.path("/etc/cni/tuning/allowlist.conf"), "w", encoding="ascii") as file:
            file.write("[\n")
        attachment = attach({"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}})
        attachment.result = attach(BRIDGE).add()
        failed = said(attachment.call("ADD", attachment.plugins[0]))
        assert failed.startswith("error parsing regexp: ")
        assert failed.endswith("`[`; in /etc/cni/tuning/allowlist.conf")


def test_without_an_earlier_result_it_is_refused(attach: Attach) -> None:
    """tuning works on what another plugin made."""
    attachment = attach({"type": "tuning", "mtu": 1400})
    for command in ("ADD", "CHECK"):
        assert said(attachment.call(command, attachment.plugins[0])).startswith("Required prevResult missing")


def test_an_interface_that_is_not_there(attach: Attach) -> None:
    """ADD and CHECK name it; DEL has nothing to restore; sysctls alone need none."""
    attachment = attach(BRIDGE)
    attachment.add()
    attachment.ifname = "eth9"
    tuning = {"type": "tuning", "mtu": 1400}
    assert said(attachment.call("ADD", tuning)) == 'failed to get "eth9": Link not found'
    assert said(attachment.call("CHECK", tuning)) == "there is no link eth9 in /run/netns/c1"
    assert attachment.call("DEL", tuning).status == 0
    assert attachment.call("ADD", {"type": "tuning", "sysctl": {"net.core.somaxconn": "77"}}).status == 0


def test_a_promiscuous_link_is_noticed_where_nobody_asked_for_it(attach: Attach, node: Node) -> None:
    """promisc is false unless it is said; whoever listens in the container is seen."""
    attachment = attach(BRIDGE, {"type": "tuning", "mtu": 1400})
    attachment.add()
    node.run("ip link set eth0 promisc on".split(), netns="c1").checked()
    assert said(attachment.call("CHECK", attachment.plugins[1])) == "eth0 is promiscuous in /run/netns/c1"


def test_every_entry_of_the_interface_gets_the_mac_address(attach: Attach) -> None:
    """One on the node with the same name as well, as with the Go plugin."""
    attachment = attach(BRIDGE)
    attachment.add()["interfaces"].append({"name": "eth0", "mac": "02:00:00:00:00:01"})
    result = json.loads(attachment.call("ADD", {"type": "tuning", "mac": MAC}).stdout)
    assert [one["mac"] for one in result["interfaces"] if one["name"] == "eth0"] == [MAC, MAC]


def test_a_second_add_is_what_delete_takes_back(attach: Attach, node: Node) -> None:
    """Its backup replaces the first one's."""
    attachment = attach(BRIDGE)
    attachment.add()
    for keys in ({"mtu": 1400, "txQLen": 20}, {"mtu": 1300}):
        assert attachment.call("ADD", {"type": "tuning", **keys}).status == 0
    assert attachment.call("DEL", {"type": "tuning"}).status == 0
    assert (eth0(node)["mtu"], eth0(node)["txqlen"]) == (1400, 20)
    assert not exists(node, BACKUP)


def test_unknown_arguments_are_refused(attach: Attach) -> None:
    """CNI_ARGS needs IgnoreUnknown for what tuning does not know; the code is that of the environment."""
    attachment = attach({"type": "tuning"}, args="FOO=bar")
    attachment.result = {"cniVersion": "1.0.0"}
    failed = attachment.call("ADD", attachment.plugins[0])
    assert json.loads(failed.stdout)["code"] == 4
    assert said(failed).startswith('ARGS: unknown args ["FOO=bar"]')


def test_delete_removes_the_backup_of_a_vanished_container(attach: Attach, node: Node) -> None:
    """There is nothing left to restore it to."""
    attachment = attach(BRIDGE, {"type": "tuning", "mtu": 1400})
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    assert not exists(node, BACKUP)


@pytest.mark.parametrize(
    ("mounted", "message"),
    [
        ("ro", "failed to save file c1_eth0.json: read-only file system"),
        ("size=4k", "failed to save file c1_eth0.json: no space left on device"),
    ],
    ids=["read-only", "full"],
)
def test_a_backup_that_cannot_be_written(attach: Attach, node: Node, mounted: str, message: str) -> None:
    """The code is that of I/O, nothing is changed, and DEL succeeds all the same."""
    directory = node.path("/run/cni/tuning")
    node.run(["mkdir", "-p", "/run/cni/tuning"]).checked()
    node.run(["mount", "-t", "tmpfs", "-o", mounted, "tmpfs", "/run/cni/tuning"]).checked()
    if mounted != "ro":
        with open(f"{directory}/filler", "wb") as file:
            file.write(bytes(4096))
    tuning = {"type": "tuning", "mtu": 1400, "sysctl": {"net.core.somaxconn": "77"}}
    attachment = attach(BRIDGE)
    attachment.add()
    before = eth0(node), witness.sysctl(node, "net/core/somaxconn", "c1")
    error = json.loads(attachment.call("ADD", tuning).stdout)
    assert (error["code"], error["msg"], error["details"]) == (5, message, BACKUP)
    assert (eth0(node), witness.sysctl(node, "net/core/somaxconn", "c1")) == before
    assert not exists(node, BACKUP)
    assert attachment.call("DEL", tuning).status == 0


@pytest.mark.parametrize("text", ["", '{\n "mtu": 15'], ids=["empty", "cut off"])
def test_a_backup_that_was_never_finished(attach: Attach, node: Node, text: str) -> None:
    """It is written before anything is changed, so whoever was killed over it left nothing to restore."""
    attachment = attach(BRIDGE)
    attachment.add()
    before = eth0(node)
    os.makedirs(node.path("/run/cni/tuning"))
    with open(node.path(BACKUP), "w", encoding="ascii") as file:
        file.write(text)
    assert attachment.call("DEL", {"type": "tuning", "mtu": 1400}).status == 0
    assert not exists(node, BACKUP)
    assert eth0(node) == before


def test_a_backup_in_the_way_is_not_followed(attach: Attach, node: Node) -> None:
    """A symlink that somebody left there is replaced, not written through."""
    os.makedirs(node.path("/run/cni/tuning"))
    os.symlink("/run/victim", node.path(BACKUP))
    attach(BRIDGE, {"type": "tuning", "mtu": 1400}).add()
    assert not exists(node, "/run/victim")


def test_gc_removes_backups_of_its_network_only(attach: Attach, node: Node) -> None:
    """A valid attachment's, another network's, and those of the Go plugin, which name no network, stay."""
    tuning = {"type": "tuning", "mtu": 1400}
    for container, network in (("c1", "net"), ("c2", "net"), ("c3", "other")):
        attach(BRIDGE, tuning, container=container, name=network, version="1.1.0").add()
    with open(node.path("/run/cni/tuning/c4_eth0.json"), "w", encoding="ascii") as file:
        file.write('{\n "mtu": 1500\n}')
    attachment = attach(container="c2", name="net", version="1.1.0")
    valid = [{"containerID": "c2", "ifname": "eth0"}]
    done = attachment.call("GC", {**tuning, "cni.dev/valid-attachments": valid})
    assert (done.status, done.stdout) == (0, "")
    assert sorted(os.listdir(node.path("/run/cni/tuning"))) == [
        "c2_eth0.json",
        "c3_eth0.json",
        "c4_eth0.json",
    ]
