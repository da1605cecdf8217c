"""flannel on a real kernel: pods of two nodes with a lease each, by our delegates and by the Go plugins."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers

if TYPE_CHECKING:
    import subprocess

    from cnictl.sandbox.node import Completed, Node

Attach = Callable[..., Attachment]
LEASE = {
    "FLANNEL_NETWORK": "10.244.0.0/16",
    "FLANNEL_SUBNET": "10.244.1.1/24",
    "FLANNEL_IPV6_NETWORK": "fd00:244::/48",
    "FLANNEL_IPV6_SUBNET": "fd00:244:0:1::1/64",
    "FLANNEL_MTU": "1450",
    "FLANNEL_IPMASQ": "true",
}
FLANNEL = {"type": "flannel", "delegate": {"isDefaultGateway": True, "hairpinMode": True}}
STATE = "/var/lib/cni/flannel/c1"
SERVER = (
    "import socket; s = socket.create_server(('', 80)); print('ready', flush=True);"
    " c, (address, _) = s.accept(); print(address, flush=True); c.sendall(b'hello')"
)
CLIENT = "import socket, sys; print(socket.create_connection((sys.argv[1], 80), 5).recv(9).decode())"
PYTHON = "/usr/bin/python3"


def lease(node: Node, path: str = "/run/flannel/subnet.env", **changes: str) -> str:
    """Write what flanneld would; return the path."""
    where = Path(node.path(path))
    where.parent.mkdir(exist_ok=True)
    where.write_text("".join(f"{key}={value}\n" for key, value in {**LEASE, **changes}.items()))
    return path


@pytest.fixture(params=["ours", "go"])
def delegates(request: pytest.FixtureRequest, plugins_dir: str, tmp_path: Path) -> str:
    """A directory with our flannel, and our delegates or the Go ones."""
    if request.param == "ours":
        return plugins_dir
    go_plugins: str = request.getfixturevalue("go_plugins")
    for name in os.listdir(go_plugins):
        (tmp_path / name).symlink_to(f"{go_plugins}/{name}")
    (tmp_path / "flannel").symlink_to(f"{plugins_dir}/flannel")
    return str(tmp_path)


@contextmanager
def serving(node: Node, netns: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have somebody listen in a namespace, who tells on stdout who came."""
    with node.start([PYTHON, "-c", SERVER], netns=netns) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


def came_from(node: Node, client: str, server: str, address: str) -> str:
    """Return the address by which a client in one namespace is known to a server in another."""
    with serving(node, server) as process:
        said = node.run([PYTHON, "-c", CLIENT, address], netns=client, timeout=20).checked().stdout
        assert said == "hello\n"
        assert process.stdout is not None
        return process.stdout.readline().decode().strip()


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    lease(node)
    attachment = attach(FLANNEL, version=version)
    assert attachment.add()["cniVersion"] == version
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    assert not os.path.exists(node.path(STATE))
    attachment.delete()


def test_what_add_makes(attach: Attach, node: Node, delegates: str) -> None:
    """An address of each family from the lease, the overlay's MTU, a route to it, and a gateway."""
    lease(node)
    attachment = attach(FLANNEL)
    result = attachment.add(delegates)
    assert [(one["address"], one["gateway"]) for one in result["ips"]] == [
        ("10.244.1.2/24", "10.244.1.1"),
        ("fd00:244:0:1::2/64", "fd00:244:0:1::1"),
    ]
    (inner,) = witness.ip(node, "addr", "show", "dev", "eth0", netns="c1")
    assert inner["mtu"] == 1450
    assert {one["local"] for one in inner["addr_info"]} >= {"10.244.1.2", "fd00:244:0:1::2"}
    routes = {one["dst"]: one.get("gateway") for one in witness.ip(node, "route", netns="c1")}
    assert routes["10.244.0.0/16"] == routes["default"] == "10.244.1.1"
    (bridge,) = witness.ip(node, "addr", "show", "dev", "cni0")
    assert "10.244.1.1" in {one["local"] for one in bridge["addr_info"]}
    (port,) = [one for one in witness.bridge(node, "link") if one["master"] == "cni0"]
    assert port["hairpin"] is True
    with open(node.path(STATE), encoding="utf-8") as file:
        kept = json.load(file)
    assert kept["ipam"]["ranges"] == [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:244:0:1::/64"}]]


def test_del_leaves_nothing_whatever_became_of_the_lease(attach: Attach, node: Node, delegates: str) -> None:
    """flanneld has gone, and its file with it; the namespace goes first as well."""
    for netns_gone in (False, True):
        # The Go bridge leaves its masquerading to a container without a namespace.
        lease(node, FLANNEL_IPMASQ="true" if netns_gone else "false")
        attachment = attach(FLANNEL)
        clean = leftovers(node, "c1")
        attachment.add(delegates)
        os.unlink(node.path("/run/flannel/subnet.env"))
        if netns_gone:
            node.run(["ip", "netns", "delete", "c1"]).checked()
        attachment.delete(delegates)
        attachment.delete(delegates)
        node.run(["ip", "link", "delete", "cni0"]).checked()
        if netns_gone:
            node.new_netns("c1")
        assert leftovers(node, "c1") == clean


def test_pods_of_one_node_reach_one_another(attach: Attach, node: Node, delegates: str) -> None:
    """Through the bridge, and with their own addresses."""
    lease(node)
    for container in ("c1", "c2"):
        attach(FLANNEL, container=container).add(delegates)
    assert came_from(node, "c1", "c2", "10.244.1.3") == "10.244.1.2"


@pytest.mark.parametrize(
    ("flanneld_masquerades", "seen_as"), [("true", "10.244.1.2"), ("false", "192.0.2.1")]
)
def test_a_pair_of_nodes(node: Node, delegates: str, flanneld_masquerades: str, seen_as: str) -> None:
    """Pods of two nodes meet; the node masquerades where flanneld says that it does not itself."""
    nodes = {"a": ("10.244.1.1/24", "192.0.2.1"), "b": ("10.244.2.1/24", "192.0.2.2")}
    for name in nodes:
        node.new_netns(name)
        node.new_netns(f"pod-{name}")
    node.run(["ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", "b"], netns="a")
    for name, (subnet, address) in nodes.items():
        for words in ("link set lo up", "link set wire up", f"addr add {address}/24 dev wire"):
            node.run(["ip", *words.split()], netns=name).checked()
        other = "b" if name == "a" else "a"
        remote = nodes[other][0].replace(".1/24", ".0/24")
        node.run(["ip", "route", "add", remote, "via", nodes[other][1]], netns=name).checked()
        path = lease(
            node,
            f"/run/flannel/{name}.env",
            FLANNEL_SUBNET=subnet,
            FLANNEL_IPMASQ=flanneld_masquerades,
        )
        done = on_node(node, delegates, name, path)
        assert done.status == 0, done.stdout
        assert json.loads(done.stdout)["ips"][0]["address"] == subnet.replace(".1/", ".2/")
    assert came_from(node, "pod-a", "pod-b", "10.244.2.2") == seen_as


def on_node(node: Node, plugins: str, name: str, subnet_file: str) -> Completed:
    """ADD the pod of a node that is a namespace, with directories of its own."""
    config = {
        "cniVersion": "0.4.0",
        "name": "cbr0",
        "type": "flannel",
        "subnetFile": subnet_file,
        "dataDir": f"/var/lib/cni/flannel-{name}",
        "ipam": {"dataDir": f"/var/lib/cni/networks-{name}"},
        "delegate": {"isDefaultGateway": True},
    }
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": f"pod-{name}",
        "CNI_NETNS": f"/run/netns/pod-{name}",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins,
    }
    return node.run([f"{plugins}/flannel"], env=environment, stdin=json.dumps(config), netns=name, timeout=60)


DISTURBANCES: dict[str, tuple[list[str], str, str]] = {
    "interface down": (["ip", "link", "set", "eth0", "down"], "c1", "eth0 is not up"),
    "route": (["ip", "route", "delete", "10.244.0.0/16"], "c1", "route 10.244.0.0/16 "),
    "bridge": (["ip", "link", "delete", "cni0"], "", "cni0"),
    "state": (["rm", STATE], "", f"file {STATE} is missing"),
    "reservation": (
        ["rm", "/var/lib/cni/networks/net/10.244.1.2"],
        "",
        "no reservation of container c1 (eth0)",
    ),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_is_that_of_the_delegate(attach: Attach, node: Node, name: str) -> None:
    """What the delegate made and what flannel keeps; that the lease is gone is no drift."""
    lease(node)
    attachment = attach(FLANNEL)
    attachment.add()
    if name != "state":
        os.unlink(node.path("/run/flannel/subnet.env"))
    assert name == "state" or attachment.check() == ""
    command, netns, message = DISTURBANCES[name]
    node.run(command, netns=netns).checked()
    assert message in attachment.check()


def test_a_second_network_of_the_container_is_the_first_ones_loss_no_more(attach: Attach, node: Node) -> None:
    """ADD twice fails as the delegate does, and the first attachment still has all it needs for DEL."""
    lease(node)
    attachment = attach(FLANNEL)
    clean = leftovers(node, "c1")
    attachment.add()
    attachment.result = None
    again = attachment.call("ADD", FLANNEL)
    assert again.status == 1
    assert said(again)
    node.run(["ping", "-c1", "-W2", "10.244.1.1"], netns="c1").checked()
    attachment.delete()
    node.run(["ip", "link", "delete", "cni0"]).checked()
    assert leftovers(node, "c1") == clean


def test_gc_frees_what_is_not_valid(attach: Attach, node: Node) -> None:
    """The state and the address of the pod that is gone, and nothing of the other's."""
    lease(node)
    for container in ("c1", "c2"):
        attach(FLANNEL, container=container, version="1.1.0").add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    valid: dict[str, Any] = {"cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}
    done = attach(FLANNEL, container="c2", version="1.1.0").call("GC", FLANNEL, **valid)
    assert (done.status, done.stdout) == (0, "")
    assert sorted(witness.files(node, "/var/lib/cni/flannel")) == ["c2"]
    kept = witness.files(node, "/var/lib/cni/networks/net")
    assert {name for name in kept if name.startswith("10.")} == {"10.244.1.3"}
    node.run(["ping", "-c1", "-W2", "10.244.1.1"], netns="c2").checked()


def test_status_says_whether_pods_can_be_added(attach: Attach, node: Node) -> None:
    """There must be a lease, and an address left in it."""
    attachment = attach(FLANNEL, version="1.1.0")
    missing = attachment.call("STATUS", FLANNEL)
    assert json.loads(missing.stdout)["code"] == 50
    assert "open /run/flannel/subnet.env: no such file or directory" in said(missing)
    lease(node)
    assert attachment.call("STATUS", FLANNEL).status == 0
    lease(node, FLANNEL_SUBNET="10.244.1.1/30")
    attachment.add()
    full = attachment.call("STATUS", FLANNEL)
    assert full.status == 1
    assert "10.244.1" in said(full)
