"""What is called wrong with a port, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnictl.leases.namespaces import Sighting
from cnictl.netfilter.observe_conntrack import Flow
from cnictl.netfilter.observed import Owner
from cnictl.netlink.observe_sockets import Listener, Process
from cnictl.ports.forwards import chain_name
from cnictl.ports.gather import Facts
from cnictl.ports.judge import judge
from cnictl.ports.model import Claim, Forward
from cnictl.spec.address import Prefix

CLAIM = Claim("net", "c1", "prod/shop", "tcp", "", 8080, "10.0.0.2", 80, "portmap")
CHAIN = chain_name("net", "c1")
RULE = Forward(
    "iptables", "nat", CHAIN, "compat", "rule", "tcp", "", 8080, 8080, "10.0.0.2", 80, ours=True
)  # fmt: skip


def facts(**keys: object) -> Facts:
    """Return a container with one port that one rule carries, but for what is given."""
    usual: dict[str, object] = {
        "claims": [CLAIM],
        "containers": {("net", "c1")},
        "addresses": [Prefix.parse("10.0.0.2/24")],
        "forwards": [RULE],
        "local": {"192.0.2.1"},
    }
    return Facts(**{**usual, **keys})  # type: ignore[arg-type]


def kinds(given: Facts) -> list[list[str]]:
    return [[problem.kind for problem in one.problems] for one in judge(given).ports]


def test_a_port_that_is_carried():
    """Nothing is wrong, whether the rule names the container or only its chain does."""
    assert judge(facts()).sound
    named = replace(RULE, chain="hostports", owner=Owner("c1"))
    assert judge(facts(forwards=[named])).sound


def test_another_plugins_way_is_not_known():
    """Its rules are not missed, and nothing says that all is well."""
    others = facts(claims=[replace(CLAIM, plugin="cilium-cni")], forwards=[])
    assert kinds(others) == [[]]
    assert [one.state for one in judge(others).ports] == ["unknown"]


def test_what_could_not_be_read_is_not_missed():
    """Neither rules nor attachments."""
    assert kinds(facts(forwards=[], rules_read=False)) == [[]]
    assert [one.state for one in judge(facts(forwards=[], rules_read=False)).ports] == ["unknown"]
    assert kinds(facts(claims=[], containers=set(), cache_read=False)) == [[]]
    assert kinds(facts(claims=[], containers=set())) == [["stale"]]


def test_what_nobody_has_may_be_removed():
    """Not what somebody has, and not what may be had by somebody who could not be seen."""
    owner = Owner("gone", "web")
    unknown = replace(
        RULE, to="10.0.0.9", chain="CNI-DN-0123456789abcdef01234", owner=owner, address="192.0.2.1"
    )
    sighting = {"10.0.0.9": [Sighting("/run/netns/x", "eth0")]}

    def fix(**keys: object) -> str:
        (row,) = judge(facts(claims=[], forwards=[unknown], **keys)).ports
        return row.problems[0].fix

    assert fix() == "cnictl del web --container-id gone --port 192.0.2.1:8080:80/tcp"
    assert fix(sightings=sighting) == ""
    assert fix(namespaces_read=False) == ""


def test_a_rule_to_an_address_from_before():
    """The attachment misses its own, and the other is stale."""
    old = replace(RULE, to="10.0.0.9")
    report = judge(facts(forwards=[old]))
    assert [one.state for one in report.ports] == ["missing", "stale"]
    assert "is attached, but did not ask for this rule" in report.ports[1].problems[0].text


@pytest.mark.parametrize(
    ("address", "name", "wanted"),
    [
        ("0.0.0.0", "nginx", ["listener"]),
        ("::", "nginx", ["listener"]),
        ("::1", "nginx", []),
        ("0.0.0.0", "crio", []),
    ],
)
def test_sockets(address: str, name: str, wanted: list[str]):
    """One that waits in vain is told, one that a runtime holds to keep others away is not."""
    listener = Listener("tcp", address, 8080, 7)
    assert kinds(facts(listeners=[listener], processes={7: Process(1, name)})) == [wanted]
    assert kinds(facts(listeners=[listener._replace(protocol="udp")], processes={})) == [[]]


def test_a_range_of_somebody_else():
    """Is in the way of a port within."""
    other = replace(RULE, chain="DOCKER", port=8000, last=8100, to="172.17.0.2", ours=False)
    report = judge(facts(forwards=[RULE, other]))
    assert [(one.name, one.state) for one in report.ports] == [
        ("8000-8100/tcp", "foreign"),
        ("8080/tcp", "conflict"),
    ]


def test_addresses_of_the_node_that_differ():
    """Are no conflict; one for all addresses and one for a single one are."""
    one, other = replace(CLAIM, address="192.0.2.1"), replace(CLAIM, container_id="c2", address="192.0.2.2")
    assert kinds(facts(claims=[one, other], forwards=[], rules_read=False)) == [[], []]
    everywhere = replace(CLAIM, container_id="c3")
    found = kinds(facts(claims=[one, everywhere], forwards=[], rules_read=False))
    assert found == [["conflict"], ["conflict"]]


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (Flow("tcp", "192.0.2.9", "192.0.2.1", 8080, "10.0.0.2", 80, changed=True), False),
        (Flow("tcp", "192.0.2.9", "192.0.2.1", 8080, "10.0.0.3", 80, changed=True), True),
        (Flow("tcp", "192.0.2.9", "192.0.2.1", 9999, "10.0.0.3", 80, changed=True), True),
        (Flow("tcp", "192.0.2.9", "192.0.2.1", 9999, "10.9.0.3", 80, changed=True), False),
        (Flow("tcp", "192.0.2.9", "10.96.0.1", 8080, "10.0.0.3", 80, changed=True), False),
        (Flow("tcp", "192.0.2.9", "192.0.2.1", 8080, "192.0.2.1", 8080, changed=False), False),
    ],
)
def test_connections(flow: Flow, wanted: bool):
    """Those to an address of the node are judged, services' are not; only UDP goes past a rule for long."""
    assert [one.kind for one in judge(facts(flows=[flow])).problems] == (["flow"] if wanted else [])
