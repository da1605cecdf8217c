"""What DEL left: rules of one container count, wherever they are, and what all share does not."""

from __future__ import annotations

import pytest

from cnictl.spec.conflist import parse_list
from cnictl.state.leftovers import leftovers
from cnictl.state.load import load

NETWORK = parse_list(b'{"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "bridge"}]}')
COMMENT = '-m comment --comment "CNI firewall plugin rules (ingressPolicy: isolated)"'


def left(chain: str, *rules: str) -> list[str]:
    """Return what is left where a chain with some rules came up."""
    before = "version: 1\ncomplete: true\nnode: {}\n"
    listed = "".join(f"      - '{rule}'\n" for rule in rules)
    return leftovers(NETWORK, load(before), load(f"{before[:-3]}\n  chain:\n    {chain}:\n{listed}"))


@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        ("iptables filter FORWARD", '-m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD'),
        (
            "iptables filter CNI-FORWARD",
            '-m comment --comment "CNI firewall plugin admin overrides" -j OURS',
        ),
        ("ip6tables filter CNI-ISOLATION-STAGE-1", f"-i cni9 -o cni9 {COMMENT} -j DROP"),
        ("ip6tables filter CNI-ISOLATION-STAGE-2", f"{COMMENT} -j RETURN"),
    ],
)
def test_what_containers_share_is_not_left(chain: str, rule: str) -> None:
    """The next container finds it; a rule of a container beside it is found."""
    assert left(chain, rule) == []
    own = "-s 10.1.2.2/32 -j ACCEPT"
    found = left(chain, rule, own)
    assert f"node: + rule {chain}: {own}" in found
    assert not any(rule in line for line in found)
