"""`cnictl ipam reclaim`: what nobody has is freed and can be put back, and what somebody has never is."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.sandbox.node import ROOT
from tests import witness
from tests.conftest import unavailable
from tests.cri_server import READY, serving
from tests.kernel.test_ipam_command import KEPT, Run, age, attach, configure, ipam, put, remove_netns

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.sandbox.node import Completed, Node

__all__ = ["ipam"]

CNICTL = str(Path(sys.executable).with_name("cnictl"))
SECONDS = float(os.environ.get("CNICTL_RACE_SECONDS", "8"))
"""How long the race goes on; minutes by hand."""


def kept(node: Node) -> dict[str, bytes]:
    return witness.files(node, KEPT)


def outcomes(done: Completed) -> dict[str, str]:
    return {one["address"]: one["outcome"] for one in json.loads(done.stdout)["reservations"]}


def journal(done: Completed) -> str:
    return str(json.loads(done.stdout)["journal"])


@pytest.fixture
def leaky(node: Node, ipam: Run, plugins_dir: str) -> Run:
    """A node with one pod, two addresses of another that was deleted without DEL, and oddities."""
    attach(node, plugins_dir, "c1", "c2")
    remove_netns(node, "c2")
    put(node, "10.1.0.9", b"")
    put(node, "10.1.0.10", b"a note")
    put(node, "10.7.0.9", b"c9\r\neth0")
    put(node, "10.1.0.11", b"c8\r\neth0", seconds=10)
    return ipam


def test_without_yes_nothing_is_changed(node: Node, leaky: Run):
    """It is only shown, and no journal made."""
    before = kept(node)
    done = leaky("reclaim", "-o", "json")
    assert done.status == 0
    assert outcomes(done) == {"10.1.0.3": "would be freed: orphan", "fd00:1::3": "would be freed: orphan"}
    assert json.loads(done.stdout)["journal"] is None
    assert kept(node) == before
    assert not os.path.exists(node.path("/var/lib/cni/reclaimed"))
    assert done.stderr == "2 reservations are meant: nothing was changed, --yes does it\n"
    os.unlink(node.path("/var/lib/cni/networks/net/10.1.0.3"))
    assert leaky("reclaim").stderr == "1 reservation is meant: nothing was changed, --yes does it\n"


def test_orphans_are_freed(node: Node, leaky: Run):
    """And nothing else: no live, young, empty or foreign one, and nobody's note."""
    before = kept(node)
    done = leaky("reclaim", "--yes", "-o", "json")
    assert outcomes(done) == {"10.1.0.3": "freed", "fd00:1::3": "freed"}
    after = kept(node)
    assert before.items() - after.items() == {(name, before[name]) for name in ("10.1.0.3", "fd00:1::3")}
    assert after.keys() <= before.keys()
    assert leaky("reclaim", "--yes").stderr == "there is nothing to do\n"


def test_more_only_when_asked(node: Node, leaky: Run):
    """Empty and foreign ones."""
    done = leaky("reclaim", "net", "--yes", "--empty", "--foreign", "-o", "json")
    assert set(outcomes(done)) == {"10.1.0.3", "10.1.0.9", "10.7.0.9", "fd00:1::3"}
    assert set(kept(node)) >= {"10.1.0.2", "10.1.0.10", "10.1.0.11"}


def test_an_empty_file_of_an_address_in_use(node: Node, leaky: Run):
    """Is kept, however much one asks."""
    Path(node.path(f"{KEPT}/10.1.0.2")).write_bytes(b"")
    age(Path(node.path(f"{KEPT}/10.1.0.2")))
    leaky("reclaim", "--yes", "--empty").checked()
    assert "10.1.0.2" in kept(node)
    assert "10.1.0.9" not in kept(node)


def test_undo(node: Node, leaky: Run):
    """Puts back the same bytes and times, for the owner only; twice does nothing; what is taken stays."""
    path = Path(node.path(f"{KEPT}/10.1.0.3"))
    before, times = kept(node), path.stat().st_mtime_ns
    file = journal(leaky("reclaim", "--yes", "-o", "json"))
    about = os.stat(node.path(file))
    assert stat.S_IMODE(about.st_mode) == 0o600
    assert len(Path(node.path(file)).read_text().splitlines()) == 3
    planned = leaky("reclaim", "--undo", file, "-o", "json")
    assert set(outcomes(planned).values()) == {"would be put back"}
    assert not path.exists()
    Path(node.path(f"{KEPT}/fd00:1::3")).write_bytes(b"new\r\neth0")
    done = leaky("reclaim", "--undo", file, "--yes", "-o", "json")
    assert outcomes(done) == {"10.1.0.3": "put back", "fd00:1::3": "reserved again"}
    assert kept(node) == {**before, "fd00:1::3": b"new\r\neth0"}
    assert (path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode)) == (times, 0o600)
    assert set(outcomes(leaky("reclaim", "--undo", file, "--yes", "-o", "json")).values()) == {
        "reserved again"
    }


def test_what_was_freed_is_given_away_again(node: Node, leaky: Run, plugins_dir: str, go_plugins: str):
    """By either implementation; here it is the only one that is free."""
    for number in (4, 5, 6, 7, 8, 12, 13, 14):
        put(node, f"10.1.0.{number}", b"c3\r\neth0", seconds=10)
    leaky("reclaim", "--yes").checked()
    for directory in (go_plugins, plugins_dir):
        (one,) = attach(node, directory, "c4")
        assert one.result is not None
        assert one.result["ips"][0]["address"] == "10.1.0.3/28"
        one.delete()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--yes", "--journal", "/proc/nope/journal"], "cannot write /proc/nope/journal"),
        (["--yes", "--journal", "/etc/cni/net.d/net.conflist"], "file exists"),
        (["--undo", "/etc/cni/net.d/net.conflist", "--yes"], "no journal"),
        (["--undo", "/nope"], "no such file"),
        (["--yes", "--sandboxes", "/nope"], "no such file"),
        (["--yes", "--grace", "5"], "60"),
    ],
)
def test_what_goes_wrong_frees_nothing(node: Node, leaky: Run, words: list[str], said: str):
    """And says why."""
    before = kept(node)
    done = leaky("reclaim", *words)
    assert done.status == (3 if said == "file exists" else 2)
    assert said in done.stderr
    assert kept(node) == before


def test_incomplete_evidence(node: Node, leaky: Run):
    """Is refused: exit status 1, and every gap is named."""
    before = kept(node)
    done = leaky("reclaim", "--yes", whole=False)
    assert done.status == 1
    assert "PID namespace" in done.stderr
    os.makedirs(node.path("/run/crio"))
    Path(node.path("/run/crio/crio.sock")).touch()
    done = leaky("reclaim", "--yes")
    assert done.status == 1
    assert "--sandboxes" in done.stderr
    Path(node.path("/var/lib/cni/results")).touch()
    done = leaky("reclaim", "--yes", "--sandboxes", "-", stdin='{"items": []}')
    assert done.status == 1
    assert "the runtime's cache" in done.stderr
    assert kept(node) == before
    os.unlink(node.path("/var/lib/cni/results"))
    leaky("reclaim", "--yes", "--sandboxes", "-", stdin='{"items": []}').checked()
    assert "10.1.0.3" not in kept(node)


def test_the_runtime_is_asked_again_with_the_lock_held(node: Node, leaky: Run):
    """What it knows by then is kept; one that falls silent has nothing freed, and soon."""
    before = kept(node)
    with serving(node.path("/run/containerd/containerd.sock")) as runtime:
        runtime.before = lambda times: (
            runtime.sandboxes.update({"c2": ("default", "web", READY)}) if times > 1 else None
        )
        done = leaky("reclaim", "--yes", "-o", "json")
        assert runtime.asked.count("ListPodSandbox") > 1
        assert set(outcomes(done).values()) == {"live by now: a sandbox of CRI"}
        assert kept(node) == before
        runtime.sandboxes, runtime.asked[:] = {}, []
        runtime.before = lambda times: setattr(runtime, "delay", 9.0 * (times > 1))
        began = time.monotonic()
        done = leaky("reclaim", "--yes")
        assert time.monotonic() - began < 7
        assert done.status == 1
        assert "containerd.sock: no answer within 2 seconds" in done.stderr
        assert kept(node) == before
        runtime.delay, runtime.before = 0.0, lambda times: times
        leaky("reclaim", "--yes").checked()
    assert "10.1.0.3" not in kept(node)


def test_a_broken_file_of_the_cache(node: Node, leaky: Run):
    """Keeps the reservation of the attachment that it is called by, and no other."""
    put(node, "10.1.0.12", b"c7\r\neth0")
    os.makedirs(node.path("/var/lib/cni/results"))
    Path(node.path("/var/lib/cni/results/net-c7-eth0")).touch()
    done = leaky("reclaim", "--yes", "-o", "json")
    assert set(outcomes(done)) == {"10.1.0.3", "fd00:1::3"}
    assert "net-c7-eth0 is broken" in leaky("show").stdout


@pytest.mark.usefixtures("leaky")
def test_without_root(node: Node):
    """The namespaces of others are not seen, and that is what it says."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*drop, CNICTL, "--version"], capture_output=True, check=False).returncode:
        unavailable("this checkout and its Python are not readable to an unprivileged user")
    before = kept(node)
    done = node.run([*drop, *_argv("reclaim", "--yes")], env={"LANG": "C.UTF-8"}, timeout=60)
    assert done.status in (1, 3), done
    assert kept(node) == before


def _argv(*words: str) -> list[str]:
    return [CNICTL, "ipam", *words, "--whole-node"]


def test_a_lock_that_does_not_come_free(node: Node, leaky: Run):
    """Is waited for with a bound, and its holder named."""
    holder = node.start(["flock", f"{KEPT}/lock", "-c", "echo; exec sleep 100"])
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        before = kept(node)
        done = leaky("reclaim", "--yes", "--patience", "0.3")
        assert done.status == 3
        assert "was not free within 0.3 seconds" in done.stderr
        assert "(flock) holds it" in done.stderr
        assert "nothing to do" not in done.stderr
        assert kept(node) == before
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.communicate()


@pytest.mark.usefixtures("leaky")
def test_what_changes_while_the_lock_is_waited_for(node: Node):
    """Is looked at again: a new owner, an address that has come back, a file that has gone."""
    put(node, "10.1.0.12", b"c7\r\neth0")
    put(node, "10.1.0.13", b"c7\r\nnet1")
    holder = node.start(["flock", f"{KEPT}/lock", "-c", "echo; read x"], stdin=-1)
    reclaiming = node.start(_argv("reclaim", "--yes", "-o", "json"), env={"LANG": "C.UTF-8"})
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        deadline = time.monotonic() + 30
        while not _is_waited_for(node) and time.monotonic() < deadline:
            time.sleep(0.05)
        Path(node.path(f"{KEPT}/10.1.0.3")).write_bytes(b"new\r\neth0")
        node.run(["ip", "addr", "add", "10.1.0.12/32", "dev", "lo"], netns="c1").checked()
        os.unlink(node.path(f"{KEPT}/10.1.0.13"))
        holder.communicate(b"\n", timeout=20)
        stdout, _ = reclaiming.communicate(timeout=60)
    finally:
        for process in (holder, reclaiming):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    found = {one["address"]: one["outcome"] for one in json.loads(stdout)["reservations"]}
    assert found["fd00:1::3"] == "freed"
    assert "unknown by now: so young" in found["10.1.0.3"]
    assert "live by now: on lo in /run/netns/c1" in found["10.1.0.12"]
    assert found["10.1.0.13"] == "gone by now, or no file"
    assert {"10.1.0.3", "10.1.0.12"} <= set(kept(node))


def _is_waited_for(node: Node) -> bool:
    inode = f":{os.stat(node.path(f'{KEPT}/lock')).st_ino} "
    return any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.timeout(SECONDS + 120)
def test_an_address_in_use_is_never_freed(
    node: Node, plugins_dir: str, go_plugins: str, record_property: Callable[[str, object], None]
):
    """However ADD and DEL of both implementations and reclaim come together; and all that leaks is freed."""
    os.makedirs(node.path("/etc/cni/net.d"))
    os.makedirs(node.path("/run/journals"))
    configure(node, ranges=[[{"subnet": "10.1.0.0/28"}]])
    told = {"seconds": SECONDS, "directories": [plugins_dir, go_plugins] * 3}
    argv = [sys.executable, "-m", "tests.kernel.reclaim_race"]
    done = node.run(
        argv, stdin=json.dumps(told), env=dict(os.environ), cwd=str(ROOT), timeout=SECONDS + 100
    ).checked()
    found = json.loads(done.stdout)
    record_property("race", json.dumps(found["count"]))
    print(found["count"])
    assert found["wrong"] == []
    assert found["left"] == []
    assert found["count"]["stays"] > 5
    assert found["count"]["freed"] > 2
