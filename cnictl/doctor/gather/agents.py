"""Files and sockets by which agents and daemons show that they are there, and when their tokens end."""

from __future__ import annotations

import base64
import os
import re
import stat
from typing import TYPE_CHECKING

from cnictl.cri.sockets import CONTAINERD, CRIO
from cnictl.doctor.bundle import AgentFile
from cnictl.spec.document import decode_object
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.doctor.place import Place

SUBNET_ENV = "/run/flannel/subnet.env"
NODENAME = "/var/lib/calico/nodename"
CILIUM = "/var/run/cilium/cilium.sock"
DHCP = "/run/cni/dhcp.sock"
CALICO_KUBECONFIG = "/etc/cni/net.d/calico-kubeconfig"
MULTUS_KUBECONFIG = "/etc/cni/net.d/multus.d/multus.kubeconfig"
MULTUS_SOCKET = "/run/multus/multus.sock"
AWS_SOCKET, AWS_PORT = "/var/run/aws-node/ipamd.sock", "tcp:50051"
ALLOWLIST = "/etc/cni/tuning/allowlist.conf"
PATHS = (
    SUBNET_ENV,
    NODENAME,
    CILIUM,
    DHCP,
    CALICO_KUBECONFIG,
    MULTUS_KUBECONFIG,
    MULTUS_SOCKET,
    AWS_SOCKET,
    CONTAINERD,
    CRIO,
    ALLOWLIST,
)

_SUBNET_KEYS = ("FLANNEL_NETWORK", "FLANNEL_SUBNET", "FLANNEL_MTU", "FLANNEL_IPMASQ")
_ACCEPTING = "00010000"  # __SO_ACCEPTCON, net/unix/af_unix.c
_LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_SERVER = re.compile(
    r"^\s*server: *[\"']?https?://(?:[^\s\"'/]*@)?(?P<server>[^\s\"'/@]+)(?=[\s\"'/]|$)", re.MULTILINE
)
_LATEST = 1 << 53
"""Seconds; no token ends later."""
_TOKEN = re.compile(r"\beyJ[\w-]+\.(?P<payload>[\w-]+)\.")


def gather(place: Place, more: Iterable[str] = ()) -> list[AgentFile]:
    """Return of each file what can be told without telling what is secret in it.  Raises OSError."""
    lines = (line.split() for line in place.table("unix").splitlines())
    listening = {_tail(words[7]) for words in lines if len(words) > 7 and words[3] == _ACCEPTING}
    found = [_agent(place, path, listening) for path in dict.fromkeys([*PATHS, *more])]
    port = int(AWS_PORT.partition(":")[2])
    rows = (line.split() for line in (place.table("tcp") + place.table("tcp6")).splitlines())
    listens = any(len(row) > 3 and row[1].endswith(f":{port:04X}") and row[3] == _LISTENING for row in rows)
    return [*found, AgentFile(AWS_PORT, listens, True, listens)]


def _agent(place: Place, path: str, listening: set[str]) -> AgentFile:
    reached = place.at(path)
    if path.startswith("/var/run/") and not os.path.lexists(reached):
        reached = place.at(path.removeprefix("/var"))
    try:
        about = os.stat(reached)
    except (FileNotFoundError, NotADirectoryError):
        return AgentFile(path, there=False)
    if stat.S_ISSOCK(about.st_mode):
        return AgentFile(path, True, True, _tail(path) in listening)
    text = place.text_or(path)
    if path == ALLOWLIST:
        return AgentFile(path, True, lines=tuple(line.strip() for line in text.splitlines() if line.strip()))
    if not path.endswith("subnet.env"):
        server = _SERVER.search(text)
        times = (_time_of(text, "exp"), max(_time_of(text, "iat"), _time_of(text, "nbf")))
        return AgentFile(
            path, True, expires=times[0], issued=times[1], server=server["server"] if server else ""
        )
    pairs = dict(line.strip().partition("=")[::2] for line in text.splitlines() if "=" in line)
    values = {key: pairs[key] for key in _SUBNET_KEYS if key in pairs}
    return AgentFile(
        path, True, missing=tuple(key for key in _SUBNET_KEYS if key not in pairs), values=values
    )


def _tail(path: str) -> str:
    """Return the end of a path, by which one knows a socket that a container has bound under another."""
    return "/".join(path.split("/")[-2:])


def _time_of(text: str, claim: str) -> float:
    """Return a time that the token in a text says (RFC 7519, section 4.1), 0 for none."""
    found = _TOKEN.search(text)
    if not found:
        return 0.0
    payload = found["payload"]
    try:
        members = decode_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, CnictlError):
        return 0.0
    told = members.get(claim)
    return float(told) if isinstance(told, int | float) and 0 < told < _LATEST else 0.0
