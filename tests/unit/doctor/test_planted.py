# ruff: noqa: E501 - a tree, a row
"""Trees of planted files: where each runtime looks, and what is wrong there."""

from __future__ import annotations

import base64
import gzip
import json
import os
import platform
from pathlib import Path

import pytest

from cnictl.cri import messages_pb2
from cnictl.doctor.archive import NoBundle, archive, unarchive
from cnictl.doctor.bundle import Sandbox
from cnictl.doctor.collect import collect
from cnictl.doctor.gather import cluster
from cnictl.doctor.gather.messages import printed
from cnictl.doctor.judge import Report, judge
from cnictl.doctor.place import Place
from tests.cri_server import NOT_READY, READY, network, serving

BRIDGE = {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
NET = {"/etc/cni/net.d/10-web.conflist": json.dumps(BRIDGE)}
CONTAINERD = "/etc/containerd/config.toml"
SECTION = '[plugins."io.containerd.grpc.v1.cri".cni]\n'
TWICE = json.dumps({**BRIDGE, "name": "other"})

TREES: tuple[tuple[dict[str, str], str, str], ...] = (
    (NET | {CONTAINERD: SECTION + 'conf_dir = "/etc/cni/k8s"'}, "conf-wrong-dir", CONTAINERD),
    ({"/var/lib/rancher/k3s/agent/etc/cni/net.d/x.bak": "", **NET}, "conf-wrong-dir", "k3s"),
    ({"/var/snap/microk8s/current/args/cni-network/x": "", **NET}, "conf-wrong-dir", "microk8s"),
    ({"/etc/crio/crio.conf.d/1.conf": '[crio.network]\nnetwork_dir = "/etc/kubernetes/cni"', **NET}, "conf-wrong-dir", "crio"),
    (NET | {CONTAINERD: SECTION, "/opt/cni/bin/bridge": "x"}, "bin-loopback-missing", "containerd, for every pod"),
    (NET | {CONTAINERD: SECTION + 'bin_dir = "/opt/k8s"', "/opt/cni/bin/bridge": "x"}, "bin-dir-mismatch", "/opt/cni/bin/bridge"),
    (NET | {CONTAINERD: SECTION + "max_conf_num = 0", "/etc/cni/net.d/20-web.conf": TWICE.replace('"plugins": [{"type": "bridge"}]', '"type": "bridge"')}, "conf-two-files-one-cni", "max_conf_num is 0"),
    (NET | {"/opt/cni/bin/bridge": "\x7fELF"}, "bin-wrong-arch", "bridge"),
    ({"/etc/cni/net.d/10-x.conflist": json.dumps({**BRIDGE, "plugins": [{"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.1.0.0/24", "routes": [{"dst": "0.0.0.0/0", "gw": "fd00::1"}]}}]})}, "route-unreachable", "fd00::1 is IPv6"),
    ({"/etc/cni/net.d/10-x.conflist": json.dumps({**BRIDGE, "plugins": [{"type": "bridge", "ipam": {"type": "dhcp", "daemonSocketPath": "/run/x.sock"}}]})}, "dhcp-socket", "/run/x.sock"),
    ({"/etc/cni/net.d/10-x.conflist": json.dumps({**BRIDGE, "plugins": [{"type": "calico"}]}), "/var/lib/calico/nodename": "n", "/etc/cni/net.d/calico-kubeconfig": "token: eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDB9.c2ln"}, "calico-unauthorized", "expired"),
    ({"/etc/cni/net.d/10-x.conflist": json.dumps({**BRIDGE, "plugins": [{"type": "flannel"}]}), "/run/flannel/subnet.env": "FLANNEL_NETWORK=10.0.0.0/8\n"}, "flannel-subnet-env", "FLANNEL_MTU"),
    ({"/etc/cni/net.d/10-x.conflist": json.dumps({**BRIDGE, "plugins": [{"type": "flannel"}]}), "/proc/sys/net/bridge/bridge-nf-call-iptables": "0\n"}, "br-nf-off", "= 0"),
)  # fmt: skip


def plant(top: Path, files: dict[str, str]) -> Place:
    """Write files below a directory, and give the place that it is."""
    for name, text in files.items():
        path = top / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if "/bin/" in name:
            path.chmod(0o755)
    return Place(str(top), network=False)


def seen(report: Report, code: str) -> str:
    return "\n".join(
        f"{one.where} {' '.join(one.lines)}" for one in report.every() if one.failure.code == code
    )


@pytest.mark.parametrize(("files", "code", "said"), TREES, ids=[f"{code} {said}" for _, code, said in TREES])
def test_what_the_files_tell(tmp_path: Path, files: dict[str, str], code: str, said: str):
    """With the line that shows it; and what needs namespaces is said not to be checked."""
    bundle = collect(plant(tmp_path, files), log="")
    report = judge(bundle)
    assert said in seen(report, code) or said == bundle.runtime.name
    assert seen(report, code)
    assert {"br-full", "fwd-drop"} <= {one.code for one in report.unchecked}
    assert not {one.failure.code for one in report.every()} & {one.code for one in report.unchecked}
    assert str(tmp_path) not in json.dumps([one.lines for one in report.every()])


SECRETS = {
    "jwt": "eyJhbGciOiJSUzI1NiIsImtpZCI6InEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLW9mLXNvbWVib2R5",
    "password": "hunter2-correct-horse",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx\\n-----END RSA PRIVATE KEY-----",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "url": "https://etcd:s3cr3t-of-etcd@10.0.0.1:2379",
}


def test_no_secret_gets_into_an_archive(tmp_path: Path):
    """Wherever it was planted: configurations, broken ones, the cache, kubeconfigs, logs and events."""
    plugin = {
        "type": "calico",
        "kubernetes": {"k8s_auth_token": SECRETS["jwt"], "kubeconfig": "/etc/cni/net.d/calico-kubeconfig"},
        "etcd_key": SECRETS["password"],
        "etcd_endpoints": SECRETS["url"],
        "client-key-data": SECRETS["aws"],
    }
    text = json.dumps({"cniVersion": "0.3.1", "name": "k8s", "plugins": [plugin], "note": SECRETS["pem"]})
    failed = f'failed to setup network for sandbox "1": no IP addresses available in range set: 1 token={SECRETS["jwt"]}'
    event = {"kind": "Event", "message": f"{failed} password: {SECRETS['password']}", "involvedObject": {}}
    asked = json.dumps([{"name": "a", "token": SECRETS["jwt"], "password": SECRETS["password"]}])
    annotations = {"k8s.v1.cni.cncf.io/networks": asked}
    pod = {"kind": "Pod", "metadata": {"namespace": "default", "name": "a", "annotations": annotations}}
    files = {
        "/etc/cni/net.d/10-calico.conflist": text,
        "/etc/cni/net.d/20-broken.conflist": text[:-3],
        "/etc/cni/net.d/calico-kubeconfig": f"server: {SECRETS['url']}\nuser:\n  token: {SECRETS['jwt']}",
        "/opt/cni/bin/calico": f"#!/bin/sh\necho password: {SECRETS['password']}\n",
        "/proc/7/cmdline": "/opt/cni/bin/calico\0",
        "/proc/7/environ": f"CNI_COMMAND=ADD\0CNI_CONTAINERID=c1\0CNI_ARGS={SECRETS['aws']}\0TOKEN={SECRETS['jwt']}\0",
        "/proc/7/stat": f"7 (calico) S {' '.join('1' * 30)}",
        "/var/lib/cni/results/k8s-1-eth0": text,
    }
    bundle = collect(
        plant(tmp_path, files),
        log=f"{failed} Authorization: Bearer {SECRETS['password']} {SECRETS['aws']}",
        kubectl=printed(json.dumps({"items": [event, pod]})),
    )
    assert [one.container for one in bundle.calls] == ["c1"]
    assert "10.0.0.1:2379" in [one.server for one in bundle.agents]
    assert bundle.pods[0].networks
    written = json.dumps(bundle, default=lambda one: {name: getattr(one, name) for name in one.__slots__})
    assert "hl-exhausted" not in bundle.unseen
    assert len(bundle.messages) == 2
    for name, secret in SECRETS.items():
        parts = [secret, secret.partition("@")[0].rpartition(":")[2]] if name == "url" else [secret]
        parts += secret.split(".")[1:] if name == "jwt" else ["MIIEowIBAAKCAQEAx"] if name == "pem" else []
        for part in parts:
            assert part not in written, name
    assert "[redacted]" in written
    assert unarchive(archive(bundle)) == bundle


def test_a_reservation_of_a_sandbox_that_the_runtime_has_is_no_leak(tmp_path: Path):
    """Although its address is in no namespace that can be seen, as with virtual machines."""
    store = "/var/lib/cni/networks/web"
    place = plant(
        tmp_path, {**NET, f"{store}/10.0.0.2": "alive\r\neth0", f"{store}/10.0.0.3": "gone\r\neth0"}
    )
    bundle = collect(place, log="", listed='{"items": [{"id": "alive"}]}')
    assert [one.id for one in bundle.sandboxes] == ["alive"]
    for source in ("namespaces", "running"):
        bundle.unseen.pop(source)
    bundle.taken += 600
    assert "10.0.0.3: container gone eth0" in seen(judge(bundle), "hl-leak")
    assert "alive" not in seen(judge(bundle), "hl-leak")
    assert "the list is empty" in collect(place, log="", listed="").unseen["sandboxes"]


def test_a_runtime_is_asked(tmp_path: Path):
    """For its pods and where it looks, which is not what its configuration says; in the bundle as well."""
    files = {**NET, "/conf/10-other.conflist": NET["/etc/cni/net.d/10-web.conflist"], "/run/netns/cni-1": ""}
    place = plant(tmp_path, files | {CONTAINERD: SECTION + 'conf_dir = "/etc/cni/net.d"'})
    with serving(place.at("/run/containerd/containerd.sock")) as runtime:
        runtime.sandboxes = {"a": ("default", "web", READY), "b": ("default", "old", NOT_READY)}
        runtime.details = {"a": network("/run/netns/cni-1"), "b": network("/run/netns/cni-2")}
        loaded = {"Config": {"Name": "web", "Source": f'{{"name": "web", "token": "{SECRETS["password"]}"}}'}}
        told = {"PluginDirs": ["/bin1"], "PluginConfDir": "/conf", "Networks": [loaded]}
        runtime.info = {"cniconfig": json.dumps(told), "config": f'{{"password": "{SECRETS["password"]}"}}'}
        bundle = collect(place, log="")
    assert [(one.pod, one.state, one.netns_there) for one in bundle.sandboxes] == [
        ("web", "ready", True),
        ("old", "stopped", False),
    ]
    assert (bundle.runtime.conf_dir, bundle.runtime.bin_dirs) == ("/conf", ("/bin1",))
    assert bundle.runtime.source == "CRI at /run/containerd/containerd.sock"
    assert [one.path for one in bundle.configurations] == ["/conf/10-other.conflist"]
    assert not {"cri", "sandboxes"} & bundle.unseen.keys()
    assert SECRETS["password"].encode() not in gzip.decompress(archive(bundle))
    assert unarchive(archive(bundle)) == bundle


def test_a_pod_that_is_torn_down_while_one_looks(tmp_path: Path):
    """Is looked at again, and nothing is wrong with it."""
    place = plant(tmp_path, {**NET, "/run/netns/cni-1": ""})
    with serving(place.at("/run/containerd/containerd.sock")) as runtime:
        runtime.sandboxes = {"a": ("default", "web", NOT_READY), "b": ("default", "old", READY)}
        runtime.details = {"a": network("/run/netns/cni-1"), "b": network("/run/netns/cni-2")}

        def finish(times: int) -> None:
            if times > 1:
                Path(place.at("/run/netns/cni-1")).unlink()
                del runtime.sandboxes["b"]

        runtime.before = finish
        bundle = collect(place, log="")
    assert [(one.id, one.netns_there) for one in bundle.sandboxes] == [("a", False)]
    assert not seen(judge(bundle), "netns-gone")
    assert not seen(judge(bundle), "del-blocked")


def test_a_runtime_that_does_not_answer(tmp_path: Path):
    """Leaves unchecked what it would tell; where there is none, there is nothing that it would tell."""
    place = plant(tmp_path, NET)
    assert collect(place, log="").unseen["cri"] == "there is no socket of a container runtime"
    assert "sandboxes" not in collect(place, log="").unseen
    assert "no such file" in collect(place, log="", cri_socket="/run/odd.sock").unseen["sandboxes"]
    plant(tmp_path, {"/run/crio/crio.sock": ""})
    unseen = collect(place, log="").unseen
    assert unseen["cri"] == unseen["sandboxes"] == "/run/crio/crio.sock: connection refused"
    unchecked = {one.code: one.reason for one in judge(collect(place, log="")).unchecked}
    assert unchecked["netns-gone"] == "/run/crio/crio.sock: connection refused"
    assert "sandboxes" not in collect(place, log="", listed="c1").unseen


def test_a_runtime_whose_plugin_is_not_ready(tmp_path: Path):
    """As runtimes say that ask STATUS of CNI 1.1: not that the configuration was not read."""
    place = plant(tmp_path, NET)
    said = 'Network plugin returns error: plugin type="aws-cni" failed (status): failed to assign an IP address to container'
    with serving(place.at("/run/containerd/containerd.sock")) as runtime:
        runtime.conditions = [
            messages_pb2.RuntimeCondition(
                type="NetworkReady", status=False, reason="NetworkPluginNotReady", message=said
            )
        ]
        bundle = collect(place, log="")
    bundle.taken += 600
    assert said in seen(judge(bundle), "aws-no-ip")
    assert not seen(judge(bundle), "conf-not-reloaded")


def test_what_cannot_be_read_is_not_empty(tmp_path: Path):
    """The files that are get removed; a link to itself among the networks hides none of the others."""
    place = plant(
        tmp_path, NET | {"/var/lib/cni/results/web-c1-eth0": "", "/var/lib/cni/networks/web/lock": ""}
    )
    (tmp_path / "var/lib/cni/results/web-c2-eth0").mkdir()
    for loop in ("results/web-c3-eth0", "networks/loop"):
        (tmp_path / "var/lib/cni" / loop).symlink_to(Path(loop).name)
    bundle = collect(place, log="")
    assert {Path(one.path).name: one.size for one in bundle.cache} == {
        "web-c1-eth0": 0,
        "web-c2-eth0": -1,
        "web-c3-eth0": -1,
    }
    assert "reservations" not in bundle.unseen


def test_a_cache_of_containerd(tmp_path: Path):
    """Keys of ports begin with a capital, and before 1.7 only the Result says where the interface is."""
    entry = {
        "kind": "cniCacheV1",
        "containerId": "c1",
        "config": base64.b64encode(json.dumps(BRIDGE).encode()).decode(),
        "ifName": "eth0",
        "networkName": "web",
        "capabilityArgs": {"portMappings": [{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp"}]},
        "result": {"interfaces": [{"name": "veth1"}, {"name": "eth0", "sandbox": "/var/run/netns/cni-1"}]},
    }
    files = {"/var/lib/cni/results/web-c1-eth0": json.dumps(entry), "/run/netns/cni-1": ""}
    (cached,) = collect(plant(tmp_path, NET | files), log="").cache
    assert (cached.netns, cached.netns_there, cached.ports) == ("/run/netns/cni-1", True, (8080,))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/usr/bin/kubelet", "--hostname-override=n1", "--v=2"], "n1"),
        (["kubelet", "--v=2", "--hostname-override", "n2"], "n2"),
        (["kubelet"], platform.node().lower()),
        (["other", "--hostname-override=n3"], platform.node().lower()),
    ],
)
def test_the_name_of_a_node(tmp_path: Path, words: list[str], name: str):
    """Is what kubelet calls it in the cluster."""
    place = plant(tmp_path, {"/proc/7/cmdline": "\0".join([*words, ""])})
    assert cluster._node(place) == name


def test_what_crictl_lists(tmp_path: Path):
    """Has pods and states as well."""
    pod = {
        "id": "c1",
        "metadata": {"name": "web", "namespace": "default"},
        "state": "SANDBOX_NOTREADY",
        "createdAt": "1700000000000000000",
    }
    bundle = collect(plant(tmp_path, NET), log="", listed=json.dumps({"items": [pod]}))
    assert bundle.sandboxes == [Sandbox("c1", "default", "web", "stopped", 1.7e9)]


def test_plugins_that_our_own_installer_replaced_are_nobody_elses(tmp_path: Path):
    """What dpkg has installed is kept aside, and known by that."""
    bridge = "/opt/cni/bin/bridge"
    sums = {"/var/lib/dpkg/info/kubernetes-cni.md5sums": f"{'0' * 32}  {bridge[1:]}\n"}
    place = plant(tmp_path, {**NET, **sums, bridge: "#!/bin/sh\n"})
    assert "package kubernetes-cni" in seen(judge(collect(place, log="")), "bin-overwritten")
    plant(tmp_path, {"/opt/cni/bin/.replaced-by-cnictl/bridge": ""})
    assert not seen(judge(collect(place, log="")), "bin-overwritten")


def test_a_lock_that_somebody_left_to_a_child_is_named_with_the_child(tmp_path: Path):
    """The kernel's list has the process that took it, which has ended."""
    lock = "/var/lib/cni/networks/web/lock"
    place = plant(tmp_path, {**NET, lock: "", "/proc/7/status": "Name:\tsleep\nState:\tS (sleeping)\n"})
    about = (tmp_path / lock[1:]).stat()
    inode = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    plant(tmp_path, {"/proc/locks": f"1: FLOCK  ADVISORY  WRITE 6 {inode} 0 EOF\n"})
    plant(tmp_path, {"/proc/7/fdinfo/3": f"lock:\t1: FLOCK ADVISORY WRITE 6 {inode} 0 EOF\n"})
    (tmp_path / "proc/7/fd").mkdir()
    (tmp_path / "proc/7/fd/3").symlink_to(tmp_path / lock[1:])
    assert "process 7 (sleep)" in seen(judge(collect(place, log="")), "hl-lock-held")


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"\x1f\x8b\x08\x00"])
def test_what_is_no_bundle(data: bytes):
    """Is said, and no more."""
    with pytest.raises(NoBundle, match="this is no bundle"):
        unarchive(data)
