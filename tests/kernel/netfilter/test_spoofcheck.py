"""macspoofchk: the ruleset of the Go plugins, its effect, and its removal by id."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnictl.declare.compare import compare
from cnictl.declare.model import NODE, State
from cnictl.netfilter import lookup, nft
from cnictl.plugin import spoofcheck
from cnictl.plugin.request import Request
from cnictl.sandbox.node import Node
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from tests.kernel.netfilter.together import together
from tests.kernel.plugins.forwarding import recorded, recording_path

MAC = "e2:5c:f0:88:e4:dd"
RULESET = """\
table bridge nat {
	chain PREROUTING {
		type filter hook prerouting priority dstnat; policy accept;
		iifname "vethe32f79df" jump cni-br-iface-cid1-eth0 comment "macspoofchk-cid1-eth0"
	}

	chain cni-br-iface-cid1-eth0 {
		jump cni-br-iface-cid1-eth0-mac comment "macspoofchk-cid1-eth0"
	}

	chain cni-br-iface-cid1-eth0-mac {
		ether saddr e2:5c:f0:88:e4:dd return comment "macspoofchk-cid1-eth0"
		drop comment "macspoofchk-cid1-eth0"
	}
}
"""
KNOCK = """
import socket
try:
    socket.create_connection(("10.9.0.1", 9), 0.5)
except ConnectionRefusedError:  # somebody is there to refuse
    pass
"""
EMPTY = """\
table bridge nat {
	chain PREROUTING {
		type filter hook prerouting priority dstnat; policy accept;
	}
}
"""


def request(container_id: str = "cid1", ifname: str = "eth0") -> Request:
    document = Document({"cniVersion": "1.1.0", "name": "mynet", "type": "bridge", "macspoofchk": True})
    return Request("ADD", document, container_id=container_id, ifname=ifname)


def ruleset(node: Node) -> str:
    return node.run(["nft", "list", "ruleset", "bridge"]).checked().stdout


def drifts(asked: Request, link: str, mac: str = MAC) -> list[str]:
    """What CHECK would find."""
    expected = spoofcheck.declare(asked, link, mac)
    state = State()
    state.extend(NODE, lookup.find(one.entity for one in expected))
    return [str(drift) for drift in compare(expected, state)]


def test_the_ruleset_is_that_of_the_go_plugins(inside: Node) -> None:
    """Table, chains, rules and comments are theirs; DEL leaves table and base chain, and may come again."""
    spoofcheck.setup(request(), "vethe32f79df", MAC)
    assert ruleset(inside) == RULESET
    assert drifts(request(), "vethe32f79df") == []
    spoofcheck.teardown(request())
    assert ruleset(inside) == EMPTY
    spoofcheck.teardown(request())
    assert drifts(request(), "vethe32f79df")


@pytest.mark.usefixtures("inside")
def test_interfaces_may_have_names_that_nft_cannot_write() -> None:
    """The kernel takes an @ in the name of a chain; nft's language does not."""
    asked = request("Z.-_", "net@1.+%")
    spoofcheck.setup(asked, "vethe32f79df", MAC)
    assert drifts(asked, "vethe32f79df") == []
    spoofcheck.teardown(asked)
    assert drifts(asked, "vethe32f79df")


@pytest.mark.interop
def test_it_is_what_the_go_bridge_makes_and_removes(inside: Node, go_plugins: str) -> None:
    """The Go bridge's rules are declared and removed by us, and ours by it."""
    conf = {
        "cniVersion": "0.4.0",
        "name": "mynet",
        "type": "bridge",
        "bridge": "br-test",
        "macspoofchk": True,
    }
    environment = {
        **os.environ,
        "CNI_CONTAINERID": "cid1",
        "CNI_IFNAME": "eth0",
        "CNI_NETNS": inside.new_netns("pod"),
        "CNI_PATH": go_plugins,
    }

    def go(command: str) -> dict[str, Any]:
        run = inside.run(
            [f"{go_plugins}/bridge"], env={**environment, "CNI_COMMAND": command}, stdin=json.dumps(conf)
        )
        result: dict[str, Any] = json.loads(run.checked().stdout or "{}")
        return result

    _, outer, inner = go("ADD")["interfaces"]
    theirs = ruleset(inside)
    assert drifts(request(), outer["name"], inner["mac"]) == []
    spoofcheck.teardown(request())
    assert ruleset(inside) == EMPTY
    spoofcheck.setup(request(), outer["name"], inner["mac"])
    assert ruleset(inside) == theirs
    go("DEL")
    assert ruleset(inside) == EMPTY


def test_frames_with_another_source_address_are_dropped(inside: Node) -> None:
    """What comes in with the container's address passes; from another address nothing does."""
    inside.new_netns("pod")
    for words in (
        "link add br0 type bridge",
        "link add outer type veth peer name inner netns /run/netns/pod",
        "link set outer master br0 up",
        "addr add 10.9.0.1/24 dev br0",
        "link set br0 up",
    ):
        inside.run(["ip", *words.split()]).checked()
    for words in (f"link set inner address {MAC}", "addr add 10.9.0.2/24 dev inner", "link set inner up"):
        inside.run(["ip", *words.split()], netns="pod").checked()

    def reaches() -> bool:
        for netns in ("", "pod"):
            inside.run(["ip", "neigh", "flush", "all"], netns=netns).checked()
        return inside.run([sys.executable, "-c", KNOCK], netns="pod").status == 0

    spoofcheck.setup(request(), "outer", MAC)
    assert reaches()
    inside.run(["ip", "link", "set", "inner", "address", "02:00:00:00:00:99"], netns="pod").checked()
    assert not reaches()
    spoofcheck.teardown(request())
    assert reaches()


def test_adding_again_replaces_the_rules(inside: Node) -> None:
    """A repeated ADD, with another link and address, leaves one set of rules: the new one."""
    spoofcheck.setup(request(), "vethold", "02:00:00:00:00:01")
    spoofcheck.setup(request(), "vethe32f79df", MAC)
    assert ruleset(inside) == RULESET


def test_others_keep_their_rules(inside: Node) -> None:
    """An id that begins like another's is another's."""
    spoofcheck.setup(request(), "vethe32f79df", MAC)
    spoofcheck.setup(request(ifname="eth00"), "veth2", MAC)
    spoofcheck.teardown(request(ifname="eth00"))
    assert ruleset(inside) == RULESET


def test_what_check_costs(inside: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is listed once, and chain by chain when there are many of others: those are not read."""
    spoofcheck.setup(request(), "vethe32f79df", MAC)
    for number in range(lookup.UNWANTED):
        inside.run(["nft", "add", "chain", "bridge", "nat", f"other{number}"]).checked()
    another = ["nft", "add", "chain", "bridge", "nat", "another"]
    with monkeypatch.context() as patched:
        patched.setenv("PATH", recording_path(tmp_path))
        assert drifts(request(), "vethe32f79df") == []
    assert recorded(tmp_path) == ["nft"]
    inside.run(another).checked()
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        assert drifts(request(), "vethe32f79df") == []
    assert recorded(tmp_path) == ["nft"] * 3


def test_twenty_at_once(inside: Node) -> None:
    """ADDs that meet each get their rules; DELs that meet, twice for each, remove them all."""
    assert together(20, lambda n: spoofcheck.setup(request(f"c{n}"), f"veth{n}", MAC)) == [0] * 20
    assert ruleset(inside).count("iifname") == 20
    assert together(20, lambda n: spoofcheck.teardown(request(f"c{n // 2 * 2}"))) == [0] * 20
    assert ruleset(inside).count("iifname") == 10


def test_gc_removes_rules_of_links_that_are_gone(inside: Node) -> None:
    """What is not valid goes when its link is gone too: the link may belong to another network."""
    inside.run(["ip", "link", "add", "vethhere", "type", "veth", "peer", "name", "inner"]).checked()
    spoofcheck.setup(request("gone"), "vethgone", MAC)
    spoofcheck.setup(request("elsewhere"), "vethhere", MAC)
    spoofcheck.setup(request("kept"), "vethkept", MAC)
    nft.apply("add rule bridge nat PREROUTING iifname vethgone accept comment foreign\n")
    spoofcheck.gc(request(), {("kept", "eth0")})
    left = ruleset(inside)
    assert "macspoofchk-gone" not in left
    assert "cni-br-iface-gone" not in left
    for one in ("macspoofchk-elsewhere", "macspoofchk-kept", "foreign"):
        assert one in left


def test_failures_are_told_in_the_words_of_the_go_plugins(
    inside: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Without nft ADD fails and says so; DEL of nothing has nothing to complain about."""
    spoofcheck.setup(request("other"), "veth2", MAC)
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = 'could not find nftables binary: exec: "nft": executable file not found in $PATH'
    with pytest.raises(CniError) as raised:
        spoofcheck.setup(request(), "vethe32f79df", MAC)
    assert raised.value.msg == f"failed to setup spoof-check: {missing}"
    spoofcheck.teardown(request())
    with pytest.raises(CniError) as raised:
        spoofcheck.teardown(request("other"))
    assert raised.value.msg == f"failed to teardown spoof-check: {missing}"
    spoofcheck.gc(request(), {("other", "eth0")})
    monkeypatch.undo()
    assert ruleset(inside).count("iifname") == 1


@pytest.mark.usefixtures("inside")
def test_a_rule_that_goes_meanwhile_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody else removes a rule between our look and our removal, we look again."""
    spoofcheck.setup(request(), "vethe32f79df", MAC)
    apply: Callable[..., None] = nft.apply
    attempts = []

    def late(commands: str, **how: Any) -> None:
        attempts.append(commands)
        if len(attempts) == 1:
            apply("flush chain bridge nat PREROUTING\n")
        apply(commands, **how)

    monkeypatch.setattr(nft, "apply", late)
    spoofcheck.teardown(request())
    assert len(attempts) == 2
    assert not nft.has_chain("bridge", "nat", "cni-br-iface-cid1-eth0")
