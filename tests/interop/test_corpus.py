"""Real configurations from the wild, where a collection of them lies beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl import configuration
from cnictl.spec.conflist import NetworkList
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import at_least
from tests.conftest import GO_DIRECTORIES, GO_RELEASE, PACKAGED, go_directory
from tests.interop.compared import compare
from tests.interop.differences import Table

pytestmark = pytest.mark.corpus

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "conflists"
OURS = {
    "bandwidth",
    "bridge",
    "host-local",
    "loopback",
    "macvlan",
    "portmap",
    "ptp",
    "sbr",
    "static",
    "tuning",
}
CHAINED = {"bandwidth", "portmap", "sbr", "tuning"}
FIRST = {"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.77.0.0/24"}}
"""What gives an interface to a plugin that works on one and stands alone in its file."""
STATE = (Table("State after ADD"), Table("State after ADD, with VLANs"))
FAILURES = Table("What the Go plugins' own CHECK and DEL fail at")
FAILURES_AGAIN = Table("What a second DEL of the Go plugins fails at")
OFFERED = {
    "portMappings": [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}],
    "bandwidth": {
        "ingressRate": 8000000,
        "ingressBurst": 800000,
        "egressRate": 8000000,
        "egressBurst": 800000,
    },
}
"""What the runtime has for who asks."""
NEW_CHAIN = ("iptables -t nat -N {}", "ip6tables -t nat -N {}")
"""kube-proxy makes the chain that portmap is told to use."""


def usable(network: NetworkList) -> bool:
    """Whether a list consists of nothing but the plugins compared here, and two nodes can have it at once."""
    if b'"/tmp/' in network.raw:  # which throwaway nodes have in common
        return False
    types = {plugin.type for plugin in network.plugins} | {plugin.ipam_type for plugin in network.plugins} - {
        ""
    }
    return bool(types) and types <= OURS


def is_new(network: NetworkList, release: str) -> bool:
    """Whether the Go plugins do not know the version, or the backend of portmap."""
    new = at_least(network.cni_version, "1.1.0") or b'"backend"' in network.raw
    return new and release == PACKAGED


def scenario(network: NetworkList) -> dict[str, Any]:
    """Return a scenario in which a configuration works, if it can."""
    members = json.loads(network.raw)
    if network.plugins[0].type in CHAINED:
        members["plugins"].insert(0, FIRST)
    chains = {plugin.get("externalSetMarkChain", "") for plugin in members["plugins"]} - {""}
    return {
        "name": "real",
        "network": members,
        "setup": [command.format(chain) for chain in chains for command in NEW_CHAIN],
        "attachments": [
            {"capabilities": {name: value for name, value in OFFERED.items() if name in network.capabilities}}
        ],
    }


def found() -> list[Any]:
    """Return the files that load and use these plugins only, each with the releases to compare with."""
    params = []
    for path in sorted(CORPUS.glob("*")) if CORPUS.is_dir() else []:
        try:
            network = configuration.load(str(path))
        except CnictlError:
            continue
        if not usable(network):
            continue
        vlans = b'"vlan"' in network.raw
        params += [
            pytest.param(
                network,
                release,
                id=f"{path.name}-{release}",
                marks=[pytest.mark.kernel_lane] if vlans else [],
            )
            for release in (GO_DIRECTORIES if vlans else (GO_RELEASE,))
        ]
    return params


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real configurations beside the project")
@pytest.mark.parametrize(("network", "release"), found())
def test_a_real_configuration_gives_the_same(
    network: NetworkList, release: str, plugins_dir: str, tmp_path: Path
) -> None:
    """Both make the same of it, or both refuse it; nothing is left.

    What only ours know is added and deleted by ours alone.
    """
    file = tmp_path / "real.yaml"
    file.write_text(json.dumps(scenario(network)))
    both = compare(plugins_dir if is_new(network, release) else go_directory(release), plugins_dir, str(file))
    parted = [one for one in both.answers if " says it succeeded" in one or " with A, " in one]
    unexplained = [
        line for line in parted + both.differences if not any(table.explains(line) for table in STATE)
    ]
    assert unexplained == []
    assert [line for line in both.failures("A", "check", "del") if not FAILURES.explains(line)] == []
    assert [line for line in both.failures("A", "del again") if not FAILURES_AGAIN.explains(line)] == []
    assert both.failures("B", "check", "del", "del again") == both.left == []
