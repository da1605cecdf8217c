"""Everything there is of packet filters, seen once, whoever made it and with what."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cnictl.declare import entities
from cnictl.netfilter import lookup, observe
from cnictl.netfilter.observe import observe as observed
from cnictl.netfilter.observed import Filters, Owner
from cnictl.netfilter.rule import parse
from cnictl.plugin import masquerade, spoofcheck
from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.netfilter.conftest import Variant
from tests.kernel.netfilter.test_masquerade import BOTH, request, setup
from tests.kernel.netfilter.test_spoofcheck import MAC

TESTDATA = Path(__file__).parents[3] / "testdata" / "netfilter"
CHAIN = masquerade.chain_name("mynet", "cid1")


def test_an_empty_namespace_has_nothing(inside: Node) -> None:
    """Looking makes no tables, and finds none; nothing goes unread."""
    assert observed() == Filters()
    assert inside.run(["cat", "/proc/net/ip_tables_names"]).stdout == ""
    assert witness.nft(inside) == []


@pytest.mark.usefixtures("inside")
def test_each_variant_is_seen_once_and_told_apart(choose_variant: Callable[[Variant], None]) -> None:
    """Rules of both iptables and of nft are all there; those of the host's own have the plain name."""
    choose_variant("legacy")
    setup(request(), *BOTH)
    choose_variant("nft")
    setup(request("cid2"), *BOTH)
    setup(request("cid3", ipMasqBackend="nftables"), *BOTH)
    found = observed()
    assert found.unread == {}
    assert found.sources() == {"legacy", "compat", "native"}
    owners = {
        (chain.source, chain.tool, rule.owner.container_id)
        for chain in found.chains
        for rule in chain.rules
        if rule.owner
    }
    assert owners == {
        ("legacy", "iptables-legacy", "cid1"),
        ("legacy", "ip6tables-legacy", "cid1"),
        ("compat", "iptables", "cid2"),
        ("compat", "ip6tables", "cid2"),
        ("native", "nft inet", "cid3"),
    }
    assert {chain.tool for chain in found.chains} == {tool for _, tool, _ in owners}
    choose_variant("legacy")
    assert {chain.tool for chain in observed().chains if chain.source != "native"} == {
        "iptables",
        "ip6tables",
        "iptables-nft",
        "ip6tables-nft",
    }


@pytest.mark.usefixtures("inside")
def test_a_containers_rules_are_found_wherever_they_are(variant: Variant) -> None:
    """Rules and chains of masquerading and spoof check know their container."""
    setup(request(), *BOTH)
    spoofcheck.setup(request(), "veth1", MAC)
    found = observed()
    own = found.find("iptables", "nat", CHAIN)
    assert own is not None
    assert own.owner == Owner("cid1", "mynet")
    assert own.source == ("compat" if variant == "nft" else "legacy")
    comment = r'-m comment --comment "name: \"mynet\" id: \"cid1\""'
    assert own.texts == (
        f"-d 10.22.0.0/24 {comment} -j ACCEPT",
        f"! -d 224.0.0.0/4 {comment} -j MASQUERADE",
    )
    assert len(list(found.of_container("cid1"))) == 6 + 4
    check = found.find("nft bridge", "nat", "cni-br-iface-cid1-eth0-mac")
    assert check is not None
    assert check.owner == Owner("cid1", "", "eth0")


def test_what_check_looks_up_is_what_is_observed(inside: Node, variant: Variant) -> None:
    """For every chain the thin lookup and the full observer give the same entity."""
    setup(request(), *BOTH)
    setup(request("cid2", ipMasqBackend="nftables"), *BOTH)
    inside.run(["ip6tables", "-t", "filter", "-P", "FORWARD", "DROP"]).checked()
    full = {
        entity.key: entity
        for entity in (
            entities.chain(
                one.tool,
                one.table,
                one.name,
                one.texts,
                hook=one.hook or None,
                policy=one.policy or None,
            )
            for one in observed().chains
        )
    }
    assert len(full) > 10, variant
    thin = {entity.key: entity for entity in lookup.find(full.values()) if entity.kind == "chain"}
    assert thin == full
    assert thin["ip6tables filter FORWARD"].facts["policy"] == "DROP"
    assert thin[f"nft inet {masquerade.TABLE} postrouting"].facts == {
        "hook": "type nat hook postrouting priority 100",
        "policy": "accept",
        "rules": ("ip daddr 224.0.0.0/4 return", "ip6 daddr ff00::/8 return", "goto masq_checks"),
    }
    rules = [one for chain in full.values() for one in entities.rules_of(chain)]
    told = list(lookup.find(rules))
    assert [one for one in rules if one not in told] == []
    nothing = [
        entities.chain("iptables", "nat", "NONE"),
        entities.chain("nft inet", "none", "none"),
        entities.rule("iptables", "nat", "POSTROUTING", "-j NONE"),
        entities.rule("iptables", "nat", "NONE", "-j RETURN"),
    ]
    assert list(lookup.find(nothing)) == []


@pytest.mark.parametrize("program", ["iptables", "ip6tables"])
def test_legacy_rules_are_read_as_iptables_save_prints_them(
    inside: Node, choose_variant: Callable[[Variant], None], program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through libiptc or from iptables-legacy-save: the same chains, policies and rules."""
    choose_variant("legacy")
    rules = (TESTDATA / "iptables.rules").read_text().splitlines()
    if program == "ip6tables":  # leave out what only IPv4 has
        rules = [line for line in rules if not re.search(r"\d\.\d|icmp|^-f|BROADCAST", line)]
    lines = ["*filter", "-P FORWARD DROP", "-N T", "-N U", *(f"-A T {line}" for line in rules), "COMMIT", ""]
    inside.run([f"{program}-restore", "--noflush"], stdin="\n".join(lines)).checked()
    saved = inside.run([f"{program}-save", "-t", "filter"]).checked().stdout.splitlines()
    expected = [parse(line).text for line in saved if line.startswith("-A T")]
    assert len(expected) == len(rules) > 20

    def read() -> list[str]:
        found = observed()
        assert found.unread == {}
        forward, chain = found.find(program, "filter", "FORWARD"), found.find(program, "filter", "T")
        assert forward is not None
        assert forward.policy == "DROP"
        assert chain is not None
        assert (chain.source, chain.policy) == ("legacy", "")
        return list(chain.texts)

    assert read() == expected
    monkeypatch.setattr(observe, "_IN_PROCESS", "raise ImportError('no iptc')")
    assert read() == expected


def test_a_table_that_iptables_cannot_show_is_native(
    inside: Node, choose_variant: Callable[[Variant], None]
) -> None:
    """What somebody made with nft in `ip nat` is reported in nft's words."""
    choose_variant("nft")
    inside.run(
        ["nft", "-f", "-"],
        stdin="table ip nat {\n chain POSTROUTING {\n type nat hook postrouting priority 100;\n"
        "  numgen inc mod 2 0 masquerade\n }\n}\n",
    ).checked()
    inside.run(["iptables", "-N", "MINE"]).checked()
    found = observed()
    native = found.find("nft ip", "nat", "POSTROUTING")
    assert native is not None
    assert native.texts == ("numgen inc mod 2 0 masquerade",)
    assert native.hook == "type nat hook postrouting priority 100"
    assert found.find("iptables", "filter", "MINE")
    assert not [chain for chain in found.chains if chain.tool == "nft ip" and chain.table == "filter"]


def test_a_pods_own_rules_are_seen_from_outside(node: Node) -> None:
    """A namespace is given by its path; the caller's own is left as it is."""
    path = node.path(node.new_netns("pod"))
    node.run(["iptables-nft", "-A", "INPUT", "-s", "10.0.0.1", "-j", "DROP"], netns="pod").checked()
    node.run(["iptables-legacy", "-A", "INPUT", "-s", "10.0.0.2", "-j", "DROP"], netns="pod").checked()
    found = {
        (chain.source, text)
        for chain in observed(path).chains
        for text in chain.texts
    }  # fmt: skip
    assert found == {("compat", "-s 10.0.0.1/32 -j DROP"), ("legacy", "-s 10.0.0.2/32 -j DROP")}
    assert observed(node.netns).chains == ()


def test_what_cannot_be_read_is_told(inside: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without nft, or anything to read legacy tables with, the rest is seen and the gap is named."""
    inside.run(["iptables-legacy", "-A", "INPUT", "-j", "ACCEPT"]).checked()
    inside.run(["iptables-nft", "-A", "INPUT", "-j", "DROP"]).checked()
    (tmp_path / "iptables-nft-save").symlink_to("/usr/sbin/iptables-nft-save")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(observe, "_IN_PROCESS", "raise ImportError('no iptc')")
    found = observed()
    assert [chain.texts for chain in found.chains if chain.rules] == [("-j DROP",)]
    assert found.unread == {
        "nft": 'could not find nftables binary: exec: "nft": executable file not found in $PATH',
        "iptables-legacy": "python-iptables: ImportError: no iptc; "
        'exec: "iptables-legacy-save": executable file not found in $PATH',
        "ip6tables": 'exec: "ip6tables-nft-save": executable file not found in $PATH',
    }
