"""Rules that all containers share, found in the kernel without having iptables read long chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest

from cnictl.netfilter import translated
from cnictl.netfilter.iptables import FAMILIES, Tables, Wanted
from cnictl.netfilter.rule import Rule
from cnictl.sandbox.node import Node

COMMENT = ("-m", "comment", "--comment")
LOCAL = ("-m", "addrtype", "--dst-type", "LOCAL")
SHARED = (
    (*COMMENT, 'to "all"', "-j", "CNI-TARGET"),
    (*LOCAL, "-j", "CNI-TARGET"),
    ("-m", "mark", "--mark", "0x2000/0x2000", "-j", "MASQUERADE"),
    (*COMMENT, "a mark", "-j", "MARK", "--set-xmark", "0x2000/0x2000"),
    ("-j", "CNI-TARGET"),
)
OTHERS = (
    (*COMMENT, "to all", "-j", "CNI-TARGET"),
    (*COMMENT, 'to "all"', "-j", "CNI-OTHER"),
    (*COMMENT, 'to "all"', "-g", "CNI-TARGET"),
    (*COMMENT, 'to "all"', "-j", "RETURN"),
    (*COMMENT, 'to "all"'),
    (*COMMENT, 'to "all"', *LOCAL, "-j", "CNI-TARGET"),
    ("-m", "addrtype", "--src-type", "LOCAL", "-j", "CNI-TARGET"),
    ("-m", "addrtype", "!", "--dst-type", "LOCAL", "-j", "CNI-TARGET"),
    ("-m", "addrtype", "--dst-type", "LOCAL", "--limit-iface-in", "-j", "CNI-TARGET"),
    ("-m", "mark", "--mark", "0x4000/0x4000", "-j", "MASQUERADE"),
    ("-m", "mark", "--mark", "0x2000/0x6000", "-j", "MASQUERADE"),
    ("-m", "mark", "!", "--mark", "0x2000/0x2000", "-j", "MASQUERADE"),
    ("-m", "mark", "--mark", "0x2000/0x2000", "-p", "tcp", "-j", "MASQUERADE", "--to-ports", "1-9"),
    ("-j", "MASQUERADE", "--random"),
    (*COMMENT, "a mark", "-j", "MARK", "--set-xmark", "0x2000/0x6000"),
    (*COMMENT, "a mark", "-p", "tcp", "-j", "MARK", "--set-xmark", "0x2000/0x2000"),
    ("-i", "lo", "-j", "CNI-TARGET"),
)


def fill(version: Literal[4, 6], *rules: Rule, chains: Sequence[str] = ()) -> None:
    names = ("CNI-TARGET", "CNI-OTHER", "ONE", "TWO", *chains)
    lines = [*(f":{name} - [0:0]" for name in names), *(rule.command("-A") for rule in rules)]
    Tables(version).restore("\n".join(["*nat", *lines, "COMMIT", ""]))


def found(version: Literal[4, 6], rule: Rule, table: str = "nat") -> bool:
    return translated.has(FAMILIES[version], table, version, rule)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("words", SHARED, ids=" ".join)
def test_a_rule_is_told_from_all_that_look_like_it(words: tuple[str, ...], version: Literal[4, 6]) -> None:
    """It is there or not, in that chain of that table; behind hundreds of others it is found as well."""
    source = "192.0.2.1" if version == 4 else "2001:db8::1"
    rule = Rule("ONE", *words)
    others = [Rule("ONE", *other) for other in (*OTHERS, *SHARED) if other != words]
    many = [Rule("ONE", "-s", source, *words)] * 300
    fill(version, *others, *many, Rule("TWO", *words))
    assert not found(version, rule)
    fill(version, rule)
    assert found(version, rule)
    assert not found(version, rule, "filter")
    assert not found(version, Rule("THREE", *words))


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("version", [4, 6])
def test_what_is_not_known_counts_as_absent(version: Literal[4, 6]) -> None:
    """iptables is asked about it then."""
    for words in (OTHERS[2], OTHERS[6], OTHERS[7], OTHERS[-4], OTHERS[-1]):
        rule = Rule("ONE", *words)
        fill(version, rule)
        assert not found(version, rule), words


def test_setup_has_iptables_read_no_chain(inside: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that is shared there, a container's chains and rules are made, and nothing is looked for."""
    wanted = Wanted("nat")
    wanted.chain("CNI-ALL", shared=True)
    for words in SHARED:
        wanted.insert(Rule("CNI-ALL", *words), shared=True)
    wanted.chain("CNI-OWN")
    fill(4, *(Rule("CNI-ALL", *words) for words in SHARED), chains=("CNI-ALL",))
    given: list[str] = []
    restore = Tables.restore

    def noted(tables: Tables, text: str) -> None:
        given.append(text)
        restore(tables, text)

    monkeypatch.setattr(Tables, "restore", noted)
    Tables().ensure(wanted)
    assert given == []
    assert "CNI-OWN" in Tables().save("nat").user_chains()
    assert "-N CNI-OWN" in inside.run(["iptables", "-t", "nat", "-S"]).checked().stdout
    inside.run(["iptables", "-t", "nat", "-D", "CNI-ALL", *SHARED[2]]).checked()
    inside.run(["iptables", "-t", "nat", "-X", "CNI-OWN"]).checked()
    Tables().ensure(wanted)
    assert "-A CNI-ALL -m mark" in inside.run(["iptables", "-t", "nat", "-S"]).checked().stdout
