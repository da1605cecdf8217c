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
STATE = Table("State after ADD")
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


def usable(network: NetworkList) -> bool:
    """Whether a list consists of nothing but the plugins compared here, and two nodes can have it at once."""
    if b'"/tmp/' in network.raw:  # which throwaway nodes have in common
        return False
    types = {plugin.type for plugin in network.plugins} | {plugin.ipam_type for plugin in network.plugins} - {
        ""
    }
    return bool(types) and types <= OURS


def found() -> list[Any]:
    """Return the files of the corpus that load and use these plugins only."""
    params = []
    for path in sorted(CORPUS.glob("*")) if CORPUS.is_dir() else []:
        try:
            network = configuration.load(str(path))
        except CnictlError:
            continue
        if usable(network) and not at_least(
            network.cni_version, "1.1.0"
        ):  # which the packaged ones do not know
            params.append(pytest.param(path, network, id=path.name))
    return params


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real configurations beside the project")
@pytest.mark.parametrize(("path", "network"), found())
def test_a_real_configuration_gives_the_same(
    path: Path, network: NetworkList, go_plugins: str, plugins_dir: str
) -> None:
    """Both make the same of it, or both refuse it; nothing is left."""
    offered = {name: value for name, value in OFFERED.items() if name in network.capabilities}
    arguments = ["--cap-args", json.dumps(offered)] if offered else []
    both = compare(go_plugins, plugins_dir, str(path), *arguments)
    parted = [one for one in both.answers if " says it succeeded" in one or " with A, " in one]
    assert [one for one in parted if not STATE.explains(one)] == []
    assert [line for line in both.differences if not STATE.explains(line)] == []
    assert [line for line in both.failures("A", "check", "del") if not FAILURES.explains(line)] == []
    assert [line for line in both.failures("A", "del again") if not FAILURES_AGAIN.explains(line)] == []
    assert both.failures("B", "check", "del", "del again") == both.left == []
