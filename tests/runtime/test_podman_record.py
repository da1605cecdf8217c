"""Podman's calls of plugins, recorded, and made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.runtime.image import PAGE
from tests.runtime.networks import PODS
from tests.runtime.podman import PLUGINS
from tests.runtime.test_podman import fetch

if TYPE_CHECKING:
    from tests.runtime.podman import Podman

pytestmark = pytest.mark.runtime

LOG = "--log-dir=/run/log"


@pytest.mark.parametrize("plugins", ["ours", "go"])
def test_podmans_calls_are_recorded_and_made_again(
    podman: Podman, go_plugins: str, plugins: str, stand_in: str
) -> None:
    """A container works and goes while its plugins are recorded, and all that they did is done again."""
    if plugins == "go":
        podman.use_go_plugins(go_plugins)
    else:
        podman.cnictl("install", PLUGINS)
    podman.network(PODS)
    podman.cnictl("record", "start", "--all", f"--stand-in={stand_in}", f"--cni-path={PLUGINS}", LOG)
    podman.start("web", "--publish=18080:80")
    assert fetch(podman, "127.0.0.1") == PAGE
    podman("rm", "--force", "--time=0", "web")
    podman.cnictl("record", "stop", f"--cni-path={PLUGINS}")
    calls = json.loads(podman.cnictl("record", "ls", "-o", "json", LOG))
    did = [(one["verb"], one["plugin"]) for one in calls if one["verb"] != "VERSION"]
    assert {("ADD", "bridge"), ("ADD", "host-local"), ("ADD", "portmap"), ("DEL", "bridge")} <= set(did)
    assert {one["status"] for one in calls} == {0}
    assert {one["caller"] for one in calls if one["within"] is None} == {"podman"}
    for call in ("portmap/ADD", "bridge/DEL"):
        done = json.loads(podman.cnictl("replay", call, "-o", "json", LOG))
        assert (done["verdict"], done["notes"]) == ("same", [])
