"""Where container runtimes have the socket that they answer CRI at."""

from __future__ import annotations

import os
import re

KUBELET = "/var/lib/kubelet/config.yaml"
CRICTL = "/etc/crictl.yaml"
CONTAINERD, CRIO = "/run/containerd/containerd.sock", "/run/crio/crio.sock"
SOCKETS = (
    CONTAINERD,
    CRIO,
    "/run/cri-dockerd.sock",
    "/run/k0s/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
)
"""containerd (kind's nodes too), CRI-O, cri-dockerd, k0s, k3s and RKE2, MicroK8s."""

_ENDPOINTS = {
    KUBELET: re.compile(r"^containerRuntimeEndpoint:\s*[\"']?(?:unix://)?(/[^\s\"']+)", re.MULTILINE),
    CRICTL: re.compile(r"^runtime-endpoint:\s*[\"']?(?:unix://)?(/[^\s\"']+)", re.MULTILINE),
}


def find(named: str = "", root: str = "") -> list[str]:
    """Return the sockets to ask: the one that is named, else those that are there on the node at `root`.

    What kubelet and crictl are told comes first.
    """
    if named:
        return [named.removeprefix("unix://")]
    known = [*(path for path in map(_endpoint, _ENDPOINTS, [root] * len(_ENDPOINTS)) if path), *SOCKETS]
    there: dict[tuple[int, int], str] = {}
    for path in known:
        try:
            about = os.stat(f"{root}{path}")
        except OSError:
            continue
        there.setdefault((about.st_dev, about.st_ino), path)
    return list(there.values())


def _endpoint(file: str, root: str) -> str:
    try:
        with open(f"{root}{file}", encoding="utf-8", errors="replace") as configuration:
            found = _ENDPOINTS[file].search(configuration.read())
    except OSError:
        return ""
    return found[1] if found else ""
