"""Garbage collection: what is stale goes, what is valid stays, and all of it can be seen before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import Failures, NothingSaidValid, PluginFailed, StaleFailed
from cnictl.runtime.lock import Lock, Locked
from tests.protocol.runtime.conftest import ATTACHMENT, RESULT

KEYS = ("cni.dev/valid-attachments", "cni.dev/attachments")


def attached(bench, network, *containers: str) -> None:
    for container in containers:
        attachment = Attachment(container, f"/ns/{container}", "eth0", (("K", container),), {"mac": "x"})
        bench.runtime.add(network, attachment)
    bench.forget()


def test_valid_attachments_stay_and_stale_ones_go(bench):
    """RT27: DEL for what is stale, then GC for every plugin with the list of what is valid."""
    network = bench.network(bench.debug("first", ReportResult=json.dumps(RESULT)))
    attached(bench, network, "keep", "stale")
    bench.runtime.gc(network, [("keep", "eth0")])
    assert bench.calls() == [("DEL", "first"), ("GC", "first")]
    delete, collect = bench.logged()
    assert delete["CmdArgs"]["ContainerID"] == "stale"
    assert (delete["CmdArgs"]["Netns"], delete["CmdArgs"]["Args"]) == ("/ns/stale", "K=stale")
    assert bench.stdin(delete)["prevResult"] == RESULT
    listed = [{"containerID": "keep", "ifname": "eth0"}]
    injected = {"name": "apitest", "cniVersion": "1.1.0", **dict.fromkeys(KEYS, listed)}
    assert bench.stdin(collect) == {**network.plugins[0].members, **injected}
    assert collect["CmdArgs"]["ContainerID"] == ""
    assert [one.attachment.container_id for one in bench.cache.listing().attachments] == ["keep"]


def test_the_interface_counts_too(bench):
    """An attachment is a container and an interface."""
    network = bench.one()
    attached(bench, network, "c")
    bench.runtime.gc(network, [("c", "eth1")])
    assert bench.calls() == [("DEL", "one"), ("GC", "one")]


def test_other_networks_are_left_alone(bench):
    """The cache is shared by all of the node."""
    network = bench.one()
    attached(bench, network.replace(name="other"), "c")
    bench.runtime.gc(network, [])
    assert bench.calls() == [("GC", "one")]
    assert len(bench.cache.listing().attachments) == 1


def test_everything_must_be_asked_for(bench):
    """RT27: cnitool's gc wipes a running node; here nothing happens without the word."""
    network = bench.one()
    attached(bench, network, "c")
    with pytest.raises(NothingSaidValid) as caught:
        bench.runtime.gc(network, None)
    assert (
        str(caught.value)
        == 'gc of network "apitest" without valid attachments would delete every one of them'
    )
    with pytest.raises(NothingSaidValid):
        bench.runtime.plan_gc(network, None)
    assert bench.calls() == []
    bench.runtime.gc(network, None, everything=True)
    assert bench.calls() == [("DEL", "one"), ("GC", "one")]
    assert [bench.stdins()[1][key] for key in KEYS] == [[], []]


def test_gc_can_be_disabled(bench):
    """RT27: then nothing is run at all."""
    network = bench.network(bench.debug("one"), disableGC=True)
    attached(bench, bench.one(), "c")
    report = bench.runtime.gc(network, [])
    assert bench.calls() == []
    assert report.warnings == ("disableGC is set: nothing was collected",)
    assert bench.runtime.plan_gc(network, []).disabled


def test_a_plan_says_what_would_be_done_and_does_nothing(bench):
    """Which attachments would go and stay, which plugins be asked, which files not be understood."""
    network = bench.network({**bench.debug("one", ReportResult="{}"), "type": "noop"})
    attached(bench, network, "keep", "stale")
    Path(bench.cache.results, "apitest-crash-eth0").write_text("")
    bench.log.write_text("[]")
    plan = bench.runtime.plan_gc(network, [("keep", "eth0")])
    assert [one.attachment.container_id for one in plan.stale] == ["stale"]
    assert [one.attachment.container_id for one in plan.kept] == ["keep"]
    assert [plugin.type for plugin in plan.plugins] == ["noop"]
    assert [Path(one.path).name for one in plan.skipped] == ["apitest-crash-eth0"]
    assert (plan.problem, plan.valid) == (None, (("keep", "eth0"),))
    assert bench.calls() == []
    assert len(bench.cache.listing().attachments) == 2


@pytest.mark.parametrize("version", ["1.0.0", "0.3.1", "abc"])
def test_plugins_before_1_1_are_not_asked(bench, version):
    """RT40: there is no GC for them, but the stale attachments go."""
    network = bench.one()
    attached(bench, network, "c")
    bench.runtime.gc(network.replace(cni_version=version), [])
    assert bench.calls() == [("DEL", "one")]


def test_failures_are_collected_and_the_rest_goes_on(bench):
    """RT42: one line each, in libcni's words."""
    attached(bench, bench.one(), "a", "b")
    network = bench.network(
        bench.debug("first", ReportError="try later", ReportErrorCode=11),
        {"type": "nope"},
        bench.debug("third"),
    )
    with pytest.raises(Failures) as caught:
        bench.runtime.gc(network, [])
    missing = f'failed to find plugin "nope" in path [{bench.bin}]'
    assert str(caught.value).splitlines() == [
        f'failed to delete stale attachment a eth0: plugin type="nope" failed (delete): {missing}',
        f'failed to delete stale attachment b eth0: plugin type="nope" failed (delete): {missing}',
        "failed to GC plugin noop: try later",
        f"failed to GC plugin nope: {missing}",
    ]
    assert bench.calls() == [("DEL", "third"), ("DEL", "third"), ("GC", "first"), ("GC", "third")]
    stale, _, failed, _ = caught.value.failures
    assert isinstance(stale, StaleFailed)
    assert isinstance(failed, PluginFailed)
    assert failed.error.code == 11
    assert len(caught.value.executions) == 4


def test_a_cache_that_cannot_be_read_is_told_and_the_plugins_are_asked(bench):
    """RT43: libcni reports success and does nothing."""
    Path(bench.cache.directory).mkdir()
    Path(bench.cache.results).write_text("")
    with pytest.raises(Failures, match=r"cannot read .*/results: not a directory"):
        bench.runtime.gc(bench.one(), [])
    assert bench.calls() == [("GC", "one")]


def test_a_cached_attachment_with_impossible_names_is_a_failure(bench):
    """What is in the cache was not written by us alone."""
    bench.cache.prepare()
    document = {"kind": "cniCacheV1", "containerId": "../x", "ifName": "eth0", "networkName": "apitest"}
    Path(bench.cache.results, "weird").write_text(json.dumps(document))
    with pytest.raises(Failures, match=r"stale attachment ../x eth0: invalid characters in containerID"):
        bench.runtime.gc(bench.one(), [])
    assert bench.calls() == [("GC", "one")]


def test_operations_of_one_container_exclude_each_other(bench):
    """And GC excludes all of its network; an operation that never ends does not block for ever."""
    bench.cache.prepare()
    runtime = bench.runtime
    runtime.lock_patience = 0.05
    network = bench.one()
    with Lock(bench.cache.directory, network="other", container_id=ATTACHMENT.container_id):
        for operation in (runtime.add, runtime.check, runtime.delete):
            with pytest.raises(Locked, match="operation on container some-container-id did not end within"):
                operation(network, ATTACHMENT)
        runtime.gc(network, [])
    with Lock(bench.cache.directory, network="apitest", container_id="another"):
        with pytest.raises(Locked, match="operation on network apitest did not end within"):
            runtime.gc(network, [])
        runtime.add(network, ATTACHMENT)
