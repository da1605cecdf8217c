"""Where the runtime really looks: its own configuration, and the places of distributions."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from cnictl.doctor.bundle import Runtime

if TYPE_CHECKING:
    from cnictl.doctor.place import Place

CONTAINERD = "/etc/containerd/config.toml"
CRIO = "/etc/crio/crio.conf"
CRIO_MORE = "/etc/crio/crio.conf.d"
PLUGIN_DIRECTORIES = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")

_DISTRIBUTIONS = (
    ("k3s", "/var/lib/rancher/k3s/agent/etc/cni/net.d", "/var/lib/rancher/k3s/data/current/bin"),
    ("rke2", "/var/lib/rancher/rke2/agent/etc/cni/net.d", "/opt/cni/bin"),
    ("microk8s", "/var/snap/microk8s/current/args/cni-network", "/var/snap/microk8s/current/opt/cni/bin"),
)
CONF_DIRECTORIES = ("/etc/cni/net.d", *(conf for _, conf, _ in _DISTRIBUTIONS))
"""Where network configurations may be."""


def gather(place: Place) -> Runtime:
    """Return what the first runtime that has a configuration says, else what is usual."""
    for name, conf, programs in _DISTRIBUTIONS:
        if place.there(conf):
            return Runtime(name, conf, conf, (programs, "/opt/cni/bin"))
    return _containerd(place) or _crio(place) or Runtime(bin_dirs=(_usual(place),))


def _usual(place: Place) -> str:
    return next((one for one in PLUGIN_DIRECTORIES if place.names(one)), PLUGIN_DIRECTORIES[0])


def _containerd(place: Place) -> Runtime | None:
    members = _toml(place, CONTAINERD)
    if members is None:
        return None
    plugins = members.get("plugins", {})
    cri: dict[str, Any] = {}
    for name in ("io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri"):
        cri = plugins.get(name, {}) if isinstance(plugins, dict) else {}
        if "cni" in cri:
            break
    cni = cri.get("cni", {})
    directories = cni.get("bin_dirs") or [cni.get("bin_dir") or "/opt/cni/bin"]
    return Runtime(
        "containerd",
        CONTAINERD,
        str(cni.get("conf_dir") or "/etc/cni/net.d"),
        tuple(map(str, directories)),
        int(cni.get("max_conf_num", 1)),
        "",
        cni.get("use_internal_loopback") is True,
    )


def _crio(place: Place) -> Runtime | None:
    sources = [CRIO, *(f"{CRIO_MORE}/{name}" for name in place.names(CRIO_MORE) if name.endswith(".conf"))]
    read = [(path, members) for path in sources if (members := _toml(place, path)) is not None]
    if not read:
        return None
    network: dict[str, Any] = {}
    for _, members in read:
        network |= members.get("crio", {}).get("network", {})
    return Runtime(
        "crio",
        read[-1][0],
        str(network.get("network_dir") or "/etc/cni/net.d").rstrip("/"),
        tuple(str(one).rstrip("/") for one in network.get("plugin_dirs") or ("/opt/cni/bin",)),
        1,
        str(network.get("cni_default_network") or ""),
        internal_loopback=True,
    )


def _toml(place: Place, path: str) -> dict[str, Any] | None:
    """Return what is in a file, None when it is not there or broken: then no runtime has read it."""
    try:
        return tomllib.loads(place.text(path))
    except (OSError, tomllib.TOMLDecodeError):
        return None
