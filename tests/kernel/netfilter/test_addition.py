"""Rules that are added by the kernel itself: iptables shows, checks and deletes them as its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cnictl.netfilter import addition, removal
from cnictl.netfilter.iptables import Tables, Wanted
from cnictl.netfilter.rule import Rule
from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.netfilter.conftest import Variant
from tests.kernel.netfilter.test_asked import Version, known_of, there, words
from tests.kernel.netfilter.test_removal import lines

RULES = 60


@pytest.fixture(params=[4, 6])
def version(request: pytest.FixtureRequest) -> Version:
    found: Version = request.param
    return found


@pytest.fixture
def rules(version: Version) -> list[Rule]:
    """Random rules of all that containers have."""
    choose = random.Random(version)
    parts = [tuple(choose.choice(one) for one in known_of(version)) for _ in range(RULES)]
    return [Rule("CNI-N", *words(one)) for one in parts]


def restored(version: Version, rules: list[Rule], *chains: str) -> list[str]:
    """What iptables-save prints when iptables-restore has made chains and rules."""
    text = [f":{chain} - [0:0]" for chain in chains]
    Tables(version).restore("\n".join(["*nat", *text, *(rule.command("-A") for rule in rules), "COMMIT", ""]))
    return lines(version)


@pytest.mark.usefixtures("inside")
def test_iptables_shows_what_it_would_have_made(version: Version, rules: list[Rule], node: Node) -> None:
    wanted = restored(version, rules, "CNI-A", "CNI-B", "CNI-N")
    node.run(["nft", "flush", "ruleset"]).checked()
    restored(version, [], "CNI-A", "CNI-B")
    assert addition.add(version, "nat", [("CNI-N", True), *((rule, True) for rule in rules)])
    assert lines(version) == wanted


@pytest.mark.usefixtures("inside")
def test_iptables_checks_and_deletes_it(version: Version, rules: list[Rule]) -> None:
    """Each by its words; afterwards nothing is left."""
    restored(version, [], "CNI-A", "CNI-B")
    assert addition.add(version, "nat", [("CNI-N", True), *((rule, True) for rule in rules)])
    commands = [rule.command(verb) for rule in rules for verb in ("-C", "-D")]
    Tables(version).restore("\n".join(["*nat", *commands, "-X CNI-N", "COMMIT", ""]))
    assert lines(version) == []


@pytest.mark.usefixtures("inside")
def test_it_is_found_and_removed_without_a_program(version: Version, rules: list[Rule]) -> None:
    """As what iptables has made."""
    restored(version, [], "CNI-A", "CNI-B")
    assert addition.add(version, "nat", [("CNI-N", True), *((rule, True) for rule in rules)])
    assert there(version, *rules)
    assert removal.remove(version, "nat", rules)
    assert lines(version) == []


@pytest.mark.usefixtures("inside")
def test_rules_are_added_behind_or_before_the_others(version: Version) -> None:
    rules = {port: Rule("CNI-N", "-p", "tcp", "--dport", port, "-j", "ACCEPT") for port in "1234"}
    restored(version, [rules["1"]], "CNI-N")
    assert addition.add(version, "nat", [(rules["2"], True), (rules["3"], False), (rules["4"], True)])
    assert [line.split()[-3] for line in lines(version)] == ["3", "1", "2", "4"]


@pytest.mark.usefixtures("inside")
def test_all_or_nothing(version: Version) -> None:
    """A chain that is there already, one that is not, and a rule that is not known here keep the rest."""
    rule, strange = (
        Rule("CNI-N", "-j", "RETURN"),
        Rule("CNI-N", "-m", "limit", "--limit", "5/sec", "-j", "DROP"),
    )
    assert not addition.add(version, "nat", [("CNI-N", True), (rule, True)]), "there is no table yet"
    before = restored(version, [], "CNI-A")
    assert not addition.add(version, "nat", [("CNI-N", True), (rule, True), ("CNI-A", True)])
    assert not addition.add(version, "nat", [("CNI-N", True), (Rule("CNI-M", "-j", "RETURN"), True)])
    assert not addition.add(version, "nat", [("CNI-N", True), (strange, True)])
    assert not addition.add(version, "nat", [("CNI-N", True), (Rule("CNI-N", "-j", "CNI-M"), True)])
    assert lines(version) == before
    assert Tables(version).save("nat").user_chains() == ["CNI-A"]


@pytest.mark.usefixtures("inside")
def test_beside_legacy_tables_nothing_is_added(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    restored(version, [], "CNI-A")
    monkeypatch.setattr(addition, "may_be_legacy", lambda *_: True)
    assert not addition.add(version, "nat", [("CNI-N", True)])
    assert Tables(version).save("nat").user_chains() == ["CNI-A"]


@pytest.mark.usefixtures("inside")
def test_where_iptables_is_legacy_it_stays_with_that(
    node: Node, choose_variant: Callable[[Variant], None]
) -> None:
    """Also before it has any table, when there are tables of the nft variant that somebody else made."""
    choose_variant("nft")
    Tables().restore("*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j RETURN\nCOMMIT\n")
    choose_variant("legacy")
    wanted = Wanted("nat")
    wanted.chain("CNI-N")
    wanted.append(Rule("POSTROUTING", "-s", "10.1.2.3/32", "-j", "CNI-N"))
    Tables().ensure(wanted)
    assert witness.iptables(node, "nat", variant="legacy")
    assert not any("CNI-N" in line for line in witness.iptables(node, "nat", variant="nft"))
    assert Tables().save("nat").user_chains() == ["CNI-N"]


@pytest.mark.usefixtures("inside")
def test_a_script_that_chooses_a_variant_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As container images have it: nobody can say which it is."""
    for ending in ("", "-save", "-restore"):
        script = tmp_path / f"iptables{ending}"
        script.write_text(
            f'#!/bin/sh\necho {ending} >>{tmp_path}/log\nexec /usr/sbin/iptables{ending} "$@"\n'
        )
        script.chmod(0o755)
    Tables().restore("*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin")
    wanted = Wanted("nat")
    wanted.chain("CNI-N")
    Tables().ensure(wanted)
    assert (tmp_path / "log").read_text().split() == ["-restore"]
