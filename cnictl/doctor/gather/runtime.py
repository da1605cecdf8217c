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
    for read in (_containerd, _crio):
        try:
            found = read(place)
        except _WrongTypeError:
            continue  # with such a file it does not start
        if found is not None:
            return found
    return Runtime(bin_dirs=(_usual(place),))


class _WrongTypeError(Exception):
    """A value of a runtime's configuration is of another type than the runtime reads."""


def _usual(place: Place) -> str:
    return next((one for one in PLUGIN_DIRECTORIES if place.names(one)), PLUGIN_DIRECTORIES[0])


def _containerd(place: Place) -> Runtime | None:
    members = _toml(place, CONTAINERD)
    if members is None:
        return None
    plugins = _table(members, "plugins")
    cri: dict[str, Any] = {}
    for name in ("io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri"):
        cri = _table(plugins, name)
        if "cni" in cri:
            break
    cni = _table(cri, "cni")
    most = cni.get("max_conf_num", 1)
    if not isinstance(most, int):
        raise _WrongTypeError
    return Runtime(
        "containerd",
        CONTAINERD,
        _text(cni, "conf_dir") or "/etc/cni/net.d",
        tuple(_texts(cni, "bin_dirs") or [_text(cni, "bin_dir") or "/opt/cni/bin"]),
        most,
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
        network |= _table(_table(members, "crio"), "network")
    return Runtime(
        "crio",
        read[-1][0],
        (_text(network, "network_dir") or "/etc/cni/net.d").rstrip("/"),
        tuple(one.rstrip("/") for one in _texts(network, "plugin_dirs") or ["/opt/cni/bin"]),
        1,
        _text(network, "cni_default_network"),
        internal_loopback=True,
    )


def _toml(place: Place, path: str) -> dict[str, Any] | None:
    """Return what is in a file, None when it is not there or broken: then no runtime has read it."""
    try:
        return tomllib.loads(place.text(path))
    except (OSError, tomllib.TOMLDecodeError, RecursionError):
        return None


def _table(members: dict[str, Any], name: str) -> dict[str, Any]:
    found = members.get(name, {})
    if not isinstance(found, dict):
        raise _WrongTypeError
    return found


def _text(members: dict[str, Any], name: str) -> str:
    found = members.get(name, "")
    if not isinstance(found, str):
        raise _WrongTypeError
    return found


def _texts(members: dict[str, Any], name: str) -> list[str]:
    found = members.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _WrongTypeError
    return found
