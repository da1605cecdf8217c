"""Policy rules on a real kernel: what we write is what `ip rule` shows, what we read is what is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cnictl.netlink.observe import observe
from cnictl.netlink.rtnl import NetlinkError
from cnictl.netlink.rules import KernelRule, Rules
from cnictl.sandbox.node import Node
from cnictl.spec.address import Prefix
from tests import witness
from tests.kernel.netlink.conftest import POD

P = Prefix.parse
EVERY_SORT = (
    "ip rule add from 10.1.0.0/24 to 10.2.0.1 iif lo fwmark 0x1/0xf lookup 1000 prio 77",
    "ip -6 rule add not from fd00::1 prohibit prio 78",
    "ip rule add oif lo tos 4 lookup main prio 79",
    "ip rule add fwmark 7 blackhole prio 80",
)


@pytest.fixture
def rules(pod_path: str) -> Iterator[Rules]:
    with Rules(pod_path) as channel:
        yield channel


def shown(node: Node) -> list[tuple[int, str, str]]:
    """Priority, source and table of all rules that the kernel did not make."""
    found = [one for words in ((), ("-6",)) for one in witness.ip(node, *words, "rule", netns=POD)]
    return [(one["priority"], one["src"], one["table"]) for one in found if one["src"] != "all"]


def test_a_rule_is_made_as_upstream_makes_it(node: Node, rules: Rules) -> None:
    """The kernel gives it the priority, so that the newest comes first; tables may be large."""
    rules.add_rule(P("10.9.0.2/32"), 100)
    rules.add_rule(P("10.9.0.3/32"), 5000)
    rules.add_rule(P("fd00:9::2/128"), 101)
    assert shown(node) == [
        (32764, "10.9.0.3", "5000"),
        (32765, "10.9.0.2", "100"),
        (32765, "fd00:9::2", "101"),
    ]


def test_a_rule_is_deleted(node: Node, rules: Rules) -> None:
    """The one of that source, table and priority, and no other; the kernel says when there is none."""
    for table in (100, 101, 100):
        rules.add_rule(P("10.9.0.2/32"), table)
    rules.delete_rule(P("10.9.0.2/32"), 100, priority=32765)
    assert shown(node) == [(32763, "10.9.0.2", "100"), (32764, "10.9.0.2", "101")]
    rules.delete_rule(P("10.9.0.2/32"), 101)
    assert shown(node) == [(32763, "10.9.0.2", "100")]
    with pytest.raises(NetlinkError) as failed:
        rules.delete_rule(P("10.9.0.2/32"), 101)
    assert failed.value.reason == "no such file or directory"


def test_rules_are_read_as_pyroute2_reads_them(node: Node, rules: Rules, pod_path: str) -> None:
    """Selectors, actions and order of both families, the kernel's own among them."""
    for command in EVERY_SORT:
        node.run(command.split(), netns=POD).checked()
    rules.add_rule(P("fd00:9::2/128"), 5000)
    ours = rules.rules()
    theirs = observe(pod_path).rules
    assert len(ours) == len(theirs) == 10
    for one, other in zip(ours, theirs, strict=True):
        assert (one.version, one.priority, one.source, one.destination) == (
            other.version,
            other.priority,
            other.source,
            other.dst,
        )
        assert (one.tos, one.mark, one.incoming, one.outgoing, one.table, one.inverted) == (
            other.tos,
            other.mark,
            other.incoming,
            other.outgoing,
            other.table,
            other.inverted,
        )
    assert ours[0] == KernelRule(4, table=255)
