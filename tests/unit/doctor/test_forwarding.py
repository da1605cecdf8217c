"""What a filter does with a new connection of a pod, rule by rule."""

from __future__ import annotations

import pytest

from cnictl.doctor.bundle import ChainFact
from cnictl.doctor.forwarding import Packet, outcome

POD = Packet("10.9.0.2", "cni0", "eth0")

CASES: tuple[tuple[str, dict[str, tuple[str, ...]], str], ...] = (
    ("ACCEPT", {}, "ACCEPT"),
    ("DROP", {}, "DROP"),
    ("DROP", {"FORWARD": ("-s 10.9.0.0/24 -j ACCEPT",)}, "ACCEPT"),
    ("DROP", {"FORWARD": ("-s 10.8.0.0/24 -j ACCEPT",)}, "DROP"),
    ("DROP", {"FORWARD": ("-s 10.9.0.2/32 -j ACCEPT",)}, "ACCEPT"),
    ("DROP", {"FORWARD": ("! -s 10.9.0.2/32 -j ACCEPT",)}, "DROP"),
    ("DROP", {"FORWARD": ("-i cni+ -j ACCEPT",)}, "ACCEPT"),
    ("DROP", {"FORWARD": ("! -i cni0 -o eth0 -j ACCEPT",)}, "DROP"),
    ("DROP", {"FORWARD": ("-d 10.0.0.0/8 -j ACCEPT",)}, "DROP"),
    ("DROP", {"FORWARD": ("! -d 10.0.0.0/8 -j ACCEPT",)}, "ACCEPT"),
    ("DROP", {"FORWARD": ("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",)}, "DROP"),
    ("DROP", {"FORWARD": ("-p udp -j ACCEPT", "-p tcp -j ACCEPT")}, "ACCEPT"),
    ("DROP", {"FORWARD": ('-m comment --comment "-s 1.2.3.4" -j ACCEPT',)}, "ACCEPT"),
    ("DROP", {"FORWARD": ("-m mark --mark 0x4000/0x4000 -j ACCEPT",)}, "DROP"),
    ("ACCEPT", {"FORWARD": ("-i cni0 -j REJECT --reject-with icmp-port-unreachable",)}, "DROP"),
    ("DROP", {"FORWARD": ("-j LOG --log-prefix x", "-j UP"), "UP": ("-j RETURN", "-j ACCEPT")}, "DROP"),
    ("DROP", {"FORWARD": ("-j UP",), "UP": ("-s 10.9.0.2/32 -j ACCEPT",)}, "ACCEPT"),
    ("ACCEPT", {"FORWARD": ("-j UP", "-j DROP"), "UP": ("-s 10.7.0.0/16 -j ACCEPT",)}, "DROP"),
    ("ACCEPT", {"FORWARD": ("-j UP", "-j DROP"), "UP": ("-s 10.9.0.0/16 -j ACCEPT",)}, "ACCEPT"),
    ("ACCEPT", {"FORWARD": ("-g UP", "-j DROP"), "UP": ()}, "ACCEPT"),
    ("DROP", {"FORWARD": ("-m set --match-set pods src -j ACCEPT",)}, "ACCEPT DROP"),
    ("ACCEPT", {"FORWARD": ("-m set --match-set pods src -j ACCEPT",)}, "ACCEPT"),
    ("ACCEPT", {"FORWARD": ("-j NFQUEUE --queue-num 1",)}, "ACCEPT DROP"),
    ("DROP", {"FORWARD": ("-j UP",), "UP": ("-j UP",)}, "ACCEPT DROP"),
)


@pytest.mark.parametrize(("policy", "rules", "becomes"), CASES)
def test_what_becomes_of_a_packet(policy: str, rules: dict[str, tuple[str, ...]], becomes: str):
    """Both where a rule cannot be understood and it makes a difference."""
    listed = {"FORWARD": ()} | rules
    chains = {
        name: ChainFact(
            "iptables", "filter", name, "compat", policy if name == "FORWARD" else "", rules=lines
        )
        for name, lines in listed.items()
    }
    assert sorted(outcome(chains, POD).verdicts) == becomes.split()


def test_the_rules_that_decide_are_told():
    """Down to the policy."""
    rules = ("-i cni0 -j UP",)
    chains = {
        "FORWARD": ChainFact("iptables", "filter", "FORWARD", "compat", "DROP", rules=rules),
        "UP": ChainFact("iptables", "filter", "UP", "compat", rules=("-s 10.9.0.2/32 -j DROP",)),
    }
    assert outcome(chains, POD).deciding == ("-A UP -s 10.9.0.2/32 -j DROP",)
    unknown = Packet("10.9.0.2", "", "")
    assert outcome(chains, unknown).doubtful == ("-A FORWARD -i cni0 -j UP",)
    assert outcome(chains, unknown).deciding[-1] == "-P FORWARD DROP"
