"""What a user installs: two packages under their own names, complete, and nothing else."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl import __version__

ROOT = Path(__file__).parents[2]
TREES = {"cnictl": ROOT / "cnictl", "cnictl_plugins": ROOT / "plugins"}
COMPLETIONS = {
    "share/bash-completion/completions/cnictl.bash",
    "share/fish/vendor_completions.d/cnictl.fish",
    "share/zsh/site-functions/_cnictl",
}
"""Where each shell looks below /usr and /usr/local; bash and zsh are strict about names as well."""
LAUNCHER = "cnictl/worker/launcher"
"""What the build makes of launcher.c."""
BUILD = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"


def shipped() -> Iterator[str]:
    """Give the files of both packages, by the name they are installed under."""
    for name, top in TREES.items():
        for path in top.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{name}/{path.relative_to(top)}"


def build(tree: Path, out: Path, path: str = os.environ["PATH"]) -> tuple[zipfile.ZipFile, str]:
    """Build a wheel from a copy, as setuptools leaves files in the tree it builds; with what that said."""
    for name in ("cnictl", "plugins", "completions"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, tree)
    done = subprocess.run(
        [sys.executable, "-I", "-c", BUILD, str(out)],
        cwd=tree, check=False, capture_output=True, text=True, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (file,) = out.glob("*.whl")
    return zipfile.ZipFile(file), done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel"))[0]


def test_every_directory_of_modules_is_a_listed_package():
    """pyproject.toml lists exactly the packages there are, and each has an `__init__.py`."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    directories = {os.path.dirname(name) for name in shipped() if name.endswith(".py")}
    assert listed == sorted(name.replace("/", ".") for name in directories)
    assert not directories - {os.path.dirname(name) for name in shipped() if name.endswith("__init__.py")}


def test_package_markers_run_nothing():
    """An `__init__.py` holds a docstring at most: an import there is paid by every plugin at every start."""
    running = {
        name
        for name in shipped()
        if name.endswith("/__init__.py") and len(ast.parse(_source(name).read_text()).body) > 1
    }
    assert running == {"cnictl/__init__.py"}  # its version


def test_a_wheel_holds_the_two_packages_and_nothing_else(wheel: zipfile.ZipFile):
    """No top-level `plugins`, no tests, no test data reach site-packages; every file of ours does.

    Completions go to where shells find them.
    """
    info, data = f"cnictl-{__version__}.dist-info", f"cnictl-{__version__}.data/data/"
    assert {name.partition("/")[0] for name in wheel.namelist()} == {*TREES, info, data.partition("/")[0]}
    elsewhere = {name.removeprefix(data) for name in wheel.namelist() if name.startswith(data)}
    assert elsewhere == COMPLETIONS
    ours = {name for name in wheel.namelist() if not name.startswith((info, data))}
    assert ours == {*shipped(), LAUNCHER}
    assert wheel.read(f"{info}/entry_points.txt").decode().split() == [
        "[console_scripts]", "cnictl", "=", "cnictl.cli.main:main",
    ]  # fmt: skip


def test_a_node_without_a_compiler_gets_the_launcher_of_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path):
    """The wheel names the machine that the launcher is for, and takes any Python."""
    assert wheel.filename is not None
    machine = sysconfig.get_platform().replace("-", "_")
    assert wheel.filename.endswith(f"-py3-none-{machine}.whl")
    wheel.extractall(tmp_path)
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; from cnictl import launcher; "
    code += "sys.stdout.buffer.write(launcher.compiled())"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"PATH": "/nonexistent"},
        check=True,
        capture_output=True,
    )
    assert done.stdout == wheel.read(LAUNCHER)
    assert done.stdout.startswith(b"\x7fELF")


def test_without_a_compiler_a_wheel_is_built_that_says_what_is_missing(tmp_path: Path):
    """It is for any machine, and `cnictl install --worker` makes the launcher there."""
    out = tmp_path / "wheel"
    out.mkdir()
    made, said = build(tmp_path / "tree", out, path="/nonexistent")
    assert made.filename is not None
    assert made.filename.endswith("-py3-none-any.whl")
    assert LAUNCHER not in made.namelist()
    assert "no C compiler" in said


def test_a_wheel_says_that_it_is_typed(wheel: zipfile.ZipFile):
    """A type checker takes the annotations of both packages."""
    assert {"cnictl/py.typed", "cnictl_plugins/py.typed"} <= set(wheel.namelist())


def test_a_wheel_is_enough_for_a_plugin(wheel: zipfile.ZipFile, tmp_path: Path):
    """Unpacked alone, it answers VERSION without site-packages and without the checkout."""
    wheel.extractall(tmp_path)
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; sys.argv[0] = 'loopback';"
        "from cnictl_plugins.multicall import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"CNI_COMMAND": "VERSION"}, input="{}", cwd="/", check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"supportedVersions"' in done.stdout


def test_an_install_makes_no_module_called_plugins():
    """Where cnictl is installed, editable or not, `cnictl_plugins` can be imported and `plugins` cannot."""
    code = "import importlib.util as u; print(*(bool(u.find_spec(n)) for n in ('cnictl_plugins', 'plugins')))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd="/", check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "False"]


def _source(name: str) -> Path:
    top, _, rest = name.partition("/")
    return TREES[top] / rest
