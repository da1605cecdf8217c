"""What every lane's tests may ask for: throwaway nodes, our plugins as programs, and the Go plugins.

What this machine lacks skips a test with the reason, and fails it where CI is set: there a
missing program is a mistake in the set-up, and a lane of skips must not look like success.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from cnictl.compiler import COMPILERS
from cnictl.install import install
from cnictl.launcher import InstallError
from cnictl.record import program
from cnictl.sandbox.node import Node, SandboxError

PACKAGED = "1.1.1"
"""The release of the Go plugins in the distribution's package; they do not tell it."""
NEWEST = "1.9.1"
"""The release that `tests/setup.sh` fetches beside it."""
GO_RELEASE = os.environ.get("CNICTL_GO_RELEASE", PACKAGED)
"""The release that is run beside ours, one of the two; in the virtual machine both are."""
GO_DIRECTORIES = {
    PACKAGED: "/usr/lib/cni",
    NEWEST: str(Path(__file__).parents[1] / "build" / "go-plugins" / NEWEST),
}
GO_PLUGINS = GO_DIRECTORIES[GO_RELEASE]

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("cnictl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnictl")


SPARED = tuple(os.environ.get("CNICTL_SPARED", "").split())
"""Packages that are not there on purpose: in CI, too, the tests that want one of them are skipped."""


def unavailable(reason: str) -> NoReturn:
    """Skip the test for want of something, or fail it in CI."""
    wanted = not reason.endswith(tuple(f"package {name}" for name in SPARED))
    (pytest.fail if os.environ.get("CI") and wanted else pytest.skip)(reason)


def package_directory(name: str) -> str:
    """Give the directory that a package of ours is imported from, in a checkout or an install."""
    package = importlib.util.find_spec(name)
    assert package is not None
    assert package.submodule_search_locations is not None
    return package.submodule_search_locations[0]


def pytest_configure() -> None:
    """Let an interrupt be one: a shell that starts the tests in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def make_node() -> Iterator[Callable[[], Node]]:
    """As many throwaway nodes as the test asks for; they end with it."""
    with contextlib.ExitStack() as nodes:

        def make() -> Node:
            try:
                return nodes.enter_context(Node())
            except SandboxError as error:
                unavailable(str(error))

        yield make


@pytest.fixture
def node(make_node: Callable[[], Node]) -> Node:
    """One throwaway node."""
    return make_node()


@pytest.fixture(scope="session")
def import_root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory from which an interpreter without `site` imports both packages."""
    directory = tmp_path_factory.mktemp("root")
    for name in ("cnictl", "cnictl_plugins"):
        (directory / name).symlink_to(package_directory(name))
    return str(directory)


@pytest.fixture(scope="session")
def plugins_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory that holds our plugins under the names a conflist uses, as `cnictl install` makes it."""
    directory = str(tmp_path_factory.mktemp("bin"))
    programs = importlib.import_module("cnictl_plugins.multicall").PROGRAMS
    install(directory, programs, package_directory("cnictl_plugins"))
    return directory


@pytest.fixture(scope="session")
def launchers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory of our plugins as `cnictl install --worker` makes it."""
    directory = str(tmp_path_factory.mktemp("launchers"))
    programs = importlib.import_module("cnictl_plugins.multicall").PROGRAMS
    try:
        install(directory, programs, package_directory("cnictl_plugins"), worker=True)
    except InstallError as error:
        unavailable(f"{error}; {error.hint}")
    return directory


def go_directory(release: str) -> str:
    """Give the directory of a release of the Go plugins."""
    directory = GO_DIRECTORIES[release]
    if not os.access(f"{directory}/bridge", os.X_OK):
        reason = f"no Go plugins {release} in {directory}: make setup"
        if release == NEWEST:
            pytest.skip(reason)  # in CI too: no set-up can fetch a release that its site has replaced
        unavailable(reason)
    return directory


@pytest.fixture(scope="session")
def go_plugins() -> str:
    """The directory of the Go plugins."""
    return go_directory(GO_RELEASE)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program that stands in for plugins that are recorded."""
    if not any(map(shutil.which, COMPILERS)):
        unavailable("no C compiler: install the packages gcc and libc6-dev")
    path = tmp_path_factory.mktemp("stand-in") / "stand-in"
    path.write_bytes(program.build())
    return str(path)
