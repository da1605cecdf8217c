"""What every lane's tests may ask for: throwaway nodes, our plugins as programs, and the Go plugins.

What this machine lacks skips a test with the reason, and fails it where CI is set: there a
missing program is a mistake in the set-up, and a lane of skips must not look like success.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from cnictl.sandbox.node import ROOT, Node, SandboxError

GO_PLUGINS = "/usr/lib/cni"


def unavailable(reason: str) -> NoReturn:
    """Skip the test for want of something, or fail it in CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


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
def plugins_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory that holds our plugins under the names a conflist uses."""
    multicall = importlib.import_module("cnictl_plugins.multicall")
    directory = tmp_path_factory.mktemp("bin")
    package = importlib.util.find_spec("cnictl_plugins")
    assert package is not None
    assert package.submodule_search_locations is not None
    (directory / "cnictl_plugins").symlink_to(package.submodule_search_locations[0])
    launcher = directory / "cnictl-plugin"
    launcher.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.path[:0] = [{str(directory)!r}, {ROOT!r}]\n"
        "from cnictl_plugins.multicall import main\nsys.exit(main())\n"
    )
    launcher.chmod(0o755)
    for name in multicall.PROGRAMS:
        (directory / name).symlink_to(launcher.name)
    return str(directory)


@pytest.fixture(scope="session")
def go_plugins() -> str:
    """The directory of the distribution's Go plugins."""
    if not os.access(f"{GO_PLUGINS}/bridge", os.X_OK):
        unavailable(f"no Go plugins in {GO_PLUGINS}: install the package containernetworking-plugins")
    return GO_PLUGINS
