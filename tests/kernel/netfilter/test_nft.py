"""nftables: transactions, and what is found of rules and chains without and with nft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.netfilter import nft, nft_text
from cnictl.netfilter.channel import NetfilterChannel
from cnictl.netfilter.iptables import Tables
from cnictl.netfilter.nft import NftError
from cnictl.netfilter.program import Missing, NetfilterError
from cnictl.netlink import message
from cnictl.sandbox.node import Node
from cnictl.spec.address import Address
from tests import witness

TESTDATA = Path(__file__).parents[3] / "testdata" / "netfilter"
RULES = (TESTDATA / "rules.nft").read_text()


def objects(node: Node, kind: str) -> list[dict[str, Any]]:
    return [one[kind] for one in witness.nft(node) if kind in one]


def test_a_transaction_is_made_whole_or_not_at_all(inside: Node) -> None:
    """One command that fails undoes the ones before it, and the error is what nft says."""
    nft.apply("add table inet t\nadd chain inet t c\n")
    with pytest.raises(NftError, match="No such file or directory") as raised:
        nft.apply("add chain inet t d\nadd rule inet t nowhere accept\n")
    assert raised.value.not_found
    assert [one["name"] for one in objects(inside, "chain")] == ["c"]
    with pytest.raises(NftError, match="syntax error") as raised:
        nft.apply("add nonsense\n")
    assert not raised.value.not_found


def test_json_is_a_transaction_too(inside: Node) -> None:
    """Commands as JSON may hold names that nft's own syntax could not."""
    nft.apply_json([{"add": {"table": {"family": "ip", "name": "t"}}}, {"add": {"chain": {
        "family": "ip", "table": "t", "name": "of-1.2_x"}}}])  # fmt: skip
    assert [one["name"] for one in objects(inside, "chain")] == ["of-1.2_x"]
    with pytest.raises(NftError):
        nft.apply_json([{"add": {"chain": {"family": "ip", "table": "none", "name": "c"}}}])


@pytest.mark.parametrize("family", ["ip", "ip6", "inet", "bridge", "arp"])
def test_rules_are_found_as_nft_lists_them(inside: Node, family: str) -> None:
    """Handles and comments read from the kernel are those that nft prints, in order."""
    commands = [f"add table {family} t", f"add chain {family} t c", f"add chain {family} t other"]
    commands += [f'add rule {family} t c counter comment "rule number {n}"' for n in range(300)]
    commands += [f"add rule {family} t c accept", f'add rule {family} t other drop comment "x"']
    nft.apply("\n".join(commands) + "\n")
    listed = [
        (one["handle"], one.get("comment", "")) for one in objects(inside, "rule") if one["chain"] == "c"
    ]
    assert [(one.number, one.comment) for one in nft.rules(family, "t", "c")] == listed
    assert len(listed) == 301
    assert nft.has_chain(family, "t", "other")
    assert not nft.has_chain(family, "t", "none")


@pytest.mark.usefixtures("inside")
def test_what_is_not_there_is_an_empty_answer() -> None:
    """No table, no chain: nothing is found, nothing is removed, and nothing is wrong."""
    assert nft.rules("inet", "none", "c") == []
    assert nft.remove("inet", "none", "c", lambda _: True) == 0
    assert nft.listing("chain", "inet", "none", "c") == []
    assert nft.listing("ruleset") == []
    assert not nft.has_chain("inet", "none", "c")


def test_rules_are_removed_by_comment(inside: Node) -> None:
    """Only what the caller calls its own goes."""
    nft.apply("add table inet t\nadd chain inet t c\n")
    nft.apply("".join(f'add rule inet t c counter comment "{who}"\n' for who in ("a", "b", "a", "c")))
    nft.apply("add rule inet t c accept\n")
    assert nft.remove("inet", "t", "c", lambda comment: comment == "a") == 2
    assert [one.get("comment") for one in objects(inside, "rule")] == ["b", "c", None]


def test_comments_on_tables_are_left_out_where_nft_has_none(
    inside: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With an nft that does not know comments on tables and chains the rest is made all the same."""
    old = tmp_path / "nft"
    old.write_text(
        "#!/bin/sh\ninput=$(cat)\ncase $input in *'{ comment'*) echo 'Error: syntax' >&2; exit 1;; esac\n"
        'printf "%s\\n" "$input" | exec /usr/sbin/nft "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/bin")
    nft.apply('add table inet t { comment "of a table" ; }\nadd chain inet t c { comment "of a chain" ; }\n')
    monkeypatch.undo()
    assert [one["name"] for one in objects(inside, "chain")] == ["c"]


@pytest.mark.usefixtures("inside")
def test_an_nft_that_is_too_old_is_named_when_it_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the failure is due to is said in the words of the Go plugins."""
    old = tmp_path / "nft"
    old.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'nftables v0.9.8 (E.D.S.)' && exit\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NetfilterError) as raised:
        nft.apply("add table inet t\n")
    assert str(raised.value) == "nft version must be v1.0.1 or later (got nftables v0.9.8 (E.D.S.))"
    assert not nft.usable()


def test_nft_is_usable_where_it_is(inside: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The probe says yes without changing anything, and no where there is no nft."""
    assert nft.usable()
    assert witness.nft(inside) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not nft.usable()
    with pytest.raises(Missing):
        nft.listing("ruleset")


def test_the_text_of_a_rule_makes_the_same_rule(inside: Node) -> None:
    """For every statement we render, nft reads our text back as the rule it was rendered from."""
    nft.apply(RULES)
    rules = objects(inside, "rule")
    assert len(rules) > 50
    nft.apply("add chain inet t again\n")
    texts = {}
    for rule in rules:
        texts[nft_text.rule(rule)] = rule
        hook = "base" if rule["chain"] == "base" else rule["chain"]
        nft.apply(f"flush chain inet t {hook}\nadd rule inet t {hook} {nft_text.rule(rule)}\n")
        (back,) = (one for one in objects(inside, "rule") if one["chain"] == hook)
        assert without_counts(back) == without_counts(rule), nft_text.rule(rule)
        assert nft_text.rule(back) == nft_text.rule(rule)
    assert len(texts) == len(rules), "two different rules have one text"


def without_counts(rule: dict[str, Any]) -> str:
    expressions = [
        {"counter": None} if "counter" in one and isinstance(one["counter"], dict) else one
        for one in rule["expr"]
    ]
    return json.dumps([expressions, rule.get("comment")], sort_keys=True)


@pytest.mark.parametrize("family", ["ip", "ip6"])
@pytest.mark.usefixtures("inside")
def test_what_rules_compare_with_is_found(family: str) -> None:
    """Each address that a rule of the chain names as its source or destination, and no other."""
    first, last = ("10.0.0.2", "10.0.255.201") if family == "ip" else ("fd00::2", "fd00::ffc9")
    packed = {text: Address.parse(text).packed for text in (first, last, "10.0.0.20", "fd00::20")}
    assert nft.compared(family, "filter", "C", packed.values()) == {}
    tables = Tables(4 if family == "ip" else 6)
    answers = f"-d {first} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    many = "".join(f"-A C -s {Address.parse(first) + n} -j ACCEPT\n" for n in range(40, 1000))
    some = f"-A C {answers}\n-A C -s {first} -j ACCEPT\n"
    tables.restore(f"*filter\n-N C\n-N OTHER\n{some}{many}-A C ! -s {last} -j DROP\nCOMMIT\n")
    assert nft.compared(family, "filter", "C", packed.values()) == {packed[first]: 2, packed[last]: 1}
    assert nft.compared(family, "filter", "OTHER", packed.values()) == {}


class Disturbed(NetfilterChannel):
    """A channel to nf_tables; when its first list has begun to come, somebody removes a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.came = 0

    def _datagram(self, what: str) -> bytes:
        self.came += 1
        if self.came == 1:
            Tables().restore("*filter\n-D C 1\nCOMMIT\n")
        return super()._datagram(what)


@pytest.mark.usefixtures("inside")
def test_no_rule_is_missed_because_another_goes() -> None:
    """The kernel goes on by position, past the rule that took the place of the last it gave."""
    addresses = [Address.parse("10.0.0.2") + number for number in range(1000)]
    lines = "".join(f"-A C -s {one} -j ACCEPT\n" for one in addresses)
    Tables().restore(f"*filter\n-N C\n{lines}COMMIT\n")
    question = nft.GET_RULE, nft.rules_of("ip", "filter", "C"), "list rules"
    with NetfilterChannel() as channel:
        piece, _ = next(channel.datagrams(*question))
    at_once = len(list(message.messages(piece)))
    needles = [message.attribute(1, one.packed) for one in addresses]  # NFTA_DATA_VALUE
    with Disturbed() as channel:
        listed = b"".join(piece for piece, _ in channel.datagrams(*question))
    assert needles[at_once] not in listed, "of such a list nothing can be concluded"
    with Disturbed() as channel:
        assert channel.may_mention(*question, [needles[at_once + 1]])
    with Disturbed() as channel:
        whole = channel.unparsed(*question)
    assert whole is not None
    assert all(needle in whole for needle in needles[3:])
