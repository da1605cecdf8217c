"""What portmap takes away: DEL, an ADD that fails, and GC; and what it leaves to others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.forwarding import (
    ADDRESSES,
    CHAIN,
    NAMES,
    WEB,
    Variant,
    comments,
    forwarding,
    nat,
    own,
    recorded,
    recording_path,
    ruleset,
    variant_path,
)

BACKENDS = ["iptables", "nftables"]
LEGACY_CHAIN = CHAIN.replace("-DN-", "-SN-")


def delete(attachment: Attachment, **changed: Any) -> None:
    """DEL with keys that are not those of ADD; None takes one away."""
    plugin = {key: value for key, value in {**attachment.plugins[0], **changed}.items() if value is not None}
    done = attachment.call("DEL", plugin)
    assert (done.status, done.stdout) == (0, ""), done.stdout


def left(node: Node) -> tuple[list[str], ...]:
    """Return all that there is of containers, in either backend."""
    return own(node), own(node, 6), comments(node)


@pytest.mark.parametrize(
    "changed",
    [
        {"runtimeConfig": None},
        {"runtimeConfig": {"portMappings": [NAMES]}},
        {"backend": None},
        {"snat": False, "conditionsV4": ["-i", "lo"], "backend": "iptables"},
        {"snat": False, "backend": "nftables"},
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_delete_removes_what_add_made_even_if_the_configuration_changed(
    backend: str, changed: dict[str, Any], node: Node, plugins_dir: str
) -> None:
    """Without or with other ports, with other conditions, or with the other backend."""
    attachment = forwarding(node, plugins_dir, backend=backend)
    attachment.add()
    delete(attachment, **changed)
    assert left(node) == ([], [], [])


@pytest.mark.parametrize("backend", BACKENDS)
def test_delete_without_ports_and_previous_result(backend: str, node: Node, plugins_dir: str) -> None:
    """iptables chains tell of which network they are; nftables rules do not, and stay for who knows them."""
    attachment = forwarding(node, plugins_dir, backend=backend)
    attachment.add()
    attachment.result = None
    delete(attachment, runtimeConfig=None)
    assert (own(node), own(node, 6)) == ([], [])
    assert len(comments(node)) == (0 if backend == "iptables" else 5)
    delete(attachment)
    assert left(node) == ([], [], [])


@pytest.mark.parametrize("changed", [{"runtimeConfig": None}, {"backend": "iptables"}, {"backend": None}])
def test_delete_leaves_another_networks_nftables_rules(
    changed: dict[str, Any], node: Node, plugins_dir: str
) -> None:
    """Of the same container, without ports or with iptables: they lead to another address."""
    forwarding(node, plugins_dir, backend="nftables").add()
    other = forwarding(
        node, plugins_dir, backend="nftables", name="other", ifname="eth1", addresses=("10.7.0.2/24",)
    )
    other.add()
    delete(other, **changed)
    assert not any("10.7.0.2" in line for line in comments(node))
    assert any("10.0.0.2" in line for line in comments(node))


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize(
    "commands",
    [
        ["-F", "-X"],
        [f"-F {CHAIN}"],
        ["-F CNI-HOSTPORT-DNAT"],
        ["-F CNI-HOSTPORT-DNAT", f"-F {CHAIN}", f"-X {CHAIN}"],
        ["-D CNI-HOSTPORT-DNAT 1"],
    ],
)
def test_delete_after_somebody_removed_a_part(
    variant: Variant, commands: list[str], node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Removes the rest, and again does nothing."""
    path = variant_path(tmp_path, variant)
    attachment = forwarding(node, plugins_dir, WEB, NAMES, path=path)
    attachment.add()
    for words in commands:
        node.run([f"iptables-{variant}", "-t", "nat", *words.split()]).checked()
    attachment.delete()
    attachment.delete()
    assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])


def test_delete_after_somebody_removed_nftables_rules(node: Node, plugins_dir: str) -> None:
    """A chain, then the whole table."""
    attachment = forwarding(node, plugins_dir, backend="nftables")
    attachment.add()
    node.run(["nft", "flush", "chain", "ip", "cni_hostport", "hostports"]).checked()
    attachment.delete()
    assert comments(node) == []
    node.run(["nft", "delete", "table", "ip", "cni_hostport"]).checked()
    attachment.delete()


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_delete_leaves_what_is_not_the_containers(
    variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Other containers, the same one in other networks, the shared chains, and strangers in them."""
    path = variant_path(tmp_path, variant)
    attachment = forwarding(node, plugins_dir, path=path)
    others: list[dict[str, Any]] = [{"container": "cid2"}, {"name": "other"}]
    for keys in others:
        forwarding(node, plugins_dir, path=path, **keys).add()
    stranger = "-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport 22 -j ACCEPT"
    node.run([f"iptables-{variant}", "-t", "nat", *stranger.split()]).checked()
    before = nat(node, 4, variant), nat(node, 6, variant)
    attachment.add()
    attachment.delete()
    assert (nat(node, 4, variant), nat(node, 6, variant)) == before
    assert stranger in before[0]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_delete_removes_the_chain_of_old_plugins(
    variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Which had one for masquerading as well."""
    for words in (
        f"-N {LEGACY_CHAIN}",
        "-N CNI-HOSTPORT-SNAT",
        f"-A {LEGACY_CHAIN} -p tcp --dport 80 -s 127.0.0.1 -d 10.0.0.2 -j MASQUERADE",
        f"-A CNI-HOSTPORT-SNAT -s 127.0.0.1 ! -d 127.0.0.1 -j {LEGACY_CHAIN}",
    ):
        node.run([f"iptables-{variant}", "-t", "nat", *words.split()]).checked()
    attachment = forwarding(node, plugins_dir, path=variant_path(tmp_path, variant))
    attachment.add()
    attachment.delete()
    assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])


def test_delete_removes_nftables_rules_of_old_plugins(node: Node, plugins_dir: str) -> None:
    """Those with a hostIP were elsewhere, and the first release wrote them in another way."""
    table, target = "ip cni_hostport", "10.0.0.2 . 81"
    old = f"""
        add table {table}
        add chain {table} hostports
        add chain {table} hostip_hostports
        add chain {table} prerouting {{ type nat hook prerouting priority -100 ; }}
        add rule {table} prerouting jump hostip_hostports
        add rule {table} prerouting jump hostports
        add chain {table} masquerading {{ type nat hook postrouting priority 100 ; }}
        add rule {table} hostports tcp dport 1 dnat to 10.0.0.2:80 comment "cid1"
        add rule {table} hostports ip protocol tcp th dport 2 dnat ip addr . port to {target} comment "cid1"
        add rule {table} hostip_hostports ip daddr 10.9.9.9 tcp dport 3 dnat to 10.0.0.2:1 comment "cid1"
        add rule {table} hostip_hostports ip daddr 10.9.9.9 tcp dport 4 dnat to 10.0.0.3:2 comment "cid2"
        add rule {table} masquerading ip saddr 10.0.0.2 ip daddr 10.0.0.2 masquerade comment "cid1"
    """
    node.run(["nft", "-f", "-"], stdin=old).checked()
    forwarding(node, plugins_dir, backend="nftables", container="cid3", addresses=("10.0.0.4/24",)).add()
    assert ruleset(node, chain="prerouting") == ["fib daddr type local jump hostports_all"]
    forwarding(node, plugins_dir, backend="nftables").delete()
    assert not any("cid1" in line for line in comments(node))
    assert len([line for line in comments(node) if "cid2" in line]) == 1
    assert len([line for line in comments(node) if "cid3" in line]) == 3


def test_delete_without_programs(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Is fine where there is nothing to remove, and says what it misses where there is."""
    attachment = forwarding(node, plugins_dir)
    stripped = forwarding(node, plugins_dir, path=str(tmp_path))
    stripped.delete()
    attachment.add()
    done = stripped.call("DEL", stripped.plugins[0])
    assert said(done).startswith(
        'could not teardown ipv4 dnat: exec: "iptables": executable file not found in $PATH'
    )
    attachment.delete()
    attachment.plugins[0]["backend"] = "nftables"
    attachment.add()
    done = stripped.call("DEL", stripped.plugins[0])
    assert said(done).startswith('could not find nftables binary: exec: "nft": executable file')
    attachment.delete()
    for family in ("iptables", "ip6tables"):
        node.run([f"{family}-legacy", "-t", "nat", "-S"]).checked()
    done = stripped.call("DEL", stripped.plugins[0])
    assert said(done).startswith(
        'neither iptables nor ip6tables is usable, (iptables) exec: "iptables": executable file not found'
    )


def test_a_failing_add_takes_back_the_other_family(node: Node, plugins_dir: str) -> None:
    """What was made for IPv4 goes when IPv6 fails; what is shared may stay."""
    node.run(["iptables", "-t", "nat", "-N", "MARKS"]).checked()
    attachment = forwarding(node, plugins_dir, externalSetMarkChain="MARKS")
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 1
    assert "ip6tables-restore" in said(done)
    assert left(node) == ([], [], [])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failing_add_leaves_the_containers_other_interface(
    backend: str, node: Node, plugins_dir: str
) -> None:
    """In the same network both have one chain, or one comment; only what this ADD made goes again."""
    first = forwarding(node, plugins_dir, backend=backend)
    first.add()
    before = left(node)
    second = forwarding(
        node,
        plugins_dir,
        NAMES,
        ifname="eth1",
        addresses=("10.0.0.7/24", "2001:db8::7/64"),
        backend=backend,
        conditionsV6=["--no-such"] if backend == "iptables" else ["no such"],
    )
    done = second.call("ADD", second.plugins[0])
    assert done.status == 1
    assert left(node) == before
    assert first.check() == ""


def test_a_failing_add_reports_what_it_could_not_take_back(
    node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """The first error leads, the clean-up's own is in the details."""
    recording_path(tmp_path)
    broken = tmp_path / "ip6tables-restore"
    broken.unlink()
    broken.write_text(f"#!/bin/sh\n/bin/rm -f {tmp_path}/iptables-restore\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o755)
    attachment = forwarding(node, plugins_dir, path=str(tmp_path))
    done = attachment.call("ADD", attachment.plugins[0])
    error = json.loads(done.stdout)
    assert error["msg"].startswith("unable to setup DNAT: running [")
    assert "it is broken" in error["msg"]
    assert 'while undoing: exec: "iptables-restore": executable file not found in $PATH' in error["details"]
    forwarding(node, plugins_dir).delete()
    assert left(node) == ([], [], [])


def collect(attachment: Attachment, *valid: str) -> None:
    """GC with some containers valid, each with one interface."""
    pairs = [{"containerID": one, "ifname": "eth9"} for one in valid]
    done = attachment.call("GC", {"type": "portmap", "cni.dev/valid-attachments": pairs})
    assert (done.status, done.stdout) == (0, ""), done.stdout


def named(node: Node, version: Literal[4, 6], variant: Variant) -> list[tuple[str, str]]:
    """Return network and container id of every rule that leads to a container's chain."""
    lines = [line for line in own(node, version, variant) if line.startswith("-A CNI-HOSTPORT-DNAT")]
    return [found for line in lines for found in re.findall(r'name: \\"(.*?)\\" id: \\"(\w+)', line)]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_collection_of_iptables_chains(
    variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Those of this network's containers that are gone; any valid interface keeps a container's chain."""
    path = variant_path(tmp_path, variant)
    stale = "s" * 240
    others: list[dict[str, Any]] = [
        {"container": "cid2"},
        {"container": stale},
        {"name": "other"},
        {"name": "mynet2"},
    ]
    attachment = forwarding(node, plugins_dir, path=path)
    attachment.add()
    for keys in others:
        forwarding(node, plugins_dir, path=path, **keys).add()
    forged = (
        '-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \\"mynet\\" id: \\"cid3\\"" -j CNI-DN-other'
    )
    text = f"*nat\n-N CNI-DN-other\n{forged}\nCOMMIT\n"
    node.run([f"iptables-{variant}-restore", "--noflush"], stdin=text).checked()
    collect(attachment, "cid2")
    kept = [("mynet", "cid2"), ("other", "cid1"), ("mynet2", "cid1")]
    assert named(node, 4, variant) == [*kept, ("mynet", "cid3")]
    assert named(node, 6, variant) == kept
    assert sum(line.startswith(":CNI-DN-") for line in own(node, 4, variant)) == 4
    collect(attachment)
    assert named(node, 4, variant) == [*kept[1:], ("mynet", "cid3")]
    assert named(node, 6, variant) == kept[1:]


def test_collection_of_nftables_rules(node: Node, plugins_dir: str) -> None:
    """Only those that lead to an address which a valid container has by now."""
    keys: dict[str, Any] = {"backend": "nftables"}
    forwarding(node, plugins_dir, container="gone", **keys).add()
    forwarding(node, plugins_dir, container="unknown", addresses=("10.0.0.9/24",), **keys).add()
    attachment = forwarding(node, plugins_dir, NAMES, container="new", addresses=(ADDRESSES[4],), **keys)
    attachment.add()
    collect(attachment, "new")
    found = comments(node)
    assert [line for line in found if line.endswith('"gone"')] == [
        line for line in found if line.endswith('"gone"') and "2001:db8::2" in line
    ]
    assert len([line for line in found if line.endswith('"unknown"')]) == 3
    assert attachment.check() == ""
    before = comments(node)
    collect(attachment)
    assert comments(node) == before


def test_collection_without_anything_runs_no_program(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Nor does one of a caller that does not say what is valid."""
    attachment = forwarding(node, plugins_dir, path=recording_path(tmp_path))
    collect(attachment, "cid1")
    assert recorded(tmp_path) == []
    attachment.add()
    recorded(tmp_path)
    assert attachment.call("GC", {"type": "portmap"}).status == 0
    assert recorded(tmp_path) == []
    assert attachment.check() == ""
