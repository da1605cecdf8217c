"""Containers of podman on our plugins, and what nobody notices when the plugins are exchanged under them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests import witness
from tests.kernel.plugins.leftovers import leftovers
from tests.runtime.conftest import NEIGHBOUR, NEIGHBOUR_6, NODE_ADDRESS, NODE_ADDRESS_6
from tests.runtime.image import PAGE, REFERENCE
from tests.runtime.networks import PODS, SECOND
from tests.runtime.podman import PLUGINS

if TYPE_CHECKING:
    from tests.runtime.podman import Podman

pytestmark = pytest.mark.runtime

FETCH = """
import sys, time, urllib.request
until = time.monotonic() + 10
while True:
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=3).read().decode(), end="")
        break
    except ConnectionRefusedError:
        raise
    except OSError as error:
        if not isinstance(getattr(error, "reason", None), ConnectionRefusedError) or time.monotonic() > until:
            raise
        time.sleep(0.02)  # the server has yet to start
"""


def fetch(podman: Podman, host: str, port: int = 18080, netns: str = "") -> str:
    """Return the page at a host, as a program on the node or in one of its namespaces gets it."""
    argv = [sys.executable, "-IS", "-c", FETCH, f"http://{host}:{port}/"]
    return podman.node.run(argv, netns=netns, timeout=20).checked().stdout


def addresses(podman: Podman, container: str, ifname: str) -> set[str]:
    """Return the addresses of a container's interface, those of its link aside, none without it."""
    links = witness.ip(podman.node, "addr", netns=podman.netns(container))
    return {
        f"{one['local']}/{one['prefixlen']}"
        for link in links
        if link["ifname"] == ifname
        for one in link["addr_info"]
        if one["scope"] == "global"
    }


@pytest.fixture(params=["ours", "go"])
def plugins(request: pytest.FixtureRequest, podman: Podman, go_plugins: str) -> str:
    """Podman's plugins: ours, and the Go plugins to see whether the test asks too much."""
    if request.param == "go":
        podman.use_go_plugins(go_plugins)
    else:
        podman.cnictl("install", PLUGINS)
    podman.network(PODS)
    podman.network(SECOND)
    return str(request.param)


@pytest.mark.usefixtures("plugins")
def test_a_published_port_is_reached_from_everywhere(podman: Podman) -> None:
    """From the node by 127.0.0.1 and its addresses, from a neighbour, and from the container itself."""
    podman.start("web", "--publish=18080:80")
    for host in ("127.0.0.1", NODE_ADDRESS, f"[{NODE_ADDRESS_6}]", "10.216.0.2"):
        assert fetch(podman, host, 80 if host.startswith("10.") else 18080) == PAGE, host
    for host in (NODE_ADDRESS, f"[{NODE_ADDRESS_6}]"):
        assert fetch(podman, host, netns="outside") == PAGE, host
    assert podman("exec", "web", "wget", "-q", "-O", "-", f"http://{NODE_ADDRESS}:18080/") == PAGE


@pytest.mark.usefixtures("plugins")
def test_a_container_reaches_who_does_not_know_its_network(podman: Podman) -> None:
    """What leaves the node is masqueraded, in both families; without that no answer would come back."""
    podman.start("web")
    for host in (NEIGHBOUR, NEIGHBOUR_6):
        assert ", 0% packet loss" in podman("exec", "web", "ping", "-c", "1", "-W", "3", host)
    assert podman("exec", "web", "cat", "/proc/sys/net/core/somaxconn") == "500\n"


@pytest.mark.usefixtures("plugins")
def test_nothing_is_left_of_a_container(podman: Podman) -> None:
    """Links, rules and files are gone after `podman rm`, of one container as of several."""
    podman.start("first")
    podman("rm", "--force", "--time=0", "first")
    before = leftovers(podman.node)
    podman.start("web", "--publish=18080:80", "--publish=18081:80/udp")
    podman.start("other", "--publish=18082:80")
    assert leftovers(podman.node) != before
    podman("rm", "--force", "--time=0", "web", "other")
    assert leftovers(podman.node) == before


@pytest.mark.usefixtures("plugins")
def test_a_restart_is_a_new_attachment(podman: Podman) -> None:
    """`podman restart` sends DEL and ADD; the port leads to the new address."""
    podman.start("web", "--publish=18080:80")
    first = podman.inspect("web")["Networks"]["pods"]["IPAddress"]
    podman("restart", "--time=0", "web")
    second = podman.inspect("web")["Networks"]["pods"]["IPAddress"]
    assert first != second
    assert fetch(podman, "127.0.0.1") == PAGE
    rules = "\n".join(witness.iptables(podman.node, "nat"))
    assert second in rules
    assert f"{first}:80" not in rules


@pytest.mark.usefixtures("plugins")
def test_addresses_that_the_user_asked_for(podman: Podman) -> None:
    """A static IP and MAC address reach the plugins through CNI_ARGS."""
    podman.start("web", "--network=pods:ip=10.216.0.50,mac=02:00:00:00:00:50", "--publish=18080:80")
    told = podman.inspect("web")["Networks"]["pods"]
    assert (told["IPAddress"], told["MacAddress"]) == ("10.216.0.50", "02:00:00:00:00:50")
    assert "10.216.0.50/24" in addresses(podman, "web", "eth0")
    (link,) = witness.ip(podman.node, "link", "show", "dev", "eth0", netns=podman.netns("web"))
    assert link["address"] == "02:00:00:00:00:50"
    assert fetch(podman, "127.0.0.1") == PAGE


@pytest.mark.usefixtures("plugins")
def test_an_address_that_is_taken_is_refused(podman: Podman) -> None:
    """Podman shows the plugin's words; the one that has the address keeps it, and nothing else is left."""
    podman.start("web", "--network=pods:ip=10.216.0.50", "--publish=18080:80")
    before = leftovers(podman.node)
    done = podman.answer("run", "--name=late", "--network=pods:ip=10.216.0.50", REFERENCE, "true")
    assert done.status == 126
    assert (
        "requested IP address 10.216.0.50 is not available in range set 10.216.0.1-10.216.0.254"
        in done.stderr
    )
    podman("rm", "late")
    assert leftovers(podman.node) == before
    assert fetch(podman, "127.0.0.1") == PAGE


@pytest.mark.usefixtures("plugins")
def test_networks_come_and_go_while_the_container_runs(podman: Podman) -> None:
    """`network connect` adds an interface, `network disconnect` takes it away, and the first one stays."""
    podman.start("web", "--publish=18080:80")
    before = leftovers(podman.node)
    podman("network", "connect", "second", "web")
    assert addresses(podman, "web", "eth1") == {"10.217.0.2/24"}
    assert fetch(podman, "10.217.0.2", 80) == PAGE
    podman("network", "disconnect", "second", "web")
    assert addresses(podman, "web", "eth1") == set()
    assert leftovers(podman.node) == before
    assert fetch(podman, "127.0.0.1") == PAGE


@pytest.mark.usefixtures("plugins")
def test_podman_reads_our_answer_to_version(podman: Podman) -> None:
    """Before each use podman asks every plugin for its versions and warns of those that fail."""
    network = {**PODS, "name": "warned", "plugins": [*PODS["plugins"], {"type": "no-such-plugin"}]}
    podman.network(network)
    done = podman.answer("network", "ls", "--format", "{{.Name}}")
    assert {"pods", "second"} <= set(done.stdout.split())
    assert "no-such-plugin" in done.stderr
    assert "pods.conflist" not in done.stderr


def test_plugins_are_exchanged_under_running_containers(podman: Podman, go_plugins: str) -> None:
    """Containers started with the Go plugins stay up when ours replace them, and are removed with ours.

    What was started with ours is removed with the Go plugins after `cnictl uninstall`.
    """
    podman.use_go_plugins(go_plugins)
    podman.network(PODS)
    podman.start("first")
    podman("rm", "--force", "--time=0", "first")
    before = leftovers(podman.node)
    podman.start("by-go", "--publish=18080:80")
    podman.cnictl("install", "--force", PLUGINS)
    assert fetch(podman, "127.0.0.1", 18080) == PAGE
    podman.start("by-us", "--publish=18081:80")
    hosts = {name: podman.inspect(name)["Networks"]["pods"]["IPAddress"] for name in ("by-go", "by-us")}
    assert len(set(hosts.values())) == 2
    for name, other in (("by-go", "by-us"), ("by-us", "by-go")):
        assert podman("exec", name, "wget", "-q", "-O", "-", f"http://{hosts[other]}/") == PAGE
    podman("rm", "--force", "--time=0", "by-go")
    assert fetch(podman, NODE_ADDRESS, 18081, netns="outside") == PAGE
    podman.cnictl("uninstall", PLUGINS)
    podman("rm", "--force", "--time=0", "by-us")
    assert leftovers(podman.node) == before


def test_a_network_that_podman_made(podman: Podman, plugins: str) -> None:
    """`podman network create` writes a list with firewall: a node that drops lets the container out."""
    podman("network", "create", "--subnet=10.218.0.0/24", "made")
    podman.node.run(["iptables", "-P", "FORWARD", "DROP"]).checked()
    podman.start("web", "--network=made", "--publish=18080:80")
    assert addresses(podman, "web", "eth0") == {"10.218.0.2/24"}, plugins
    assert fetch(podman, "127.0.0.1") == PAGE
    assert ", 0% packet loss" in podman("exec", "web", "ping", "-c", "1", "-W", "3", NEIGHBOUR)
