"""What firewall takes away: DEL, an ADD that fails, and GC; and what it leaves to others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.filtering import (
    TO_ADMIN,
    TO_FORWARD,
    accepted,
    filtering,
    own,
    recorded_addresses,
    rules,
)
from tests.kernel.plugins.forwarding import Variant, recorded, recording_path, variant_path

STRANGER = "-A CNI-FORWARD -s 192.0.2.1/32 -j ACCEPT"


def collect(attachment: Attachment, *valid: tuple[str, str]) -> None:
    """GC with the attachments that are valid."""
    pairs = [{"containerID": container, "ifname": ifname} for container, ifname in valid]
    done = attachment.call("GC", {**attachment.plugins[0], "cni.dev/valid-attachments": pairs})
    assert (done.status, done.stdout) == (0, ""), done.stdout


def write(node: Node, path: str, text: str) -> None:
    """Write a file of a node, with the directories above it."""
    file = Path(node.path(path))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def forget_records(node: Node) -> None:
    """Leave the node as if the Go plugin had done all that was done."""
    node.run(["rm", "-r", "/run/cni/firewall"]).checked()


@pytest.mark.parametrize("gone", ["netns", "previous result", "both"])
@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_delete_removes_all_of_an_attachment(
    gone: str, variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Also when the namespace is gone, and when the runtime has no Result to pass on."""
    path = variant_path(tmp_path, variant)
    others: list[dict[str, Any]] = [
        {"container": "cid2", "addresses": ("10.0.0.3/24", "fd00::3/64")},
        {"name": "other", "addresses": ("10.0.0.4/24",)},
        {"ifname": "net1", "addresses": ("10.0.0.5/24",)},
    ]
    for keys in others:
        filtering(node, plugins_dir, path=path, **keys).add()
    node.run([f"iptables-{variant}", *STRANGER.split()]).checked()
    before = rules(node, 4, variant), rules(node, 6, variant), recorded_addresses(node)
    attachment = filtering(node, plugins_dir, path=path)
    attachment.add()
    assert len(rules(node, 4, variant)) == len(before[0]) + 2
    if gone != "netns":
        attachment.result = None
    for _ in range(2):
        attachment.delete(netns="/run/netns/never" if gone != "previous result" else None)
        assert (rules(node, 4, variant), rules(node, 6, variant), recorded_addresses(node)) == before


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize(
    "commands",
    [
        ["-D CNI-FORWARD 2"],
        ["-D CNI-FORWARD 3"],
        ["-F CNI-FORWARD"],
        ["-F", "-X"],
        ["-A CNI-FORWARD -s 10.0.0.2 -j ACCEPT", "-A CNI-FORWARD -s 10.0.0.2 -j ACCEPT"],
    ],
)
def test_delete_after_somebody_changed_the_rules(
    variant: Variant, commands: list[str], node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Removes the rest, and what is there more than once."""
    attachment = filtering(node, plugins_dir, path=variant_path(tmp_path, variant))
    attachment.add()
    for words in commands:
        node.run([f"iptables-{variant}", *words.split()]).checked()
    attachment.delete()
    attachment.delete()
    assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])


def test_duplicates_alone_are_removed_as_well(node: Node, plugins_dir: str) -> None:
    """Where each rule is there twice the quick way would leave one of each."""
    attachment = filtering(node, plugins_dir, addresses=("10.0.0.2/24",))
    attachment.add()
    for line in accepted("10.0.0.2"):
        node.run(["iptables", *line.split()]).checked()
    assert len(own(node)) == 4
    attachment.delete()
    assert own(node) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"ingressPolicy": "bogus"},
        {"iptablesAdminChainName": "A B"},
        {"backend": "firewalld"},
        {"backend": "iptables", "iptablesAdminChainName": "OTHER"},
    ],
)
def test_delete_works_with_a_configuration_that_changed(
    changed: dict[str, Any], node: Node, plugins_dir: str
) -> None:
    """Also where ADD would refuse it: nobody could ever remove the pod otherwise."""
    attachment = filtering(node, plugins_dir)
    attachment.add()
    done = attachment.call("DEL", {**attachment.plugins[0], **changed})
    assert (done.status, done.stdout) == (0, "")
    assert (own(node), own(node, 6), recorded_addresses(node)) == ([], [], [])


def test_delete_without_programs(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Is fine where there is nothing to remove, and says what it misses where there is."""
    attachment = filtering(node, plugins_dir)
    stripped = filtering(node, plugins_dir, path=str(tmp_path))
    stripped.delete()
    attachment.add()
    done = stripped.call("DEL", stripped.plugins[0])
    assert said(done).startswith(
        'could not initialize iptables protocol 0: exec: "iptables": executable file not found in $PATH'
    )
    assert "protocol 1" in said(done), "the other family was tried as well"
    assert len(recorded_addresses(node)) == 2
    attachment.delete()
    assert recorded_addresses(node) == []


def test_delete_costs_nothing_where_there_is_nothing(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """No program is run for addresses that no rule names."""
    attachment = filtering(node, plugins_dir, path=recording_path(tmp_path))
    attachment.delete()
    filtering(node, plugins_dir, container="cid2", addresses=("10.0.0.9/24", "fd00::9/64")).add()
    attachment.delete()
    assert recorded(tmp_path) == []


@pytest.mark.parametrize("known_by", ["reservation", "record"])
def test_a_late_delete_leaves_the_successor_alone(known_by: str, node: Node, plugins_dir: str) -> None:
    """A DEL that comes again when another container has the address by now must not cut that one off."""
    addresses = ("10.0.0.2/24",)
    attachment = filtering(node, plugins_dir, addresses=addresses)
    attachment.add()
    attachment.delete()
    successor = filtering(node, plugins_dir, container="cid2", addresses=addresses)
    successor.add()
    if known_by == "reservation":  # as where the Go plugin let the successor through
        forget_records(node)
        write(node, "/var/lib/cni/networks/mynet/10.0.0.2", "cid2\r\neth0")
    attachment.delete()
    assert own(node) == accepted("10.0.0.2")
    assert successor.check() == ""
    successor.delete()
    assert own(node) == []


def test_the_reservation_counts_more_than_a_record(node: Node, plugins_dir: str) -> None:
    """A record may be of a container that the Go plugin deleted."""
    addresses = ("10.0.0.2/24",)
    filtering(node, plugins_dir, addresses=addresses, container="cid2").add()
    write(node, "/var/lib/cni/networks/mynet/10.0.0.2", "cid1\r\neth0")
    filtering(node, plugins_dir, addresses=addresses).delete()
    assert (own(node), recorded_addresses(node)) == ([], [])


def test_gc_removes_what_is_not_valid(node: Node, plugins_dir: str) -> None:
    """Of this network; a container counts with its interface; the shared rules stay."""
    kept = filtering(node, plugins_dir, addresses=("10.0.0.3/24", "fd00::3/64"), container="cid2")
    other = filtering(node, plugins_dir, addresses=("10.0.0.4/24",), name="other")
    for one in (kept, other):
        one.add()
    node.run(["iptables", *STRANGER.split()]).checked()
    before = rules(node), rules(node, 6), recorded_addresses(node)
    several: list[dict[str, Any]] = [{"container": "cid3"}, {"container": "cid2", "ifname": "net1"}]
    for keys in several:
        stale = filtering(node, plugins_dir, **keys)
        stale.add()
        assert len(rules(node)) == len(before[0]) + 2
        collect(stale, ("cid2", "eth0"))
        assert (rules(node), rules(node, 6), recorded_addresses(node)) == before
    assert kept.check() == ""
    collect(kept)
    assert own(node) == [*accepted("10.0.0.4"), STRANGER]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_gc_leaves_what_it_cannot_be_sure_of(
    variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Whoever was let through without a record may have the address: the Go plugin makes no rule twice."""
    attachment = filtering(
        node, plugins_dir, addresses=("10.0.0.2/24",), path=variant_path(tmp_path, variant)
    )
    attachment.add()
    before = rules(node, 4, variant)
    collect(attachment, ("added-by-go", "eth0"))
    assert rules(node, 4, variant) == before
    write(node, "/var/lib/cni/networks/other/10.0.0.2", "added-by-go\r\neth0")
    collect(attachment)
    assert rules(node, 4, variant) == before
    write(node, "/var/lib/cni/networks/other/10.0.0.2", "cid1\r\neth0")
    collect(attachment)
    assert own(node, 4, variant) == []


def test_gc_without_records_does_nothing(node: Node, plugins_dir: str) -> None:
    """There is no telling whose the rules of the Go plugin are."""
    attachment = filtering(node, plugins_dir)
    attachment.add()
    forget_records(node)
    before = rules(node), rules(node, 6)
    collect(attachment)
    assert (rules(node), rules(node, 6)) == before


def test_gc_goes_on_past_a_part_that_fails(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """And reports it; what was removed is not asked for again."""
    for number in (2, 3):
        filtering(node, plugins_dir, container=f"cid{number}", addresses=(f"10.0.0.{number}/24",)).add()
    six = filtering(node, plugins_dir, container="cid6", addresses=("fd00::6/64",))
    six.add()
    for program in ("iptables", "iptables-save", "iptables-restore"):
        (tmp_path / program).symlink_to(f"/usr/sbin/{program}")
    six.environment["PATH"] = str(tmp_path)
    done = six.call("GC", {**six.plugins[0], "cni.dev/valid-attachments": []})
    assert said(done).startswith("could not initialize iptables protocol 1")
    assert (own(node), len(own(node, 6)), recorded_addresses(node)) == ([], 2, ["fd00::6"])


@pytest.mark.parametrize("broken", ["ip6tables-restore", "ip6tables-save"])
def test_an_add_that_fails_takes_back_what_it_made(
    broken: str, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Of both families, but not what was there before; an older record comes back."""
    addresses = ("10.0.0.2/24", "10.0.0.3/24", "fd00::2/64")
    filtering(node, plugins_dir, addresses=addresses[:1], container="before").add()
    before = rules(node), witness.files(node, "/run/cni/firewall")
    for program in ("iptables", "iptables-save", "iptables-restore", "ip6tables"):
        (tmp_path / program).symlink_to(f"/usr/sbin/{program}")
    for program in ("ip6tables-restore", "ip6tables-save"):
        if program == broken:
            (tmp_path / program).write_text("#!/bin/sh\necho no such luck >&2; exit 1\n")
            (tmp_path / program).chmod(0o755)
        else:
            (tmp_path / program).symlink_to(f"/usr/sbin/{program}")
    attachment = filtering(node, plugins_dir, addresses=addresses, path=str(tmp_path))
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 1
    assert "no such luck" in said(done)
    assert (rules(node), witness.files(node, "/run/cni/firewall")) == before
    assert own(node, 6) == []


def test_records_of_both_implementations(node: Node, plugins_dir: str, go_plugins: str) -> None:
    """What the Go plugin deletes leaves its record, which the next ADD or DEL of the address puts right."""
    addresses = ("10.0.0.2/24",)
    first = filtering(node, plugins_dir, addresses=addresses, version="1.0.0")
    first.add()
    first.delete(plugins_dir=go_plugins)
    assert (own(node), recorded_addresses(node)) == ([], ["10.0.0.2"])
    second = filtering(node, plugins_dir, addresses=addresses, container="cid2", version="1.0.0")
    second.add()
    assert json.loads(witness.files(node, "/run/cni/firewall")["10.0.0.2"])["containerID"] == "cid2"
    second.delete()
    assert (own(node), recorded_addresses(node)) == ([], [])
    assert rules(node) == [TO_FORWARD, TO_ADMIN]
