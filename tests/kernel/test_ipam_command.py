"""`cnictl ipam` on a node where plugins of both kinds have reserved addresses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cri_server import NOT_READY, READY, serving
from tests.kernel.plugins.attachment import Attachment

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
KEPT = "/var/lib/cni/networks/net"
IPAM = {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/28"}], [{"subnet": "fd00:1::/64"}]]}
BRIDGE = {"type": "bridge", "bridge": "br0", "ipam": IPAM}
LONG_AGO = 100_000
"""Seconds."""

Run = Callable[..., "Completed"]


@pytest.fixture
def ipam(node: Node) -> Run:
    """Run `cnictl ipam WORDS` on the node, which is all that there is in its PID namespace."""
    os.makedirs(node.path("/etc/cni/net.d"))
    configure(node)

    def run(command: str, *words: str, stdin: str | None = None, whole: bool = True) -> Completed:
        more = ["--whole-node"] if whole and command != "ls" else []
        argv = [CNICTL, "ipam", command, *words, *more]
        return node.run(argv, stdin=stdin, env={"LANG": "C.UTF-8"}, timeout=60)

    return run


@pytest.fixture(params=["ours", "go"])
def directory(request: pytest.FixtureRequest, plugins_dir: str, go_plugins: str) -> str:
    """Where the plugins are."""
    return plugins_dir if request.param == "ours" else go_plugins


def configure(node: Node, **keys: Any) -> None:
    members = {"cniVersion": "1.0.0", "name": "net", "plugins": [{**BRIDGE, "ipam": {**IPAM, **keys}}]}
    Path(node.path("/etc/cni/net.d/net.conflist")).write_text(json.dumps(members))


def attach(node: Node, directory: str, *containers: str) -> list[Attachment]:
    """Attach containers, and have their reservations look as if that was long ago."""
    made = [Attachment(node, directory, [BRIDGE], container=one) for one in containers]
    for one in made:
        one.add()
    for path in Path(node.path(KEPT)).iterdir():
        age(path)
    return made


def put(node: Node, address: str, content: bytes, seconds: float = LONG_AGO) -> Path:
    path = Path(node.path(f"{KEPT}/{address}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    age(path, seconds)
    return path


def age(path: Path, seconds: float = LONG_AGO) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def remove_netns(node: Node, name: str) -> None:
    node.run(["umount", f"/run/netns/{name}"]).checked()
    os.unlink(node.path(f"/run/netns/{name}"))


def verdicts(done: Completed) -> dict[str, str]:
    assert done.status == 0, done
    shown = json.loads(done.stdout)
    return {one["address"]: one["verdict"] for each in shown["networks"] for one in each["reservations"]}


def evidence(done: Completed, address: str) -> str:
    shown = json.loads(done.stdout)
    (one,) = [one for each in shown["networks"] for one in each["reservations"] if one["address"] == address]
    return "; ".join(one["evidence"])


def codes(done: Completed) -> set[str]:
    return {one["code"] for one in json.loads(done.stdout)["findings"] if one["severity"] != "info"}


def test_how_full_the_ranges_are(node: Node, ipam: Run, directory: str):
    """As the plugins left it, in every form."""
    attach(node, directory, "c1", "c2")
    put(node, "10.9.0.1", b"c9\r\neth0")
    (one,) = json.loads(ipam("ls", "-o", "json").stdout)
    assert one["reservations"] == 5
    assert [
        (each["size"], each["used"], each["free"], each["lastReserved"]) for each in one["rangeSets"]
    ] == [
        (13, 2, 11, "10.1.0.3"),
        (2**64 - 2, 2, 2**64 - 4, "fd00:1::3"),
    ]
    head, first, second = ipam("ls").stdout.splitlines()
    assert head.split() == ["NETWORK", "RANGES", "USED", "FREE", "LAST", "USAGE"]
    assert first.split() == ["net", "10.1.0.1-10.1.0.14", "2", "11", "10.1.0.3", "##........", "15%"]
    assert second.split()[-1] == "0%"


def test_whose_addresses_are(node: Node, ipam: Run, directory: str):
    """Those of a container that was deleted without DEL are orphans, both families of them."""
    attach(node, directory, "c1", "c2")
    remove_netns(node, "c2")
    put(node, "10.1.0.9", b"")
    put(node, "10.7.0.9", b"c1\r\neth0")
    assert verdicts(ipam("show", "-o", "json")) == {
        "10.1.0.2": "live",
        "10.1.0.3": "orphan",
        "10.1.0.9": "empty",
        "10.7.0.9": "foreign",
        "fd00:1::2": "live",
        "fd00:1::3": "orphan",
    }
    assert "on eth0 in /run/netns/c1" in ipam("show").stdout


def test_an_address_in_a_namespace_that_only_a_process_is_in(node: Node, ipam: Run, plugins_dir: str):
    """Or only a file elsewhere, or one in another mount namespace; each is found."""
    attach(node, plugins_dir, "c1", "c2", "c3")
    sleeper = node.start(["sleep", "100"], netns="c1")
    there = node.path("/run/runtime")
    Path(there).touch()
    node.run(["mount", "--bind", "/run/netns/c2", "/run/runtime"]).checked()
    script = "mount --bind /run/netns/c3 /run/runtime3 && umount /run/netns/c3 && exec sleep 100"
    Path(node.path("/run/runtime3")).touch()
    other = node.start(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
    try:
        deadline = time.monotonic() + 20
        while "/run/runtime3" not in _mounts(other) and time.monotonic() < deadline:
            time.sleep(0.02)
        for name in ("c1", "c2", "c3"):
            remove_netns(node, name)
        done = ipam("show", "-o", "json")
        assert set(verdicts(done).values()) == {"live"}
        assert "/ns/net" in evidence(done, "10.1.0.2")
        assert "/root/run/runtime" in evidence(done, "10.1.0.3")
        assert "/root/run/runtime3" in evidence(done, "10.1.0.4")
    finally:
        for process in (sleeper, other):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _mounts(process: subprocess.Popen[bytes]) -> str:
    """The mounts of the command that nsenter has become."""
    with Path(f"/proc/{process.pid}/task/{process.pid}/children").open(encoding="ascii") as file:
        children = file.read().split()
    pid = children[0] if children else str(process.pid)
    try:
        return Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_what_cannot_be_seen_is_not_known(node: Node, ipam: Run):
    """In a PID namespace of its own, and with a kubelet that nobody has asked for sandboxes."""
    put(node, "10.1.0.2", b"c1\r\neth0")
    done = ipam("show", "-o", "json", whole=False)
    assert verdicts(done) == {"10.1.0.2": "unknown"}
    assert "PID namespace" in done.stderr
    assert verdicts(ipam("show", "-o", "json")) == {"10.1.0.2": "orphan"}
    os.makedirs(node.path("/run/crio"))
    Path(node.path("/run/crio/crio.sock")).touch()
    done = ipam("show", "-o", "json")
    assert verdicts(done) == {"10.1.0.2": "unknown"}
    assert "--sandboxes" in done.stderr
    for listed, verdict in (('{"items": []}', "orphan"), ("c1\n", "live"), ("c2\n", "orphan")):
        done = ipam("show", "-o", "json", "--sandboxes", "-", stdin=listed)
        assert verdicts(done) == {"10.1.0.2": verdict}
    assert ipam("show", "--sandboxes", "-", stdin="").status == 2
    os.unlink(node.path("/run/crio/crio.sock"))
    with serving(node.path("/run/crio/crio.sock")) as runtime:
        for id_, state, verdict in (
            ("c1", READY, "live"),
            ("c1", NOT_READY, "unknown"),
            ("c2", READY, "orphan"),
        ):
            runtime.sandboxes = {id_: ("default", "web", state)}
            done = ipam("show", "-o", "json")
            assert verdicts(done) == {"10.1.0.2": verdict}
            assert done.stderr == ""


def test_nothing_to_find(node: Node, ipam: Run, directory: str):
    """Right after ADD, and when all is gone."""
    attachments = attach(node, directory, "c1", "c2")
    done = ipam("check")
    assert (done.status, done.stdout, done.stderr) == (0, "", "nothing is wrong with net\n")
    for one in attachments:
        one.delete()
    assert ipam("check").status == 0


def test_what_is_found(node: Node, ipam: Run, directory: str):
    """Each kind of damage, by its code."""
    attach(node, directory, "c1")
    put(node, "10.1.0.4", b"c4\r\neth0")
    put(node, "10.1.0.5", b"")
    put(node, "10.1.0.6", b"\x1b[2J a note")
    put(node, "10.1.0.1", b"c5\r\neth0")
    put(node, "10.7.0.1", b"c6\r\neth0")
    put(node, "notes", b"")
    os.symlink("/etc/passwd", node.path(f"{KEPT}/10.1.0.7"))
    Path(node.path(f"{KEPT}/last_reserved_ip.0")).write_text("10.1.0.2\n")
    os.makedirs(node.path("/var/lib/cni/networks/old"))
    Path(node.path("/var/lib/cni/networks/old/10.8.0.2")).write_bytes(b"c1\r\neth0")
    done = ipam("check", "-o", "json", "--max-pods", "12")
    assert done.status == 1
    assert codes(done) == {
        "corrupt", "empty", "foreign", "gateway", "max-pods", "no-configuration", "not-a-reservation",
        "orphan",
    }  # fmt: skip
    text = ipam("check", "net", "--max-pods", "12").stdout
    assert "\x1b" not in text
    assert "do not delete the directory" in text


def test_ranges_that_are_full(node: Node, ipam: Run):
    """Of orphans, which are to be reclaimed."""
    for number in range(2, 15):
        put(node, f"10.1.0.{number}", f"c{number}\r\neth0".encode())
    done = ipam("check", "-o", "json")
    assert {"exhausted", "orphan"} <= codes(done)
    assert "all 13 addresses are reserved, 13 of them nobody's" in done.stdout


def test_an_address_whose_file_somebody_deleted(node: Node, ipam: Run, directory: str):
    """Will be given away a second time."""
    attach(node, directory, "c1", "c2")
    os.unlink(node.path(f"{KEPT}/10.1.0.2"))
    done = ipam("check", "-o", "json")
    assert codes(done) == {"unreserved"}
    assert "10.1.0.2 is on eth0 in /run/netns/c1" in done.stdout


def test_an_address_that_two_containers_have(node: Node, ipam: Run, directory: str):
    """What comes of deleting reservations; and a broken file of the cache is told too."""
    attach(node, directory, "c1", "c2")
    node.run(["ip", "addr", "add", "10.1.0.2/28", "dev", "eth0"], netns="c2").checked()
    os.makedirs(node.path("/var/lib/cni/results"))
    Path(node.path("/var/lib/cni/results/net-c9-eth0")).touch()
    done = ipam("check", "-o", "json")
    assert codes(done) == {"two-namespaces", "cache-broken"}
    assert "10.1.0.2 is on eth0 in /run/netns/c1 and on eth0 in /run/netns/c2" in done.stdout


def test_who_holds_the_lock(node: Node, ipam: Run, plugins_dir: str):
    """Is named, with how many wait; that the file is there says nothing, and no reader waits for it."""
    attach(node, plugins_dir, "c1")
    assert "lock-held" not in ipam("check", "-o", "json").stdout
    holder = node.start(["flock", f"{KEPT}/lock", "-c", "echo; exec sleep 100"])
    waiting = None
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        quiet = ipam("check", "-o", "json")
        assert quiet.status == 0
        assert "sleep 100" in quiet.stdout
        waiting = node.start(["flock", f"{KEPT}/lock", "true"])
        deadline = time.monotonic() + 20
        while codes(done := ipam("check", "-o", "json")) != {"lock-held"}:
            assert time.monotonic() < deadline, done
        assert "1 wait for it" in done.stdout
        assert verdicts(ipam("show", "-o", "json"))["10.1.0.2"] == "live"
    finally:
        for process in filter(None, (holder, waiting)):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_a_network_that_is_not_there(ipam: Run):
    """Names those that are."""
    done = ipam("show", "nope")
    assert done.status == 2
    assert "hint: networks that have: net\n" in done.stderr
