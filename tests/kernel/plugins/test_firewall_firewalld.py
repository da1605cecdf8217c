"""firewall with a real firewalld on a bus of its own: sources of zones, and which backend is chosen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.filtering import (
    accepted,
    filtering,
    own,
    recorded_addresses,
    rules,
    sources,
    start_firewalld,
    stop,
)
from tests.kernel.plugins.forwarding import recorded, recording_path

BOTH = ["10.0.0.2/32", "2001:db8::2/128"]


def collect(attachment: Attachment) -> None:
    """GC when nothing is valid."""
    done = attachment.call("GC", {**attachment.plugins[0], "cni.dev/valid-attachments": []})
    assert (done.status, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize("backend", ["firewalld", None])
def test_the_life_of_a_source(backend: str | None, firewalld: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Asked for or found running: the addresses are bound to the zone, and no iptables is run."""
    attachment = filtering(firewalld, plugins_dir, backend=backend, path=recording_path(tmp_path))
    given = attachment.result
    assert attachment.add() == given
    assert sources(firewalld) == BOTH
    assert attachment.add() == given, "a second time"
    assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert sources(firewalld) == []
    assert recorded_addresses(firewalld) == []
    assert recorded(tmp_path) == []
    assert [line for line in rules(firewalld) if "CNI" in line] == []


def test_a_zone_of_choice_and_what_is_in_its_way(firewalld: Node, plugins_dir: str) -> None:
    """An address that another zone has is refused with firewalld's words, and nothing is left."""
    filtering(firewalld, plugins_dir, firewalldZone="home", addresses=("10.0.0.2/24",)).add()
    assert sources(firewalld, "home") == ["10.0.0.2/32"]
    attachment = filtering(firewalld, plugins_dir, container="cid2", addresses=("10.0.0.3/24", "10.0.0.2/24"))
    done = attachment.call("ADD", attachment.plugins[0])
    assert said(done).startswith("failed to add the address 10.0.0.2/32 to trusted zone: ZONE_CONFLICT: ")
    assert sources(firewalld) == []
    assert sources(firewalld, "home") == ["10.0.0.2/32"]
    assert recorded_addresses(firewalld) == ["10.0.0.2"]
    unknown = filtering(firewalld, plugins_dir, container="cid3", firewalldZone="nowhere")
    done = unknown.call("ADD", unknown.plugins[0])
    assert said(done) == "failed to add the address 10.0.0.2/32 to nowhere zone: INVALID_ZONE: nowhere"


def test_check_notices_a_source_that_is_gone(firewalld: Node, plugins_dir: str) -> None:
    """As after a reload, which drops what was bound at run time; another ADD puts it back."""
    attachment = filtering(firewalld, plugins_dir)
    attachment.add()
    firewalld.run(["firewall-cmd", "--zone=trusted", "--remove-source=2001:db8::2/128"]).checked()
    assert attachment.check() == "2001:db8::2/128 is no source of firewalld's zone trusted"
    firewalld.run(["firewall-cmd", "--reload"]).checked()
    assert attachment.check().startswith("10.0.0.2/32 is no source of firewalld's zone trusted; 2001")
    attachment.add()
    assert attachment.check() == ""
    stop(firewalld, "firewalld")
    attachment.plugins[0]["backend"] = "firewalld"
    assert attachment.check().startswith("10.0.0.2/32 is no source")
    attachment.delete()


@pytest.mark.parametrize("way", ["previous result gone", "another zone now", "another backend now", "GC"])
def test_what_is_bound_is_unbound(way: str, firewalld: Node, plugins_dir: str) -> None:
    """The record tells the zone, whatever the configuration says by now."""
    kept = filtering(firewalld, plugins_dir, container="cid2", addresses=("10.0.0.9/24",), name="other")
    kept.add()
    attachment = filtering(firewalld, plugins_dir)
    attachment.add()
    if way == "GC":
        collect(attachment)
    else:
        changed: dict[str, Any] = {
            "previous result gone": {},
            "another zone now": {"firewalldZone": "home"},
            "another backend now": {"backend": "iptables"},
        }[way]
        if way == "previous result gone":
            attachment.result = None
        done = attachment.call("DEL", {**attachment.plugins[0], **changed}, netns="/run/netns/never")
        assert (done.status, done.stdout) == (0, "")
    assert sources(firewalld) == ["10.0.0.9/32"]
    assert recorded_addresses(firewalld) == ["10.0.0.9"]
    assert kept.check() == ""


def test_a_policy_is_made_with_iptables_all_the_same(firewalld: Node, plugins_dir: str) -> None:
    """firewalld lets through, iptables keeps apart; rules that accept are not made."""
    attachment = filtering(firewalld, plugins_dir, ingressPolicy="isolated")
    attachment.add()
    assert sources(firewalld) == BOTH
    for version in (4, 6):
        lines = [line for line in rules(firewalld, version) if "CNI" in line]
        assert (len(lines), [line for line in lines if "CNI-FORWARD" in line]) == (6, [])
    assert attachment.check() == ""
    firewalld.run(["iptables", "-F", "CNI-ISOLATION-STAGE-2"]).checked()
    assert attachment.check().startswith("rule iptables filter CNI-ISOLATION-STAGE-2: -o upstream")


def test_firewalld_comes_and_goes(node: Node, plugins_dir: str) -> None:
    """What ADD used is written down, so that CHECK and DEL know; DEL succeeds without firewalld."""
    before = filtering(node, plugins_dir, container="before", addresses=("10.0.0.2/24",))
    before.add()
    assert own(node) == accepted("10.0.0.2")
    start_firewalld(node)
    for word in ("-F", "-X"):  # with which firewalld itself began before its release 2
        node.run(["iptables", word]).checked()
    assert before.check().startswith("chain iptables filter CNI-FORWARD is missing")
    during = filtering(node, plugins_dir, container="during", addresses=("10.0.0.3/24",))
    during.add()
    assert sources(node) == ["10.0.0.3/32"]
    before.delete()
    stop(node, "firewalld")
    after = filtering(node, plugins_dir, container="after", addresses=("10.0.0.4/24",))
    after.add()
    assert own(node) == accepted("10.0.0.4"), "the bus is there, firewalld is not"
    after.delete()
    during.delete()
    named = filtering(node, plugins_dir, container="named", backend="firewalld")
    named.delete()
    assert recorded_addresses(node) == []
    stop(node, "bus")
    named.delete()
    done = named.call("STATUS", named.plugins[0])
    assert (done.status, json.loads(done.stdout)["code"]) == (1, 50)


def test_without_a_bus_the_error_is_that_of_the_go_plugin(node: Node, plugins_dir: str) -> None:
    """Where firewalld was asked for; nothing is left."""
    attachment = filtering(node, plugins_dir, backend="firewalld")
    done = attachment.call("ADD", attachment.plugins[0])
    assert json.loads(done.stdout)["code"] == 999
    assert said(done).startswith(
        "dial unix /var/run/dbus/system_bus_socket: connect: no such file or directory; start the system bus"
    )
    assert recorded_addresses(node) == []


def test_status_asks_what_add_would_use(firewalld: Node, plugins_dir: str) -> None:
    """firewalld where it runs or is asked for; iptables then only for a policy."""
    attachment = filtering(firewalld, plugins_dir, backend="firewalld", path="/nowhere")
    assert attachment.call("STATUS", attachment.plugins[0]).status == 0
    done = attachment.call("STATUS", {**attachment.plugins[0], "ingressPolicy": "isolated"})
    assert said(done).startswith("could not initialize iptables protocol 0")
    stop(firewalld, "firewalld")
    assert said(attachment.call("STATUS", attachment.plugins[0])).startswith(
        "firewalld is not on the system bus"
    )


def without_handles(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what nft lists, chain by chain, but for the numbers: firewalld makes its zones in any order."""
    found = [
        {kind: {key: value for key, value in members.items() if key != "handle"}}
        for entry in entries
        for kind, members in entry.items()
    ]
    return sorted(found, key=chain_of)  # which leaves the rules of a chain as they follow one another


def chain_of(entry: dict[str, Any]) -> tuple[str, str]:
    ((kind, members),) = entry.items()
    return kind, str(members.get("chain") or members.get("name"))


def test_both_implementations_bind_the_same(
    make_node: Callable[[], Node], plugins_dir: str, go_plugins: str
) -> None:
    """Each deletes, and ours checks, what the other added; after DEL nothing is bound."""
    found = []
    for adding, deleting in ((plugins_dir, go_plugins), (go_plugins, plugins_dir)):
        node = make_node()
        start_firewalld(node)
        addresses = ("10.0.0.2/24", "2001:db8::2/64", "10.7.0.2/16")
        attachment = filtering(node, plugins_dir, version="1.0.0", addresses=addresses)
        attachment.add(plugins_dir=adding)
        found.append((sources(node), without_handles(witness.nft(node))))
        assert attachment.check() == ""
        attachment.delete(plugins_dir=deleting)
        assert sources(node) == []
    assert found[0] == found[1]
    assert found[0][0] == ["10.0.0.2/32", "2001:db8::2/128", "10.7.0.2/32"]
