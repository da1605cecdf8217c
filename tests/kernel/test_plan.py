"""`cnictl plan`: what would change is what then does change, and nothing changes meanwhile."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Completed, Node
from tests import witness
from tests.kernel.plugins.filtering import start_firewalld
from tests.kernel.plugins.overlay import put_remote, remove_remote

CNICTL = str(Path(sys.executable).with_name("cnictl"))
ROOT = Path(__file__).parents[2]

Cnictl = Callable[..., Completed]


@pytest.fixture
def cnictl(node: Node, plugins_dir: str, tmp_path: Path) -> Cnictl:
    """Run the command on a node with an uplink, rules of somebody's, and a network called web."""
    (tmp_path / "10-web.conflist").write_text((ROOT / "testdata/conflists/10-web.conflist").read_text())

    def run(*arguments: str, path: str = plugins_dir) -> Completed:
        environment = {**os.environ, "CNI_PATH": path, "NETCONFPATH": str(tmp_path)}
        return node.run([CNICTL, *arguments], env=environment, timeout=100, cwd=str(tmp_path))

    for words in (
        "ip link add up0 type veth peer name cable",
        "ip link set cable up",
        "ip link set up0 mtu 1450 address 02:00:00:00:00:05 up",
        "ip addr add 192.0.2.5/24 dev up0",
        "ip -6 addr add 2001:db8::5/64 dev up0 nodad",
        "ip route add default via 192.0.2.1",
        "ip route add 198.51.100.0/24 via 192.0.2.7 metric 5 table 7",
        "iptables -t nat -A POSTROUTING -m comment --comment mine -j RETURN",
        "nft add table inet mine",
        "nft add chain inet mine input { type filter hook input priority 0 ; }",
        "sysctl -qw net.ipv4.conf.up0.rp_filter=2",
    ):
        node.run(words.split()).checked()
    return run


def differences(done: Completed) -> list[Any]:
    """The changes of a plan or of a difference, without what is random."""
    members = json.loads(done.stdout)
    changes = members.get("difference", members)["changes"]
    for one in changes:
        one["facts"].pop("mac", None)
    return [json.dumps(one, sort_keys=True) for one in changes]


def seen(node: Node, cnictl: Cnictl) -> tuple[Any, ...]:
    """What the node is, by our own observer and by others."""
    return (
        cnictl("snapshot", "--all-netns").checked().stdout,
        [
            [one.get(key) for key in ("ifname", "mtu", "address", "master")]
            for one in witness.ip(node, "link")
        ],
        node.run("ip -4 -o address".split()).stdout,
        node.run("ip -4 route show table main".split()).stdout.replace(" linkdown", ""),
        node.run("ip -4 route show table 7".split()).stdout.replace(" linkdown", ""),
        [line for line in node.run(["iptables-save"]).stdout.splitlines() if line.startswith(("*", "-A"))],
        node.run(["nft", "list", "ruleset"]).stdout,
        node.run(["find", "/run", "/var/lib/cni", "-newermt", "@0", "-type", "f"]).stdout,
    )


def test_what_is_planned_is_what_happens_then(node: Node, cnictl: Cnictl) -> None:
    """The plan of ADD and of DEL is the difference that ADD and DEL then make; planning makes none."""
    for verb, words in (("add", ("--port", "8080:80")), ("del", ())):
        if verb == "add":
            cnictl("netns", "new", "pod").checked()
        before = seen(node, cnictl)
        planned = cnictl("plan", "web", "pod", "--verb", verb, *words, "-o", "json").checked()
        assert seen(node, cnictl) == before
        node.run(["sh", "-c", "cat >/run/before.yaml"], stdin=before[0]).checked()
        cnictl(verb, "web", "pod", *words).checked()
        happened = cnictl("diff", "/run/before.yaml", "--netns", "pod", "-o", "json")
        assert happened.status == 1, happened
        pairs = zip(differences(planned), differences(happened), strict=True)
        assert [(a, b) for a, b in pairs if a != b and "veth" not in a] == []
        assert json.loads(planned.stdout)["notCopied"] == []


OVERLAY = {
    "type": "vxlan",
    "vni": 7,
    "mode": "routed",
    "remotesDir": "/run/overlay",
    "ipam": {"type": "host-local", "subnet": "10.244.1.0/24", "routes": [{"dst": "0.0.0.0/0"}]},
}


def test_an_overlay_is_planned(node: Node, cnictl: Cnictl, tmp_path: Path) -> None:
    """Its tunnel with all entries is copied, and so are the files that the configuration names."""
    network = {"cniVersion": "1.0.0", "name": "overlay", "plugins": [OVERLAY]}
    (tmp_path / "20-overlay.conflist").write_text(json.dumps(network))
    for number in (2, 3):
        put_remote(
            node,
            f"node{number}",
            "/run/overlay",
            vtep=f"192.0.2.{number}",
            podCIDRs=[f"10.244.{number}.0/24"],
        )
    for pod in ("one", "two"):
        cnictl("netns", "new", pod).checked()
        before = cnictl("snapshot", "--all-netns").checked().stdout
        planned = cnictl("plan", "overlay", pod, "-o", "json").checked()
        assert json.loads(planned.stdout)["notCopied"] == []
        node.run(["sh", "-c", "cat >/run/before.yaml"], stdin=before).checked()
        cnictl("add", "overlay", pod).checked()
        happened = cnictl("diff", "/run/before.yaml", "--netns", pod, "-o", "json")
        pairs = zip(differences(planned), differences(happened), strict=True)
        assert [(a, b) for a, b in pairs if a != b and "veth" not in a] == []
        if pod == "one":
            remove_remote(node, "node3", "/run/overlay")


def test_each_plugin_is_shown_with_what_it_did(cnictl: Cnictl) -> None:
    """Time, difference and, verbosely, what it was told and said."""
    done = cnictl("plan", "web", "--per-plugin").checked()
    heads = [line.split("  (")[0] for line in done.stdout.splitlines() if line and line[0] != " "]
    assert heads == ["bridge ADD", "portmap ADD", "tuning ADD"]
    assert "+ link eth0 kind=veth" in done.stdout
    assert "portmap ADD" in done.stdout
    assert "changes nothing" in done.stdout  # no port was asked for
    told = cnictl("plan", "web", "--verbose").checked().stdout
    assert 'stdin: {"bridge":"cni0"' in told or "stdin: {" in told
    assert "stdout: {" in told


def test_gc_is_planned_with_the_containers_of_the_cache(node: Node, cnictl: Cnictl) -> None:
    """What is not valid would go, what is valid would stay; nothing goes yet."""
    for name in ("one", "two"):
        cnictl("netns", "new", name).checked()
        cnictl("add", "web", name, "--container-id", name).checked()
    before = seen(node, cnictl)
    done = cnictl("plan", "web", "--verb", "gc", "--valid", "one/eth0").checked()
    assert "- reservation /var/lib/cni/networks/web/10.88.0.3 container=two" in done.stdout
    assert "10.88.0.2 " not in done.stdout
    assert seen(node, cnictl) == before
    assert cnictl("plan", "web", "--verb", "gc").status == 2


def test_a_verb_that_would_fail_says_why(node: Node, cnictl: Cnictl, tmp_path: Path) -> None:
    """Exit status 3, and what the failing plugin had changed until then."""
    node.run("ip link add cni0 type veth peer name other".split()).checked()
    done = cnictl("plan", "web")
    assert done.status == 3
    assert 'ADD would fail: plugin type="bridge" failed (add): failed to create bridge "cni0"' in done.stderr
    (tmp_path / "10-web.conflist").write_text("{")
    assert cnictl("plan", "web").status == 2


def test_what_cannot_be_copied_is_told(node: Node, cnictl: Cnictl) -> None:
    """Policy rules, links of kinds that need what is not there, and routes of several ways."""
    for words in (
        "ip rule add from 10.9.9.9 table 7",
        "ip link add mv0 link up0 type macvlan",
        "ip route add 203.0.113.0/24 nexthop via 192.0.2.8 nexthop via 192.0.2.9",
        "ip route add blackhole 203.0.114.0/24",
    ):
        node.run(words.split()).checked()
    missing = json.loads(cnictl("plan", "web", "-o", "json").checked().stdout)["notCopied"]
    assert "policy rules of the node" in missing
    assert "link mv0 (macvlan): a stand-in is there in its place" in missing
    assert "route 203.0.113.0/24 of the node (with several next hops)" in missing
    assert "route 203.0.114.0/24 of the node (blackhole)" in missing


def test_no_plugin_can_write_to_the_machine(node: Node, cnictl: Cnictl, tmp_path: Path) -> None:
    """Not to its files, wherever reservations are, and not to sysctls beyond the network's."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "kept").write_text("here")
    plugins = tmp_path / "bin"
    plugins.mkdir()
    script = f"""#!/bin/sh
for file in {tmp_path}/file /etc/file /usr/file /proc/sys/kernel/domainname; do
    (echo x >$file) 2>/dev/null && echo wrote $file >&2
done
echo x >{data}/mine && rm -f {data}/kept && echo 1 >/proc/sys/net/ipv4/ip_forward && echo fine >&2
echo '{{"cniVersion": "1.0.0", "ips": []}}'
"""
    (plugins / "greedy").write_text(script)
    (plugins / "greedy").chmod(0o755)
    network = {
        "cniVersion": "1.0.0",
        "name": "greedy",
        "plugins": [{"type": "greedy", "ipam": {"type": "host-local", "dataDir": str(data)}}],
    }
    (tmp_path / "20-greedy.conflist").write_text(json.dumps(network))
    before = node.run(["cat", "/proc/sys/kernel/domainname", "/proc/sys/net/ipv4/ip_forward"]).stdout
    done = cnictl("plan", "greedy", "-o", "json", path=str(plugins)).checked()
    (run,) = json.loads(done.stdout)["plugins"]
    assert run["stderr"].strip().splitlines()[-1:] == ["fine"], run
    assert "wrote" not in run["stderr"]
    assert sorted(os.listdir(data)) == ["kept"]
    assert not (tmp_path / "file").exists()
    assert node.run(["cat", "/proc/sys/kernel/domainname", "/proc/sys/net/ipv4/ip_forward"]).stdout == before


def test_firewalld_is_told_as_missing(node: Node, cnictl: Cnictl) -> None:
    """The copy has no bus, so that firewall would choose another backend there."""
    start_firewalld(node)
    told = json.loads(cnictl("plan", "web", "-o", "json").checked().stdout)["notCopied"]
    assert "firewalld: a plugin that looks for it finds none on the copy" in told
