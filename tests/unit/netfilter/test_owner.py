"""Whose a rule is, told by its comment."""

from __future__ import annotations

import pytest

from cnictl.netfilter.observed import Chain, Filters, ObservedRule, Owner
from cnictl.netfilter.owner import attributed, of_comment
from cnictl.plugin.masquerade import nft_comment, rule_comment

ID = "0123456789abcdef" * 4
LONG = "a-rather-long-network-name-1234567890"


@pytest.mark.parametrize(
    ("comment", "owner"),
    [
        (rule_comment("mynet", "cid1"), Owner("cid1", "mynet")),
        ('dnat name: "mynet" id: "cid1"', Owner("cid1", "mynet")),
        (f'dnat name: "net" id: "{"x" * 200}..', Owner("x" * 200, "net")),
        (nft_comment("mynet", "eth0", "cid1"), Owner("cid1", "mynet", "eth0")),
        (nft_comment(LONG, "eth0", ID), Owner(ID[:35], LONG, "eth0")),
        ("macspoofchk-a-pod-eth0", Owner("a-pod", "", "eth0")),
        ("CNI portfwd masquerade mark", None),
        ("", None),
        ("cid1", None),
    ],
)  # fmt: skip
def test_the_owner_is_told_by_the_comment(comment: str, owner: Owner | None) -> None:
    """Every form of comment that the plugins write, cut or whole, gives the container back."""
    assert of_comment(comment) == owner


def test_in_portmaps_table_the_comment_is_the_container_id() -> None:
    """Only there, for elsewhere it may be anything."""
    assert of_comment("cid1", "cni_hostport") == Owner("cid1")


def test_a_containers_chain_is_its_own_with_all_that_is_in_it() -> None:
    """A chain belongs to whom a rule that leads there tells, a shared one to nobody."""
    own, owner = "CNI-DN-a631aa8e1549a3b129110", Owner("cid1", "mynet")
    jump = ObservedRule(f"-p tcp -j {own}", owner)
    chains = attributed(
        [
            Chain("iptables", "nat", "CNI-HOSTPORT-DNAT", "legacy", (jump, ObservedRule("-j RETURN"))),
            Chain("iptables", "nat", own, "legacy", (ObservedRule("-p tcp -j DNAT"),)),
            Chain("ip6tables", "nat", own, "legacy", (ObservedRule("-j RETURN"),)),
        ],
        {jump.text: own},
    )
    shared, owned, other_family = chains
    assert shared.owner is None
    assert [rule.owner for rule in shared.rules] == [owner, None]
    assert owned.owner == owner
    assert [rule.owner for rule in owned.rules] == [owner]
    assert other_family.owner is None
    assert [rule.text for _, rule in Filters(chains).of_container("cid1")] == [jump.text, "-p tcp -j DNAT"]
