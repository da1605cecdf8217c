"""multus with an API server: what pods ask for, what they are told, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.kubernetes import NETWORKS, STATUS, TOKEN
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.test_flannel import came_from
from tests.kernel.plugins.test_multus import links, pods, records

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node
    from tests.kernel.plugins.kubernetes import Kubernetes

Attach = Callable[..., Attachment]
DEFAULT = "v1.multus-cni.io/default-network"
RESOURCE = "k8s.v1.cni.cncf.io/resourceName"
POD = "GET /api/v1/namespaces/default/pods/web"


def extra(number: int, **keys: Any) -> dict[str, Any]:
    """A network of its own, with room for a peer."""
    return {
        "cniVersion": "1.0.0",
        "type": "bridge",
        "bridge": f"br{number}",
        "ipam": {"type": "host-local", "subnet": f"10.{number}.0.0/24"},
        **keys,
    }


@pytest.fixture
def multus(cluster: Kubernetes) -> dict[str, Any]:
    """multus as it is on a node of the cluster."""
    return {
        "type": "multus",
        "binDir": "/nowhere",
        "kubeconfig": cluster.kubeconfig,
        "delegates": [pods()],
    }


def status(cluster: Kubernetes, name: str = "web", namespace: str = "default") -> list[dict[str, Any]]:
    """Return what a pod was told of its networks."""
    found: list[dict[str, Any]] = json.loads(cluster.annotations(name, namespace)[STATUS])
    return found


def addresses(node: Node, netns: str = "c1") -> dict[str, list[str]]:
    return {
        link["ifname"]: [one["local"] for one in link["addr_info"] if not one["local"].startswith("fe80")]
        for link in witness.ip(node, "addr", netns=netns)
        if link["ifname"] != "lo"
    }


def default_routes(node: Node, version: str = "-4") -> list[tuple[str, str]]:
    found = json.loads(node.run(["ip", "-j", version, "route", "show", "default"], netns="c1").stdout or "[]")
    return [(one["dev"], one["gateway"]) for one in found]


@pytest.mark.parametrize("whose", ["ours", "go"])
def test_a_pod_reaches_a_peer_on_each_of_its_networks(
    attach: Attach,
    node: Node,
    cluster: Kubernetes,
    multus: dict[str, Any],
    whose: str,
    request: pytest.FixtureRequest,
) -> None:
    """Two that it asks for, beside that of all pods; and DEL leaves nothing.  binDir comes first."""
    if whose == "go":
        multus["binDir"] = request.getfixturevalue("go_plugins")
    for number in (8, 9):
        cluster.network(f"net{number}", extra(number))
        attach(extra(number), container=f"peer{number}", name=f"net{number}").add()
    args = cluster.pod(**{NETWORKS: "net8, default/net9@second"})
    attachment = attach(multus, args=args)
    clean = leftovers(node, "c1")
    attachment.add()
    assert addresses(node) == {"eth0": ["10.1.0.2"], "net1": ["10.8.0.3"], "second": ["10.9.0.3"]}
    for number in (8, 9):
        assert came_from(node, "c1", f"peer{number}", f"10.{number}.0.2") == f"10.{number}.0.3"
    assert attachment.check() == ""
    cluster.requests()
    attachment.delete()
    assert cluster.requests() == []
    node.run(["ip", "link", "delete", "cni0"]).checked()
    assert leftovers(node, "c1") == clean


def test_a_pod_reaches_the_nodes_own_network(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], uplink: str
) -> None:
    """By a macvlan beside its bridge, with the address that it asks for, as whoever is outside sees it."""
    macvlan = {"cniVersion": "1.0.0", "type": "macvlan", "master": uplink, "capabilities": {"ips": True}}
    cluster.network("lan", {**macvlan, "ipam": {"type": "static"}})
    args = cluster.pod(**{NETWORKS: json.dumps([{"name": "lan", "ips": ["10.1.2.77/24"]}])})
    attachment = attach(multus, args=args)
    clean = leftovers(node, "c1")
    attachment.add()
    assert came_from(node, "c1", "outside", "10.1.2.9") == "10.1.2.77"
    assert attachment.check() == ""
    attachment.delete()
    node.run(["ip", "link", "delete", "cni0"]).checked()
    assert leftovers(node, "c1") == clean


def test_the_status_is_that_of_the_go_plugin(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """To the byte; the rest of the pod is as it was, and events tell of each network."""
    cluster.network("net8", extra(8))
    args = cluster.pod(**{NETWORKS: "net8", "mine": "stays"})
    attach(multus, args=args).add()
    macs = {link["ifname"]: link["address"] for link in witness.ip(node, "link", netns="c1")}
    assert cluster.annotations()[STATUS] == (
        '[{\n    "name": "pods",\n    "interface": "eth0",\n    "ips": [\n        "10.1.0.2"\n    ],\n'
        f'    "mac": "{macs["eth0"]}",\n    "default": true,\n    "dns": {{}},\n'
        '    "gateway": [\n        "10.1.0.1"\n    ]\n},{\n'
        '    "name": "default/net8",\n    "interface": "net1",\n    "ips": [\n        "10.8.0.2"\n    ],\n'
        f'    "mac": "{macs["net1"]}",\n    "dns": {{}}\n}}]'
    )
    assert cluster.annotations()["mine"] == "stays"
    pod = json.loads((cluster.top / "objects.json").read_text())["pods"]["default/web"]
    assert pod["spec"] == cluster.objects["pods"]["default/web"]["spec"]
    assert pod["status"] == {"phase": "Pending"}
    assert cluster.events() == [
        ("AddedInterface", "Add eth0 [10.1.0.2/24] from pods"),
        ("AddedInterface", "Add net1 [10.8.0.2/24] from default/net8"),
    ]


def test_what_a_pod_wants_reaches_the_plugins(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """Name, addresses, MAC address, ports and further arguments, for those that ask for them; in JSON."""
    capable = {"type": "tuning", "capabilities": {"mac": True}}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    bridge = extra(8, ipam={"type": "static"}, capabilities={"ips": True})
    cluster.network("net8", {"cniVersion": "1.0.0", "plugins": [bridge, capable, ports]})
    wanted = {
        "name": "net8",
        "namespace": "default",
        "interface": "data0",
        "ips": ["10.8.0.77/24", "fd00:8::77/64"],
        "mac": "02:00:00:00:08:77",
        "portMappings": [{"hostPort": 7777, "containerPort": 80, "protocol": "tcp"}],
        "cni-args": {"sysctl": {"net.core.somaxconn": "777"}},
    }
    args = cluster.pod(**{NETWORKS: json.dumps([wanted])})
    attachment = attach(multus, args=args)
    attachment.add()
    assert addresses(node)["data0"] == ["10.8.0.77", "fd00:8::77"]
    (link,) = witness.ip(node, "link", "show", "dev", "data0", netns="c1")
    assert link["address"] == "02:00:00:00:08:77"
    assert witness.sysctl(node, "net/core/somaxconn", netns="c1") == "777"
    assert [line for line in witness.iptables(node, "nat") if "--dport 7777 -j DNAT" in line]
    record = records(node)[1]
    assert record["ifnameRequest"] == "data0"
    assert record["macRequest"] == "02:00:00:00:08:77"
    assert record["ipRequest"] == ["10.8.0.77/24", "fd00:8::77/64"]
    assert attachment.check() == ""
    cluster.stop()
    attachment.delete()
    assert links(node) == ["lo"]
    assert not [line for line in witness.iptables(node, "nat") if "7777" in line]


def test_the_runtimes_arguments_are_those_of_all_networks(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """A pod's own wishes take their place, but not in the first network."""
    cluster.network("net8", {"cniVersion": "1.0.0", "plugins": [extra(8), *pods()["plugins"][1:]]})
    mine = {"hostPort": 7777, "containerPort": 80, "protocol": "tcp"}
    args = cluster.pod(**{NETWORKS: json.dumps([{"name": "net8", "portMappings": [mine]}, {"name": "net8"}])})
    ports = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
    attach({**multus, "runtimeConfig": ports}, args=args).add()
    rules = [line for line in witness.iptables(node, "nat") if "-j DNAT" in line]
    assert sorted(line.partition("--to-destination ")[2] for line in rules if "8080" in line) == [
        "10.1.0.2:80",
        "10.8.0.3:80",
    ]
    assert [line.partition("--to-destination ")[2] for line in rules if "7777" in line] == ["10.8.0.2:80"]


@pytest.mark.parametrize("first", [True, False], ids=["moved", "kept"])
def test_default_routes_are_where_the_pod_wants_them(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], first: bool
) -> None:
    """Through a gateway that it names, or as the network's plugin made them; CHECK knows."""
    cluster.network("net8", extra(8, isGateway=True, isDefaultGateway=not first))
    gateways = ["10.8.0.1"] if first else []
    args = cluster.pod(**{NETWORKS: json.dumps([{"name": "net8", "default-route": gateways}])})
    attachment = attach(multus, args=args)
    result = attachment.add()
    assert default_routes(node) == [("net1", "10.8.0.1")]
    assert "0.0.0.0/0" not in [one["dst"] for one in result.get("routes", [])]
    node.run(["ping", "-c1", "-W2", "10.8.0.1"], netns="c1").checked()
    assert attachment.check() == ""
    one, other = status(cluster)
    assert "gateway" not in one
    assert other["gateway"] == ["10.8.0.1"]
    node.run(["ip", "route", "delete", "default"], netns="c1").checked()
    assert "route default via 10.8.0.1 dev net1 is missing" in attachment.check()
    attachment.delete()
    assert links(node) == ["lo"]


def test_default_routes_of_the_other_family_stay(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """Only that of the gateway's family moves."""
    dual = {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00:1::/64"}]]}
    cluster.network("net8", extra(8, isGateway=True))
    args = cluster.pod(**{NETWORKS: json.dumps([{"name": "net8", "default-route": ["10.8.0.1"]}])})
    attachment = attach({**multus, "delegates": [pods(ipam=dual)]}, args=args)
    attachment.add()
    assert default_routes(node) == [("net1", "10.8.0.1")]
    assert default_routes(node, "-6") == [("eth0", "fd00:1::1")]
    assert attachment.check() == ""


def test_two_default_routes_are_refused(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """Of one family, before anything is made."""
    cluster.network("net8", extra(8))
    one = {"name": "net8", "default-route": ["10.8.0.1"]}
    args = cluster.pod(**{NETWORKS: json.dumps([one, {**one, "default-route": ["10.8.0.9"]}])})
    attachment = attach(multus, args=args)
    refused = attachment.call("ADD", multus)
    assert said(refused).startswith(
        "Multus: [default/web/u1]: multus does not support ECMP for default-route"
    )
    assert links(node) == ["lo"]
    assert not witness.files(node, "/var/lib/cni")


def test_a_pod_may_choose_its_first_network(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """Of the namespace of multus unless it says otherwise; one, and no more."""
    cluster.network("own", extra(8), namespace="kube-system")
    attachment = attach(multus, args=cluster.pod(**{DEFAULT: "own"}))
    assert attachment.add()["ips"][0]["address"] == "10.8.0.2/24"
    assert [one["Name"] for one in records(node)] == ["kube-system/own"]
    attachment.delete()
    attachment.args = cluster.pod(**{DEFAULT: "own,own"})
    assert "tryLoadK8sPodDefaultNetwork: more than one default network is specified: own,own" in said(
        attachment.call("ADD", multus)
    )


def test_networks_of_the_node_may_be_definitions(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """clusterNetwork and defaultNetworks are looked for in the namespace of multus first."""
    cluster.network("first", pods(), namespace="infra")
    cluster.network("second", extra(8), namespace="infra")
    config = {
        **multus,
        "clusterNetwork": "first",
        "defaultNetworks": ["second"],
        "multusNamespace": "infra",
    }
    attachment = attach(config, args=cluster.pod())
    attachment.add()
    assert [one["Name"] for one in records(node)] == ["infra/first", "infra/second"]
    attachment.delete()
    refused = attachment.call("ADD", config, clusterNetwork="third")
    assert said(refused).startswith(
        "Multus: [default/web/u1]: failed to get clusterNetwork/defaultNetworks:"
        " getNetDelegate: cannot find network: third"
    )


def test_a_definition_without_a_configuration_names_one_of_the_node(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """In confDir; one that is not there is named."""
    Path(node.path("/etc/cni/multus/net.d")).mkdir(parents=True)
    path = Path(node.path("/etc/cni/multus/net.d/10-net8.conf"))
    path.write_text(json.dumps({**extra(8), "name": "net8"}))
    cluster.network("net8", None)
    cluster.network("net9", None)
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: "net8"}))
    attachment.add()
    assert addresses(node)["net1"] == ["10.8.0.2"]
    attachment.delete()
    attachment.args = cluster.pod(**{NETWORKS: "net9"})
    assert (
        "network-attachment-definition default/net9 has no spec.config, and /etc/cni/multus/net.d has no"
        " network called net9" in said(attachment.call("ADD", multus))
    )


def test_isolated_pods_use_networks_of_their_own_namespace(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """And of those that are global."""
    for namespace in ("default", "other", "shared"):
        cluster.network("net8", extra(8), namespace=namespace)
    config = {**multus, "namespaceIsolation": True}

    def tried(wanted: str, namespace: str = "team", **more: Any) -> str:
        args = cluster.pod(namespace=namespace, **{NETWORKS: wanted})
        attachment = attach({**config, **more}, args=args)
        done = attachment.call("ADD", attachment.plugins[0])
        attachment.delete()
        return said(done) if done.status else ""

    assert tried("default/net8") == ""
    assert tried("net8", namespace="other") == ""
    assert tried("other/net8").startswith(
        "Multus: [team/web/u1]: GetNetworkDelegates: namespace isolation enabled, annotation violates"
        " permission, pod is in namespace team but refers to target namespace other"
    )
    assert tried("shared/net8", globalNamespaces="other, shared") == ""
    assert "violates permission" in tried("default/net8", globalNamespaces="shared")
    assert links(node) == ["lo"]


def test_devices_are_handed_out_one_by_one(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], tmp_path: Path
) -> None:
    """Each network of a resource gets the pod's next device, in its configuration and its arguments."""
    program = tmp_path / "bin" / "sriov"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nconfig=$(cat)\n[ $CNI_COMMAND = ADD ] || exit 0\necho "$config" >> /run/sriov\n'
        'file=${config##*\\"CNIDeviceInfoFile\\":\\"}; file=${file%%\\"*}; mkdir -p ${file%/*}\n'
        'echo \'{"type": "pci", "version": "1.1.0"}\' > $file\n'
        'echo "{\\"interfaces\\": [{\\"name\\": \\"$CNI_IFNAME\\", \\"sandbox\\": \\"$CNI_NETNS\\"}]}"\n'
    )
    program.chmod(0o755)
    entries = [
        {"PodUID": "u9", "ResourceName": "example.com/vf", "DeviceIDs": {"0": ["0000:01:00.0"]}},
        {
            "PodUID": "u1",
            "ResourceName": "example.com/vf",
            "DeviceIDs": {"1": ["0000:03:00.2"], "0": ["0000:03:00.1"]},
        },
    ]
    kubelet = tmp_path / "checkpoint"
    kubelet.write_text(json.dumps({"Data": {"PodDeviceEntries": entries}, "Checksum": 1}))
    node.run(["mount", "-t", "tmpfs", "kubelet", "/var/lib"]).checked()
    place = "/var/lib/kubelet/device-plugins"
    node.run(["mkdir", "-p", place]).checked()
    node.run(["cp", str(kubelet), f"{place}/kubelet_internal_checkpoint"]).checked()
    capable = {
        "cniVersion": "1.0.0",
        "type": "sriov",
        "capabilities": {"deviceID": True, "CNIDeviceInfoFile": True},
    }
    cluster.network("vf", capable, **{RESOURCE: "example.com/vf"})
    args = cluster.pod(**{NETWORKS: "vf,vf"})
    # A static pod, which the kubelet knows by another UID than its object has.
    cluster.pod(uid="mirror", **{NETWORKS: "vf,vf", "kubernetes.io/config.mirror": "x"})
    attachment = attach({**multus, "binDir": str(program.parent)}, args=args)
    attachment.add()
    given = [json.loads(line) for line in Path(node.path("/run/sriov")).read_text().splitlines()]
    assert [one["deviceID"] for one in given] == ["0000:03:00.1", "0000:03:00.2"]
    assert [one["pciBusID"] for one in given] == ["0000:03:00.1", "0000:03:00.2"]
    info = "/var/run/k8s.cni.cncf.io/devinfo/cni/default-vf-c1_net1"
    assert given[0]["runtimeConfig"] == {"deviceID": "0000:03:00.1", "CNIDeviceInfoFile": info}
    assert status(cluster)[1]["device-info"] == {"type": "pci", "version": "1.1.0"}
    attachment.delete()
    assert not os.path.exists(node.path(info.replace("/var/run", "/run")))
    cluster.network("broken", {"cniVersion": "1.0.0", "type": "nowhere"})
    attachment.args = cluster.pod(**{NETWORKS: "vf,broken"})
    assert 'failed to find plugin "nowhere"' in said(attachment.call("ADD", attachment.plugins[0]))
    assert os.listdir(node.path("/run/k8s.cni.cncf.io/devinfo/cni")) == []
    attachment.args = cluster.pod(**{NETWORKS: "vf,vf,vf"})
    assert "the pod has no device of resource example.com/vf for this network" in said(
        attachment.call("ADD", attachment.plugins[0])
    )


WRONG: dict[str, tuple[str, str]] = {
    "broken JSON": (
        "[{",
        "parsePodNetworkAnnotation: failed to parse pod Network Attachment Selection Annotation JSON format:",
    ),
    "capitals": ("Net8", "mismatch @ 'Net8'"),
    "two slashes": ("a/b/c", "parsePodNetworkObjectName: Invalid network object (failed at '/')"),
    "path": ("../net8", "mismatch @ '..'"),
    "query": ('[{"name": "net8?x"}]', "'default/net8?x' is no name of a network"),
    "way out": ('[{"name": "../../secrets/x"}]', "is no name of a network"),
    "namespace": ('[{"name": "a", "namespace": "a/b"}]', "'a/b/a' is no name of a network"),
    "long interface": ("net8@sixteencharacter", "Failed to parse interface name: must be less than 15 chars"),
    "interface with slash": ('[{"name": "net8", "interface": "../x"}]', "Failed to parse interface name"),
    "MAC address": ('[{"name": "net8", "mac": "x"}]', "failed to mac: address x: invalid MAC address"),
    "address": ('[{"name": "net8", "ips": ["10.0.0.1;X=1"]}]', 'failed to parse IP address "10.0.0.1;X=1"'),
    "prefix": ('[{"name": "net8", "ips": ["10.0.0.1/33"]}]', 'failed to parse CIDR "10.0.0.1/33": '),
    "device": ('[{"name": "net8", "deviceID": "../../x"}]', "'../../x' is no name of a device"),
    "gateway": ('[{"name": "net8", "default-route": ["x"]}]', "invalid IP address: x"),
    "wrong type": ('[{"name": 5}]', 'key "[0].name": expected a string, found number 5'),
}


@pytest.mark.parametrize("case", WRONG)
def test_annotations_that_say_nothing_are_refused(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], case: str
) -> None:
    """The error names the pod; nothing of them becomes a URL, a path or an argument, and nothing is made."""
    text, words = WRONG[case]
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: text}))
    error = json.loads(attachment.call("ADD", multus).stdout)
    assert error["code"] == 7
    assert error["msg"].startswith("Multus: [default/web/u1]: ")
    assert words in error["msg"]
    assert cluster.requests() == [POD]
    assert links(node) == ["lo"]
    assert not witness.files(node, "/var/lib/cni")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "network-attachment-definition default/net8: spec.config is no JSON object: "),
        ("{}", "LoadDelegateNetConfList: delegate must have the 'type' or 'plugin' field"),
        ('{"plugins": [{}]}', "LoadDelegateNetConfList: a plugin delegate must have the 'type' field"),
        ('{"type": "bridge", "name": "../x"}', "invalid characters found in network name"),
        ('{"type": "../../bin/sh", "cniVersion": "1.0.0"}', "invalid plugin name: ../../bin/sh"),
    ],
)
def test_definitions_that_say_nothing_are_refused(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], config: str, words: str
) -> None:
    """Whoever writes one does not leave the directories of plugins and of state; the rest is taken back."""
    cluster.network("net8", config)
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: "net8"}))
    clean = leftovers(node, "c1")
    error = said(attachment.call("ADD", multus))
    assert words in error
    assert "default/" in error
    node.run(["ip", "link", "delete", "cni0"])
    assert leftovers(node, "c1") == clean


def test_a_definition_that_is_not_there_is_named(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """In the error and in an event of the pod."""
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: "other/net8"}))
    words = "cannot find a network-attachment-definition (net8) in namespace (other): GET https://127.0.0.1:"
    error = json.loads(attachment.call("ADD", multus).stdout)
    assert error["msg"].startswith(f"Multus: [default/web/u1]: getKubernetesDelegate: {words}")
    assert 'network-attachment-definitions "net8" not found' in error["msg"]
    assert error["details"] == f"make it, or correct {NETWORKS} of the pod"
    ((reason, message),) = cluster.events()
    assert reason == "NoNetworkFound"
    assert message.startswith(words)


def test_a_pod_that_is_gone_gets_nothing(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """ADD succeeds with an empty address, as nobody will wait for the pod; DEL has nothing to do."""
    args = cluster.pod()
    cluster.objects["pods"].clear()
    cluster.save()
    attachment = attach(multus, args=args)
    result = attachment.add()
    assert result == {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "sandbox": "/run/netns/c1"}],
        "ips": [{"address": "0.0.0.0/0", "gateway": "0.0.0.0"}],
    }
    assert links(node) == ["lo"]
    attachment.delete()


def test_another_pod_of_the_same_name_is_not_this_one(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """But for static pods, whose object has a UID of its own."""
    args = cluster.pod()
    cluster.pod(uid="u2")
    attachment = attach(multus, args=args)
    assert said(attachment.call("ADD", multus)).startswith(
        'Multus: [default/web/u1]: expected pod UID "u1" but got "u2" from Kube API'
    )
    assert links(node) == ["lo"]
    cluster.pod(uid="u2", **{"kubernetes.io/config.mirror": "x"})
    attachment.add()
    cluster.pod(uid="u3")
    os.unlink(node.path("/var/lib/cni/multus/c1"))
    attachment.delete()
    assert links(node) == ["lo"]


def test_del_without_what_was_kept_asks_again(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """The pod's annotations tell which networks there were; without the pod, the node's are deleted."""
    cluster.network("net8", extra(8))
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: "net8"}))
    attachment.add()
    os.unlink(node.path("/var/lib/cni/multus/c1"))
    attachment.delete()
    assert links(node) == ["lo"]
    attachment.add()
    os.unlink(node.path("/var/lib/cni/multus/c1"))
    cluster.stop()
    began = time.monotonic()
    attachment.delete()
    assert time.monotonic() - began < 10
    assert links(node) == ["lo", "net1"]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "401": (
        {"status": 401, "message": "Unauthorized"},
        999,
        "the token or client certificate in KUBECONFIG is expired",
    ),
    "403": (
        {"status": 403, "message": 'pods "web" is forbidden'},
        999,
        "the account in KUBECONFIG needs the rights of the multus ClusterRole",
    ),
    "500": ({"status": 500, "message": "etcd is gone"}, 11, "etcd is gone"),
    "503": ({"status": 503, "message": "starting"}, 11, "starting"),
    "no JSON": (
        {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
        11,
        "the answer cannot be understood",
    ),
    "no HTTP": ({"raw": "hello\r\n"}, 11, "GET https://127.0.0.1:"),
    "hangs up": ({"raw": ""}, 11, "is it up, and can it be reached from the node?"),
    "redirect": ({"status": 307, "message": "elsewhere"}, 999, "307 elsewhere"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_server_that_does_not_help_is_named(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any], case: str
) -> None:
    """With the request, the answer and what to do; what will pass may be tried again; no token is told."""
    fault, code, words = REFUSED[case]
    attachment = attach({**multus, "logLevel": "debug", "logFile": "/run/multus.log"}, args=cluster.pod())
    cluster.faults({"request": POD, **fault})
    done = attachment.call("ADD", attachment.plugins[0])
    error = json.loads(done.stdout)
    assert error["code"] == code
    assert error["msg"].startswith(
        f"Multus: [default/web/u1]: error waiting for pod: {POD[:4]}https://127.0.0.1:"
    )
    assert words.replace("KUBECONFIG", cluster.kubeconfig) in said(done)
    assert len(cluster.requests()) > 5 if code == 11 else cluster.requests() == [POD]
    assert links(node) == ["lo"]
    log = Path(node.path("/run/multus.log")).read_text()
    assert TOKEN not in done.stdout + done.stderr + log


def test_a_server_that_comes_back_in_time_is_enough(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """The pod is asked for again for some seconds."""
    cluster.faults({"request": POD, "status": 503, "times": 3})
    attach(multus, args=cluster.pod()).add()
    assert cluster.requests()[:4] == [POD] * 4
    assert links(node) == ["lo", "eth0"]


def test_nobody_listening_is_told_in_seconds(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """ADD fails and may be tried again."""
    attachment = attach(multus, args=cluster.pod())
    cluster.stop()
    began = time.monotonic()
    done = attachment.call("ADD", multus)
    assert 2 < time.monotonic() - began < 10
    assert json.loads(done.stdout)["code"] == 11
    assert "Connection refused" in said(done)
    assert f"{cluster.kubeconfig} says that this is the API server" in said(done)


@pytest.mark.parametrize("fault", [{"delay": 8}, {"drip": 100}], ids=["silence", "a byte now and then"])
def test_a_slow_server_does_not_hold_an_event_up(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any], fault: dict[str, Any]
) -> None:
    """Every exchange has an end, however slowly the answer comes; the pod does without its event."""
    cluster.faults({"request": "/events", **fault})
    began = time.monotonic()
    attach(multus, args=cluster.pod()).add()
    assert 4 < time.monotonic() - began < 8
    assert status(cluster)[0]["name"] == "pods"


def test_others_may_write_the_pod_at_the_same_time(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """The status is written once more, on top of what they wrote."""
    cluster.faults({"request": "PUT", "change": True, "times": 2})
    attach(multus, args=cluster.pod()).add()
    assert len([one for one in cluster.requests() if one.startswith("PUT")]) == 3
    assert cluster.annotations()["others"] == "wrote this"
    assert status(cluster)[0]["interface"] == "eth0"


def test_a_status_that_cannot_be_written_takes_all_back(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """But for a pod that is gone, which needs none."""
    cluster.network("net8", extra(8))
    attachment = attach(multus, args=cluster.pod(**{NETWORKS: "net8"}))
    clean = leftovers(node, "c1")
    cluster.faults({"request": "PUT", "status": 403, "message": "no"})
    assert said(attachment.call("ADD", multus)).startswith(
        "Multus: [default/web/u1]: error setting the networks status: PUT https://127.0.0.1:"
    )
    for bridge in ("cni0", "br8"):
        node.run(["ip", "link", "delete", bridge]).checked()
    assert leftovers(node, "c1") == clean
    cluster.faults({"request": "PUT", "status": 409, "message": "conflict"})
    assert "409 conflict" in said(attachment.call("ADD", multus))
    assert len([one for one in cluster.requests() if one.startswith("PUT")]) == 1 + 5
    cluster.faults({"request": "PUT", "status": 404, "message": "gone"})
    attachment.add()
    assert links(node) == ["lo", "eth0", "net1"]


def test_pods_called_like_a_system_namespace_get_no_status(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """As with the Go plugin, which compares the name; those in such a namespace do get one."""
    attach(multus, args=cluster.pod("kube-system")).add()
    assert STATUS not in cluster.annotations("kube-system")
    attach(multus, args=cluster.pod(namespace="kube-system"), container="c2").add()
    assert STATUS in cluster.annotations(namespace="kube-system")


def test_a_connection_that_was_closed_is_made_again(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """Whether the server says that it closes it or not."""
    (cluster.top / "closes").touch()
    attach(multus, args=cluster.pod()).add()
    assert status(cluster)[0]["name"] == "pods"
    (cluster.top / "closes").unlink()
    cluster.faults({"request": "PUT", "raw": "", "times": 1})
    attach(multus, args=cluster.pod(), container="c2").add()
    assert status(cluster)[0]["ips"] == ["10.1.0.3"]


def test_ways_to_the_server(attach: Attach, cluster: Kubernetes, multus: dict[str, Any]) -> None:
    """A kubeconfig in JSON, files beside it, a client's certificate, and another name of the server's."""
    for name in ("ca.crt", "client.crt", "client.key"):
        (cluster.top / name).write_bytes("# Größe\n".encode() + (cluster.certificates / name).read_bytes())
    (cluster.top / "token-file").write_text(f"{TOKEN}\n")
    inlined = {
        "client-certificate-data": cluster.encoded("client.crt"),
        "client-key-data": cluster.encoded("client.key"),
    }
    beside = {"certificate-authority-data": None, "certificate-authority": "ca.crt"}
    ways: list[dict[str, Any]] = [
        {"as_json": True},
        {"cluster": beside, "user": {"tokenFile": "token-file", "token": "expired"}},
        {"cluster": beside, "user": {"client-certificate": "client.crt", "client-key": "client.key"}},
        {"user": inlined},
        {"cluster": {"tls-server-name": "kubernetes", "server": f"https://localhost:{cluster.port}/"}},
        {"cluster": {"certificate-authority-data": None, "insecure-skip-tls-verify": True}},
    ]
    for number, way in enumerate(ways):
        kubeconfig = cluster.write_kubeconfig(f"way-{number}", **way)
        attachment = attach({**multus, "kubeconfig": kubeconfig}, args=cluster.pod(), container=f"c{number}")
        attachment.add()
        assert status(cluster)[0]["name"] == "pods", way


def test_a_server_that_cannot_prove_who_it_is_learns_nothing(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """With a certificate of another CA, of none that is known, or for another name: no request is sent."""
    ways: list[dict[str, Any]] = [
        {"certificate-authority-data": cluster.encoded("other-ca.crt")},
        {"certificate-authority-data": None},
        {"tls-server-name": "another"},
        {"server": f"https://localhost:{cluster.port}"},
    ]
    for number, way in enumerate(ways):
        kubeconfig = cluster.write_kubeconfig(f"way-{number}", cluster=way)
        attachment = attach({**multus, "kubeconfig": kubeconfig}, args=cluster.pod())
        done = attachment.call("ADD", attachment.plugins[0])
        assert f"certificate-authority in {kubeconfig} must be the one" in said(done), way
        assert cluster.requests() == []
    plain = cluster.write_kubeconfig("plain", cluster={"server": f"http://127.0.0.1:{cluster.port}"})
    attachment = attach({**multus, "kubeconfig": plain}, args=cluster.pod())
    refused = said(attachment.call("ADD", attachment.plugins[0]))
    assert f"kubeconfig {plain}: the server is reached by http://" in refused


def test_without_an_annotation_the_server_is_asked_twice(
    attach: Attach, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """For the pod, and to write its status, beside the event; without a kubeconfig never."""
    attach(multus, args=cluster.pod()).add()
    assert cluster.requests() == [
        POD,
        "POST /api/v1/namespaces/default/events",
        "PUT /api/v1/namespaces/default/pods/web/status",
    ]
    attach({**multus, "kubeconfig": ""}, args=cluster.pod(), container="c2").add()
    assert cluster.requests() == []


def test_gc_and_status_ask_for_a_network_that_is_a_definition(
    attach: Attach, node: Node, cluster: Kubernetes, multus: dict[str, Any]
) -> None:
    """As they are those of the first network."""
    cluster.network("first", extra(8, cniVersion="1.1.0"), namespace="kube-system")
    config = {**multus, "clusterNetwork": "first"}
    attachment = attach(config, args=cluster.pod(), version="1.1.0")
    attachment.add()
    cluster.requests()
    assert attachment.call("STATUS", config).status == 0
    valid: dict[str, Any] = {"cni.dev/valid-attachments": []}
    node.run(["ip", "netns", "delete", "c1"]).checked()
    assert attachment.call("GC", config, **valid).status == 0
    assert len(cluster.requests()) == 2
    assert "10.8.0.2" not in witness.files(node, "/var/lib/cni/networks/first")
