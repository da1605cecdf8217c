"""A plugin that is started for one call takes its modules out of one file, if that is of what is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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

    def run(self, plugin: str, code: str, environment: dict[str, str]) -> str:
        """What a program prints that begins as the plugin does."""
        launcher = (self.programs / plugin).read_text()
        program = self.directory / "other" / plugin
        program.parent.mkdir(exist_ok=True)
        program.write_text(launcher.partition("from cnictl_plugins.multicall")[0] + code)
        program.chmod(0o755)
        done = subprocess.run([str(program)], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(
        self, plugin: str, command: str, config: object = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / plugin)],
            env={
                **(environment or {}),
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


def test_what_is_being_replaced_is_as_it_was(home: Home):
    """An upgrade may have taken a module away at this moment: then the bundled one is run."""
    config = host_local(home.directory / "reservations")
    added = home.call("host-local", "ADD", config)
    (home.directory / "cnictl" / "plugin" / "observe.py").unlink()
    done = home.call("host-local", "CHECK", {**config, "prevResult": json.loads(added.stdout)})
    assert (done.returncode, done.stdout) == (0, "")


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


def test_a_traceback_has_the_lines_of_the_modules(home: Home):
    """A bundle does not know them: with CNICTL_DEBUG the modules themselves are run."""
    path = home.plugins / "main" / "loopback.py"
    text = path.read_text().replace(
        ") -> AnyResult:\n", ") -> AnyResult:\n    raise ZeroDivisionError('on purpose')\n", 1
    )
    path.write_text(text)
    home.install()
    config = {"cniVersion": "1.0.0", "name": "lo", "type": "loopback"}

    done = home.call("loopback", "ADD", config, {"CNI_NETNS_OVERRIDE": "1"})
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["details"] == "set CNICTL_DEBUG=1 for the traceback"
    assert home.compiled() == []

    done = home.call("loopback", "ADD", config, {"CNI_NETNS_OVERRIDE": "1", "CNICTL_DEBUG": "1"})
    number = text.partition("raise Zero")[0].count("\n") + 1
    assert f'"{path}", line {number}, in add' in done.stderr


def test_a_library_is_found_where_it_was(shared_home: Home):
    """Without listing the directory that all of them are in."""
    code = "import _json\nprint([one for one in sys.path_importer_cache if one.endswith('lib-dynload')])"
    library = find_spec("_json")
    assert library is not None
    if library.origin == "built-in":
        pytest.skip("this interpreter has _json in itself")
    assert shared_home.run("loopback", code, {}) == "[]\n"


def test_a_library_that_is_elsewhere_now_is_looked_for(shared_home: Home):
    """After an upgrade of the interpreter, for example."""
    code = (
        "finder = sys.meta_path[0]\n"
        "finder._sources['_json'] = ('/nowhere/_json.so', 0, 0)\n"
        "import _json\nprint(_json.__name__, _json.__spec__.origin != '/nowhere/_json.so')"
    )
    assert shared_home.run("loopback", code, {}) == "_json True\n"


DESCRIBE = """
def described(module, names):
    found = {name: getattr(module, name) for name in names}
    return {name: one if isinstance(one, (int, str)) else str(type(one)) for name, one in found.items()}
"""
AWAKE = ["makedirs", "fdopen", "SEEK_CUR", "fsdecode", "PathLike", "__all__", "__file__"]
"""Names of `os` that posix does not have."""


def test_os_is_not_run_for_what_posix_has(shared_home: Home):
    """A call of a plugin needs no class of collections.abc, for which `os` takes most of its time."""
    asked = "import os, sys; os.environ, os._exit, os.read, os.pathsep, os.path"
    told = shared_home.run("loopback", f"{asked}; print('_collections_abc' in sys.modules)", {})
    assert told == "False\n"


@pytest.mark.parametrize("first", ["read", "environ", "path", *AWAKE])
def test_os_has_all_of_its_names(shared_home: Home, first: str):
    """Whichever is asked for first; and they are what they are elsewhere."""
    namespace: dict[str, Any] = {}
    exec(DESCRIBE, namespace)
    names = [first, *AWAKE, *os.__all__]
    code = f"{DESCRIBE}\nimport json, os\nprint(json.dumps(described(os, {names})))"
    told = json.loads(shared_home.run("loopback", code, {}))
    assert told.pop("environ") in ("<class 'dict'>", "<class 'os._Environ'>")
    wanted = namespace["described"](os, names)
    del wanted["environ"]
    assert told == wanted


def test_a_part_of_os_can_be_imported_by_its_name(shared_home: Home):
    """`os.path` is posixpath, whichever comes first, and `from os import` finds what posix does not have."""
    code = (
        "import os.path as one, posixpath as other\n"
        "from os import makedirs, path\n"
        "print(one is other is path, path.join('a', 'b'))"
    )
    assert shared_home.run("loopback", code, {}) == "True a/b\n"


def test_the_environment_is_the_same_before_os_is_run_and_afterwards(shared_home: Home):
    """Also what is no text."""
    odd = b"\xff=".decode(errors="surrogateescape")
    code = (
        "import os\nbefore = os.environ\nos.makedirs\nprint(before == dict(os.environ), ascii(before['ODD']))"
    )
    assert shared_home.run("loopback", code, {"ODD": odd, "LC_ALL": "C.UTF-8"}) == "True '\\udcff='\n"
