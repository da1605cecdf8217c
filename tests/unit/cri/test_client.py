"""What a runtime says over CRI, and every way in which it says nothing."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cnictl.cri import messages_pb2, sockets
from cnictl.cri.client import Client, Details, NoAnswer, NoCri, Sandbox
from tests.conftest import unavailable
from tests.cri_server import NOT_READY, READY, Runtime, network, serving

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"{tmp_path}/cri.sock"


@pytest.fixture
def runtime(path: str) -> Iterator[Runtime]:
    with serving(path) as running:
        yield running


@pytest.mark.parametrize("version", ["v1", "v1alpha2"])
def test_sandboxes_and_their_namespaces(path: str, runtime: Runtime, version: str):
    """In both versions of CRI; one that ends while it is asked for is left out."""
    runtime.version = version
    runtime.sandboxes = {"a": ("default", "web", READY), "b": ("kube-system", "dns", NOT_READY)}
    runtime.details = {"a": network("/var/run/netns/cni-1")}
    with Client(path) as client:
        assert client.runtime == "containerd v0"
        assert client.sandboxes() == [
            Sandbox("a", "default", "web", True, 1e9),
            Sandbox("b", "kube-system", "dns", False, 1e9),
        ]
        assert client.details(["a", "b"]) == {"a": Details("/var/run/netns/cni-1", ("10.0.0.2",))}


@pytest.mark.parametrize("told", ["", "{", "[]", '{"runtimeSpec": []}', '{"runtimeSpec": {"linux": null}}'])
def test_a_runtime_may_tell_less(path: str, runtime: Runtime, told: str):
    """As cri-dockerd does, or one whose words are others."""
    runtime.sandboxes, runtime.details = {"a": ("default", "web", READY)}, {"a": {}}
    runtime.info = {"cniconfig": told}
    with Client(path) as client:
        assert client.details(["a"]) == {"a": Details("", ("10.0.0.2",))}
        assert client.status().conf_dir is None


def test_what_containerd_says_of_its_network(path: str, runtime: Runtime):
    """Its directories, and the configuration that it uses, which is not that of loopback."""
    networks = [{"Config": {"Name": name, "Source": f"text of {name}"}} for name in ("cni-loopback", "pods")]
    used = {
        "PluginDirs": ["/bin1", "/bin2"],
        "PluginConfDir": "/conf",
        "PluginMaxConfNum": 1,
        "Networks": networks,
    }
    runtime.info = {"cniconfig": json.dumps(used), "lastCNILoadStatus": "OK"}
    condition = messages_pb2.RuntimeCondition(type="NetworkReady", status=False, reason="R", message="M")
    runtime.conditions = [condition]
    with Client(path) as client:
        said = client.status()
    assert (said.network_ready, said.reason, said.message) == (False, "R", "M")
    assert (said.conf_dir, said.bin_dirs, said.max_conf_num) == ("/conf", ("/bin1", "/bin2"), 1)
    assert (said.load, said.loaded) == ("OK", "text of pods")


def test_nobody_is_there(path: str):
    """The kernel's words, and whose socket it is."""
    with pytest.raises(NoAnswer, match=f"{path}: no such file or directory"):
        Client(path)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    with pytest.raises(NoAnswer, match=f"{path}: connection refused") as caught:
        Client(path)
    assert caught.value.hint == "does the runtime run?"


def test_who_may_not_ask(path: str, runtime: Runtime):
    """Is told so."""
    if os.geteuid():
        unavailable("only root can become somebody else")
    os.seteuid(65534)
    try:
        with pytest.raises(NoAnswer, match="permission denied") as caught:
            Client(path)
    finally:
        os.seteuid(0)
    assert caught.value.hint == "run it as root"
    assert runtime.asked == []


def test_no_answer_in_time(path: str, runtime: Runtime):
    """Is an answer as well, and comes in time, whatever is asked."""
    with Client(path, limit=0.3) as client:
        runtime.sandboxes = {"a": ("default", "web", READY)}
        runtime.delay = 1.5
        for ask in (client.sandboxes, client.status, lambda: client.details(["a", "b", "c"])):
            began = time.monotonic()
            with pytest.raises(NoAnswer, match=r"no answer within 0\.3 seconds"):
                ask()
            assert time.monotonic() - began < 1.2


def test_somebody_who_says_nothing(path: str):
    """Or takes no connection, as a runtime that is stopped does."""
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as stack:
        listener.bind(path)
        listener.listen(3)
        with pytest.raises(NoAnswer, match="no answer within"):
            Client(path, limit=0.3)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(path)
        with pytest.raises(NoAnswer, match="nobody accepts connections"):
            Client(path, limit=0.3)


def test_somebody_who_speaks_something_else(path: str):
    """Is not waited for."""

    def talk(listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(3)
        talking = threading.Thread(target=talk, args=[listener])
        talking.start()
        with pytest.raises(NoAnswer, match=f"^{path}: "):
            Client(path, limit=1.0)
        listener.shutdown(socket.SHUT_RDWR)
        talking.join()


def test_somebody_who_does_not_speak_cri(path: str, runtime: Runtime):
    """Such as Docker's containerd."""
    runtime.version = "v2"
    with pytest.raises(NoCri):
        Client(path)


def test_sockets_of_runtimes(tmp_path: Path):
    """The one that is named; else those that are there, first what kubelet is told, each once."""
    assert sockets.find("unix:///run/mine.sock", str(tmp_path)) == ["/run/mine.sock"]
    assert sockets.find("", str(tmp_path)) == []
    for path in ("/run/k3s/containerd/containerd.sock", "/run/crio/crio.sock", "/run/odd.sock"):
        (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path[1:]).touch()
    kubelet = tmp_path / sockets.KUBELET[1:]
    kubelet.parent.mkdir(parents=True)
    kubelet.write_text("maxPods: 9\ncontainerRuntimeEndpoint: unix:///run/odd.sock\n")
    crictl = tmp_path / sockets.CRICTL[1:]
    crictl.parent.mkdir(parents=True)
    crictl.write_text('timeout: 2\nruntime-endpoint: "unix:///run/crio/crio.sock"\n')
    assert sockets.find("", str(tmp_path)) == [
        "/run/odd.sock",
        "/run/crio/crio.sock",
        "/run/k3s/containerd/containerd.sock",
    ]


def test_the_messages_are_those_of_the_description(tmp_path: Path):
    """What was generated is what messages.proto says."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
    from grpc_tools import protoc  # type: ignore[import-untyped]

    out = tmp_path / "set"
    assert not protoc.main(
        ["protoc", f"-I{ROOT}", f"--descriptor_set_out={out}", "cnictl/cri/messages.proto"]
    )
    (described,) = FileDescriptorSet.FromString(out.read_bytes()).file
    made = FileDescriptorProto.FromString(messages_pb2.DESCRIPTOR.serialized_pb)
    for one in (described, made):
        for message in one.message_type:
            for each in (message, *message.nested_type):
                for field in each.field:
                    field.ClearField("json_name")
    assert made == described
