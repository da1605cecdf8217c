"""Without root: what can be done is done, and what cannot says who could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl.sandbox.node import ROOT
from tests.conftest import package_directory, unavailable
from tests.protocol.cli.conftest import Bench, Done

DROP = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
MOUNTED = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh"]
"""Runs a program where a directory is seen in another place as well: both, then the program."""
CODE = """
import sys
sys.path[:0] = sys.argv.pop(1).split(":")
from cnictl.cli.main import main
sys.exit(main())
"""


class Nobody:
    """cnictl, run by a user without any right."""

    def __init__(self, bench: Bench, words: list[str], paths: list[str]) -> None:
        self.bench = bench
        self.words = [*words, "-c", CODE, ":".join(paths)]

    def __call__(self, *words: str, status: int) -> Done:
        ran = subprocess.run(
            [*self.words, *words], env=self.bench.environment, cwd="/",
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        done = Done(ran.returncode, ran.stdout, ran.stderr)
        assert "Traceback" not in done.stderr
        assert done.status == status, done
        return done


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    """A bench, the checkout, and a Python, all where everybody may read them.

    The checkout may be in root's own directory, and pytest's directories are for their owner alone.
    """
    with tempfile.TemporaryDirectory(prefix="cnictl-") as name:
        top = Path(name)
        top.chmod(0o755)
        checkout = top / "checkout"
        for made in ("bench", "checkout"):
            (top / made).mkdir()
        for package in ("cnictl", "cnictl_plugins"):
            (top / package).symlink_to(reachable(package_directory(package), checkout))
        bench = Bench(top / "bench")
        bench.plugin()
        bench.network("mynet")
        paths = [name, *(reachable(path, checkout) for path in sys.path if path.endswith("site-packages"))]
        drop = [] if os.geteuid() else [*MOUNTED, ROOT, str(checkout), *DROP]
        for python in (reachable(sys.executable, checkout), "/usr/bin/python3"):
            words = [*drop, python]
            probe = [*words, "-c", CODE, ":".join(paths), "--version"]
            if not subprocess.run(probe, check=False, capture_output=True).returncode:
                yield Nobody(bench, words, paths)
                return
        unavailable("no Python that an unprivileged user may run")


def reachable(path: str, checkout: Path) -> str:
    """Return where a path of the checkout is when that is mounted elsewhere, which only root can do."""
    below = os.path.relpath(path, ROOT)
    return path if os.geteuid() or below.startswith("..") else f"{checkout}/{below}"


def test_a_netns_cannot_be_made(nobody):
    """The path, the kernel's reason, and what to do."""
    done = nobody("add", "mynet", status=3)
    assert 'cannot create namespace file "/run/netns/cnictl-' in done.stderr
    assert "hint: are you root?" in done.stderr


def test_the_cache_cannot_be_written(nobody):
    """Then no plugin is run: its attachment would be forgotten."""
    done = nobody("add", "mynet", "/ns/x", "--cache-dir", "/proc/none", status=3)
    assert "cannot make /proc/none" in done.stderr
    assert nobody.bench.calls() == []


def test_what_needs_no_root(nobody):
    """Looking, and asking plugins."""
    assert nobody("conf", "ls", status=0).stdout.endswith("as eth0\n")
    assert "0.4.0 to 1.1.0" in nobody("version", "shelly", status=0).stdout
    nobody("exec", "shelly", "VERSION", status=0)


def test_a_cache_that_is_not_ours(nobody):
    """root's cache is for root alone, and that is not the same as an empty one."""
    results = nobody.bench.cache / "results"
    results.mkdir(parents=True)
    nobody.bench.cache.chmod(0o700)
    done = nobody("attachments", "ls", "--cache-dir", str(nobody.bench.cache), status=3)
    assert "permission denied" in done.stderr.lower()
    assert "hint: are you root?" in done.stderr


def test_namespaces_whose_attachments_are_not_known(nobody):
    """They have names all the same; that nothing is attached to them is not said."""
    (nobody.bench.cache / "results").mkdir(parents=True)
    nobody.bench.cache.chmod(0o700)
    words = ("netns", "ls", "--cache-dir", str(nobody.bench.cache))
    done = nobody(*words, status=0)
    assert (
        f"not seen: attachments: cannot read {nobody.bench.cache}/results: permission denied" in done.stderr
    )
    shown = json.loads(nobody(*words, "-o", "json", status=0).stdout)
    assert all(one["attachments"] is None for one in shown)


def test_ports_that_cannot_be_seen(nobody):
    """What is not known is said, and nothing is called missing for it."""
    done = nobody("ports", status=0)
    assert "not checked: rules of " in done.stderr
    assert "0 host ports" in done.stderr


def test_a_map_of_what_can_be_seen(nobody):
    """The node's own links; and that there is more."""
    done = nobody("map", status=0)
    assert done.stdout
    assert "not seen: " in done.stderr


def test_a_plugin_that_may_not(nobody):
    """The kernel's words reach the user by way of the plugin."""
    nobody.bench.plugin(STATUS="""echo '{"code": 50, "msg": "netlink: operation not permitted"}'; exit 1""")
    (nobody.bench.bin / "shelly.calls").touch(0o666)
    (nobody.bench.bin / "shelly.calls").chmod(0o666)
    assert "hint: are you root?" in nobody("status", "mynet", status=1).stderr


def test_what_is_attached_cannot_be_known(nobody):
    """That the cache is for root alone is no wrong usage, whichever command needs it."""
    (nobody.bench.cache / "results").mkdir(parents=True)
    nobody.bench.cache.chmod(0o700)
    cache = ("--cache-dir", str(nobody.bench.cache))
    for words in (
        ["check", "mynet", "/ns/x"],
        ["del", "mynet", "/ns/x"],
        ["gc", "mynet", "--everything", "--yes"],
        ["plan", "mynet", "--verb", "del"],
        ["exec", "shelly", "CHECK", "/ns/x", "--net", "mynet"],
    ):
        done = nobody(*words, *cache, status=3)
        assert "permission denied" in done.stderr.lower()
        assert "hint: are you root?" in done.stderr
    assert nobody.bench.calls() == []


def test_a_file_of_host_local_that_cannot_be_read(nobody):
    """It is not called one that holds no address, nor one that host-local does not make."""
    kept = nobody.bench.top / "data/local"
    kept.mkdir(parents=True)
    (kept / "last_reserved_ip.0").write_text("10.1.2.3")
    (kept / "last_reserved_ip.0").chmod(0)
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24", "dataDir": str(kept.parent)}
    nobody.bench.network("local", {"type": "bridge", "ipam": ipam})
    done = nobody("ipam", "check", "local", status=1)
    assert f"{kept}/last_reserved_ip.0: it cannot be read: permission denied [unreadable]" in done.stdout
    assert "holds no address" not in done.stdout


def test_root_without_its_capabilities(host):
    """Nobody is told to be root who is; a container has taken something away."""
    if os.geteuid():
        unavailable("only root can be root without capabilities")
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
    done = host.node.run([*drop, *host.argv(["map"])], env=host.environment)
    assert "not seen: namespaces: the namespaces of processes that may do more than this one" in done.stderr
    assert "run it as root" not in done.stderr
