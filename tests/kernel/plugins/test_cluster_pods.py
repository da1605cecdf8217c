"""Pods of a node and their events, as the doctor has them from an API server."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.sandbox.node import ROOT
from tests.kernel.plugins.kubernetes import TOKEN

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node
    from tests.kernel.plugins.kubernetes import Kubernetes

FULL = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
    '"3f2a": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to '
    "container"
)


@pytest.fixture
def pods(node: Node, cluster: Kubernetes) -> Kubernetes:
    """A pod that runs and one that waits, on this node; one on another, one on none."""
    name = node.run(["uname", "-n"]).stdout.strip().lower()
    for pod, on, phase in (
        ("web", name, "Running"),
        ("stuck", name, "Pending"),
        ("far", "n9", "Pending"),
        ("new", "", "Pending"),
    ):
        cluster.pod(pod)
        members = cluster.objects["pods"][f"default/{pod}"]
        members["spec"]["nodeName"] = on
        members["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080}]
        members["status"] = {"phase": phase, "podIPs": [{"ip": "10.0.0.2"}]}
    cluster.objects["events"] = {
        pod: {
            "kind": "Event",
            "metadata": {"namespace": "default", "name": f"{pod}.1"},
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": pod},
            "reason": "FailedCreatePodSandBox",
            "message": f"{FULL} for {pod}, Authorization: Bearer {TOKEN}",
        }
        for pod in ("web", "stuck", "far", "new")
    }
    cluster.save()
    return cluster


def doctor(node: Node, cluster: Kubernetes, *words: str) -> Completed:
    argv = [sys.executable, "-m", "cnictl", "doctor", *words, "--kubeconfig", cluster.kubeconfig]
    return node.run([*argv, "--log", "/dev/null"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, timeout=60)


def told(done: Completed) -> dict[str, list[str]]:
    """Give what was seen of each pod that has a finding."""
    found: dict[str, list[str]] = {}
    waiting: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    for one in waiting:
        waiting += one["consequences"]
        found.setdefault(one["where"], []).append(one["code"])
    return found


def test_events_of_pods_that_do_not_run(node: Node, pods: Kubernetes):
    """Name the class; pods of other nodes, and what happened to one that runs, are left out."""
    done = doctor(node, pods, "-o", "json")
    assert done.status == 1
    assert told(done).get("default/stuck") == ["aws-no-ip"]
    assert not {"default/web", "default/far", "default/new"} & told(done).keys()
    assert TOKEN not in done.stdout + done.stderr


def test_a_pod_that_is_asked_for(node: Node, pods: Kubernetes):
    """Whatever its state, and although no node has it yet; not one of another node."""
    assert told(doctor(node, pods, "-o", "json", "--pod", "default/web"))["default/web"] == ["aws-no-ip"]
    assert told(doctor(node, pods, "-o", "json", "--pod", "default/new"))["default/new"] == ["aws-no-ip"]
    far = doctor(node, pods, "-o", "json", "--pod", "default/far")
    assert "pod default/far is on node n9, and this is" in far.stdout
    none = doctor(node, pods, "-o", "json", "--pod", "default/none")
    assert 'pods \\"none\\" not found' in none.stdout


def test_what_the_account_may_not_see(node: Node, pods: Kubernetes):
    """Is said not to be checked, as for an account of kubelet, which may list pods and no events."""
    pods.objects["forbidden"] = {"events": {}}
    pods.save()
    done = doctor(node, pods, "collect", "/run/bundle.tar.gz")
    assert done.status == 0
    assert "not in it: events: " in done.stderr
    assert "403 events is forbidden" in done.stderr
    assert "not in it: pods" not in done.stderr
    pods.objects["forbidden"] = {"events": {}, "pods": {}}
    pods.save()
    unchecked = {
        one["code"]: one["reason"] for one in json.loads(doctor(node, pods, "-o", "json").stdout)["unchecked"]
    }
    assert "403 pods is forbidden" in unchecked["conf-capability-missing"]


def test_a_server_that_does_not_answer(node: Node, pods: Kubernetes):
    """Keeps nobody waiting, and is one more thing that is not known."""
    pods.faults({"request": "GET /api/v1/pods", "drip": 300})
    began = time.monotonic()
    done = doctor(node, pods, "-o", "json")
    assert time.monotonic() - began < 20
    assert "no answer within 5 seconds" in done.stdout
    pods.stop()
    assert "connection refused" in doctor(node, pods, "-o", "json").stdout.lower()


def test_a_kubeconfig_that_is_no_use(node: Node, pods: Kubernetes):
    """Is an error that says what is wrong with it, and no part of its token."""
    pods.kubeconfig = pods.write_kubeconfig("odd", user={"exec": {"command": "aws"}, "token": TOKEN})
    done = doctor(node, pods, "-o", "json")
    assert (done.status, done.stdout) == (2, "")
    assert pods.kubeconfig in done.stderr
    assert 'no "exec"' in done.stderr
    assert TOKEN not in done.stderr
