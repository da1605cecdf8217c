"""What CHECK and `cnictl diff` say of an expectation that does not hold."""

from __future__ import annotations

import pytest

from cnictl.declare import entities
from cnictl.declare.compare import compare
from cnictl.declare.model import NODE, Entity, Expectation, State
from cnictl.spec.address import Address, Prefix

POD = "/run/netns/c1"
NETWORK = Prefix.parse("10.1.2.2/24")
ADDRESS = NETWORK.address


def drifts(
    wanted: Entity, *found: Entity, where: str = NODE, absent: bool = False, stays: bool = False
) -> list[str]:
    """Return the sentences about one expectation, given what was found in its place."""
    state = State()
    state.extend(where, found)
    return [str(one) for one in compare([Expectation(where, wanted, absent=absent, stays=stays)], state)]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (entities.link("eth0"), "there is no link eth0"),
        (entities.address("eth0", NETWORK), "eth0 has lost address 10.1.2.2/24"),
        (
            entities.route(Prefix.default(4), device="eth0", gateway=Address.parse("10.1.2.1")),
            "route default via 10.1.2.1 dev eth0 is missing",
        ),
        (entities.connected("eth0", NETWORK), "there is no route to 10.1.2.0/24 on eth0"),
        (entities.bridge_vlan("veth1", 100), "veth1 is not in VLAN 100"),
        (entities.sysctl("net/ipv4/ip_forward", "1"), "there is no sysctl net/ipv4/ip_forward"),
        (
            entities.reservation("/d/net", ADDRESS, "c1", "eth0"),
            "no reservation of container c1 (eth0) for 10.1.2.2 in /d/net",
        ),
        (entities.reservation("/d/net", ADDRESS), "no reservation for 10.1.2.2 in /d/net"),
        (entities.holder("/d/net", "c1", "eth0"), "no reservation of container c1 (eth0) in /d/net"),
    ],
    ids=lambda value: value.kind if isinstance(value, Entity) else "",
)
def test_what_is_missing(wanted: Entity, sentence: str):
    """In words that say what is, and where, if that is not the node."""
    assert drifts(wanted) == [sentence]
    assert drifts(wanted, where=POD) == [f"{sentence} in {POD}"]
    assert drifts(wanted, wanted) == []


@pytest.mark.parametrize(
    ("wanted", "found", "sentence"),
    [
        (entities.link("eth0", mtu=1500), entities.link("eth0", mtu=1400), "eth0 has MTU 1400, not 1500"),
        (entities.link("eth0", up=True), entities.link("eth0", up=False), "eth0 is not up"),
        (entities.link("eth0", isolated=False), entities.link("eth0", isolated=True), "eth0 is isolated"),
        (
            entities.link("veth1", master="cni0"),
            entities.link("veth1", master=""),
            "veth1 has no master, not cni0",
        ),
        (
            entities.chain("iptables", "nat", "X", ["-j A", "-j B"]),
            entities.chain("iptables", "nat", "X", ["-j B"]),
            "chain iptables nat X lacks the rule -j A",
        ),
        (
            entities.chain("iptables", "nat", "X", ["-j A"]),
            entities.chain("iptables", "nat", "X", ["-j A", "-j B"]),
            "chain iptables nat X has the rule -j B, which does not belong there",
        ),
        (
            entities.chain("iptables", "nat", "X", ["-j A", "-j B"]),
            entities.chain("iptables", "nat", "X", ["-j B", "-j A"]),
            "chain iptables nat X has its rules in another order",
        ),
    ],
    ids=["MTU", "down", "flag", "master", "rule missing", "rule more", "order"],
)
def test_what_is_otherwise(wanted: Entity, found: Entity, sentence: str):
    """What is comes first, then what was expected."""
    assert drifts(wanted, found) == [sentence]


def test_what_must_not_be_there():
    """An expectation may be that something is absent."""
    state = State()
    state.add(NODE, entities.link("eth0"))
    (drift,) = compare([Expectation(NODE, entities.link("eth0"), absent=True)], state)
    assert str(drift) == "eth0 is there, and should not be"


def test_what_is_missing_is_missed_once():
    """Two expectations of one link, that it is up and that it is a port, have one answer when it is gone."""
    state = State()
    state.extend(NODE, ())
    wanted = [entities.link("veth1", up=True), entities.link("veth1", master="cni0")]
    found = compare([Expectation(NODE, one) for one in wanted], state)
    assert [str(one) for one in found] == ["there is no link veth1"]


class TestMovedRoutes:
    """A route of a container's main table that is in the table of one of its addresses, or of a VRF."""

    DESTINATION, GATEWAY, SOURCE = (
        Prefix.parse("10.9.0.0/16"),
        Address.parse("10.1.2.1"),
        Prefix.host(ADDRESS),
    )
    ROUTE = entities.route(DESTINATION, device="eth0", gateway=GATEWAY, metric=7)
    MOVED = entities.route(DESTINATION, device="eth0", gateway=GATEWAY, metric=7, table=100)
    RULE = entities.policy(4, source=SOURCE, table=100)
    MISSING = "route 10.9.0.0/16 via 10.1.2.1 dev eth0 metric 7 is missing"

    def test_counts_where_a_rule_leads_there(self):
        """What comes from the address takes it."""
        assert drifts(self.ROUTE, self.MOVED, self.RULE, where=POD) == []

    @pytest.mark.parametrize(
        "rule",
        [
            entities.policy(4, source=Prefix.host(ADDRESS), table=101),
            entities.policy(4, table=100),
            entities.policy(4, source=Prefix.host(ADDRESS), incoming="eth0", table=100),
            entities.policy(4, source=Prefix.host(ADDRESS), table=100, inverted=True),
            entities.policy(
                4, source=Prefix.host(ADDRESS), destination=Prefix.parse("10.2.0.0/16"), table=100
            ),
            entities.policy(4, source=Prefix.host(ADDRESS), action="blackhole"),
        ],
    )
    def test_does_not_count_with_another_rule(self, rule: Entity):
        """For another table, for everybody, or under further conditions."""
        assert drifts(self.ROUTE, self.MOVED, rule, where=POD) == [f"{self.MISSING} in {POD}"]

    def test_counts_where_the_link_is_in_a_vrf_with_that_table(self):
        """What uses the link looks there; the table of another VRF, or of a bridge's namesake, is no way."""
        port = entities.link("eth0", master="red")
        red, blue = (entities.link(name, kind="vrf", table=100) for name in ("red", "blue"))
        other = entities.link("red", kind="vrf", table=101)
        assert drifts(self.ROUTE, self.MOVED, port, red, where=POD) == []
        for found in ([port, blue], [port, other], [port, entities.link("red", kind="bridge")], [red]):
            assert drifts(self.ROUTE, self.MOVED, *found, where=POD) == [f"{self.MISSING} in {POD}"]

    def test_does_not_count_without_the_route(self):
        """A rule alone is no way."""
        assert drifts(self.ROUTE, self.RULE, where=POD) == [f"{self.MISSING} in {POD}"]

    def test_does_not_count_on_the_node(self):
        """Where nobody moves them."""
        assert drifts(self.ROUTE, self.MOVED, self.RULE) == [self.MISSING]

    def test_does_not_count_for_one_that_stays(self):
        """Or for one that must not be there: that it is elsewhere is then as it should be."""
        both = (self.MOVED, self.RULE)
        assert drifts(self.ROUTE, *both, where=POD, stays=True) == [f"{self.MISSING} in {POD}"]
        assert drifts(self.ROUTE, *both, where=POD, absent=True) == []

    def test_has_the_facts_that_are_expected(self):
        """Being somewhere else is not being something else."""
        wanted = Entity("route", self.ROUTE.key, {"source": "10.1.2.2"})
        found = Entity("route", self.MOVED.key, {"source": "10.1.2.3"})
        assert drifts(wanted, found, self.RULE, where=POD) == [
            f"route {wanted.key} has source 10.1.2.3, not 10.1.2.2 in {POD}"
        ]


def test_several_values_of_a_fact_are_listed():
    """Each in its own words, none as none."""
    wanted = entities.traffic_filter("veth0", "ffff:", priority=1, actions=["one", "two"])
    found = entities.traffic_filter("veth0", "ffff:", priority=1, actions=["other"])
    name = "filter veth0 ffff: pref 1 all"
    assert drifts(wanted, found) == [f"{name} has actions other, not one, two"]
    nothing = entities.traffic_filter("veth0", "ffff:", priority=1, actions=[])
    assert drifts(wanted, nothing) == [f"{name} has no actions, not one, two"]
