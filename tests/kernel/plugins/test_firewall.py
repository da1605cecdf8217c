"""firewall with iptables on a real kernel: what ADD makes, what it costs, and what CHECK notices."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.plugins.attachment import said
from tests.kernel.plugins.filtering import (
    COMMENT,
    TO_ADMIN,
    TO_FORWARD,
    accepted,
    filtering,
    own,
    recorded_addresses,
    rules,
)
from tests.kernel.plugins.forwarding import Variant, recorded, recording_path, variant_path

BOTH: tuple[Literal[4, 6], ...] = (4, 6)
FOR_ALL = f'{COMMENT} (ingressPolicy: same-bridge|isolated)"'
TO_STAGE_1 = f"-A FORWARD {FOR_ALL} -j CNI-ISOLATION-STAGE-1"


def stages(policy: str, *bridges: str) -> list[str]:
    """Return the rules of both stages for bridges, the last one that came first."""
    for_one = f'{COMMENT} (ingressPolicy: {policy})"'
    first, second = "-A CNI-ISOLATION-STAGE-1", "-A CNI-ISOLATION-STAGE-2"
    lines = []
    for bridge in bridges:
        if policy == "isolated":
            lines.append(f"{first} -i {bridge} -o {bridge} {for_one} -j DROP")
        lines.append(f"{first} -i {bridge} ! -o {bridge} {for_one} -j CNI-ISOLATION-STAGE-2")
    lines.append(f"{first} {FOR_ALL} -j RETURN")
    lines += [f"{second} -o {bridge} {FOR_ALL} -j DROP" for bridge in bridges]
    return [*lines, f"{second} {FOR_ALL} -j RETURN"]


@pytest.mark.parametrize("version", ["0.4.0", "1.0.0", "1.1.0"])
def test_life_in_every_version(version: str, node: Node, plugins_dir: str) -> None:
    """ADD, CHECK, DEL and DEL again succeed; the Result is the previous one."""
    attachment = filtering(node, plugins_dir, version=version)
    given = attachment.result
    assert attachment.add() == ({**(given or {}), "dns": {}} if version == "0.4.0" else given)
    assert (len(own(node)), len(own(node, 6))) == (2, 2)
    assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert (own(node), own(node, 6), recorded_addresses(node)) == ([], [], [])


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_the_rules_of_both_families(variant: Variant, node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """In the order of the Go plugin, of several addresses in that of the Result; what is shared stays."""
    path = variant_path(tmp_path, variant)
    addresses = ("10.0.0.2/24", "2001:db8::2/64", "10.7.0.2/16", "2001:db8:7::2/64")
    attachment = filtering(node, plugins_dir, addresses=addresses, path=path)
    attachment.add()
    for version, wanted in zip(
        BOTH, [("10.0.0.2", "10.7.0.2"), ("2001:db8::2", "2001:db8:7::2")], strict=True
    ):
        assert rules(node, version, variant) == [TO_FORWARD, TO_ADMIN, *accepted(*wanted)]
    assert attachment.check() == ""
    attachment.delete()
    for version in BOTH:
        assert rules(node, version, variant) == [TO_FORWARD, TO_ADMIN]
        assert ":CNI-ADMIN -" in witness.iptables(node, "filter", version=version, variant=variant)


@pytest.mark.parametrize("addresses", [("10.0.0.2/24",), ("2001:db8::2/64",)])
def test_a_family_without_addresses_gets_nothing(
    addresses: tuple[str, ...], node: Node, plugins_dir: str
) -> None:
    """Not even the shared chains."""
    attachment = filtering(node, plugins_dir, addresses=addresses, ingressPolicy="isolated")
    attachment.add()
    assert attachment.check() == ""
    other: Literal[4, 6] = 4 if ":" in addresses[0] else 6
    assert [line for line in witness.iptables(node, "filter", version=other) if "CNI" in line] == []
    attachment.delete()


def test_without_addresses_nothing_is_made(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """No program is run; CHECK and DEL are content."""
    attachment = filtering(
        node, plugins_dir, addresses=(), ingressPolicy="isolated", path=recording_path(tmp_path)
    )
    attachment.add()
    assert attachment.check() == ""
    attachment.delete()
    assert recorded(tmp_path) == []


def test_the_jump_is_put_in_front_and_left_where_it_is(node: Node, plugins_dir: str) -> None:
    """Before what others have in FORWARD when it is made; afterwards they may go before it."""
    node.run(["iptables", "-A", "FORWARD", "-j", "DROP"]).checked()
    filtering(node, plugins_dir, addresses=("10.0.0.2/24",)).add()
    assert rules(node)[:2] == [TO_FORWARD, "-A FORWARD -j DROP"]
    node.run(["iptables", "-I", "FORWARD", "-s", "192.0.2.1", "-j", "DROP"]).checked()
    filtering(node, plugins_dir, addresses=("10.0.0.3/24",), container="cid2").add()
    assert rules(node)[:3] == ["-A FORWARD -s 192.0.2.1/32 -j DROP", TO_FORWARD, "-A FORWARD -j DROP"]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("policy", ["open", "isolated"])
def test_policies_stay_before_the_jump_when_it_comes_later(
    policy: str, variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """As where firewalld let the first containers through: what a policy drops is not accepted before."""
    path = variant_path(tmp_path, variant)
    filtering(node, plugins_dir, ingressPolicy="isolated", bridge="br-a", path=path).add()
    other = f"-A FORWARD -s 192.0.2.1/32 {COMMENT}" + ' (ingressPolicy: none)" -j DROP'
    for program in (f"iptables-{variant}", f"ip6tables-{variant}"):
        node.run([program, "-D", "FORWARD", "2"]).checked()
    node.run([f"iptables-{variant}", "-I", *shlex.split(other)[1:]]).checked()
    attachment = filtering(
        node,
        plugins_dir,
        ingressPolicy=policy,
        container="cid2",
        addresses=("10.0.0.3/24", "fd00::3/64"),
        path=path,
    )
    attachment.add()
    assert rules(node, 4, variant)[:3] == [TO_STAGE_1, TO_FORWARD, other]
    assert rules(node, 6, variant)[:2] == [TO_STAGE_1, TO_FORWARD]
    assert attachment.check() == ""


def test_another_chain_for_the_administrator(node: Node, plugins_dir: str) -> None:
    """It is made where it is missing, and asked before all other rules; one that is there keeps its rules."""
    node.run(["iptables", "-N", "MINE"]).checked()
    node.run(["iptables", "-A", "MINE", "-s", "192.0.2.1", "-j", "DROP"]).checked()
    attachment = filtering(node, plugins_dir, iptablesAdminChainName="MINE")
    attachment.add()
    assert attachment.check() == ""
    jump = TO_ADMIN.replace("CNI-ADMIN", "MINE")
    assert rules(node) == [TO_FORWARD, jump, *accepted("10.0.0.2"), "-A MINE -s 192.0.2.1/32 -j DROP"]
    assert ":MINE -" in witness.iptables(node, "filter", version=6)
    filtering(node, plugins_dir, container="cid2", addresses=("10.0.0.3/24",)).add()
    assert rules(node)[1:3] == [TO_ADMIN, jump]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("policy", ["same-bridge", "isolated"])
def test_the_rules_of_a_policy(
    policy: str, variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Asked before the rules that accept; of several bridges the last one that came stands first."""
    path = variant_path(tmp_path, variant)
    attachment = filtering(node, plugins_dir, ingressPolicy=policy, bridge="br-a", path=path)
    attachment.add()
    for version, address in zip(BOTH, ("10.0.0.2", "2001:db8::2"), strict=True):
        assert rules(node, version, variant) == [
            TO_STAGE_1,
            TO_FORWARD,
            TO_ADMIN,
            *accepted(address),
            *stages(policy, "br-a"),
        ]
    second = filtering(
        node,
        plugins_dir,
        ingressPolicy=policy,
        bridge="br-b",
        container="cid2",
        addresses=("10.1.0.2/24",),
        path=path,
    )
    second.add()
    assert rules(node, 4, variant)[7:] == stages(policy, "br-b", "br-a")
    assert (attachment.check(), second.check()) == ("", "")
    for one in (attachment, second):
        one.delete()
    assert rules(node, 4, variant) == [TO_STAGE_1, TO_FORWARD, TO_ADMIN, *stages(policy, "br-b", "br-a")]


def test_a_bridge_that_becomes_isolated_keeps_its_old_rule(node: Node, plugins_dir: str) -> None:
    """As with the Go plugin; the new ones come first."""
    filtering(node, plugins_dir, ingressPolicy="same-bridge", addresses=("10.0.0.2/24",)).add()
    attachment = filtering(
        node, plugins_dir, ingressPolicy="isolated", addresses=("10.0.0.3/24",), container="cid2"
    )
    attachment.add()
    assert attachment.check() == ""
    first = [line for line in rules(node) if line.startswith("-A CNI-ISOLATION-STAGE-1")]
    assert first == [
        *stages("isolated", "upstream")[:2],
        *stages("same-bridge", "upstream")[:2],
    ]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("disturbance", ["", "-D CNI-FORWARD 2", "-D CNI-FORWARD 3", "-F FORWARD"])
def test_a_second_add_makes_good_and_nothing_twice(
    disturbance: str, variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Whatever was there already stays the only one of its kind."""
    path = variant_path(tmp_path, variant)
    attachment = filtering(node, plugins_dir, ingressPolicy="isolated", path=path)
    attachment.add()
    before = sorted(rules(node, 4, variant)), sorted(rules(node, 6, variant))
    if disturbance:
        node.run([f"iptables-{variant}", *disturbance.split()]).checked()
    attachment.add()
    assert (sorted(rules(node, 4, variant)), sorted(rules(node, 6, variant))) == before
    assert attachment.check() == ""


def test_rules_of_somebody_else_for_the_address_are_not_mistaken(node: Node, plugins_dir: str) -> None:
    """An administrator's rule in CNI-FORWARD names the address as well, before and after."""
    attachment = filtering(node, plugins_dir, addresses=("10.0.0.2/24",))
    attachment.add()
    attachment.delete()
    stranger = "-A CNI-FORWARD -s 10.0.0.2/32 -p tcp -j DROP"
    node.run(["iptables", *stranger.split()]).checked()
    attachment.add()
    assert rules(node)[2:] == [stranger, *accepted("10.0.0.2")]
    attachment.delete()
    assert rules(node)[2:] == [stranger]


def test_what_a_call_costs(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """ADD runs one program a family once the shared chains are there.

    CHECK runs none if all is well, and DEL none if all is as ADD made it.
    """
    path = recording_path(tmp_path)
    families = ["iptables-restore", "ip6tables-restore"]
    keys: dict[str, Any] = {"ingressPolicy": "isolated", "path": path}
    filtering(node, plugins_dir, container="first", addresses=("10.0.0.9/24", "fd00::9/64"), **keys).add()
    recorded(tmp_path)
    attachment = filtering(node, plugins_dir, **keys)
    attachment.add()
    assert recorded(tmp_path) == families
    assert attachment.check() == ""
    assert recorded(tmp_path) == []
    for _ in range(2):
        attachment.delete()
        assert recorded(tmp_path) == []
    filtering(node, plugins_dir, container="third", addresses=("10.0.0.3/24",), **keys).add()
    assert recorded(tmp_path) == families[:1]


DISTURBANCES = {
    "iptables -F FORWARD": 'rule iptables filter FORWARD: -m comment --comment "CNI firewall plugin rules"',
    "ip6tables -F FORWARD": "rule ip6tables filter FORWARD: -m comment --comment",
    "iptables -D CNI-FORWARD 1": (
        'rule iptables filter CNI-FORWARD: -m comment --comment "CNI firewall plugin admin overrides"'
        " -j CNI-ADMIN is missing"
    ),
    "iptables -D CNI-FORWARD 2": (
        "rule iptables filter CNI-FORWARD: -d 10.0.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED"
        " -j ACCEPT is missing"
    ),
    "ip6tables -D CNI-FORWARD 3": (
        "rule ip6tables filter CNI-FORWARD: -s 2001:db8::2/128 -j ACCEPT is missing"
    ),
    "iptables -D CNI-ISOLATION-STAGE-1 1": (
        "rule iptables filter CNI-ISOLATION-STAGE-1: -i upstream -o upstream"
    ),
    "iptables -D CNI-ISOLATION-STAGE-1 2": (
        "rule iptables filter CNI-ISOLATION-STAGE-1: -i upstream ! -o upstream"
    ),
    "ip6tables -F CNI-ISOLATION-STAGE-1": "rule ip6tables filter CNI-ISOLATION-STAGE-1: -i upstream",
    "iptables -F CNI-ISOLATION-STAGE-2": "rule iptables filter CNI-ISOLATION-STAGE-2: -o upstream",
    "nft delete table ip filter": "chain iptables filter CNI-FORWARD is missing",
}


@pytest.mark.parametrize("command", DISTURBANCES)
def test_check_names_what_was_disturbed(command: str, node: Node, plugins_dir: str) -> None:
    """In words that say which rule is not there any more; and another ADD puts it back."""
    attachment = filtering(node, plugins_dir, ingressPolicy="isolated")
    attachment.add()
    assert attachment.check() == ""
    node.run(command.split()).checked()
    assert attachment.check().startswith(DISTURBANCES[command])
    attachment.add()
    assert attachment.check() == ""
    attachment.delete()
    assert (own(node), own(node, 6)) == ([], [])


def test_check_changes_nothing(node: Node, plugins_dir: str) -> None:
    """The Go plugin makes the chains that it looks for."""
    attachment = filtering(node, plugins_dir)
    assert attachment.check().startswith("chain iptables filter CNI-FORWARD is missing")
    assert [line for line in witness.iptables(node, "filter") if "CNI" in line] == []


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_twenty_at_once(variant: Variant, node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Nothing shared is made twice, nothing gets lost; the same container twenty times is there once."""
    path = variant_path(tmp_path, variant)
    attachments = [
        filtering(
            node,
            plugins_dir,
            container=f"c{i}",
            addresses=(f"10.0.0.{i + 2}/24", f"fd00::{i + 2}/64"),
            ingressPolicy="isolated",
            path=path,
        )
        for i in range(20)
    ]
    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(lambda one: one.add(), [*attachments, *attachments[:1] * 19]))
        for version in BOTH:
            found = rules(node, version, variant)
            assert len(found) == len(set(found)) == 3 + 5 + 20 * 2
        assert list(at_once.map(lambda one: one.check(), attachments)) == [""] * 20
        list(at_once.map(lambda one: one.delete(), [*attachments, *attachments[:1] * 10]))
    assert (own(node, 4, variant), own(node, 6, variant), recorded_addresses(node)) == ([], [], [])


def test_what_iptables_refuses_is_said_in_full(node: Node, plugins_dir: str) -> None:
    """With the words of the program, and with nothing left of the container."""
    attachment = filtering(node, plugins_dir, ingressPolicy="isolated", bridge="a-name-that-is-too-long")
    done = attachment.call("ADD", attachment.plugins[0])
    assert (done.status, json.loads(done.stdout)["code"]) == (1, 999)
    assert "a-name-that-is-too-long" in said(done)
    assert (own(node), own(node, 6), recorded_addresses(node)) == ([], [], [])
    attachment = filtering(node, plugins_dir, ingressPolicy="isolated", bridge="a\nb", container="cid2")
    done = attachment.call("ADD", attachment.plugins[0])
    assert said(done).startswith("iptables rule with a control character")
    assert recorded_addresses(node) == []


def test_status_tells_whether_add_could_work(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """With programs it could; without one of them, or with one that cannot do anything, it could not."""
    attachment = filtering(node, plugins_dir)
    assert attachment.call("STATUS", attachment.plugins[0]).status == 0
    for program in ("iptables", "ip6tables"):
        script = tmp_path / program
        script.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && echo "iptables v1.8.9 (nf_tables)" && exit\nexit 3\n'
        )
        script.chmod(0o755)
    broken = filtering(node, plugins_dir, path=str(tmp_path))
    done = broken.call("STATUS", broken.plugins[0])
    assert json.loads(done.stdout)["code"] == 50
    assert said(done).startswith("iptables cannot be used here")
