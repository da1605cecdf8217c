"""multus: what it makes of configurations, annotations and records, and what it refuses."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.address import Address
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl.spec.result import current, parse_any
from cnictl_plugins.meta import (
    multus_api,
    multus_config,
    multus_delegate,
    multus_devices,
    multus_names,
    multus_pod,
    multus_records,
    multus_selection,
    multus_status,
)

if TYPE_CHECKING:
    from cnictl.spec.document import Json

ONE: dict[str, Any] = {"cniVersion": "1.0.0", "name": "one", "type": "bridge", "ipam": {"type": "host-local"}}
LISTED: dict[str, Any] = {
    "name": "listed",
    "plugins": [{"type": "bridge"}, {"type": "portmap", "capabilities": {"x": True}}],
}
DELEGATE = "LoadNetConf: failed to load delegate"
LIST = "LoadDelegateNetConfList: "
# As the Go plugin writes it.
GO: list[dict[str, Any]] = [
    {
        "Conf": {**ONE, "dns": {}},
        "ConfList": {},
        "Name": "default/one",
        "ifnameRequest": "data0",
        "macRequest": "02:00:00:00:00:01",
        "ipRequest": ["10.0.0.9/24"],
        "default-route": ["10.0.0.1"],
        "IsFilterV4Gateway": True,
        "IsFilterV6Gateway": False,
        "deviceID": "0000:03:00.1",
        "resourceName": "example.com/vf",
        "Bytes": base64.b64encode(json.dumps(ONE).encode()).decode(),
    }
]


def request(command: str = "ADD", args: str = "", **members: Any) -> Request:
    document = Document({"cniVersion": "1.0.0", "name": "net", "type": "multus", **members})
    return Request(command, document, container_id="c1", ifname="eth0", args=args)


def refused(**members: Any) -> tuple[int, str]:
    with pytest.raises(CniError) as caught:
        multus_config.read(request(**members))
    return caught.value.code, caught.value.msg


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "LoadNetConf: at least one delegate/clusterNetwork must be specified"),
        ({"delegates": []}, "LoadNetConf: at least one delegate/clusterNetwork must be specified"),
        (
            {"delegates": [ONE, {}]},
            f"{DELEGATE} 1 config: {LIST}delegate must have the 'type' or 'plugin' field",
        ),
        (
            {"delegates": [{"name": "x", "plugins": [{"name": "y"}]}]},
            f"{DELEGATE} 0 config: {LIST}a plugin delegate must have the 'type' field",
        ),
        (
            {"delegates": [{**ONE, "name": ""}]},
            f"{DELEGATE} 0 config: missing network name:",
        ),
        (
            {"delegates": 5},
            'LoadNetConf: failed to load netconf: key "delegates": expected a list, found number 5',
        ),
        (
            {"delegates": [ONE], "runtimeConfig": {"mac": 5}},
            'LoadNetConf: failed to load netconf: key "runtimeConfig.mac": expected a string, found number 5',
        ),
    ],
)
def test_configurations_that_make_no_sense(members: dict[str, Any], message: str):
    """Are refused with the Go plugin's words."""
    assert refused(**members) == (7, f"Multus: error loading netconf: {message}")


def test_delegates_do_not_count_beside_a_cluster_network():
    """Not even broken ones."""
    config = multus_config.read(request(clusterNetwork="pods", delegates=[{}]))
    assert config.own_delegates() == []


def test_del_needs_no_valid_configuration():
    """It goes by what was kept."""
    assert multus_config.read(request("DEL")).cni_dir == "/var/lib/cni/multus"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("A", 'ARGS: invalid pair "A"'),
        ("A=b", 'ARGS: unknown args ["A=b"]'),
        ("IP=x", 'ARGS: error parsing value of pair "IP=x": invalid IP address: x'),
        ("K8S_POD_NAMESPACE=../secrets", 'K8S_POD_NAMESPACE is "../secrets", not a name'),
        ("K8S_POD_NAME=a/b", 'K8S_POD_NAME is "a/b", not a name'),
    ],
)
def test_arguments_that_name_no_pod(args: str, message: str):
    """Are refused before they become part of a URL."""
    with pytest.raises(CniError) as caught:
        multus_config.pod_arguments(request(args=args))
    assert (caught.value.code, caught.value.msg) == (4, f"Multus: error getting k8s args: {message}")


@pytest.mark.parametrize(
    ("text", "label", "subdomain", "device"),
    [
        ("a", True, True, True),
        ("a-b-9", True, True, True),
        ("a.b", False, True, True),
        ("", False, False, False),
        ("-a", False, False, True),
        ("a-", False, False, True),
        ("A", False, False, True),
        ("a..b", False, False, False),
        ("a/b", False, False, False),
        ("a b", False, False, False),
        ("é", False, False, False),
        ("0000:3b:10.4", False, False, True),
        ("a" * 63, True, True, True),
        ("a" * 64, False, True, True),
        ("a" * 254, False, False, True),
    ],
)
def test_names(text: str, label: bool, subdomain: bool, device: bool):
    """Of namespaces, of pods and networks, and of devices."""
    assert multus_names.is_label(text) == label
    assert multus_names.is_subdomain(text) == subdomain
    assert multus_names.is_device(text) == device


def test_the_short_form_of_a_selection():
    """Names with commas; the pod's namespace unless another is named."""
    found = multus_selection.parse("a, ns/b@if0 ,c@net7", "mine")
    assert [(one.namespace, one.name, one.wanted.ifname) for one in found] == [
        ("mine", "a", ""),
        ("ns", "b", "if0"),
        ("mine", "c", "net7"),
    ]
    assert multus_selection.parse("", "mine") == []
    assert multus_selection.parse("[]", "mine") == []


def test_the_long_form_of_a_selection():
    """Whatever a pod may want of a network."""
    text = json.dumps(
        [
            {
                "name": "a.b",
                "namespace": "ns",
                "interfaceRequest": "old0",
                "ips": ["10.0.0.1", "fd00::1/64"],
                "mac": "02:00:00:00:00:01",
                "infiniband-guid": "c2:11:22:33:44:55:66:77",
                "portMappings": [{"hostPort": 1, "containerPort": 2}],
                "bandwidth": {"ingressRate": 1},
                "deviceID": "0000:03:00.1",
                "cni-args": {"x": [1]},
                "default-route": ["10.0.0.1", "fd00::1"],
                "unknown": True,
            },
            {"name": "c", "default-route": []},
        ]
    )
    first, second = multus_selection.parse(text, "mine")
    assert (first.namespace, first.name, first.cni_args) == ("ns", "a.b", {"x": [1]})
    assert first.wanted == multus_selection.Wanted(
        "old0",
        mac="02:00:00:00:00:01",
        ips=["10.0.0.1", "fd00::1/64"],
        guid="c2:11:22:33:44:55:66:77",
        port_mappings=[{"hostPort": 1, "containerPort": 2}],
        bandwidth={"ingressRate": 1},
        device_id="0000:03:00.1",
        gateways=[Address.parse("10.0.0.1"), Address.parse("fd00::1")],
    )
    assert (second.namespace, second.wanted.gateways) == ("mine", [])


def test_records_come_back_as_they_were_kept(tmp_path: Path):
    """Lists and single plugins, with what the pod wanted; and whose they are."""
    path = str(tmp_path / "c1")
    wanted = multus_selection.Wanted("data0", mac="02:00:00:00:00:01", ips=["10.0.0.9"], gateways=[])
    kept = [
        multus_delegate.parse(LISTED, version="0.4.0"),
        multus_delegate.parse(ONE, name="default/one").replace(wanted=wanted),
    ]
    multus_records.save(path, kept, "net", "eth0")
    records = multus_records.load(path)
    assert records is not None
    assert (records.network, records.ifname) == ("net", "eth0")
    assert [one.raw for one in records.delegates] == [one.raw for one in kept]
    assert [one.name for one in records.delegates] == ["listed", "default/one"]
    assert records.delegates[1].wanted == wanted
    assert records.delegates[0].network.cni_version == "0.4.0"
    assert [one.ifname(i, "eth0") for i, one in enumerate(records.delegates)] == ["eth0", "data0"]


def test_records_of_the_go_plugin_are_read(tmp_path: Path):
    """All that DEL and CHECK need is in them, but for whose they are."""
    path = tmp_path / "c1"
    path.write_text(json.dumps(GO))
    records = multus_records.load(str(path))
    assert records is not None
    assert (records.network, records.ifname) == ("", "")
    (one,) = records.delegates
    assert (one.name, one.type, one.resource) == ("default/one", "bridge", "example.com/vf")
    assert one.wanted == multus_selection.Wanted(
        "data0",
        mac="02:00:00:00:00:01",
        ips=["10.0.0.9/24"],
        device_id="0000:03:00.1",
        gateways=[Address.parse("10.0.0.1")],
    )


def test_a_record_is_one_that_the_go_plugin_reads(tmp_path: Path):
    """It tells lists by their plugins, and decodes every member of ours into the one of the same name."""
    path = tmp_path / "c1"
    wanted = multus_selection.Wanted(
        "data0",
        mac="02:00:00:00:00:01",
        ips=["10.0.0.9/24"],
        device_id="0000:03:00.1",
        gateways=[Address.parse("10.0.0.1")],
    )
    ours = multus_delegate.parse(ONE, name="default/one").replace(wanted=wanted, resource="example.com/vf")
    multus_records.save(str(path), [ours, multus_delegate.parse(LISTED)], "net", "eth0")
    single, listed = json.loads(path.read_text())
    assert (single.pop("multusNetwork"), single.pop("multusIfname")) == ("net", "eth0")
    assert json.loads(base64.b64decode(single.pop("Bytes"))) == ONE
    expected: dict[str, Any] = {**GO[0], "IsFilterV4Gateway": False}
    del expected["Bytes"]
    assert single == expected
    assert listed["Conf"] == {}
    assert [one["type"] for one in listed["ConfList"]["plugins"]] == ["bridge", "portmap"]


RESULTS: dict[str, tuple[dict[str, Any], bool, list[dict[str, Any]]]] = {
    "one interface": (
        {
            "cniVersion": "1.1.0",
            "interfaces": [{"name": "eth0", "mac": "m", "mtu": 1400, "sandbox": "/s"}],
            "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1"}, {"address": "fd00::2/64"}],
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.0.0.9"}],
            "dns": {"nameservers": ["192.0.2.1"]},
        },
        True,
        [
            {
                "name": "n",
                "interface": "eth0",
                "ips": ["10.0.0.2", "fd00::2"],
                "mac": "m",
                "mtu": 1400,
                "default": True,
                "dns": {"nameservers": ["192.0.2.1"]},
                "gateway": ["10.0.0.1"],
            }
        ],
    ),
    "one of the node": (
        {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": "cni0", "mac": "m"}],
            "ips": [{"address": "10.0.0.2/24"}],
        },
        False,
        [{"name": "n", "ips": ["10.0.0.2"], "dns": {}}],
    ),
    "two in the pod": (
        {
            "cniVersion": "1.0.0",
            "interfaces": [
                {"name": "veth1"},
                {"name": "a", "sandbox": "/s"},
                {"name": "b", "sandbox": "/s"},
            ],
            "ips": [
                {"address": "10.0.0.2/24", "interface": 1},
                {"address": "10.0.1.2/24", "gateway": "10.0.1.1", "interface": 2},
                {"address": "10.0.2.2/24"},
            ],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.1.1"}],
        },
        True,
        [
            {"name": "n", "interface": "a", "ips": ["10.0.0.2"], "dns": {}, "gateway": ["10.0.1.1"]},
            {
                "name": "n",
                "interface": "b",
                "ips": ["10.0.1.2", "10.0.2.2"],
                "default": True,
                "dns": {},
                "gateway": ["10.0.1.1"],
            },
        ],
    ),
    "no gateway": (
        {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": "v"}, {"name": "a", "sandbox": "/s"}],
            "ips": [{"address": "10.0.0.2/24", "interface": 1}],
        },
        True,
        [{"name": "n", "interface": "a", "ips": ["10.0.0.2"], "default": True, "dns": {}}],
    ),
    "no interface": (
        {"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.2/24"}},
        True,
        [{"name": "n", "interface": "net1", "ips": ["10.0.0.2"], "default": True, "dns": {}}],
    ),
    "nothing": ({"cniVersion": "1.0.0"}, True, []),
}


@pytest.mark.parametrize("case", RESULTS)
def test_what_a_pod_is_told_of_a_result(case: str):
    """An element for each interface in the pod, its members in the Go plugin's order."""
    members, master, expected = RESULTS[case]
    found = multus_status.elements("n", "net1", current(parse_any(members)), master=master)
    assert found == expected
    order = ["name", "interface", "ips", "mac", "mtu", "default", "dns", "device-info", "gateway"]
    assert all(list(one) == [name for name in order if name in one] for one in found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the pod has no device of resource a/b for this network"),
        ("{", "cannot understand "),
        ('{"Data": {"PodDeviceEntries": [{"PodUID": 5}]}}', "cannot understand "),
        (
            '{"Data": {"PodDeviceEntries": [{"PodUID": "u", "ResourceName": "a/b", "DeviceIDs": ["../x"]}]}}',
            "the pod has no device of resource a/b for this network",
        ),
    ],
)
def test_devices_that_there_are_not(tmp_path: Path, content: str | None, message: str):
    """Are an error that names the resource, or the file that cannot be understood."""
    path = tmp_path / "checkpoint"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CniError, match=message):
        multus_devices.Devices("u", str(path)).next("a/b")


def test_devices_of_a_list(tmp_path: Path):
    """As kubelets before 1.20 wrote them."""
    path = tmp_path / "checkpoint"
    entry = {"PodUID": "u", "ResourceName": "a/b", "DeviceIDs": ["x", "y"]}
    path.write_text(json.dumps({"Data": {"PodDeviceEntries": [entry, {**entry, "PodUID": "other"}]}}))
    devices = multus_devices.Devices("u", str(path))
    assert [devices.next("a/b"), devices.next("a/b")] == ["x", "y"]


def test_readiness_is_waited_for_in_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And the error says what for."""
    monkeypatch.setattr(multus_pod, "READINESS_PATIENCE", 0.05)
    monkeypatch.setattr(multus_pod, "READINESS_PAUSE", 0.01)
    path = tmp_path / "ready"
    config = multus_config.MultusConfig(Document({"readinessindicatorfile": str(path)}))
    pod = multus_config.PodArguments("ns", "web", "", "u1")
    with pytest.raises(CniError) as caught:
        multus_pod.wait_until_ready(config, pod)
    assert caught.value.code == 11
    assert caught.value.msg == (
        "Multus: [ns/web/u1]: have you checked that your default network is ready? still waiting for"
        f" readinessindicatorfile @ {path}. pollimmediate error: timed out waiting for the condition"
    )
    path.touch()
    multus_pod.wait_until_ready(config, pod)


def test_a_pod_of_the_kubelet_itself():
    """Is told by its annotations."""
    stated: tuple[tuple[dict[str, Json], bool], ...] = (
        ({}, False),
        ({"kubernetes.io/config.source": "api"}, False),
        ({"kubernetes.io/config.source": "file"}, True),
        ({"kubernetes.io/config.mirror": "x"}, True),
    )
    for annotated, static in stated:
        assert multus_api.Pod({"metadata": {"annotations": annotated}}).is_static == static
