"""A cluster of one node: an API server on a throwaway node, what it knows, and the way to it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnictl.sandbox.node import ROOT
from tests.conftest import unavailable

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

TOKEN = "eyJhbGciOi.secret-of-multus.c2lnbmF0dXJl"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
DAYS = ["-days", "2"]
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(*words: str, cwd: Path) -> None:
    if shutil.which("openssl") is None:
        unavailable("no openssl: install the package openssl")
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def make_certificates(directory: Path) -> Path:
    """Make a CA, what it signs for a server at 127.0.0.1 and for a client, and a CA of somebody else."""
    directory.mkdir(parents=True)
    for name in ("ca", "other-ca"):
        openssl(
            "req", "-x509", *NEW_KEY, *DAYS, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.crt", cwd=directory,
        )  # fmt: skip
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:kubernetes\n")
    for name in ("server", "client"):
        openssl(
            "req", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            cwd=directory,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            *DAYS, "-extfile", "names", "-out", f"{name}.crt", cwd=directory,
        )  # fmt: skip
    return directory


class Kubernetes:
    """The cluster; `kubeconfig` is a file that leads to it with a token."""

    def __init__(self, node: Node, top: Path, certificates: Path) -> None:
        self.node = node
        self.top = top
        self.certificates = certificates
        self.objects: dict[str, dict[str, Any]] = {"pods": {}, "networks": {}}
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 0
        top.mkdir(exist_ok=True)
        (top / "certificates").symlink_to(certificates)
        (top / "token").write_text(TOKEN)
        self.save()
        self.faults()
        self.start()
        self.kubeconfig = self.write_kubeconfig("kubeconfig")

    def start(self) -> None:
        argv = [sys.executable, "-m", "tests.kernel.plugins.api_server", str(self.top)]
        self._server = self.node.start(argv, cwd=ROOT)
        assert self._server.stdout is not None
        self.port = int(self._server.stdout.readline())

    def stop(self) -> None:
        """End the server; nobody listens at its port any more."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.communicate()
            self._server = None

    def save(self) -> None:
        (self.top / "objects.json").write_text(json.dumps(self.objects))

    def pod(self, name: str = "web", namespace: str = "default", uid: str = "u1", **annotations: str) -> str:
        """Make a pod; return the CNI_ARGS that a runtime gives for it."""
        self.objects["pods"][f"{namespace}/{name}"] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": uid,
                "resourceVersion": "7",
                "annotations": annotations,
            },
            "spec": {
                "nodeName": "n1",
                "containers": [{"name": "app", "env": [{"name": "X", "value": "<&>"}]}],
            },
            "status": {"phase": "Pending"},
        }
        self.save()
        return (
            f"IgnoreUnknown=1;K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={name};"
            f"K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID={uid}"
        )

    def network(
        self, name: str, config: dict[str, Any] | str | None, namespace: str = "default", **annotations: str
    ) -> None:
        """Make a NetworkAttachmentDefinition."""
        text = config if isinstance(config, str) or config is None else json.dumps(config)
        self.objects["networks"][f"{namespace}/{name}"] = {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"namespace": namespace, "name": name, "annotations": annotations},
            "spec": {} if text is None else {"config": text},
        }
        self.save()

    def annotations(self, name: str = "web", namespace: str = "default") -> dict[str, str]:
        """Return a pod's annotations as they are there."""
        objects = json.loads((self.top / "objects.json").read_text())
        found: dict[str, str] = objects["pods"][f"{namespace}/{name}"]["metadata"]["annotations"]
        return found

    def faults(self, *faults: dict[str, Any]) -> None:
        """Let requests go wrong from now on."""
        (self.top / "faults.json").write_text(json.dumps(faults))

    def requests(self) -> list[str]:
        """Return what was asked since the last time."""
        path = self.top / "requests"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def events(self) -> list[tuple[str, str]]:
        """Return reason and message of the events that were recorded."""
        path = self.top / "events"
        listed = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(one["reason"], one["message"]) for one in listed]

    def write_kubeconfig(
        self,
        name: str,
        *,
        cluster: dict[str, Any] | None = None,
        user: dict[str, Any] | None = None,
        as_json: bool = False,
    ) -> str:
        """Write a kubeconfig; return its path.  Without `user` it has the token that the server knows."""
        server = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority-data": self.encoded("ca.crt"),
            **(cluster or {}),
        }
        members = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "local", "cluster": {k: v for k, v in server.items() if v is not None}}],
            "users": [{"name": "multus", "user": {"token": TOKEN} if user is None else user}],
            "contexts": [{"name": "multus-context", "context": {"cluster": "local", "user": "multus"}}],
            "current-context": "multus-context",
        }
        path = self.top / name
        path.write_text(json.dumps(members) if as_json else _yaml(members))
        path.chmod(0o600)
        return str(path)

    def encoded(self, name: str) -> str:
        return base64.b64encode((self.certificates / name).read_bytes()).decode()


def _yaml(members: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(members, sort_keys=False)
