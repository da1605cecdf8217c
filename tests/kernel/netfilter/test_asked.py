"""Rules of containers found in the kernel: those that iptables put there, and none that looks like them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import pytest

from cnictl.declare import entities
from cnictl.netfilter import asked, lookup
from cnictl.netfilter.iptables import PROGRAMS, Tables
from cnictl.netfilter.rule import Rule
from cnictl.sandbox.node import Node

Version = Literal[4, 6]
Words = tuple[tuple[str, ...], ...]
"""A rule: -s, -d, -i, -o, -p, port, other match, comment, target; an empty one is not there."""

RULES = 60
NETWORKS: dict[Version, tuple[str, ...]] = {
    4: ("10.1.2.3/32", "10.1.2.2/31", "10.1.2.0/24", "10.1.0.0/20", "10.0.0.0/8", "224.0.0.0/4", "0.0.0.0/1"),
    6: ("fd00::3/128", "fd00::2/127", "fd00::/64", "fd00::/60", "fd00::/8", "ff00::/8", "8000::/1"),
}
TARGETS: dict[Version, tuple[str, ...]] = {
    4: ("10.1.2.3:80", "10.1.2.3:81", "10.1.2.4:80"),
    6: ("[fd00::3]:80", "[fd00::3]:81", "[fd00::4]:80"),
}
NAMES = ("br0", "br1", "cni-podman-long")
COMMENTS = ("", 'name: "net" id: "c1"', 'name: "net" id: "c2"', "CNI firewall plugin rules", "x" * 255)
MULTIPORT = ("-m", "multiport")
STATE = ("-m", "conntrack", "--ctstate")


def negated(option: str, values: Sequence[str]) -> list[tuple[str, ...]]:
    return [(), *((*no, option, one) for one in values for no in ((), ("!",)))]


def choices(version: Version) -> tuple[list[tuple[str, ...]], ...]:
    """All that each part of a rule may be."""
    return tuple(
        known + strange for known, strange in zip(known_of(version), strange_of(version), strict=True)
    )


def known_of(version: Version) -> tuple[list[tuple[str, ...]], ...]:
    """What has to be found."""
    networks, targets = NETWORKS[version], TARGETS[version]
    ports = ("80", "8080", "256")
    several = ("80", "80,90", "80,91", "90,80", "443,80,90")
    return (
        negated("-s", networks),
        negated("-d", networks),
        negated("-i", NAMES),
        negated("-o", NAMES),
        [("-p", one) for one in ("tcp", "udp", "sctp")],
        [(), *(("--dport", one) for one in ports), *((*MULTIPORT, "--dports", one) for one in several)],
        [
            (),
            (*STATE, "RELATED,ESTABLISHED"),
        ],
        [("-m", "comment", "--comment", one) if one else () for one in COMMENTS],
        [
            *(("-j", one) for one in ("ACCEPT", "RETURN", "CNI-A", "CNI-B", "MASQUERADE")),
            *(("-j", "DNAT", "--to-destination", one) for one in targets),
            *(("-j", "MARK", "--set-xmark", one) for one in ("0x2000/0x2000", "0x2000/0x6000")),
        ],
    )


def strange_of(version: Version) -> tuple[list[tuple[str, ...]], ...]:
    """What must not pass for something else."""
    target = TARGETS[version][0]
    return (
        [],
        [],
        [("-i", "br+"), ("-i", "br")],
        [("-o", "br+"), ("-o", "br")],
        [],
        [
            ("!", "--dport", "80"),
            ("--dport", "80:90"),
            (*MULTIPORT, "!", "--dports", "80,90"),
            (*MULTIPORT, "--dports", "80:90"),
            (*MULTIPORT, "--sports", "80,90"),
            (*MULTIPORT, "--ports", "80,90"),
            ("--sport", "80"),
        ],
        [
            (*STATE, "ESTABLISHED"),
            ("-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED"),
            (*STATE, "RELATED,ESTABLISHED", "--ctstatus", "ASSURED"),
            ("-m", "addrtype", "--dst-type", "LOCAL"),
            ("-m", "mark", "--mark", "0x2000/0x2000"),
            ("-m", "mark", "!", "--mark", "0x2000/0x2000"),
            ("-m", "limit", "--limit", "5/sec"),
        ],
        [],
        [
            (),
            ("-g", "CNI-A"),
            ("-j", "MASQUERADE", "--random-fully"),
            ("-j", "DNAT", "--to-destination", target, "--random"),
            ("-j", "DNAT", "--to-destination", target.rpartition(":")[0].strip("[]")),
            ("-j", "LOG"),
        ],
    )


def changed(version: Version, parts: Words) -> Iterator[Words]:
    """Yield all rules in which one thing is another."""
    for position, others in enumerate(choices(version)):
        for other in others:
            if other != parts[position]:
                yield (*parts[:position], other, *parts[position + 1 :])


def words(parts: Words) -> tuple[str, ...]:
    """Put a rule in canonical words, whose order the kernel keeps."""
    return Rule("ANY", *(word for part in parts for word in part)).words


def fill(version: Version, table: str, rules: Sequence[Rule], *chains: str) -> None:
    lines = [f":{one} - [0:0]" for one in {*chains, *(rule.chain for rule in rules)}]
    lines += [rule.command("-A") for rule in rules]
    Tables(version).restore("\n".join([f"*{table}", *lines, "COMMIT", ""]))


def there(version: Version, *rules: Rule, table: str = "nat") -> bool:
    program = PROGRAMS[version]
    return asked.all_there([entities.rule(program, table, rule.chain, rule.text) for rule in rules])


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_is_found_among_all_that_differ_in_one_thing(version: Version) -> None:
    """Random rules: without it, no other passes for it; with it, it is found."""
    choose = random.Random(version)
    wanted: list[Rule] = []
    others: list[Rule] = []
    for number in range(RULES):
        parts = tuple(choose.choice(one) for one in known_of(version))
        rule = Rule(f"RULE{number}", *words(parts))
        wanted.append(rule)
        different = [Rule(rule.chain, *words(one)) for one in changed(version, parts)]
        others += [one for one in different if one != rule]
        others.append(Rule(f"OTHER{number}", *rule.given))
    fill(version, "nat", others, "CNI-A", "CNI-B")
    assert not [rule for rule in wanted if there(version, rule)]
    fill(version, "nat", wanted)
    assert [rule for rule in wanted if not there(version, rule)] == []
    assert not any(there(version, rule, table="filter") for rule in wanted)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_whatever_passes_for_a_rule_is_that_rule_for_iptables(version: Version) -> None:
    """Chains of one rule each, and every rule asked for in each: found only where iptables-save has it."""
    choose = random.Random(version + 10)
    base = tuple(choose.choice(one) for one in known_of(version))
    given = list(dict.fromkeys(words(one) for one in (base, *changed(version, base))))
    rules = [Rule(f"RULE{number}", *one) for number, one in enumerate(given)]
    fill(version, "nat", rules, "CNI-A", "CNI-B")
    listing = Tables(version).save("nat")
    for rule in rules:
        for one in given:
            same = Rule(rule.chain, *one)
            assert not there(version, same) or listing.has(same), same


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_what_plugins_make_is_all_known(version: Version) -> None:
    """Every shape of theirs is found, so that no program is needed."""
    network, host, target = NETWORKS[version][2], NETWORKS[version][0], TARGETS[version][0]
    multicast = NETWORKS[version][5]
    comment = ("-m", "comment", "--comment", 'name: "net" id: "c1"')
    nat = [
        ("-d", network, "-j", "ACCEPT", *comment),
        ("-o", "vxlan0", "-j", "ACCEPT", *comment),
        ("!", "-d", multicast, "-j", "MASQUERADE", *comment),
        ("-s", host, "-j", "CNI-A", *comment),
        *(("-p", one, "--dport", "80", "-d", host, "-s", network, "-j", "CNI-A") for one in ("tcp", "udp")),
        ("-p", "sctp", "--dport", "8080", "-j", "DNAT", "--to-destination", target),
        ("-p", "tcp", "--dport", "8080", "-j", "DNAT", "--to-destination", target),
        (*comment, "-m", "multiport", "-p", "tcp", "--destination-ports", "80,81", "-j", "CNI-A"),
        (
            *comment,
            "-m",
            "multiport",
            "-p",
            "udp",
            "--destination-ports",
            "80",
            "!",
            "-s",
            host,
            "-j",
            "CNI-A",
        ),
    ]
    filtering = [
        ("-d", host, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
        ("-s", host, "-j", "ACCEPT"),
        ("-i", "br0", "!", "-o", "br0", "-j", "CNI-A", *comment),
        ("-i", "br0", "-o", "br0", "-j", "DROP", *comment),
        ("-j", "RETURN", *comment),
    ]
    for table, some in (("nat", nat), ("filter", filtering)):
        rules = [Rule("OWN", *one) for one in some]
        fill(version, table, rules, "CNI-A")
        assert there(version, *rules, table=table)


@pytest.mark.usefixtures("inside")
def test_of_a_whole_chain_all_rules_must_be_known_and_in_order() -> None:
    """One more, one less, or two that changed places are no chain as wanted."""
    rules = [Rule("OWN", "-s", f"10.0.0.{last}", "-j", "ACCEPT") for last in (1, 2, 3)]
    texts = [rule.text for rule in rules]
    fill(4, "filter", rules, "EMPTY")

    def whole(name: str, texts: list[str] | None) -> bool:
        return asked.all_there([entities.chain("iptables", "filter", name, texts)])

    assert whole("OWN", texts)
    assert whole("OWN", None)
    assert not whole("OWN", texts[:2])
    assert not whole("OWN", [*texts, texts[0]])
    assert not whole("OWN", [texts[1], texts[0], texts[2]])
    assert not whole("OWN", [])
    assert whole("EMPTY", [])
    assert whole("EMPTY", None)
    assert not whole("NONE", [])
    assert not whole("NONE", None)
    assert not asked.all_there([entities.chain("iptables", "filter", "OWN", texts, policy="DROP")])
    fill(4, "filter", [Rule("OWN", "-m", "limit", "--limit", "5/sec", "-j", "ACCEPT")])
    assert not whole("OWN", texts)


def test_a_rule_of_nft_with_a_comment_is_not_one_without(inside: Node) -> None:
    """iptables prints it as a rule with that comment; one without a comment passes for its own."""
    fill(4, "filter", [], "OWN")
    rule = Rule("OWN", "-s", "10.0.0.1", "-j", "ACCEPT")
    made = ["nft", "add", "rule", "ip", "filter", "OWN", "ip", "saddr", "10.0.0.1", "counter", "accept"]
    inside.run([*made, "comment", '"mine"']).checked()
    assert not there(4, rule, table="filter")
    inside.run(made).checked()
    assert there(4, rule, table="filter")
    assert Tables().save("filter").has(rule)


def test_beside_legacy_tables_iptables_is_asked(inside: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may hold the rules, or be those of the iptables in PATH."""
    rule = Rule("OWN", "-s", "10.0.0.1", "-j", "ACCEPT")
    wanted = [entities.rule("iptables", "filter", "OWN", rule.text)]
    fill(4, "filter", [rule])
    monkeypatch.setattr(asked, "may_be_legacy", lambda *_: True)
    assert not asked.all_there(wanted)
    assert list(lookup.find(wanted)) == wanted
    inside.run(["iptables", "-F", "OWN"]).checked()
    assert list(lookup.find(wanted)) == []
