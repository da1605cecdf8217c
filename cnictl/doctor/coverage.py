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
    "result-interface-mismatch": _CALL,
    "cache-version": _CALL,
    "status-not-ready": "STATUS is not called, as it may take long",
    "caller-bad-env": _CALL,
    "bin-overwritten": "nothing on the node says whose a plugin should be",
    "bin-text-busy": _MOMENT,
    "bin-bad-output": _CALL,
    "bin-readonly-fs": "a read-only directory of plugins is what it should be on many systems",
    "bin-selinux": "labels are not compared with the policy",
    "hl-duplicate": _CALL,
    "hl-requested-taken": _CALL,
    "node-cidr-missing": _API,
    "cluster-cidr-exhausted": _API,
    "dhcp-no-offer": "only a request would tell, and looking sends nothing",
    "calico-ipam-empty": _API,
    "wb-exhausted": _API,
    "aws-no-ip": _CLOUD,
    "aws-ipamd-down": _CLOUD,
    "azure-no-ip": _CLOUD,
    "azure-store-lock": _MOMENT,
    "cilium-ipam-full": _API,
    "if-exists": _CALL,
    "br-addr-race": _MOMENT,
    "br-mac": _MOMENT,
    "br-port-state": _MOMENT,
    "macvlan-mac": _CALL,
    "route-unreachable": _CALL,
    "route-exists": _CALL,
    "dump-interrupted": _MOMENT,
    "udev-mac": "MAC addresses are not compared with cached Results; `cnictl diff` does that",
    "nm-interference": "network managers are not asked what they manage",
    "dev-stuck": "only the kernel's log tells",
    "hostdev-missing": _CALL,
    "ipt-neither": _CALL,
    "rpf": "which value is right depends on the network",
    "nft-autodetect": "which backend a plugin chose is known to it alone",
    "svc-vip": "looking sends nothing to the API server",
    "bw-exists": _CALL,
    "tuning-sysctl": _CALL,
    "calico-not-ready": _API,
    "calico-policy-wait": _MOMENT,
    "multus-nad": _API,
    "multus-annotation": _API,
    "multus-delegate": _CALL,
    "multus-del-cache": _CALL,
    "ovn-binding": _API,
    "ovn-annotation": _API,
    "name-reserved": _MOMENT,
    "plugin-timeout": _MOMENT,
    "clock": "whether a clock is right takes another clock",
    "apparmor": "only the kernel's log tells",
    "not-network-volume": _OTHER,
    "not-network-image": _OTHER,
    "not-network-oci": _OTHER,
    "not-network-handler": _OTHER,
    "not-network-kubelet": _OTHER,
    "not-network-runtime": _OTHER,
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
