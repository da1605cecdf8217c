"""Files that are damaged, or no files at all, hide nothing else from the doctor."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.doctor.archive import MEMBER, NoBundle, archive, unarchive
from cnictl.doctor.bundle import AddressFact, Bundle, ChainFact, ConfigurationFile, Namespace, ReservationFile
from cnictl.doctor.collect import collect
from cnictl.doctor.gather.messages import pods_and_events
from cnictl.doctor.judge import judge
from cnictl.doctor.recognise import recognise
from tests.unit.doctor.test_planted import BRIDGE, CONTAINERD, NET, SECTION, plant, seen

if TYPE_CHECKING:
    from cnictl.spec.document import Json

CRIO = "/etc/crio/crio.conf"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (CONTAINERD, SECTION + 'bin_dirs = "/opt/other"'),
        (CONTAINERD, SECTION + 'max_conf_num = "many"'),
        (CONTAINERD, SECTION + "bin_dirs = 7"),
        (CONTAINERD, '[plugins]\n"io.containerd.grpc.v1.cri" = 7'),
        (CONTAINERD, '[plugins."io.containerd.grpc.v1.cri"]\ncni = ["x"]'),
        (CRIO, "crio = 7"),
        (CRIO, "[crio]\nnetwork = []"),
        (CRIO, "[crio.network]\nplugin_dirs = 7"),
        (CRIO, '[crio.network]\nplugin_dirs = "/opt/other"'),
        (CRIO, "x = " + "[" * 5000),
    ],
)
def test_a_runtime_that_cannot_have_read_its_configuration(tmp_path: Path, path: str, text: str):
    """Looks where runtimes look: no such runtime starts, and what else is wrong is found."""
    bundle = collect(plant(tmp_path, {**NET, path: text, "/opt/cni/bin/x": ""}), log="")
    assert bundle.runtime.conf_dir == "/etc/cni/net.d"
    assert bundle.runtime.bin_dirs == ("/opt/cni/bin",)
    assert "bridge is not in /opt/cni/bin" in seen(judge(bundle), "bin-missing")


def test_a_fifo_among_the_reservations(tmp_path: Path):
    """Is not waited for."""
    store = "/var/lib/cni/networks/web"
    place = plant(tmp_path, {**NET, f"{store}/10.0.0.2": "c1\r\neth0"})
    os.mkfifo(place.at(f"{store}/10.0.0.3"))
    assert [one.address for one in collect(place, log="").reservations] == ["10.0.0.2"]


@pytest.mark.parametrize(
    "network",
    [
        {"name": "we\0b", "plugins": [{"type": "bridge"}]},
        {"name": "web", "plugins": [{"type": "flannel", "subnetFile": "/run/\0"}]},
        {"name": "web", "plugins": [{"type": "multus", "kubeconfig": "/run/\0", "cniDir": "/var/\0"}]},
        {"name": "web", "plugins": [{"type": "bridge", "ipam": {"type": "host-local", "dataDir": "/x\0"}}]},
        {"name": "web", "plugins": [{"type": "x", "ipam": {"type": "dhcp", "daemonSocketPath": "/x\0"}}]},
    ],
)
def test_a_configuration_with_a_character_that_no_path_has(tmp_path: Path, network: dict[str, object]):
    """Hides nothing that is elsewhere."""
    text = json.dumps({"cniVersion": "1.0.0", **network})
    cached = json.dumps({"containerId": "c1", "networkName": "web", "ifName": "eth0", "config": "bm8="})
    files = {"/etc/cni/net.d/00-x.conflist": text, "/var/lib/cni/results/web-c1-eth0": cached, **NET}
    files |= {"/proc/locks": ""}
    bundle = collect(plant(tmp_path, files), log="")
    assert not {"agents", "reservations"} & bundle.unseen.keys()
    assert "bridge is not in" in seen(judge(bundle), "bin-missing")


def networks_of_a_pod(text: str) -> str:
    annotations: Json = {"k8s.v1.cni.cncf.io/networks": text}
    about: Json = {"namespace": "a", "name": "b", "annotations": annotations}
    pods, _ = pods_and_events([{"kind": "Pod", "metadata": about}])
    return seen(judge(Bundle(pods=pods)), "multus-annotation")


def test_a_long_annotation_of_networks():
    """Is read to its end: an object's annotations may have 256 KiB."""
    networks = [{"name": f"net{i}", "cni-args": {"text": "x" * 100}} for i in range(100)]
    assert not networks_of_a_pod(json.dumps(networks))
    assert "is no JSON" in networks_of_a_pod(json.dumps(networks)[:-1])


def test_an_annotation_of_networks_that_is_nested_deeply():
    """Is wrong, and no more: anybody who makes pods may write one."""
    assert "nested deeper" in networks_of_a_pod("[" * 1500 + "]" * 1500)


def made_of(text: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        member = tarfile.TarInfo(MEMBER)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return written.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        b'{"version": 2, "another": 1}',
        b'{"version": 2, "pods": [{"colour": 1}]}',
        b'{"version":' + b"[" * 9999,
    ],
)
def test_a_bundle_with_what_nobody_knows(text: bytes):
    """Is said to be broken."""
    with pytest.raises(NoBundle):
        unarchive(made_of(text))


def test_a_bundle_that_was_damaged_on_its_way():
    """Is said to be none, wherever the damage is."""
    whole = archive(
        Bundle(configurations=[ConfigurationFile(f"/{i}", os.urandom(40).hex()) for i in range(99)])
    )
    for at in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        try:
            unarchive(bytes(damaged))
        except NoBundle:
            continue
    with pytest.raises(NoBundle):
        unarchive(gzip.compress(b"x" * 2000)[:-4])


def test_a_rule_with_a_mask_of_holes():
    """iptables knows such networks, and no other program does: whether it applies is not known."""
    configuration = json.dumps(
        {**BRIDGE, "plugins": [{"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.1.0.0/24"}}]}
    )
    rules = ("-s 10.0.0.0/255.0.255.0 -j DROP",)
    bundle = Bundle(
        configurations=[ConfigurationFile("/etc/cni/net.d/10-x.conflist", configuration)],
        reservations=[ReservationFile("/var/lib/cni/networks/web", "10.1.0.2", "c1", "eth0", 1.0)],
        namespaces=[
            Namespace(""),
            Namespace("/run/netns/a", addresses=(AddressFact("eth0", "10.1.0.2/24"),)),
        ],
        chains=[ChainFact("iptables", "filter", "FORWARD", "compat", "ACCEPT", rules=rules)],
    )
    report = judge(bundle)
    reasons = {one.code: one.reason for one in report.unchecked}
    assert "10.0.0.0/255.0.255.0" in reasons["fwd-drop"]


def test_a_network_of_the_last_address():
    """Has no other that could be its gateway."""
    ipam = {"type": "host-local", "subnet": "255.255.255.255/32"}
    configuration = json.dumps({**BRIDGE, "plugins": [{"type": "bridge", "ipam": ipam, "isGateway": True}]})
    bundle = Bundle(configurations=[ConfigurationFile("/etc/cni/net.d/10-x.conflist", configuration)])
    assert judge(bundle).findings


def test_a_message_with_a_number_that_has_no_end():
    """Is read like any other."""
    text = f"'&{{ContainerID:a StdinData:[{'9' * 5000}]}} ERRORED: no IP addresses available in range set: 1"
    assert "hl-exhausted" in [one.failure.code for one in recognise(text)]


@pytest.mark.parametrize("created", ["²", "--5", "9" * 5000, "9" * 400])
def test_a_sandbox_made_at_no_time(tmp_path: Path, created: str):
    """Is listed all the same."""
    text = json.dumps({"items": [{"id": "c1", "createdAt": created}]})
    assert [one.id for one in collect(plant(tmp_path, NET), log="", listed=text).sandboxes] == ["c1"]


@pytest.mark.parametrize("expires", ["1" + "0" * 400, "1e999", "[" * 2000])
def test_a_token_whose_end_is_no_time(tmp_path: Path, expires: str):
    """Has none that is known."""
    payload = base64.urlsafe_b64encode(f'{{"exp": {expires}}}'.encode()).decode().rstrip("=")
    path = "/etc/cni/net.d/calico-kubeconfig"
    bundle = collect(plant(tmp_path, {**NET, path: f"token: eyJhbGciOiJub25lIn0.{payload}.c2ln"}), log="")
    assert [one.expires for one in bundle.agents if one.path == path] == [0.0]
