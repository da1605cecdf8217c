"""How each class of failure is noticed: by a look at the node, in messages only, or not at all, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.failure import catalogue
from cnictl.doctor.judge import all_checks

if TYPE_CHECKING:
    from cnictl.doctor.finding import Check

_MOMENT = "it is over when one looks"
_API = "what shows it is in the API server or the network's own control plane"
_CLOUD = "what shows it is in the cloud's API or its agent"
_CALL = "it is about one call of a plugin"
_OTHER = "it is about the pod, not the network"

REASONS = {
    "status-not-ready": "STATUS is not called, as it may take long",
    "caller-bad-env": _CALL,
    "bin-selinux": "labels are not compared with the policy",
    "hl-requested-taken": _CALL,
    "node-cidr-missing": _API,
    "cluster-cidr-exhausted": _API,
    "calico-ipam-empty": _API,
    "wb-exhausted": _API,
    "aws-no-ip": _CLOUD,
    "azure-no-ip": _CLOUD,
    "azure-store-lock": _MOMENT,
    "cilium-ipam-full": _API,
    "br-addr-race": _MOMENT,
    "br-mac": _MOMENT,
    "dump-interrupted": _MOMENT,
    "dev-stuck": "only the kernel's log tells",
    "rpf": "which value is right depends on the network",
    "bw-exists": _CALL,
    "calico-not-ready": _API,
    "calico-policy-wait": _MOMENT,
    "multus-nad": _API,
    "ovn-binding": _API,
    "ovn-annotation": _API,
    "name-reserved": _MOMENT,
    "apparmor": "only the kernel's log tells",
    "not-network-volume": _OTHER,
    "not-network-image": _OTHER,
    "not-network-oci": _OTHER,
    "not-network-handler": _OTHER,
    "not-network-kubelet": _OTHER,
}
"""Why a class is not looked for on the node."""


def checks_of(code: str) -> list[Check]:
    """Return the checks that look for a class."""
    return [one for one in all_checks() if code in one.codes]


def noticed(code: str) -> str:
    """Return how a class is noticed, in a sentence."""
    checks = checks_of(code)
    if checks:
        sources = sorted({need for one in checks for need in one.needs})
        return f"Looked for on the node, in {', '.join(sources)}."
    where = "Noticed in messages only" if catalogue()[code].texts else "Not noticed"
    return f"{where}: {REASONS[code]}."
