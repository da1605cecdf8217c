"""multus without Kubernetes: the networks of its configuration, by our plugins and by the Go ones."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
PORTS = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}


def pods(version: str = "1.0.0", **keys: Any) -> dict[str, Any]:
    """The network of every pod, a list with a forwarded port."""
    bridge = {
        "type": "bridge",
        "isDefaultGateway": True,
        "ipMasq": True,
        "ipam": {"type": "host-local", "subnet": "10.1.0.0/24"},
        **keys,
    }
    return {
        "cniVersion": version,
        "name": "pods",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }


def storage(version: str = "1.0.0", **keys: Any) -> dict[str, Any]:
    """A further network, a plugin alone."""
    return {
        "cniVersion": version,
        "name": "storage",
        "type": "bridge",
        "bridge": "br-storage",
        "ipam": {"type": "host-local", "subnet": "10.2.0.0/24"},
        **keys,
    }


def multus(*delegates: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {
        "type": "multus",
        "binDir": "/nowhere",
        "delegates": list(delegates or (pods(), storage())),
        **keys,
    }


@pytest.fixture(params=["ours", "go"])
def directory(request: pytest.FixtureRequest, plugins_dir: str, tmp_path: Path) -> str:
    """A directory with our multus, and our other plugins or the Go ones."""
    if request.param == "ours":
        return plugins_dir
    go_plugins: str = request.getfixturevalue("go_plugins")
    for name in os.listdir(go_plugins):
        (tmp_path / name).symlink_to(f"{go_plugins}/{name}")
    (tmp_path / "multus").symlink_to(f"{plugins_dir}/multus")
    return str(tmp_path)


def records(node: Node, container: str = "c1") -> list[dict[str, Any]]:
    """Return what DEL goes by."""
    with open(node.path(f"/var/lib/cni/multus/{container}"), encoding="utf-8") as file:
        found: list[dict[str, Any]] = json.load(file)
    return found


def cached(node: Node, name: str) -> dict[str, Any]:
    """Return what is remembered of one network of a container."""
    with open(node.path(f"/var/lib/cni/multus/results/{name}"), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def links(node: Node, netns: str = "c1") -> list[str]:
    return [one["ifname"] for one in witness.ip(node, "link", netns=netns)]


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed; the Result is the first network's."""
    attachment = attach(multus(pods(version), storage(version)), version=version)
    result = attachment.add()
    assert result["cniVersion"] == version
    assert "10.1.0.2/24" in json.dumps(result)
    assert "10.2.0.2" not in json.dumps(result)
    assert links(node) == ["lo", "eth0", "net1"]
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    assert links(node) == ["lo"]
    attachment.delete()


def test_what_add_makes(attach: Attach, node: Node, directory: str) -> None:
    """An interface a network, each with its address; the runtime's ports go to those that ask for them."""
    attachment = attach(multus(runtimeConfig=PORTS))
    attachment.add(directory)
    addresses = {
        link["ifname"]: [one["local"] for one in link["addr_info"] if one["family"] == "inet"]
        for link in witness.ip(node, "addr", netns="c1")
    }
    assert addresses == {"lo": [], "eth0": ["10.1.0.2"], "net1": ["10.2.0.2"]}
    assert [line for line in witness.iptables(node, "nat") if "--dport 8080 -j DNAT" in line]
    node.run(["ping", "-c1", "-W2", "10.1.0.1"], netns="c1").checked()


def test_what_is_kept_is_what_the_go_plugin_keeps(attach: Attach, node: Node) -> None:
    """A record a network for multus, and libcni's cache for each, all for root only."""
    attachment = attach(multus(runtimeConfig=PORTS), args="IgnoreUnknown=1;A=b")
    attachment.add()
    first, second = records(node)
    assert (first["Name"], first["ConfList"]["name"]) == ("pods", "pods")
    assert [one["type"] for one in first["ConfList"]["plugins"]] == ["bridge", "portmap"]
    assert first["Conf"] == {}
    assert json.loads(base64.b64decode(first["Bytes"])) == pods()
    assert (second["Name"], second["Conf"]["type"], second["ConfList"]) == ("storage", "bridge", {})
    assert json.loads(base64.b64decode(second["Bytes"])) == storage()
    path = node.path("/var/lib/cni/multus")
    assert os.stat(path).st_mode & 0o777 == 0o700
    assert os.stat(f"{path}/c1").st_mode & 0o777 == 0o600
    known = cached(node, "pods-c1-eth0")
    names = "kind containerId config ifName networkName netns cniArgs capabilityArgs result"
    assert list(known) == names.split()
    assert json.loads(base64.b64decode(known["config"])) == pods()
    assert known["capabilityArgs"] == PORTS
    assert known["cniArgs"] == [
        ["IgnoreUnknown", "true"],
        ["K8S_POD_NAMESPACE", ""],
        ["K8S_POD_NAME", ""],
        ["K8S_POD_INFRA_CONTAINER_ID", ""],
        ["K8S_POD_UID", ""],
        ["A", "b"],
    ]
    assert cached(node, "storage-c1-net1")["result"]["ips"][0]["address"] == "10.2.0.2/24"


def test_del_leaves_nothing(attach: Attach, node: Node, directory: str) -> None:
    """Of all networks: interfaces, rules, addresses and files, by our plugins and by the Go ones."""
    attachment = attach(multus(runtimeConfig=PORTS))
    clean = leftovers(node, "c1")
    attachment.add(directory)
    attachment.delete(directory)
    attachment.delete(directory)
    for bridge in ("cni0", "br-storage"):
        node.run(["ip", "link", "delete", bridge]).checked()
    assert leftovers(node, "c1") == clean


def test_del_goes_by_what_was_kept(attach: Attach, node: Node) -> None:
    """The configuration has become another, the ports are not repeated, and the namespace is gone."""
    attachment = attach(multus(runtimeConfig=PORTS))
    attachment.add()
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.plugins = [multus({"type": "loopback", "name": "other", "cniVersion": "1.0.0"})]
    attachment.delete()
    assert not [line for line in witness.iptables(node, "nat") if "CNI-DN-" in line or "10.1.0.2" in line]
    assert {one for one in witness.files(node, "/var/lib/cni") if "10." in one or "c1" in one} == set()


def test_del_without_what_was_kept(attach: Attach, node: Node) -> None:
    """The networks of the configuration are deleted, as far as can be: they may have been attached."""
    attachment = attach(multus())
    attachment.add()
    os.unlink(node.path("/var/lib/cni/multus/c1"))
    attachment.delete()
    assert links(node) == ["lo"]
    attachment.plugins = [multus(storage(type="nothing"))]
    attachment.delete()


@pytest.mark.parametrize("content", ["", "{", "[]", '[{"Bytes": "!"}]', '[{"Bytes": "e30="}]', "[5]"])
def test_half_a_file_is_no_file(attach: Attach, node: Node, content: str) -> None:
    """As after a crash: DEL goes by the configuration."""
    attachment = attach(multus())
    attachment.add()
    Path(node.path("/var/lib/cni/multus/c1")).write_text(content)
    attachment.delete()
    assert links(node) == ["lo"]
    assert not os.path.exists(node.path("/var/lib/cni/multus/c1"))


def test_a_failing_network_takes_back_those_before(attach: Attach, node: Node, directory: str) -> None:
    """In reverse order; the error names the network, and nothing is left of any."""
    broken = storage(name="broken", ipam={"type": "static"})
    attachment = attach(multus(pods(), storage(), broken, runtimeConfig=PORTS))
    clean = leftovers(node, "c1")
    failed = attachment.call("ADD", attachment.plugins[0], plugins_dir=directory)
    error = json.loads(failed.stdout)
    assert error["msg"] == (
        '[c1:broken]: error adding container to network "broken":'
        ' plugin type="bridge" name="broken" failed (add): IPAM plugin returned missing IP config'
    )
    for bridge in ("cni0", "br-storage"):
        node.run(["ip", "link", "delete", bridge]).checked()
    assert leftovers(node, "c1") == clean


def test_what_the_networks_say_while_they_are_taken_back_is_told(attach: Attach, node: Node) -> None:
    """In the details, the last network first; what could not be taken back is kept for DEL."""
    program = Path(node.path("/run/plugins/stubborn"))
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nconfig=$(cat)\nname=${config##*\\"name\\":\\"}\n'
        '[ $CNI_COMMAND = ADD ] && case $name in c*) ;; *) echo "{}"; exit 0;; esac\n'
        'echo "{\\"code\\": 100, \\"msg\\": \\"$CNI_COMMAND of ${name%%\\"*} failed\\"}"; exit 1\n'
    )
    program.chmod(0o755)
    networks = [{"cniVersion": "1.0.0", "name": name, "type": "stubborn"} for name in "abc"]
    attachment = attach(multus(*networks, binDir="/run/plugins"))
    failed = attachment.call("ADD", attachment.plugins[0])
    error = json.loads(failed.stdout)
    assert error["code"] == 100
    assert error["msg"] == (
        '[c1:c]: error adding container to network "c":'
        ' plugin type="stubborn" name="c" failed (add): ADD of c failed'
    )
    places = [error["details"].find(f"DEL of {name} failed") for name in "cba"]
    assert -1 not in places
    assert places == sorted(places)
    assert [one["Name"] for one in records(node)] == ["a", "b", "c"]
    failed = attachment.call("DEL", attachment.plugins[0])
    assert json.loads(failed.stdout)["msg"].startswith("errors: plugin type=")
    assert [said(failed).find(f"DEL of {name} failed") > 0 for name in "abc"] == [True] * 3


@pytest.mark.parametrize(("keys", "kept"), [({}, False), ({"retryDeleteOnError": True}, True)])
def test_a_failing_del(attach: Attach, node: Node, keys: dict[str, Any], kept: bool) -> None:
    """All networks are tried; what DEL goes by is kept for another try only where that is wanted."""
    attachment = attach(multus(pods(), storage(), **keys))
    attachment.add()
    path = Path(node.path("/var/lib/cni/multus/c1"))
    cache = Path(node.path("/var/lib/cni/multus/results/storage-c1-net1"))
    broken = base64.b64encode(json.dumps(storage(type="nothing")).encode()).decode()
    listed = json.loads(path.read_text())
    listed[1]["Bytes"] = broken
    path.write_text(json.dumps(listed))
    cache.unlink()
    failed = attachment.call("DEL", attachment.plugins[0])
    assert said(failed).startswith('errors: plugin type="nothing" failed (delete): failed to find plugin')
    assert links(node) == ["lo", "net1"]
    assert path.exists() == kept


def test_a_second_add_harms_nobody(attach: Attach, node: Node) -> None:
    """It is refused because of the interface's name, and the first one is as before."""
    attachment = attach(multus())
    attachment.add()
    before = leftovers(node, "c1")
    attachment.result = None
    failed = attachment.call("ADD", attachment.plugins[0])
    assert (
        'DelegateAdd: cannot set "bridge" interface name to "eth0":'
        " validateIfName: interface name eth0 already exists" in said(failed)
    )
    assert leftovers(node, "c1") == before
    node.run(["ping", "-c1", "-W2", "10.1.0.1"], netns="c1").checked()


DISTURBANCES: dict[str, tuple[list[str], str, str]] = {
    "first interface": (["ip", "link", "set", "eth0", "down"], "c1", "eth0 is not up"),
    "second interface": (["ip", "link", "set", "net1", "down"], "c1", "net1 is not up"),
    "port": (["iptables", "-t", "nat", "-F", "CNI-HOSTPORT-DNAT"], "", "CNI-HOSTPORT-DNAT"),
    "records": (["rm", "/var/lib/cni/multus/c1"], "", "file /var/lib/cni/multus/c1 is missing"),
    "reservation": (
        ["rm", "/var/lib/cni/networks/storage/10.2.0.2"],
        "",
        "no reservation of container c1 (net1)",
    ),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_asks_every_plugin(attach: Attach, node: Node, name: str) -> None:
    """With what its ADD was given; which network is meant is told."""
    attachment = attach(multus(runtimeConfig=PORTS))
    attachment.add()
    del attachment.plugins[0]["runtimeConfig"]
    assert attachment.check() == ""
    command, netns, message = DISTURBANCES[name]
    node.run(command, netns=netns).checked()
    assert message in attachment.check()


def test_go_plugins_check_what_they_made(attach: Attach, node: Node, directory: str) -> None:
    """A list of foreign plugins is asked like ours."""
    attachment = attach(multus(storage(), storage(name="more", bridge="br-more")))
    attachment.add(directory)
    assert attachment.check(directory) == ""
    node.run(["ip", "addr", "flush", "dev", "net1"], netns="c1").checked()
    assert "for net1 of network more" in attachment.check(directory)


def test_gc_frees_containers_that_are_not_valid(attach: Attach, node: Node) -> None:
    """All networks of the one that is gone, none of the other's, and none of another multus."""
    config = multus(pods("1.1.0"), storage("1.1.0"))
    for container, name in (("c1", "net"), ("c2", "net"), ("c3", "another")):
        attach(config, container=container, version="1.1.0", name=name).add()
    for container in ("c1", "c3"):
        node.run(["ip", "netns", "delete", container]).checked()
    valid: dict[str, Any] = {"cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}
    attachment = attach(config, container="c2", version="1.1.0")
    done = attachment.call("GC", config)
    assert (done.status, done.stdout) == (0, "")
    assert sorted(witness.files(node, "/var/lib/cni/networks/storage"))[:3] == [
        "10.2.0.2", "10.2.0.3", "10.2.0.4"
    ]  # fmt: skip
    done = attachment.call("GC", config, **valid)
    assert (done.status, done.stdout) == (0, "")
    kept = {one for one in witness.files(node, "/var/lib/cni") if "10." in one or "/results/" in one}
    assert kept == {
        "networks/pods/10.1.0.3",
        "networks/storage/10.2.0.3",
        "networks/storage/10.2.0.4",
        "multus/results/pods-c2-eth0",
        "multus/results/storage-c2-net1",
        "multus/results/pods-c3-eth0",
        "multus/results/storage-c3-net1",
    }
    assert attachment.call("CHECK", config).status == 0


def test_status_is_that_of_the_first_network(attach: Attach, node: Node) -> None:
    """Whose daemon must be ready; older versions have no STATUS, and are not asked."""
    full = {"type": "host-local", "subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.9"}
    config = multus(storage("1.1.0", ipam=full), pods(), readinessindicatorfile="/run/ready")
    attachment = attach(config, version="1.1.0")
    answer = json.loads(attachment.call("STATUS", config).stdout)
    assert answer["code"] == 50
    assert "still waiting for readinessindicatorfile @ /run/ready." in answer["msg"]
    Path(node.path("/run/ready")).touch()
    assert attachment.call("STATUS", config).status == 0
    attachment.add()
    answer = json.loads(attachment.call("STATUS", config).stdout)
    assert "10.1.0.9" in answer["msg"]
    older = multus(storage("1.0.0", ipam=full))
    assert attachment.call("STATUS", older).status == 0


def test_add_waits_for_the_first_network(attach: Attach, node: Node) -> None:
    """Its daemon makes a file when it is ready."""
    attachment = attach(multus(readinessindicatorfile="/run/ready"))
    with node.start(["sh", "-c", "sleep 1.5; touch /run/ready"]):
        attachment.add()
    assert os.path.exists(node.path("/run/ready"))


def test_networks_by_name(attach: Attach, node: Node) -> None:
    """clusterNetwork is a network of confDir, a file, or the first of a directory; delegates do not count."""
    directory = Path(node.path("/etc/cni/multus/net.d"))
    directory.mkdir(parents=True)
    (directory / "10-broken.conf").write_text("{")
    (directory / "20-pods.conflist").write_text(json.dumps(pods()))
    (directory / "30-storage.conf").write_text(json.dumps(storage()))
    for value in ("pods", "/etc/cni/multus/net.d/20-pods.conflist"):
        attachment = attach(multus(clusterNetwork=value, defaultNetworks=["storage"]))
        attachment.add()
        assert [one["Name"] for one in records(node)] == ["pods", "storage"]
        attachment.delete()
    (directory / "10-broken.conf").unlink()
    attachment = attach(multus(clusterNetwork="/etc/cni/multus/net.d"))
    attachment.add()
    assert [one["Name"] for one in records(node)] == ["pods"]
    attachment.delete()


def test_pods_of_the_system_get_no_default_networks(attach: Attach, node: Node) -> None:
    """Of the namespaces that are listed, by default kube-system."""
    directory = Path(node.path("/etc/cni/multus/net.d"))
    directory.mkdir(parents=True)
    (directory / "20-pods.conflist").write_text(json.dumps(pods()))
    (directory / "30-storage.conf").write_text(json.dumps(storage()))
    config = multus(clusterNetwork="pods", defaultNetworks=["storage"])
    for namespace, system, expected in (
        ("kube-system", None, ["pods"]),
        ("kube-system", [], ["pods", "storage"]),
        ("infra", ["infra"], ["pods"]),
        ("default", None, ["pods", "storage"]),
    ):
        more = {} if system is None else {"systemNamespaces": system}
        attachment = attach({**config, **more}, args=f"K8S_POD_NAMESPACE={namespace};K8S_POD_NAME=web")
        attachment.add()
        assert [one["Name"] for one in records(node)] == expected
        attachment.delete()


def test_plugins_beside_the_cluster_network_come_last(attach: Attach, node: Node) -> None:
    """The auxiliary chain: files in a directory of that name, run as one more network."""
    directory = Path(node.path("/etc/cni/multus/net.d"))
    (directory / "extra").mkdir(parents=True)
    (directory / "20-pods.conflist").write_text(json.dumps(pods()))
    (directory / "extra" / "10-sysctl.conf").write_text(
        json.dumps({"type": "tuning", "sysctl": {"net.core.somaxconn": "321"}})
    )
    config = multus(clusterNetwork="/etc/cni/multus/net.d/20-pods.conflist", auxiliaryCNIChainName="extra")
    attachment = attach(config)
    attachment.add()
    assert [one["Name"] for one in records(node)] == ["pods", "extra"]
    assert witness.sysctl(node, "net/core/somaxconn", netns="c1") == "321"
    attachment.delete()
    refused = attachment.call("ADD", config, clusterNetwork="pods")
    assert "auxiliary chain used but ClusterNetwork must be a path, and it is not a path: pods" in said(
        refused
    )
    (directory / "extra" / "10-sysctl.conf").unlink()
    attachment.add()
    assert [one["Name"] for one in records(node)] == ["pods"]
