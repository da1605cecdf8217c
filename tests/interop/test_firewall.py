"""Our firewall beside the packaged Go one: the same rules, each other's containers, the same refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.filtering import accepted, filtering, rules, start_firewalld

pytestmark = pytest.mark.interop

OLD_COMMENT = "(ingressPolicy: same-bridge)"
COMMENT = "(ingressPolicy: same-bridge|isolated)"
PLUGIN: dict[str, Any] = {"version": "1.0.0", "addresses": ("10.0.0.2/24", "fd00::2/64", "10.7.0.2/16")}


def both(node: Node) -> list[str]:
    return [*rules(node, 4), *rules(node, 6)]


@pytest.mark.parametrize("keys", [{}, {"iptablesAdminChainName": "OURS"}, {"ingressPolicy": "open"}])
def test_every_rule_is_the_same(
    keys: dict[str, Any], make_node: Callable[[], Node], plugins_dir: str, go_plugins: str
) -> None:
    """In the same order, after ADD, after a second one, and after the DEL of the other implementation."""
    found: list[list[list[str]]] = []
    for adding, deleting in ((plugins_dir, go_plugins), (go_plugins, plugins_dir)):
        node = make_node()
        for words in ("-A FORWARD -s 192.0.2.0/24 -j DROP", "-N OURS", "-A OURS -j RETURN"):
            node.run(["iptables", *words.split()]).checked()
        attachment = filtering(node, plugins_dir, **PLUGIN, **keys)
        steps = []
        for step in (attachment.add, attachment.add, attachment.delete):
            step(deleting if step == attachment.delete else adding)
            steps.append(both(node))
            if step != attachment.delete:
                assert (attachment.check(plugins_dir), attachment.check(go_plugins)) == ("", "")
        assert steps[0] == steps[1]
        assert [line for line in steps[2] if line in accepted("10.0.0.2", "fd00::2", "10.7.0.2")] == []
        found.append(steps)
    assert found[0] == found[1]


def test_the_rules_of_a_policy_but_for_their_comments(
    make_node: Callable[[], Node], plugins_dir: str, go_plugins: str
) -> None:
    """1.7.0, which brought `isolated`, changed the comments of what all bridges share."""
    found = []
    for adding in (plugins_dir, go_plugins):
        node = make_node()
        for number in (2, 3):
            filtering(
                node,
                plugins_dir,
                version="1.0.0",
                ingressPolicy="same-bridge",
                bridge=f"br{number}",
                container=f"c{number}",
                addresses=(f"10.0.{number}.2/24", f"fd00:{number}::2/64"),
            ).add(adding)
        found.append([line.replace(COMMENT, OLD_COMMENT) for line in both(node)])
    assert found[0] == found[1]


@pytest.mark.parametrize("first", ["ours", "go"])
def test_they_share_the_chains(first: str, node: Node, plugins_dir: str, go_plugins: str) -> None:
    """Containers of both come and go on one node; each makes good what the other's ADD lacks."""
    turns = [plugins_dir, go_plugins] if first == "ours" else [go_plugins, plugins_dir]
    attachments = [
        filtering(
            node,
            plugins_dir,
            version="1.0.0",
            container=f"c{n}",
            addresses=(f"10.0.0.{n + 2}/24", f"fd00::{n + 2}/64"),
        )
        for n in range(4)
    ]
    for n, one in enumerate(attachments):
        one.add(turns[n % 2])
    found = both(node)
    assert len(found) == 2 * (2 + 4 * 2)
    assert len(set(found)) == 2 + 2 * 4 * 2, "the shared rules are the same in both families"
    node.run(["iptables", "-D", "CNI-FORWARD", "3"]).checked()
    node.run(["ip6tables", "-F", "FORWARD"]).checked()
    for n, one in enumerate(attachments):
        one.add(turns[(n + 1) % 2])
    assert sorted(both(node)) == sorted(found)
    for n, one in enumerate(attachments):
        assert (one.check(plugins_dir), one.check(go_plugins)) == ("", "")
        one.delete(turns[(n + 1) % 2])
    assert len(both(node)) == 2 * 2


def said(attachment: Attachment, directory: str, command: str, **more: Any) -> str:
    """Return the message of a call that fails, "" of one that does not."""
    done = attachment.call(command, attachment.plugins[0], plugins_dir=directory, **more)
    return "" if done.status == 0 else str(json.loads(done.stdout)["msg"])


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
@pytest.mark.parametrize(
    ("keys", "more"),
    [
        ({"version": "0.3.1"}, {}),
        ({"version": "9.9.9"}, {}),
        ({}, {"prevResult": None}),
        ({"ingressPolicy": "bogus"}, {}),
        ({"backend": "firewalld"}, {}),
        ({"path": "/nowhere"}, {}),
    ],
)
def test_they_refuse_in_the_same_words(
    command: str,
    keys: dict[str, Any],
    more: dict[str, Any],
    make_node: Callable[[], Node],
    plugins_dir: str,
    go_plugins: str,
) -> None:
    """But that our DEL goes on, and that the Go CHECK looks at less."""
    node = make_node()
    attachment = filtering(node, plugins_dir, **{"version": "1.0.0", **keys})
    if more:
        attachment.result = None
    ours, go = (said(attachment, directory, command) for directory in (plugins_dir, go_plugins))
    unlike = {
        ("DEL", "ingressPolicy"): "",
        ("DEL", "backend"): "",
        ("DEL", "path"): "",
        ("CHECK", "ingressPolicy"): ours,
        ("CHECK", "backend"): "10.0.0.2/32 is no source of firewalld's zone trusted",
        ("CHECK", "path"): ours,
    }
    assert go or command == "CHECK" or "prevResult" in more
    assert ours == unlike.get((command, next(iter(keys), "")), go)
    assert ours or command == "DEL"


def test_what_firewalld_refuses(node: Node, plugins_dir: str, go_plugins: str) -> None:
    """Its words follow the same ones of ours."""
    start_firewalld(node)
    for zone in ("nowhere", "home"):
        attachment = filtering(node, plugins_dir, version="1.0.0", firewalldZone=zone, container=zone)
        if zone == "home":
            node.run(["firewall-cmd", "--zone=trusted", "--add-source=10.0.0.2/32"]).checked()
        go = said(attachment, go_plugins, "ADD")
        assert go.startswith(f"failed to add the address 10.0.0.2/32 to {zone} zone: ")
        assert said(attachment, plugins_dir, "ADD") == go
