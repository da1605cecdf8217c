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


def drifts(wanted: Entity, *found: Entity, where: str = NODE) -> list[str]:
    """Return the sentences about one expectation, given what was found in its place."""
    state = State()
    state.extend(where, found)
    return [str(one) for one in compare([Expectation(where, wanted)], state)]


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
