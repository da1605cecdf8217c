"""Each fault on a node that is well: named first, nothing else is, and gone when it is healed."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cnictl.doctor.archive import archive, unarchive
from cnictl.doctor.bundle import Bundle
from cnictl.doctor.collect import collect
from cnictl.doctor.failure import filled
from cnictl.doctor.gather.messages import printed
from cnictl.doctor.judge import Report, judge
from cnictl.doctor.place import Place
from cnictl.sandbox.node import ROOT, Node, SandboxError
from tests.conftest import unavailable
from tests.kernel.doctor import recorded
from tests.kernel.doctor.laboratory import (
    ATTACH,
    BIN,
    CONF,
    CONTAINERD,
    FAULTS,
    NETWORK,
    SETTINGS,
    STORE,
    WEB,
    Fault,
    put,
)
from tests.kernel.doctor.recorded import Record

if TYPE_CHECKING:
    from cnictl.doctor.finding import Finding

NOBODY = '{"items": []}'
CNICTL = f"exec {sys.executable} -m cnictl"
KEPT = ("kubectl", "cat /proc", "grep", "ls")
"""Commands of a fix that only look, or need a cluster."""


@pytest.fixture(scope="module")
def well(plugins_dir: str) -> Iterator[Node]:
    """A node with a network and a pod on it, and with that nothing wrong."""
    if os.geteuid():
        unavailable("only root sees the namespaces of others")
    try:
        with Node() as node:
            script = [
                # Duplicate address detection would end some time between two looks.
                "sysctl -qw net.ipv6.conf.default.accept_dad=0",
                *(_own(directory) for directory in ("/etc", "/usr", "/var/lib")),
                f"mkdir -p {CONF} {BIN} /run/netns /var/lib/cni /etc/containerd /var/lib/dpkg/info",
                f"mount -t tmpfs -o mode=755 tmpfs {BIN}; mount -t tmpfs tmpfs /etc/cni; mkdir {CONF}",
                "mount -t tmpfs -o size=16m tmpfs /var/lib/cni",
                put(CONTAINERD, SETTINGS),
                *(put(f"{BIN}/{name}", f'#!/bin/sh\nexec {plugins_dir}/{name} "$@"') for name in PLUGINS),
                f"chmod 755 {BIN}/*",
                put(WEB, json.dumps(NETWORK, indent=2)),
                put("/run/cnictl", f'#!/bin/sh\n[ "$1" = ipam ] && set -- "$@" --whole-node\n{CNICTL} "$@"'),
                f"md5sum {BIN}/host-local | sed s,/run,run, > /var/lib/dpkg/info/kubernetes-cni.md5sums",
                "chmod 755 /run/cnictl",
            ]
            shell(node, "\n".join(script))
            node.new_netns("cni-pod")
            shell(node, ATTACH)
            yield node
    except SandboxError as error:
        unavailable(str(error))


def _own(directory: str) -> str:
    """Return the command that lets a node write below a directory of the host."""
    name = directory.replace("/", "-")
    made = f"/run/upper{name} /run/work{name}"
    below = f"lowerdir={directory},upperdir=/run/upper{name},workdir=/run/work{name}"
    return f"mkdir -p {made}; mount -t overlay -o {below} overlay {directory}"


PLUGINS = ("bridge", "host-local", "loopback", "portmap")


def shell(node: Node, script: str) -> None:
    """Run commands on the node, with our command and plugins within reach."""
    done = node.run(["sh", "-ec", script], env=environment(), timeout=60)
    assert done.status == 0, f"{script}: {done.stderr}"


def environment() -> dict[str, str]:
    """Give what a command on the node needs to find ours."""
    path = f"/run:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return {"PATH": path, "CNI_PATH": BIN, "PYTHONPATH": ROOT, "HOME": "/root"}


def bundle(node: Node, log: str = "", kubectl: str = NOBODY) -> Bundle:
    """Give what is to be known of a node, as if ten minutes had passed: what is new is left in peace."""
    place = Place(node.path("")[:-1], node.netns)
    stamped = re.sub(r"\{(-?\d+)\}", lambda found: f"{time.time() + 600 + int(found[1]):.3f}", log)
    return replace(taken := collect(place, log=stamped, kubectl=printed(kubectl)), taken=taken.taken + 600)


def told(report: Report) -> list[str]:
    """Give the classes that are named, causes first, and what was seen of each for the failure's message."""
    return [one.failure.code for one in report.every()]


def test_a_node_that_is_well_gives_no_finding(well: Node):
    """And what could be looked for was."""
    report = judge(bundle(well))
    assert [(one.failure.code, one.lines) for one in report.every()] == []
    of_modules = {"kind-unsupported", "bw-module", "ipt-module"}
    of_runtime = {"conf-not-reloaded", "del-blocked", "netns-gone"}
    assert {one.code for one in report.unchecked} - of_modules == of_runtime


@pytest.fixture(scope="module")
def record() -> Iterator[Record]:
    """Results of all faults, which are written when that was asked for."""
    found = Record()
    yield found
    if recorded.is_recording() and len(found.found) == len(FAULTS):
        found.write()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.code} {one.name}".strip())
def test_a_fault_is_named_first_and_alone_and_can_be_healed(well: Node, fault: Fault, record: Record):
    """A bundle that was archived tells the same; what was printed, or the repair, leaves nothing wrong."""
    shell(well, fault.inject)
    try:
        taken = bundle(well, fault.log, fault.kubectl or NOBODY)
        report = judge(taken)
        seen = [(one.failure.code, one.lines) for one in report.every()]
        assert report.findings, "nothing was found"
        assert set(told(report)) <= {fault.code, *fault.along}, seen
        assert fault.code in told(report), seen
        if fault.code not in ROOTED:
            assert report.findings[0].failure.code == fault.code, seen
        assert told(judge(unarchive(archive(taken)))) == told(report)
        healing = [one for one in report.every() if one.failure.code == fault.code]
        printed = [command for one in healing for command in commands(one)]
    finally:
        if fault.repair:
            shell(well, fault.repair)
        shell(well, CLEAN)
    if not fault.repair:
        shell(well, "\n".join(printed))
    assert [(one.failure.code, one.lines) for one in judge(bundle(well)).every()] == []
    record.add(fault, report, taken)


ROOTED = {"flannel-subnet-env"}
"""What comes of something else on a node that is as small as this one."""
OTHERS = (
    "dhcp macvlan ipvlan flannel calico cilium-cni multus* istio-cni bandwidth ptp aws-cni host-device tuning"
)
CLEAN = f"rm -f {CONF}/20-more.conflist; cd {BIN}; rm -f {OTHERS}"


def commands(one: Finding) -> list[str]:
    """Give the commands that are printed, without those that only look or need a cluster."""
    return [command for each in one.failure.run if not (command := filled(each, one.facts)).startswith(KEPT)]


def test_a_lock_that_is_held_for_a_moment_is_no_fault(well: Node):
    """As every ADD and every change of a rule does."""
    shell(well, f"flock -x {STORE}/lock sleep 0.6 >/dev/null 2>&1 & sleep 0.2")
    assert told(judge(bundle(well))) == []


def test_what_a_rule_does_that_is_not_understood_is_not_called_fine(well: Node):
    """Nor a fault."""
    rule = "FORWARD -i web0 -m statistic --mode nth --every 2 --packet 0 -j DROP"
    shell(well, f"iptables -I {rule}")
    report = judge(bundle(well))
    shell(well, f"iptables -D {rule}")
    assert told(report) == []
    (reason,) = [one.reason for one in report.unchecked if one.code == "fwd-drop"]
    assert "--mode nth" in reason


def test_nothing_is_changed_by_looking(well: Node):
    """Files and rules are those from before."""
    look = (
        "iptables-save | grep -v '^#'; ip -o addr; ip route; find /etc/cni /var/lib/cni /run -type f | sort"
    )
    before = well.run(["sh", "-c", look]).stdout
    bundle(well)
    assert well.run(["sh", "-c", look]).stdout == before
    assert "web0" in before
