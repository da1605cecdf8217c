"""A plugin that is started for one call takes its modules out of one file, if that is of what is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnictl_plugins.multicall import PROGRAMS

ROOT = Path(__file__).parents[2]
INSTALL = (
    "import sys; from cnictl.install import install; from cnictl_plugins.multicall import PROGRAMS;"
    " install(sys.argv[1], PROGRAMS, sys.argv[2])"
)


class Home:
    """A copy of the program, installed: its modules, and what they were compiled to when they were found."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.plugins = directory / "cnictl_plugins"
        self.programs = directory / "bin"
        for name, tree in (("cnictl", "cnictl"), ("cnictl_plugins", "plugins")):
            left_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / tree, directory / name, ignore=left_out)
        self.install()

    def install(self) -> None:
        words = [sys.executable, "-c", INSTALL, str(self.programs), str(self.plugins)]
        subprocess.run(words, cwd=self.directory, check=True)
        for path in self.compiled():
            path.unlink()

    def compiled(self) -> list[Path]:
        """The modules that an interpreter has found by itself: it keeps what it compiled."""
        return sorted(self.directory.rglob("*.pyc"))

    def bundle(self, plugin: str) -> Path:
        (path,) = (self.plugins / "__pycache__").glob(f"{plugin}.*.bundle")
        return path

    def call(self, plugin: str, command: str, config: object = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / plugin)],
            env={
                "CNI_COMMAND": command,
                "CNI_CONTAINERID": "c1",
                "CNI_NETNS": "/run/netns/of-nobody",
                "CNI_IFNAME": "eth0",
                "CNI_PATH": str(self.programs),
                "PATH": os.environ["PATH"],
            },
            input=json.dumps(config or {"cniVersion": "1.0.0"}),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An installed program that no test changes."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An installed program of the test's own."""
    return Home(tmp_path)


def host_local(directory: Path) -> dict[str, object]:
    return {
        "cniVersion": "1.0.0",
        "name": "net",
        "type": "host-local",
        "ipam": {"type": "host-local", "subnet": "10.1.0.0/24", "dataDir": str(directory)},
    }


@pytest.mark.parametrize("plugin", PROGRAMS)
def test_a_plugin_starts_without_looking_for_a_module(shared_home: Home, plugin: str):
    """All that it imports is in its bundle."""
    done = shared_home.call(plugin, "VERSION")
    assert json.loads(done.stdout)["cniVersion"] == "1.1.0", done.stderr
    assert shared_home.compiled() == []


def test_what_a_command_imports_is_in_the_bundle_too(shared_home: Home, tmp_path: Path):
    """ADD, CHECK and DEL each import what others do not need."""
    config = host_local(tmp_path / "reservations")
    added = shared_home.call("host-local", "ADD", config)
    assert added.returncode == 0, added.stdout
    assert json.loads(added.stdout)["ips"][0]["address"] == "10.1.0.2/24"
    previous = {**config, "prevResult": json.loads(added.stdout)}
    for command in ("CHECK", "DEL"):
        done = shared_home.call("host-local", command, previous)
        assert (done.returncode, done.stdout) == (0, "")
    assert shared_home.compiled() == []


def test_a_plugin_for_addresses_is_in_the_bundle_of_who_asks_it(shared_home: Home, tmp_path: Path):
    """It is called within the process, by the name that the configuration has."""
    config = host_local(tmp_path / "reservations") | {"type": "ptp"}
    done = shared_home.call("ptp", "DEL", config)
    assert (done.returncode, done.stdout) == (0, "")
    assert shared_home.compiled() == []


def without_its_bundle(home: Home) -> None:
    home.bundle("loopback").unlink()


def with_a_module_that_was_changed(home: Home) -> None:
    with (home.directory / "cnictl" / "plugin" / "skel.py").open("a") as file:
        file.write("# changed\n")


def with_a_module_that_was_replaced_by_one_as_long(home: Home) -> None:
    path = home.directory / "cnictl" / "spec" / "versions.py"
    path.write_bytes(path.read_bytes())


@pytest.mark.parametrize(
    "changed",
    [without_its_bundle, with_a_module_that_was_changed, with_a_module_that_was_replaced_by_one_as_long],
)
def test_a_bundle_is_a_hint(home: Home, changed: Callable[[Home], None]):
    """Modules are found where they are, without a word."""
    changed(home)
    done = home.call("loopback", "VERSION")
    assert json.loads(done.stdout)["cniVersion"] == "1.1.0"
    assert done.stderr == ""
    assert home.compiled() != []


def test_what_was_changed_is_what_runs(home: Home):
    """Also when it is imported late, after the bundle was found to be of what is there."""
    with (home.directory / "cnictl" / "plugin" / "observe.py").open("a") as file:
        file.write("raise SystemExit(7)\n")
    config = host_local(home.directory / "reservations")
    added = home.call("host-local", "ADD", config)
    done = home.call("host-local", "CHECK", {**config, "prevResult": json.loads(added.stdout)})
    assert done.returncode == 7


def test_install_makes_anew_what_is_not_current(home: Home):
    """And leaves what is."""
    before = home.bundle("loopback").stat().st_ino
    home.install()
    assert home.bundle("loopback").stat().st_ino == before

    with_a_module_that_was_changed(home)
    home.install()
    assert home.bundle("loopback").stat().st_ino != before
    home.call("loopback", "VERSION")
    assert home.compiled() == []


def test_everybody_may_read_a_bundle(home: Home):
    """As they may what the interpreter compiled."""
    assert home.bundle("loopback").stat().st_mode & 0o777 == 0o644
