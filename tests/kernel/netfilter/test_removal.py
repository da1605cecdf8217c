"""Rules of containers removed by the kernel itself: those that are meant, and nothing besides."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cnictl.netfilter import removal
from cnictl.netfilter.iptables import Tables
from cnictl.netfilter.rule import Rule, parse
from cnictl.netlink.channel import Channel
from cnictl.netlink.errors import NetlinkError
from cnictl.sandbox.node import Node
from tests.kernel.netfilter.conftest import Variant
from tests.kernel.netfilter.test_asked import Version, changed, fill, known_of, words

RULES = 8
HOST: dict[Version, str] = {4: "10.1.2.3/32", 6: "fd00::3/128"}


def lines(version: Version = 4) -> list[str]:
    """The rules of table nat as iptables-save prints them."""
    return [line for several in Tables(version).save("nat").lines.values() for line in several]


def without_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("iptables-restore was started")

    monkeypatch.setattr(Tables, "restore", refuse)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_is_removed_from_among_all_that_differ_in_one_thing(version: Version) -> None:
    """Random rules: the one goes, and iptables-save prints all others as before."""
    choose = random.Random(version)
    for number in range(RULES):
        parts = tuple(choose.choice(one) for one in known_of(version))
        rule = Rule(f"RULE{number}", *words(parts))
        different = [Rule(rule.chain, *words(one)) for one in changed(version, parts)]
        others = list(dict.fromkeys(one for one in different if one != rule))
        choose.shuffle(others)
        half = len(others) // 2
        fill(version, "nat", [*others[:half], rule, *others[half:]], "CNI-A", "CNI-B")
        before = lines(version)
        (place,) = [at for at, line in enumerate(before) if parse(line) == rule]
        assert removal.remove(version, "nat", [rule])
        assert lines(version) == before[:place] + before[place + 1 :]
        assert not removal.remove(version, "nat", [rule])


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_a_chain_goes_with_its_rules_and_with_those_that_lead_to_it(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a program; what leads elsewhere stays."""
    jump, other = (Rule("POSTROUTING", "-s", HOST[version], "-j", chain) for chain in ("CNI-A", "CNI-B"))
    fill(version, "nat", [jump, other, Rule("CNI-A", "-d", HOST[version], "-j", "ACCEPT")], "CNI-B")
    without_programs(monkeypatch)
    Tables(version).remove_chain("nat", "CNI-A", [jump])
    assert lines(version) == [str(other)]
    assert Tables(version).save("nat").user_chains() == ["CNI-B"]


@pytest.mark.usefixtures("inside")
def test_of_rules_that_are_there_twice_one_goes_for_each_that_is_given() -> None:
    """As iptables -D does."""
    rule = Rule("CNI-A", "-d", HOST[4], "-j", "ACCEPT")
    fill(4, "nat", [rule, rule, rule])
    assert removal.remove(4, "nat", [rule])
    assert lines() == [str(rule)] * 2
    assert removal.remove(4, "nat", [rule, rule])
    assert lines() == []


@pytest.mark.usefixtures("inside")
def test_all_or_nothing() -> None:
    """A rule that is not there, and a chain that another rule leads to, keep the rest."""
    there, missing = (Rule("POSTROUTING", "-s", f"10.1.2.{last}", "-j", "CNI-A") for last in (3, 4))
    fill(4, "nat", [there], "CNI-A")
    before = lines()
    assert not removal.remove(4, "nat", [there, missing], "CNI-A")
    assert not removal.remove(4, "nat", [], "CNI-A")
    assert not removal.remove(4, "nat", [there], "CNI-C")
    assert lines() == before
    assert removal.remove(4, "nat", [there], "CNI-A")
    assert lines() == []


@pytest.mark.usefixtures("inside")
def test_what_another_removes_meanwhile_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handle of a rule that is gone takes nothing else with it."""
    jump, other = (Rule("POSTROUTING", "-s", f"10.1.2.{last}", "-j", "CNI-A") for last in (3, 4))
    fill(4, "nat", [jump, other], "CNI-A")
    together = Channel.change_together

    def late(channel: Channel, *rest: Any) -> None:
        monkeypatch.setattr(Channel, "change_together", together)
        Tables().restore(f"*nat\n{jump.command('-D')}\nCOMMIT\n")
        together(channel, *rest)

    monkeypatch.setattr(Channel, "change_together", late)
    Tables().remove_chain("nat", "CNI-A", [jump])
    assert lines() == []
    assert Tables().save("nat").user_chains() == []


@pytest.mark.usefixtures("inside")
def test_a_refusal_of_the_kernel_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """iptables-restore has its turn then, and words for it."""
    jump = Rule("POSTROUTING", "-s", HOST[4], "-j", "CNI-A")
    fill(4, "nat", [jump], "CNI-A")

    def refuse(_: Channel, __: Any, what: str) -> None:
        raise NetlinkError(what, 1)

    monkeypatch.setattr(Channel, "change_together", refuse)
    Tables().remove_chain("nat", "CNI-A", [jump])
    assert lines() == []


@pytest.mark.usefixtures("inside")
def test_legacy_tables_are_left_to_iptables(variant: Variant) -> None:
    """Where there are some, nobody knows which ones the rules are in."""
    jump = Rule("POSTROUTING", "-s", HOST[4], "-j", "CNI-A")
    fill(4, "nat", [jump], "CNI-A")
    assert removal.remove(4, "nat", [jump], "CNI-A") == (variant == "nft")
    Tables().remove_chain("nat", "CNI-A", [jump])
    assert lines() == []


def test_the_kernel_is_asked_once_for_each_chain(inside: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rules of it go."""
    assert inside.pid
    rules = [Rule("CNI-A", "-d", f"10.1.2.{last}", "-j", "ACCEPT") for last in range(9)]
    fill(4, "nat", rules)
    asked: list[str] = []
    datagrams = Channel.datagrams

    def noting(channel: Channel, kind: int, body: bytes, what: str) -> Any:
        asked.append(what)
        return datagrams(channel, kind, body, what)

    monkeypatch.setattr(Channel, "datagrams", noting)
    assert removal.remove(4, "nat", rules[2:8])
    assert asked == ["find rules of ip nat CNI-A"]
    assert lines() == [str(rule) for rule in (*rules[:2], rules[8])]
