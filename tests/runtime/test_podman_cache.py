"""libcni's result cache between podman, which has libcni in it, and our runtime, which has not."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cnictl.runtime.cache import Cache, CachedAttachment
from cnictl.sandbox.node import ROOT
from cnictl.spec import result as results
from tests import witness
from tests.kernel.plugins.leftovers import leftovers
from tests.runtime.networks import PODS
from tests.runtime.podman import CONFIGURATIONS, PLUGINS

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed
    from tests.runtime.podman import Podman

pytestmark = pytest.mark.runtime

CHECK = """
import sys
from dataclasses import replace
from cnictl import configuration
from cnictl.runtime.cache import Cache
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins

directory, file, netns = sys.argv[1:]
(cached,) = Cache().listing().attachments
config, attachment = Cache().config(cached.network, replace(cached.attachment, netns=netns))
Runtime(Plugins([directory], timeout=20)).check(configuration.load(file), attachment)
"""
RECORDING = """\
#!/bin/sh
tee /run/stdin.$CNI_COMMAND | {plugins}/recorded/portmap
"""


@pytest.fixture(params=["ours", "go"])
def web(request: pytest.FixtureRequest, podman: Podman, go_plugins: str) -> str:
    """A container with a published port, attached by our plugins or the Go plugins; its id."""
    if request.param == "go":
        podman.use_go_plugins(go_plugins)
    else:
        podman.cnictl("install", PLUGINS)
    podman.network(PODS)
    return podman.start("web", "--publish=18080:80", "--network=pods:mac=02:00:00:00:00:50")


def cached(podman: Podman) -> CachedAttachment:
    """Return the only attachment in the cache."""
    listing = Cache(podman.node.path("/var/lib/cni")).listing()
    assert listing.skipped == []
    (one,) = listing.attachments
    return one


def check(podman: Podman) -> Completed:
    """Have our runtime check what is in the cache."""
    argv = [sys.executable, "-c", CHECK, PLUGINS, f"{CONFIGURATIONS}/pods.conflist"]
    argv.append(f"/run/netns/{podman.netns('web')}")
    return podman.node.run(argv, cwd=ROOT, timeout=60)


def test_we_read_what_podman_wrote(podman: Podman, web: str) -> None:
    """Container, interface, CNI_ARGS, ports, the configuration byte for byte, and the Result."""
    one = cached(podman)
    assert (one.network, one.attachment.key) == ("pods", (web, "eth0"))
    assert {("K8S_POD_NAME", "web"), ("MAC", "02:00:00:00:00:50")} <= set(one.attachment.args)
    ports = one.attachment.capability_args["portMappings"]
    assert ports == [{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}]
    with open(podman.node.path(f"{CONFIGURATIONS}/pods.conflist"), "rb") as file:
        assert one.config == file.read()
    assert one.result is not None
    told = podman.inspect("web")["Networks"]["pods"]
    found = results.parse_any(dict(one.result))
    assert isinstance(found, results.Result)
    assert [str(ip.address.address) for ip in found.ips] == [told["IPAddress"], told["GlobalIPv6Address"]]


@pytest.mark.usefixtures("web")
def test_our_check_holds_and_sees_drift(podman: Podman) -> None:
    """CHECK from podman's cache: all is well, whoever made it, until somebody takes an address away."""
    podman.cnictl("install", "--force", PLUGINS)  # the Go portmap looks for IPv4 rules among those of IPv6
    assert check(podman).checked().stderr == ""
    podman.node.run(
        ["ip", "addr", "del", "10.216.0.2/24", "dev", "eth0"], netns=podman.netns("web")
    ).checked()
    done = check(podman)
    assert done.status != 0
    assert "10.216.0.2" in done.stderr


@pytest.mark.usefixtures("web")
def test_we_write_the_bytes_that_podman_writes(podman: Podman) -> None:
    """For an equal attachment both write the same file, but for the order of keys inside of a port mapping.

    libcni writes what podman hands it there, which is a struct; ours are sorted, as libcni's maps are.
    """
    one = cached(podman)
    with open(one.path, "rb") as file:
        theirs = file.read()
    assert one.result is not None
    assert one.attachment.netns == ""
    write(podman, one)
    members = json.loads(theirs)
    members["capabilityArgs"] = json.loads(json.dumps(members["capabilityArgs"], sort_keys=True))
    with open(one.path, "rb") as file:
        assert file.read() == json.dumps(members, separators=(",", ":")).encode()


def test_podman_deletes_by_a_file_of_ours(podman: Podman, web: str) -> None:
    """podman takes configuration, arguments and prevResult of DEL from the cache that we wrote."""
    one = cached(podman)
    assert one.result is not None
    netns = f"/run/netns/{podman.netns('web')}"
    os.unlink(one.path)
    write(podman, replace(one, attachment=replace(one.attachment, netns=netns)))
    record_portmap(podman)
    podman.network({**PODS, "plugins": [{"type": "bridge", "bridge": "cni-other"}]})
    assert podman.answer("rm", "--force", "--time=0", "web").checked().stderr == ""
    assert not os.path.exists(one.path)
    with open(podman.node.path("/run/stdin.DEL"), encoding="utf-8") as file:
        given = json.load(file)
    assert given["prevResult"] == one.result
    assert given["runtimeConfig"]["portMappings"] == one.attachment.capability_args["portMappings"]
    assert web not in str(leftovers(podman.node))
    rules = witness.iptables(podman.node, "nat")
    assert [line for line in rules if "10.216.0" in line] == []


def write(podman: Podman, one: CachedAttachment) -> None:
    """Write an attachment as our runtime does."""
    assert one.result is not None
    cache = Cache(podman.node.path("/var/lib/cni"))
    cache.write(one.network, one.attachment, one.config, results.parse_any(dict(one.result)))


def record_portmap(podman: Podman) -> None:
    """Have what portmap is given kept in /run/stdin.VERB."""
    commands = f"mkdir recorded && mv portmap recorded && (cat >portmap) && chmod 755 portmap && cd {PLUGINS}"
    commands += " && if [ -e cnictl-plugin ]; then cp cnictl-plugin recorded; fi"
    podman.node.run(["sh", "-c", commands], cwd=PLUGINS, stdin=RECORDING.format(plugins=PLUGINS)).checked()
