"""Real configurations from the wild, where a collection of them lies beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.runtime import configuration
from cnictl.spec.conflist import NetworkList
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import at_least
from tests.interop.compared import compare
from tests.interop.differences import Table

pytestmark = pytest.mark.corpus

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "conflists"
OURS = {"bridge", "ptp", "macvlan", "loopback", "host-local", "static", "portmap", "tuning"}
STATE = Table("State after ADD")
FAILURES = Table("What the Go plugins' own CHECK and DEL fail at")
PORTS = [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}]


def usable(network: NetworkList) -> bool:
    """Whether a list consists of nothing but the plugins compared here."""
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
    offered = ["--cap-args", json.dumps({"portMappings": PORTS})] * ("portMappings" in network.capabilities)
    both = compare(go_plugins, plugins_dir, str(path), *offered)
    parted = [one for one in both.answers if " says it succeeded" in one or " with A, " in one]
    assert [one for one in parted if not STATE.explains(one)] == []
    assert [line for line in both.differences if not STATE.explains(line)] == []
    failures = both.failures("A", "check", "del", "del again")
    assert [line for line in failures if not FAILURES.explains(line)] == []
    assert both.failures("B", "check", "del", "del again") == both.left == []
