"""Either dhcp plugin with either daemon, beyond what the scenarios compare: errors, leases, successors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.ipam import dhcp_rpc
from cnictl.spec.errors import CniError
from tests import refused as cases
from tests.conftest import GO_RELEASE, NEWEST
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.dhcp_network import SOCKET, Daemon, DhcpNetwork, within

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

BRIDGE = {"type": "bridge", "bridge": "br0", "ipam": {"type": "dhcp"}}
PLAIN: dict[str, Any] = {"type": "bridge", "bridge": "br0"}
ALONE = {"type": "dhcp", "ipam": {"type": "dhcp"}}
OPTIONS = {
    "provide": [{"option": "host-name", "fromArg": "NAME"}, {"option": "60", "value": "vend"}],
    "request": [{"option": "121"}, {"option": "6", "skipDefault": False}],
}


@pytest.fixture(params=["our daemon", "Go daemon"])
def network(request: pytest.FixtureRequest, node: Node, go_plugins: str, plugins_dir: str) -> DhcpNetwork:
    """Dnsmasq, and a daemon of either implementation."""
    network = DhcpNetwork(node)
    Daemon(node, f"{plugins_dir if request.param == 'our daemon' else go_plugins}/dhcp")
    return network


@pytest.fixture(params=["our plugin", "Go plugin"])
def directory(request: pytest.FixtureRequest, go_plugins: str, plugins_dir: str) -> str:
    """The plugins of either implementation."""
    return plugins_dir if request.param == "our plugin" else go_plugins


def test_every_pair(node: Node, network: DhcpNetwork, directory: str, request: pytest.FixtureRequest) -> None:
    """Address, gateway and the routes that were asked for; the server has it back after DEL, also twice.

    But not of the newest Go daemon, whose releases a server's kernel drops for the address they come from.
    """
    attachment = Attachment(node, directory, [PLAIN])
    attachment.add()
    config = {"type": "dhcp", "ipam": {"type": "dhcp", **OPTIONS}}
    attachment.args = "NAME=pod1"
    attachment.result = None
    done = attachment.call("ADD", config)
    assert done.status == 0, done.stdout
    result = json.loads(done.stdout)
    assert result["ips"] == [{"address": "10.44.0.50/24", "gateway": "10.44.0.1"}]
    assert result["routes"] == [
        {"dst": "10.99.0.0/16", "gw": "10.44.0.1"},
        {"dst": "0.0.0.0/0", "gw": "10.44.0.1"},
    ]
    assert network.leases["10.44.0.50"][1:] == ["pod1", b"\0c1/net/eth0".hex(":")]
    attachment.result = result
    assert attachment.call("CHECK", config).status == 0
    for _ in range(2):
        done = attachment.call("DEL", config)
        assert (done.status, done.stdout) == (0, "")
    if GO_RELEASE == NEWEST and "Go daemon" in request.node.name:
        assert list(network.leases) == ["10.44.0.50"]
    else:
        within(5, lambda: not network.leases, "the lease given back")


@pytest.mark.usefixtures("network")
def test_releases_at_the_same_time(node: Node, directory: str) -> None:
    """Three DELs of one container all succeed, and so does another one."""
    attachment = Attachment(node, directory, [BRIDGE])
    attachment.add()
    words = f"for i in 1 2 3; do {directory}/dhcp </run/config.json || echo $i failed & done; wait"
    config = json.dumps({"cniVersion": "1.0.0", "name": "net", **ALONE})
    with open(node.path("/run/config.json"), "w", encoding="ascii") as file:
        file.write(config)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "CNI_COMMAND": "DEL",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": directory,
    }
    assert node.run(["sh", "-c", words], env=environment, timeout=60).stdout == ""
    attachment.delete()


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    "refused",
    [one for one in cases.by("dhcp") if one.text.startswith("Can not parse")],
    ids=lambda one: one.claim,
)
def test_mistakes_in_options(refused: cases.Refused, node: Node, go_plugins: str, plugins_dir: str) -> None:
    """The Go plugin gets the same words from either daemon; ours has them before it asks."""
    config = {"type": "dhcp", "ipam": refused.configuration("dhcp")["ipam"]}
    by_go = Attachment(node, go_plugins, [config]).call("ADD", config)
    assert said(by_go) == f"error calling DHCP.Allocate: {refused.text}"
    assert said(Attachment(node, plugins_dir, [config]).call("ADD", config)).startswith(refused.text)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("method", "what"),
    [("DHCP.Nothing", "method DHCP.Nothing"), ("Other.Allocate", "service Other.Allocate")],
)
def test_a_method_that_there_is_not(node: Node, method: str, what: str) -> None:
    """Either daemon says so in the same words, and goes on."""
    for _ in range(2):
        with pytest.raises(CniError) as failed, dhcp_rpc.Daemon(node.path(SOCKET)) as daemon:
            daemon.call(method, {"ContainerID": "c1"})
        assert failed.value.msg == f"error calling {method}: rpc: can't find {what}"


@pytest.mark.parametrize("order", [("ours", "go"), ("go", "ours")], ids="-then-".join)
def test_one_daemon_after_the_other(
    order: tuple[str, str], node: Node, go_plugins: str, plugins_dir: str
) -> None:
    """Containers of the first can be deleted, and new ones attached, with the second at the same socket.

    Ours then goes on with what the Go daemon could not know, and forgets what was deleted meanwhile.
    """
    network = DhcpNetwork(node)
    programs = {"ours": f"{plugins_dir}/dhcp", "go": f"{go_plugins}/dhcp"}
    first = Daemon(node, programs[order[0]])
    old = [Attachment(node, plugins_dir, [BRIDGE], container=f"c{number}") for number in (1, 2)]
    for one in old:
        one.add()
    first.end()
    second = Daemon(node, programs[order[1]])
    new = Attachment(node, plugins_dir, [BRIDGE], container="c3")
    new.add()
    assert new.check() == ""
    old[0].delete()
    second.end()
    third = Daemon(node, programs["ours"])
    kept = {"ours": ["c2:net:eth0"], "go": ["c3:net:eth0"]}[order[0]]
    assert list(third.records) == kept
    third.says("lease taken over")
    for one in (old[1], new):
        one.delete()
    assert third.records == {}
    assert set(network.leases) <= {"10.44.0.50", "10.44.0.51", "10.44.0.52"}
