"""Rules that masquerade, in iptables' chains and in nftables."""

from __future__ import annotations

from cnictl.netfilter.observed import Chain, Filters, ObservedRule, Owner
from cnictl.topology.masquerades import masquerades

SHOP = Owner("shop", "web", "eth0")
OWN = "CNI-0123456789abcdef01234567"


def shown(*chains: Chain) -> list[tuple[str, str, str, str]]:
    found = masquerades(Filters(chains))
    return [(one.source, one.beyond, one.chain, one.container_id) for one in found]


def test_the_chain_of_an_attachment():
    """The source is that of the rule that leads there, and what is accepted first is not hidden."""
    rules = ("-d 10.7.0.0/24 -j ACCEPT", "! -d 224.0.0.0/4 -j MASQUERADE")
    entry = ObservedRule(f"-s 10.7.0.2/32 -j {OWN}", SHOP)
    chains = (
        Chain("iptables", "nat", "POSTROUTING", "compat", (entry,)),
        Chain("iptables", "nat", OWN, "compat", tuple(ObservedRule(one, SHOP) for one in rules), owner=SHOP),
    )
    assert shown(*chains) == [("10.7.0.2", "10.7.0.0/24", OWN, "shop")]


def test_the_table_of_nftables():
    """One rule says all of it."""
    rule = ObservedRule("ip saddr 10.7.0.2 ip daddr != 10.7.0.0/24 masquerade", SHOP)
    table = Chain("nft inet", "cni_plugins_masquerade", "masq_checks", "native", (rule,))
    assert shown(table) == [("10.7.0.2", "10.7.0.0/24", "masq_checks", "shop")]


def test_rules_of_others():
    """A container engine's are told; what portmap masquerades is part of forwarding ports."""
    engine = ObservedRule("-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE")
    marked = ObservedRule("-m mark --mark 0x2000/0x2000 -j MASQUERADE")
    hairpin = ObservedRule("ip saddr 10.7.0.2 ip daddr 10.7.0.2 masquerade")
    chains = (
        Chain("iptables", "nat", "POSTROUTING", "legacy", (engine,)),
        Chain("iptables", "nat", "CNI-HOSTPORT-MASQ", "legacy", (marked,)),
        Chain("nft ip", "cni_hostport", "masquerading", "native", (hairpin,)),
    )
    assert shown(*chains) == [("172.17.0.0/16", "", "POSTROUTING", "")]
