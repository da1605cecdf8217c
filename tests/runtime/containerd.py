"""containerd on a throwaway node, told over CRI what kubelet would tell it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

from cnictl.cri.client import Client, NoAnswer
from cnictl.sandbox.node import ROOT
from tests.runtime.image import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnictl.cri.client import Status
    from cnictl.sandbox.node import Completed, Node

HOME = "/run/pods"
PLUGINS, CONFIGURATIONS, SOCKET = f"{HOME}/bin", f"{HOME}/net.d", "/run/containerd/containerd.sock"
PATIENCE = 60.0
"""Seconds for a pod, which takes 0.3."""
SOON = 10.0
"""Seconds for containerd to start, or to read a configuration, which it does within half of one."""

_SETTINGS = f"""\
version = 2
root = "{HOME}/root"
state = "{HOME}/state"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{HOME}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{REFERENCE}"
  restrict_oom_score_adj = true
  disable_cgroup = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{CONFIGURATIONS}"
"""


class Containerd:
    """containerd on a node, without plugins and networks; it ends with the node.

    `start` and `stop` do what kubelet does for a pod, and return what containerd said when it failed.
    """

    def __init__(self, node: Node, image: Path) -> None:
        self.node = node
        self._read = 0
        node.run(["mkdir", "-p", PLUGINS, CONFIGURATIONS]).checked()
        self._write(f"{HOME}/config.toml", _SETTINGS)
        self._process = self._run()
        ctr = ["ctr", "-a", SOCKET, "-n", "k8s.io", "images", "import", str(image)]
        node.run(ctr, timeout=PATIENCE).checked()
        self._messages, services = _protocol()
        self._channel = _grpc().insecure_channel(f"unix://{node.path(SOCKET)}")
        self._runtime = services.RuntimeServiceStub(self._channel)
        self.failed = _grpc().RpcError

    def close(self) -> None:
        """End containerd."""
        self._channel.close()
        self._kill()

    def restart(self) -> None:
        """End containerd and start it again, with which pods do not end."""
        self._kill()
        self._process = self._run()

    def start(self, name: str, *ports: tuple[int, int]) -> str:
        """Start a pod with host ports; return what was said when there is none."""
        made = self._messages
        config = made.PodSandboxConfig(
            metadata=made.PodSandboxMetadata(name=name, uid=str(uuid.uuid4()), namespace="default"),
            hostname=name,
            log_directory=f"{HOME}/logs/{name}",
            port_mappings=[made.PortMapping(host_port=host, container_port=inside) for host, inside in ports],
            linux=made.LinuxPodSandboxConfig(),
        )
        return self._said("RunPodSandbox", made.RunPodSandboxRequest(config=config))

    def stop(self, name: str) -> str:
        """Stop and remove all sandboxes of a pod; return what was said of the first that stays."""
        for id_ in self.sandboxes(name):
            request = self._messages.PodSandboxRequest(pod_sandbox_id=id_)
            said = self._said("StopPodSandbox", request) or self._said("RemovePodSandbox", request)
            if said:
                return said
        return ""

    def sandboxes(self, name: str = "") -> list[str]:
        """Return the ids of the sandboxes of a pod, or of all."""
        listed = self._runtime.ListPodSandbox(self._messages.Empty(), timeout=PATIENCE).items
        return [one.id for one in listed if name in ("", one.metadata.name)]

    def others(self, name: str) -> list[str]:
        """Return the names of all other pods that have a sandbox."""
        listed = self._runtime.ListPodSandbox(self._messages.Empty(), timeout=PATIENCE).items
        return sorted({one.metadata.name for one in listed} - {name})

    def status(self) -> Status | None:
        """Return what containerd says of its network, None before it answers."""
        try:
            with Client(self.node.path(SOCKET)) as client:
                return client.status()
        except NoAnswer:
            return None

    def network(self, members: Mapping[str, Any]) -> None:
        """Write a network configuration list, and wait until it is in use."""
        text = json.dumps(members, indent=2)
        self._write(f"{CONFIGURATIONS}/10-pods.conflist", text)
        self.settled(text)

    def used(self) -> str:
        """Return the text of the configuration that containerd uses, "" for none."""
        said = self.status()
        return said.loaded.strip() if said else ""

    def changed(self, used: str) -> None:
        """Wait until containerd uses another configuration than one of that text, and any."""
        self._until(lambda: self.used() not in ("", used))

    def settled(self, used: str) -> None:
        """Wait until containerd uses a configuration of that text, "" for none."""
        self._until(lambda: self.used() == used)

    def logged(self) -> str:
        """Return what containerd has logged since this was asked the last time."""
        with open(self.node.path(f"{HOME}/log"), encoding="utf-8", errors="replace") as log:
            log.seek(self._read)
            text = log.read()
            self._read = log.tell()
        return text

    def cnictl(self, *words: str) -> Completed:
        """Run cnictl on the node."""
        argv = [sys.executable, "-m", "cnictl", *words]
        return self.node.run(argv, cwd=ROOT, env={"PATH": os.environ["PATH"]}, timeout=PATIENCE)

    def _run(self) -> subprocess.Popen[bytes]:
        self._read = 0
        with open(self.node.path(f"{HOME}/log"), "wb") as log:
            process = self.node.start(
                ["sh", "-c", f"echo $$ >{HOME}/pid; exec containerd -c {HOME}/config.toml"],
                env={"PATH": os.environ["PATH"]},
                stdout=log.fileno(),
                stderr=subprocess.STDOUT,
            )
        self._until(lambda: self.status() is not None)
        return process

    def _kill(self) -> None:
        self.node.run(["sh", "-c", f"kill $(cat {HOME}/pid)"]).checked()
        self._process.wait()

    def _said(self, method: str, request: Any) -> str:
        try:
            getattr(self._runtime, method)(request, timeout=PATIENCE)
        except self.failed as error:
            return str(error.details())
        return ""

    def _until(self, holds: Any) -> None:
        deadline = time.monotonic() + SOON
        while not holds():
            if time.monotonic() > deadline:
                with open(self.node.path(f"{HOME}/log"), encoding="utf-8", errors="replace") as log:
                    raise TimeoutError(log.read()[-4000:])
            time.sleep(0.05)

    def _write(self, path: str, text: str) -> None:
        with open(self.node.path(f"{path}.new"), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.node.path(f"{path}.new"), self.node.path(path))


def _grpc() -> Any:
    import grpc

    return grpc


@cache
def _protocol() -> Any:
    """Return messages and services of cri.proto."""
    return _grpc().protos_and_services("tests/runtime/cri.proto")
