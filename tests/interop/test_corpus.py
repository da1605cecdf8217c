"""Real configurations from the wild, where a collection of them lies beside the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.runtime import configuration
from cnictl.spec.conflist import NetworkList
from cnictl.spec.document import decode
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import at_least
from tests.interop.differences import Table
from tests.interop.run import both_ways, left, parted
from tests.interop.scenario import Attach, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.sandbox.node import Node

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
            params.append(pytest.param(network, id=path.name))
    return params


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real configurations beside the project")
@pytest.mark.parametrize("network", found())
def test_a_real_configuration_gives_the_same(
    network: NetworkList, make_node: Callable[[], Node], go_plugins: str, plugins_dir: str
) -> None:
    """Both make the same of it, or both refuse it; nothing is left."""
    members = decode(network.raw)
    assert isinstance(members, dict)
    offered = {"portMappings": PORTS, "ips": [], "mac": ""} if "portMappings" in network.capabilities else {}
    scenario = Scenario(
        "corpus",
        "",
        members,
        attachments=(Attach(capabilities={k: v for k, v in offered.items() if v}),),
    )
    by_go, by_us = both_ways(make_node, scenario, go_plugins, plugins_dir)
    assert len(by_go.errors("add", 0)) == len(by_us.errors("add", 0)), [
        by_go.errors("add", 0),
        by_us.errors("add", 0),
    ]
    if by_go.errors("add", 0):
        return
    assert [line for line in parted(scenario, by_go, by_us) if not STATE.explains(line)] == []
    failures = (
        by_go.errors("check", 0) + by_us.errors("check", 1) + by_us.errors("del", 0) + by_us.errors("del", 1)
    )
    assert [line for line in failures if not FAILURES.explains(line)] == []
    assert by_go.errors("check", 1) == by_us.errors("check", 0) == by_go.errors("del", 0) == []
    assert left(scenario, by_go) == left(scenario, by_us) == []
