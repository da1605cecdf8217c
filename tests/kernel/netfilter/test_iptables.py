"""iptables tables of both variants, written by many at once and read back by iptables-save."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from cnictl import flock, invoke
from cnictl.flock import LockBusy
from cnictl.netfilter import iptables, lock
from cnictl.netfilter.iptables import Listing, Tables, Transaction, Wanted
from cnictl.netfilter.lock import Lock
from cnictl.netfilter.program import Failed, Missing, NetfilterError
from cnictl.netfilter.rule import Rule
from cnictl.sandbox.node import Node
from tests import witness
from tests.kernel.netfilter.conftest import Variant
from tests.kernel.netfilter.together import together

BUILT_IN = [":PREROUTING ACCEPT", ":INPUT ACCEPT", ":OUTPUT ACCEPT", ":POSTROUTING ACCEPT"]
NATIVE = """table ip nat {
    set some { type ipv4_addr; }
    chain POSTROUTING {
        type nat hook postrouting priority 100;
        ip saddr @some numgen inc mod 2 0 masquerade
    }
}
"""
LOCAL = ("-m", "addrtype", "--dst-type", "LOCAL", "-j", "SHARED")


def wanted_for(name: str, address: str) -> Wanted:
    """A chain of one container, a shared chain with jumps to it, as a port mapping has them."""
    wanted = Wanted("nat")
    wanted.chain("SHARED", shared=True)
    wanted.append(Rule("PREROUTING", *LOCAL), shared=True)
    wanted.append(Rule("OUTPUT", *LOCAL), shared=True)
    wanted.insert(
        Rule("POSTROUTING", "-m", "mark", "--mark", "0x2000/0x2000", "-j", "MASQUERADE"), shared=True
    )
    wanted.chain(name)
    wanted.append(
        Rule(name, "-p", "tcp", "-m", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", address)
    )
    wanted.append(Rule("SHARED", "-m", "comment", "--comment", f'id: "{name}"', "-j", name))
    return wanted


def save(node: Node, variant: Variant, version: Literal[4, 6] = 4) -> list[str]:
    return witness.iptables(node, "nat", version=version, variant=variant)


def programs_run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which programs are run from now on, in order."""
    seen: list[str] = []
    run = invoke.run

    def noting(path: str, *words: Any, **more: Any) -> invoke.Completed:
        seen.append(os.path.basename(path))
        return run(path, *words, **more)

    monkeypatch.setattr(invoke, "run", noting)
    return seen


@pytest.mark.parametrize("version", [4, 6])
def test_a_transaction_is_made_whole(inside: Node, variant: Variant, version: Literal[4, 6]) -> None:
    """Chains and rules arrive in order, in the table and family asked for."""
    host, several = ("10.0.0.2", "224.0.0.0/4") if version == 4 else ("fd00::2", "ff00::/8")
    tables = Tables(version)
    transaction = tables.begin("nat")
    transaction.new_chain("CNI-a")
    transaction.append(Rule("CNI-a", "!", "-d", several, "-j", "MASQUERADE"))
    transaction.insert(
        Rule("CNI-a", "-d", host, "-j", "ACCEPT", "-m", "comment", "--comment", 'it\'s "a" \\ b')
    )
    transaction.append(Rule("POSTROUTING", "-s", host, "-j", "CNI-a"))
    transaction.commit()
    length = 32 if version == 4 else 128
    assert save(inside, variant, version) == [
        *BUILT_IN,
        ":CNI-a -",
        f"-A POSTROUTING -s {host}/{length} -j CNI-a",
        rf'-A CNI-a -d {host}/{length} -m comment --comment "it\'s \"a\" \\ b" -j ACCEPT',
        f"-A CNI-a ! -d {several} -j MASQUERADE",
    ]
    assert tables.save("nat").rules("CNI-a")[0].comment == 'it\'s "a" \\ b'


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.new_chain("TAKEN"),
        lambda t: t.append(Rule("NOWHERE", "-j", "ACCEPT")),
        lambda t: t.append(Rule("POSTROUTING", "-j", "NOWHERE")),
        lambda t: t.check(Rule("TAKEN", "-s", "10.0.0.1", "-j", "ACCEPT")),
        lambda t: t.delete(Rule("TAKEN", "-s", "10.0.0.1", "-j", "ACCEPT")),
        lambda t: t.delete_chain("NOWHERE"),
    ],
    ids=[
        "chain exists",
        "no chain",
        "no target",
        "checked rule missing",
        "deleted rule missing",
        "chain missing",
    ],
)
def test_a_transaction_that_cannot_be_made_changes_nothing(
    inside: Node, variant: Variant, spoil: Callable[[Transaction], None]
) -> None:
    """One line that cannot be done undoes the whole, and the error names that line."""
    tables = Tables()
    tables.restore("*nat\n-N TAKEN\nCOMMIT\n")
    before = save(inside, variant)
    transaction = tables.begin("nat")
    transaction.new_chain("NEW")
    spoil(transaction)
    with pytest.raises(Failed, match=r"running \[\S+iptables-restore --noflush .*exit status \d") as raised:
        transaction.commit()
    assert save(inside, variant) == before
    assert transaction.lines[-1] in str(raised.value) or "COMMIT" in str(raised.value)


def test_what_is_wanted_is_made_in_one_process(
    inside: Node, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once what containers share is there, another container costs one iptables-restore and no reading."""
    Tables().ensure(wanted_for("FIRST", "10.0.0.2:80"))
    seen = programs_run(monkeypatch)
    Tables().ensure(wanted_for("SECOND", "10.0.0.3:80"))
    assert seen == ["iptables-restore"]
    after = save(inside, variant)
    assert [line for line in after if "SECOND" in line] == [
        ":SECOND -",
        "-A SECOND -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.3:80",
        '-A SHARED -m comment --comment "id: \\"SECOND\\"" -j SECOND',
    ]


def accepting(address: str) -> Wanted:
    """A rule of one container in a shared chain, as a packet filter's plugin has them."""
    wanted = Wanted("filter")
    wanted.chain("SHARED", shared=True)
    wanted.insert(Rule("FORWARD", "-j", "SHARED"), shared=True)
    wanted.append(Rule("SHARED", "-s", address, "-j", "ACCEPT"))
    return wanted


def test_a_rule_in_a_shared_chain_is_made_in_one_process_where_it_is_known_to_be_absent(
    inside: Node, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it is looked for; whoever says that it is absent is asked while nobody else adds."""
    Tables().ensure(accepting("10.0.0.2"))
    seen = programs_run(monkeypatch)
    made = Tables().ensure(accepting("10.0.0.3"), lambda: bool(flock.holder(lock.PATH)))
    assert (seen, made.lines[-1]) == (["iptables-restore"], "-A SHARED -s 10.0.0.3 -j ACCEPT")
    Tables().ensure(accepting("10.0.0.3"), lambda: False)
    Tables().restore("*filter\n-F FORWARD\nCOMMIT\n")
    Tables().ensure(accepting("10.0.0.4"), lambda: True)
    lines = witness.iptables(inside, "filter", variant=variant)
    assert [line for line in lines if line.startswith("-A")] == [
        "-A FORWARD -j SHARED",
        *(f"-A SHARED -s 10.0.0.{n}/32 -j ACCEPT" for n in (2, 3, 4)),
    ]


def test_rules_are_removed_as_often_as_they_are_there(inside: Node, variant: Variant) -> None:
    """In whatever spelling, and not those that do something else; none is a success."""
    tables = Tables()
    kept = "-A FORWARD -s 10.0.0.2/32 -p tcp -j ACCEPT"
    twice = "-A FORWARD -s 10.0.0.2 -j ACCEPT\n" * 2
    tables.restore(f"*filter\n{twice}{kept}\n-A FORWARD --src 10.0.0.3/32 -j ACCEPT\nCOMMIT\n")
    rules = [Rule("FORWARD", "-s", f"10.0.0.{n}", "-j", "ACCEPT") for n in (2, 3, 4)]
    for _ in range(2):
        tables.remove_rules("filter", rules)
        lines = witness.iptables(inside, "filter", variant=variant)
        assert [line for line in lines if line.startswith("-A")] == [kept]


def test_what_is_wanted_twice_is_there_once(inside: Node, variant: Variant) -> None:
    """Asking again for the same changes nothing."""
    Tables().ensure(wanted_for("ONE", "10.0.0.2:80"))
    before = save(inside, variant)
    Tables().ensure(wanted_for("ONE", "10.0.0.2:80"))
    assert save(inside, variant) == before


def test_what_is_missing_is_made_good(inside: Node, variant: Variant) -> None:
    """A shared jump and a container's rule that somebody removed come back, the rest stays as it is."""
    wanted = wanted_for("ONE", "10.0.0.2:80")
    Tables().ensure(wanted)
    before = save(inside, variant)
    Tables().restore("*nat\n-F OUTPUT\n-F ONE\nCOMMIT\n")
    Tables().ensure(wanted)
    assert sorted(save(inside, variant)) == sorted(before)


def test_fifty_at_once_share_one_set_of_jumps(inside: Node, variant: Variant) -> None:
    """50 ADDs that meet on an empty table make each shared chain and jump once, and lose nobody's chain."""
    statuses = together(50, lambda n: Tables().ensure(wanted_for(f"C{n}", f"10.0.0.{n + 1}:80")))
    assert statuses == [0] * 50
    after = save(inside, variant)
    assert sorted(
        line for line in after if line.startswith(("-A PREROUTING", "-A OUTPUT", "-A POSTROUTING"))
    ) == [
        "-A OUTPUT -m addrtype --dst-type LOCAL -j SHARED",
        "-A POSTROUTING -m mark --mark 0x2000/0x2000 -j MASQUERADE",
        "-A PREROUTING -m addrtype --dst-type LOCAL -j SHARED",
    ]
    assert sorted(line for line in after if line.startswith("-A SHARED")) == sorted(
        f'-A SHARED -m comment --comment "id: \\"C{n}\\"" -j C{n}' for n in range(50)
    )
    assert len([line for line in after if "DNAT" in line]) == 50


def test_a_jump_removed_under_fifty_comes_back_once(inside: Node, variant: Variant) -> None:
    """Where the shared chain is there but the jump to it is not, 50 ADDs at once restore it once."""
    Tables().ensure(wanted_for("FIRST", "10.0.0.2:80"))
    Tables().restore("*nat\n-F PREROUTING\nCOMMIT\n")
    statuses = together(50, lambda n: Tables().ensure(wanted_for(f"C{n}", f"10.0.0.{n + 1}:80")))
    assert statuses == [0] * 50
    after = save(inside, variant)
    assert len([line for line in after if line.startswith("-A PREROUTING")]) == 1
    assert len([line for line in after if line.startswith("-A SHARED")]) == 51


def test_the_same_container_wanted_by_twenty_at_once_is_there_once(inside: Node, variant: Variant) -> None:
    """20 processes that ask for the same chain and rules leave them there once."""
    statuses = together(20, lambda _: Tables().ensure(wanted_for("ONE", "10.0.0.2:80")))
    assert statuses == [0] * 20
    after = save(inside, variant)
    assert after.count("-A ONE -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80") == 1
    assert len([line for line in after if line.startswith("-A SHARED")]) == 1


def test_adding_and_removing_at_once_leaves_what_was_added(inside: Node, variant: Variant) -> None:
    """ADDs and DELs of different containers that meet do not disturb one another."""
    for n in range(10):
        Tables().ensure(wanted_for(f"OLD{n}", f"10.0.1.{n + 1}:80"))

    def work(n: int) -> None:
        if n % 2:
            Tables().ensure(wanted_for(f"NEW{n}", f"10.0.0.{n + 1}:80"))
        else:
            Tables().remove_chain("nat", f"OLD{n // 2}")

    assert together(20, work) == [0] * 20
    after = save(inside, variant)
    assert [line for line in after if "OLD" in line] == []
    assert len([line for line in after if line.startswith("-A SHARED")]) == 10


def test_a_chain_goes_with_every_rule_that_leads_to_it(inside: Node, variant: Variant) -> None:
    """Removing a chain finds the rules that go to it, wherever and however often they are."""
    tables = Tables()
    tables.restore(
        "*nat\n-N GONE\n-N OTHER\n-A GONE -j ACCEPT\n-A POSTROUTING -s 10.0.0.1 -j GONE\n"
        "-A POSTROUTING -s 10.0.0.1 -j GONE\n-A OTHER -g GONE\n"
        '-A OTHER -m comment --comment "not to GONE" -j RETURN\nCOMMIT\n'
    )
    tables.remove_chain("nat", "GONE", [Rule("POSTROUTING", "-s", "10.0.0.1", "-j", "GONE")])
    assert save(inside, variant) == [
        *BUILT_IN,
        ":OTHER -",
        '-A OTHER -m comment --comment "not to GONE" -j RETURN',
    ]


def test_a_chain_whose_rules_are_known_goes_in_one_process(
    inside: Node, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DEL with the right guess about the jumps costs one iptables-restore; nothing of the chain stays."""
    tables = Tables()
    tables.restore("*nat\n-N GONE\n-A POSTROUTING -s 10.0.0.1 -j GONE\nCOMMIT\n")
    seen = programs_run(monkeypatch)
    tables.remove_chain("nat", "GONE", [Rule("POSTROUTING", "-s", "10.0.0.1", "-j", "GONE")])
    assert seen == ["iptables-restore"]
    assert save(inside, variant) == BUILT_IN


def test_removing_what_is_not_there_succeeds(inside: Node, variant: Variant) -> None:
    """A second DEL, or ten at once, find nothing and say nothing."""
    Tables().ensure(wanted_for("ONE", "10.0.0.2:80"))
    jump = Rule("SHARED", "-m", "comment", "--comment", 'id: "ONE"', "-j", "ONE")
    assert together(10, lambda _: Tables().remove_chain("nat", "ONE", [jump])) == [0] * 10
    Tables().remove_chain("nat", "ONE", [jump])
    Tables().remove_chain("nat", "NEVER")
    assert not [line for line in save(inside, variant) if "ONE" in line]


def test_a_decision_is_taken_anew_when_somebody_was_faster(inside: Node, variant: Variant) -> None:
    """converge() reads again after a lost race, and what the other one made is not made twice."""
    looks = 0

    def decide(listing: Listing, transaction: Transaction) -> None:
        nonlocal looks
        looks += 1
        if not listing.has_chain("RACE"):
            transaction.new_chain("RACE")
            transaction.append(Rule("PREROUTING", "-j", "RACE"))
        if looks == 1:
            Tables().restore("*nat\n-N RACE\n-A PREROUTING -j RACE\nCOMMIT\n")

    Tables().converge("nat", decide)
    assert looks == 2
    assert save(inside, variant).count("-A PREROUTING -j RACE") == 1


def test_what_iptables_refuses_is_raised_as_it_says(inside: Node, variant: Variant) -> None:
    """A rule that no second look will help is reported with iptables' own words and the line."""
    wanted = wanted_for("ONE", "10.0.0.2:80")
    wanted.append(Rule("ONE", "-p", "tcp", "--dport", "70000", "-j", "RETURN"))
    with pytest.raises(Failed, match="70000") as raised:
        Tables().ensure(wanted)
    assert "--dport 70000" in str(raised.value)
    assert save(inside, variant) == BUILT_IN


@pytest.mark.usefixtures("inside")
def test_a_held_xtables_lock_is_waited_for_and_its_holder_named(
    choose_variant: Callable[[Variant], None],
) -> None:
    """The legacy variant waits as long as asked for, then the error names the lock and who holds it."""
    choose_variant("legacy")
    path = os.environ["XTABLES_LOCKFILE"]
    with open(path, "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(LockBusy) as raised:
            Tables(wait=1).restore("*nat\n-N X\nCOMMIT\n")
        assert 0.9 < time.monotonic() - began < 10
    assert str(raised.value).startswith(f"lock {path} was not free within 1 seconds; process {os.getpid()} (")
    Tables(wait=1).restore("*nat\n-N X\nCOMMIT\n")


def test_our_own_lock_is_waited_for_and_its_holder_named(tmp_path: Path) -> None:
    """A wait for the read-then-write lock is bounded too, and a free lock is taken."""
    path = str(tmp_path / "below" / "some.lock")
    with Lock(path), pytest.raises(LockBusy, match=rf"lock {path} was .* process {os.getpid()} \("):
        Lock(path, wait=0.05).__enter__()
    with Lock(path, wait=0.05):
        assert flock.holder(path)
    assert flock.holder(path) == ""
    assert flock.holder(str(tmp_path / "none")) == ""


def test_without_iptables_the_error_is_that_of_the_go_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No iptables in PATH is said in the words people search for, with what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing) as raised:
        Tables(6)
    assert str(raised.value) == 'exec: "ip6tables": executable file not found in $PATH'
    assert str(tmp_path) in raised.value.hint
    assert not iptables.usable()


@pytest.mark.usefixtures("inside", "variant")
def test_iptables_is_usable_where_it_is() -> None:
    """The probe of the Go plugins says yes in both variants."""
    assert iptables.usable()
    assert iptables.usable(6)
    assert Tables().save("nat").user_chains() == []


def test_a_table_that_the_nft_variant_cannot_show_is_an_error(
    inside: Node, choose_variant: Callable[[Variant], None]
) -> None:
    """Native nft rules in `ip nat` are reported, and not taken for an empty table."""
    choose_variant("nft")
    inside.run(["nft", "-f", "-"], stdin=NATIVE).checked()
    with pytest.raises(NetfilterError, match="incompatible"):
        Tables().save("nat")
