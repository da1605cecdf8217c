"""Rules that send ports elsewhere, in all their spellings."""

from __future__ import annotations

import pytest

from cnictl.netfilter.observed import Chain, Filters, ObservedRule
from cnictl.ports.forwards import empty_chains, forwards


def native(text: str, table: str = "nat", chain: str = "prerouting") -> Filters:
    return Filters((Chain("nft ip", table, chain, "native", (ObservedRule(text),)),))


def legacy(*rules: str, chain: str = "DOCKER") -> Filters:
    return Filters((Chain("iptables", "nat", chain, "legacy", tuple(map(ObservedRule, rules))),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp dport 80 dnat to 10.0.0.2:8080", ("tcp", "", 80, 80, "10.0.0.2", 8080)),
        ("ip daddr 192.0.2.1 udp dport 53 dnat to 10.0.0.2:53", ("udp", "192.0.2.1", 53, 53, "10.0.0.2", 53)),
        ("tcp dport 80 dnat ip to 10.0.0.2:8080", ("tcp", "", 80, 80, "10.0.0.2", 8080)),
        ("tcp dport 8000-8010 dnat to 10.0.0.2", ("tcp", "", 8000, 8010, "10.0.0.2", 0)),
        ("ip6 daddr fd00::1 tcp dport 80 dnat to [fd00::2]:80", ("tcp", "fd00::1", 80, 80, "fd00::2", 80)),
        ("tcp dport 80 dnat to fd00::2", ("tcp", "", 80, 80, "fd00::2", 0)),
        ('sctp dport 7 dnat to 10.0.0.2:7 comment "tcp dport 9 x"', ("sctp", "", 7, 7, "10.0.0.2", 7)),
    ],
)
def test_native_rules(text: str, expected: tuple[object, ...]):
    """As nft lists them."""
    (one,) = forwards(native(text))
    assert (one.protocol, one.address, one.port, one.last, one.to, one.to_port) == expected
    assert not one.ours


@pytest.mark.parametrize(
    "text",
    [
        "tcp dport 80 accept",
        "dnat to 10.0.0.2",
        "tcp dport 80 dnat to @there",
        "tcp dport 80 redirect to :8080",
    ],
)
def test_native_rules_about_something_else(text: str):
    """They are no forwarding of a port to an address."""
    assert forwards(native(text)) == []


def test_rules_of_a_container_engine():
    """Ports and ranges with or without an address of the node."""
    found = forwards(
        legacy(
            "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
            "-d 127.0.0.1/32 -p tcp -m tcp --dport 9000:9010 -j DNAT --to-destination 172.17.0.3",
            "-p tcp -m tcp --dport 1 -j ACCEPT",
        )
    )
    assert [(one.address, one.port, one.last, one.to, one.to_port) for one in found] == [
        ("", 8080, 8080, "172.17.0.2", 80),
        ("127.0.0.1", 9000, 9010, "172.17.0.3", 0),
    ]


def test_what_leads_to_a_chain_is_of_the_same_variant():
    """Rules of the other iptables do not count."""
    own = Chain(
        "iptables",
        "nat",
        "CNI-DN-0123456789abcdef01234",
        "legacy",
        (ObservedRule("-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80"),),
    )
    dispatch = ObservedRule("-p tcp -m multiport --dports 79,80 -j CNI-DN-0123456789abcdef01234")
    entry = ObservedRule("-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT")

    def around(tool: str) -> tuple[Chain, ...]:
        return (
            Chain(tool, "nat", "PREROUTING", "legacy", (entry,)),
            Chain(tool, "nat", "CNI-HOSTPORT-DNAT", "legacy", (dispatch,)),
        )

    (one,) = forwards(Filters((own, *around("iptables"))))
    assert (one.ours, one.gap) == (True, "")
    (one,) = forwards(Filters((own, *around("iptables-nft"))))
    assert one.gap == "PREROUTING does not lead to CNI-HOSTPORT-DNAT"
    (one,) = forwards(Filters((own, around("iptables")[0])))
    assert one.gap == "no rule of CNI-HOSTPORT-DNAT leads there"


def test_chains_without_a_rule_that_leads_anywhere():
    """Those of containers only."""
    mark = "-p tcp -m tcp --dport 80 -s 10.0.0.0/24 -j CNI-HOSTPORT-SETMARK"
    assert empty_chains(legacy(mark)) == []
    assert len(empty_chains(legacy(mark, chain="CNI-DN-0123456789abcdef01234"))) == 1
