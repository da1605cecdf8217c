"""The worker: calls answered by processes that are there already, and by launchers whenever they are not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cnictl.install import ONE_SHOT
from cnictl.sandbox.node import Node
from tests.daemon import CNICTL, SOCKET, calls, serving, status, wait_for, waiting
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers

CHAIN: list[dict[str, Any]] = [
    {
        "type": "bridge",
        "isDefaultGateway": True,
        "ipMasq": True,
        "ipam": {"type": "host-local", "subnet": "10.1.2.0/24"},
    },
    {
        "type": "portmap",
        "runtimeConfig": {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]},
    },
    {"type": "tuning", "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}, "mtu": 1400},
]
SLOW = {"type": "bridge", "ipam": {"type": "slow"}}
"""Whose ADD waits for /run/go, after the bridge and the veth pair were made."""
IPAM = """#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exit 0
echo "$CNI_CONTAINERID" >>/run/begun
while [ ! -e /run/go ]; do sleep 0.05; done
echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.2/24"}]}'
"""

Serve = Callable[..., "subprocess.Popen[bytes]"]
Begin = Callable[[Attachment], "subprocess.Popen[bytes]"]


@pytest.fixture
def serve(node: Node) -> Iterator[Serve]:
    """Start a worker on the node; it is stopped with the test."""
    with contextlib.ExitStack() as started:
        yield lambda *options: started.enter_context(serving(node, *options))


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start ADD of the slow list, and return when it has come as far as its IPAM plugin."""
    with contextlib.ExitStack() as started:

        def start(attachment: Attachment) -> subprocess.Popen[bytes]:
            directory, container = attachment.plugins_dir, attachment.container
            environment = {
                "PATH": os.environ["PATH"],
                "CNI_COMMAND": "ADD",
                "CNI_CONTAINERID": container,
                "CNI_NETNS": attachment.netns,
                "CNI_IFNAME": "eth0",
                "CNI_PATH": f"{directory}:/run/ipam",
            }
            slow = Path(attachment.node.path("/run/ipam/slow"))
            slow.parent.mkdir(exist_ok=True)
            slow.write_text(IPAM, encoding="ascii")
            slow.chmod(0o755)
            argv = ["sh", "-c", f"echo $$ >/run/caller; exec {directory}/bridge"]
            process = started.enter_context(
                attachment.node.start(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            assert process.stdin is not None
            process.stdin.write(json.dumps({"cniVersion": "1.0.0", "name": "net", **SLOW}).encode())
            process.stdin.close()
            begun = Path(attachment.node.path("/run/begun"))
            wait_for(lambda: begun.exists() and container in begun.read_text().split())
            return process

        yield start


def kill(node: Node, name: str, who: str) -> None:
    node.run(["sh", "-c", f"kill -{name} $(cat /run/{who})"]).checked()


def test_it_answers_as_the_plugins_do(node: Node, launchers: str, plugins_dir: str, serve: Serve) -> None:
    """Each call by a process of its own; what one way has added, the other checks and deletes."""
    serve()
    before = leftovers(node)
    attachment = Attachment(node, launchers, CHAIN)
    result = attachment.add()
    assert [one["name"] for one in result["interfaces"]][::2] == ["cni0", "eth0"]
    assert attachment.check() == attachment.check(plugins_dir) == ""
    attachment.delete()
    attachment.delete(plugins_dir)
    attachment.result = None
    attachment.add(plugins_dir)
    assert attachment.check() == ""
    attachment.delete()
    node.run(["ip", "link", "delete", "cni0"]).checked()
    assert leftovers(node) == before
    wait_for(lambda: calls(node).get("bridge DEL") == 2)
    assert calls(node)["tuning ADD"] == calls(node)["portmap ADD"] == 1
    assert status(node).refused == status(node).killed == 0


def test_errors_are_told_as_ever(node: Node, launchers: str, serve: Serve) -> None:
    """On stdout, with the exit status."""
    serve()
    attachment = Attachment(node, launchers, [{"type": "ptp", "ipam": {"type": "nope"}}])
    failed = attachment.call("ADD", attachment.plugins[0])
    assert failed.status == 1
    assert said(failed).startswith('failed to find plugin "nope" in path')
    wait_for(lambda: calls(node) == {"ptp ADD": 1})
    (one,) = status(node).calls
    assert one.failures == 1


@pytest.mark.parametrize("state", ["there never was one", "it was killed", "its socket is a file"])
def test_plugins_work_without_a_worker(node: Node, launchers: str, serve: Serve, state: str) -> None:
    """Whatever it has left."""
    if state == "it was killed":
        worker = serve()
        kill(node, "KILL", "worker")
        worker.wait()
    if state == "its socket is a file":
        os.makedirs(node.path("/run/cnictl"))
        Path(node.path(SOCKET)).touch()
    attachment = Attachment(node, launchers, CHAIN)
    attachment.add()
    assert attachment.check() == ""
    attachment.delete()


def test_calls_beyond_the_most_are_answered_by_their_launchers(
    node: Node, launchers: str, serve: Serve, begin: Begin
) -> None:
    """They wait no longer than it would take."""
    serve("--spare", "1", "--most", "1")
    slow = Attachment(node, launchers, [SLOW])
    process = begin(slow)
    wait_for(lambda: status(node).busy == 1)
    other = Attachment(node, launchers, [{"type": "loopback"}], container="c2", ifname="lo")
    other.add()
    assert "loopback ADD" not in calls(node)
    Path(node.path("/run/go")).touch()
    assert process.wait(20) == 0
    wait_for(lambda: waiting(node) == 1)
    other.delete()
    wait_for(lambda: calls(node).get("loopback DEL") == 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_call_whose_caller_ends_is_undone(
    node: Node, launchers: str, serve: Serve, begin: Begin, number: signal.Signals
) -> None:
    """As when the plugin itself is told to end; and even when the caller cannot say so any more."""
    serve()
    attachment = Attachment(node, launchers, [SLOW], delegates="/run/ipam")
    before = leftovers(node, "c1")
    process = begin(attachment)
    assert leftovers(node, "c1") != before
    kill(node, number.name.removeprefix("SIG"), "caller")
    assert process.wait(20) == (143 if number == signal.SIGTERM else -9)
    wait_for(lambda: leftovers(node, "c1") == before)
    assert status(node).killed == 0


def test_a_call_whose_process_dies_is_an_error(
    node: Node, launchers: str, serve: Serve, begin: Begin
) -> None:
    """What it has left, DEL removes; the worker goes on."""
    serve()
    attachment = Attachment(node, launchers, [SLOW], delegates="/run/ipam")
    before = leftovers(node, "c1")
    process = begin(attachment)
    with_a_child = (
        "for pid in $(pgrep -P $(cat /run/worker)); do pgrep -P $pid >/dev/null && kill -9 $pid; done"
    )
    node.run(["sh", "-c", f"{with_a_child}; true"]).checked()
    assert process.wait(20) == 1
    assert process.stdout is not None
    assert json.loads(process.stdout.read())["code"] == 11
    attachment.delete()
    node.run(["ip", "link", "delete", "cni0"]).checked()
    wait_for(lambda: leftovers(node, "c1") == before)
    wait_for(lambda: status(node).killed == 1)


def test_it_begins_anew_without_losing_a_call(node: Node, launchers: str, serve: Serve, begin: Begin) -> None:
    """SIGHUP has it load the plugins again; the call under way goes on meanwhile, and others come."""
    serve()
    process = begin(Attachment(node, launchers, [SLOW]))
    first = status(node)
    others = Attachment(node, launchers, [{"type": "loopback"}], container="c2", ifname="lo")
    kill(node, "HUP", "worker")
    for _ in range(10):
        others.add()
        others.delete()
        others.result = None
    wait_for(lambda: waiting(node) > 0)
    assert status(node).pid == first.pid
    assert status(node).busy == 0
    Path(node.path("/run/go")).touch()
    assert process.wait(20) == 0
    others.add()
    wait_for(lambda: "loopback ADD" in calls(node))


def test_it_stops_when_calls_have_come_to_their_end(
    node: Node, launchers: str, serve: Serve, begin: Begin
) -> None:
    """And leaves nothing in /run."""
    worker = serve()
    process = begin(Attachment(node, launchers, [SLOW]))
    kill(node, "TERM", "worker")
    time.sleep(0.3)
    assert worker.poll() is None
    Path(node.path("/run/go")).touch()
    assert process.wait(20) == 0
    assert worker.wait(20) == 0
    assert os.listdir(node.path("/run/cnictl")) == []


def test_a_caller_in_another_namespace_is_left_to_itself(node: Node, launchers: str, serve: Serve) -> None:
    """Its node is another one: a runtime in a container, or podman's own network."""
    serve()
    node.new_netns("elsewhere")
    node.new_netns("c1")
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": launchers,
    }
    config = {"cniVersion": "1.0.0", "name": "net", **CHAIN[0]}
    done = node.run([f"{launchers}/bridge"], env=environment, stdin=json.dumps(config), netns="elsewhere")
    assert done.status == 0, done.stdout
    assert node.run(["ip", "link", "show", "cni0"], netns="elsewhere").status == 0
    assert node.run(["ip", "link", "show", "cni0"]).status == 1
    wait_for(lambda: status(node).refused == 1)
    assert calls(node) == {}


def test_a_call_has_the_callers_environment_directory_and_streams(
    node: Node, launchers: str, serve: Serve
) -> None:
    """And nothing of the call before it."""
    serve("--spare", "1")
    script = """#!/bin/sh
{ pwd; umask; env; ls -l /proc/self/fd | grep -c " -> "; } >/run/seen.$CNI_CONTAINERID
exit 1
"""
    own = Path(node.path("/run/own"))
    own.write_text(script, encoding="ascii")
    own.chmod(0o755)
    for container, more in (("one", {"ONLY_ONE": "1"}), ("two", {"CNI_ARGS": "K=V"})):
        environment = {
            "CNI_COMMAND": "ADD",
            "CNI_CONTAINERID": container,
            "CNI_NETNS": "/run/netns/c1",
            "CNI_IFNAME": "eth0",
            "CNI_PATH": f"{launchers}:/run",
            **more,
        }
        config = {"cniVersion": "1.0.0", "name": "net", "type": "ptp", "ipam": {"type": "own"}}
        node.run(
            ["sh", "-c", f"umask 027; exec {launchers}/ptp"],
            env=environment, stdin=json.dumps(config), cwd="/etc",
        )  # fmt: skip
        directory, umask, *variables, descriptors = (
            Path(node.path(f"/run/seen.{container}")).read_text().splitlines()
        )
        assert (directory, umask) == ("/etc", "0027")
        seen = {line.partition("=")[0] for line in variables} - {"PWD", "SHLVL", "_", "OLDPWD"}
        assert seen == set(environment)
        assert int(descriptors) <= 4  # stdin, stdout, stderr and the directory that ls reads
    wait_for(lambda: calls(node) == {"ptp ADD": 2})


def test_its_metrics_are_prometheus_own(node: Node, launchers: str, serve: Serve) -> None:
    """Printed, and in a file for node_exporter."""
    from prometheus_client.parser import text_string_to_metric_families

    serve()
    Attachment(node, launchers, [{"type": "loopback"}], ifname="lo").add()
    wait_for(lambda: calls(node) == {"loopback ADD": 1})
    printed = node.run([CNICTL, "worker", "metrics"]).checked().stdout
    samples = {
        (one.name, one.labels.get("le", "")): one.value
        for family in text_string_to_metric_families(printed)
        for one in family.samples
    }
    assert samples["cnictl_worker_call_seconds_count", ""] == 1
    assert samples["cnictl_worker_call_seconds_bucket", "+Inf"] == 1
    node.run([CNICTL, "worker", "metrics", "--textfile", "/run/cnictl.prom"]).checked()
    assert Path(node.path("/run/cnictl.prom")).read_text().splitlines()[:2] == printed.splitlines()[:2]


def test_install_says_that_the_worker_goes_on_with_the_old_program(
    node: Node, launchers: str, serve: Serve
) -> None:
    """And says nothing where none runs, or nothing has changed."""
    install = [CNICTL, "install", "--worker", launchers]
    one_shot = Path(node.path(launchers)) / ONE_SHOT

    def upgrade() -> str:
        one_shot.write_text(one_shot.read_text(encoding="utf-8") + "# older\n", encoding="utf-8")
        return node.run(install).checked().stderr

    assert "reload" not in upgrade()
    serve()
    assert "systemctl reload cnictl-worker" in upgrade()
    assert "reload" not in node.run(install).checked().stderr


def test_who_asks_where_no_worker_is_is_told_so(node: Node) -> None:
    """In a sentence, and that nothing is lost by it."""
    done = node.run([CNICTL, "worker", "status"])
    assert done.status == 3
    assert done.stderr == (
        f"error: no worker at {SOCKET}: nothing at {SOCKET}.control tells its status: "
        "no such file or directory\n"
        "hint: `cnictl worker serve` is one; plugins work without\n"
    )


def test_a_worker_is_asked_beside_its_socket(node: Node, serve: Serve) -> None:
    """The help says where; who names that place hears what to name instead."""
    serve()
    for command in ("status", "metrics"):
        told = node.run([CNICTL, "worker", command, "--help"]).checked().stdout
        assert "Where calls go; its status is told at PATH.control." in " ".join(told.split())
        node.run([CNICTL, "worker", command, "--socket", SOCKET]).checked()
        done = node.run([CNICTL, "worker", command, "--socket", f"{SOCKET}.control"])
        assert done.status == 3
        assert done.stderr.startswith(
            f"error: no worker at {SOCKET}.control: nothing at {SOCKET}.control.control "
        )
        assert done.stderr.endswith(f"\nhint: --socket is where calls go: {SOCKET}\n")


def test_a_worker_that_cannot_listen_says_so(node: Node) -> None:
    """And ends as every command does that fails at the kernel."""
    done = node.run([CNICTL, "worker", "serve", "--socket", "/proc/nowhere/sock"])
    assert done.status == 3
    assert "listen unix /proc/nowhere/sock" in done.stderr


def test_the_one_shot_launcher_is_no_plugin(launchers: str) -> None:
    """It stands beside the plugins, and is listed as none."""
    done = subprocess.run([CNICTL, "version", "--cni-path", launchers], check=False, capture_output=True)
    assert b"bridge" in done.stdout
    assert ONE_SHOT.encode() not in done.stdout
