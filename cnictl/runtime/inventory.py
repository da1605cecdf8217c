"""Which plugins there are, which versions of the spec they support, and which release they say they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.cni_path import find
from cnictl.install import LAUNCHER, ONE_SHOT
from cnictl.invoke import run
from cnictl.runtime.failure import PluginFailed
from cnictl.runtime.target import EXTENSIONS
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import OLDEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.runtime.plugin import Plugins
    from cnictl.spec.conflist import NetworkList

ABOUT_TIMEOUT = 5.0
"""Seconds for a plugin to say what it is; one without such a text may wait for its stdin instead."""


@dataclass(frozen=True, slots=True)
class PluginVersions:
    """A plugin's answer to VERSION.

    `role` is what the network uses it for, "" outside of one.  `about` is what it says when it is
    called with no command.  `refuses` is the network's version when it does not support that one.
    """

    plugin: str
    path: str
    supported: tuple[str, ...] = ()
    about: str = ""
    role: str = ""
    refuses: str = ""
    problem: CnictlError | None = None


def programs(directories: Iterable[str]) -> list[str]:
    """The names of the executables in the directories, sorted; what hides behind another counts once.

    Raises CnictlError for a directory that cannot be read; a missing one is empty.
    """
    found = set()
    for directory in directories:
        try:
            with os.scandir(directory) as entries:
                found |= {
                    entry.name
                    for entry in entries
                    if os.path.isfile(entry.path) and os.access(entry.path, os.X_OK)
                }
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CnictlError(f"cannot read {directory}: {errno_text(error.errno or 0)}") from error
    return sorted(found - {LAUNCHER, ONE_SHOT})


def is_plugin(word: str, there: Iterable[str]) -> bool:
    """Whether a word means a plugin and no network: a program's name, or the path of one."""
    return word in there or ("/" in word and not word.endswith(EXTENSIONS))


def versions_of(plugins: Plugins, name: str, *, role: str = "", required: str = "") -> PluginVersions:
    """Ask one plugin, given by its name or the path of its program."""
    path = ""
    try:
        if "/" in name:
            directory, _, name = os.path.abspath(name).rpartition("/")
            path = find(name, [directory])
        else:
            path = plugins.find(name)
        supported, _ = plugins.version(name, path)
    except CnictlError as problem:
        reason = problem.error if isinstance(problem, PluginFailed) else problem
        return PluginVersions(name, path, role=role, problem=reason)
    refuses = required if required and required not in supported else ""
    return PluginVersions(name, path, tuple(supported), _about(path), role, refuses)


def versions_for(plugins: Plugins, network: NetworkList) -> list[PluginVersions]:
    """Ask the plugins of a network, each followed by its IPAM plugin."""
    required = network.cni_version or OLDEST
    found = []
    for plugin in network.plugins:
        found.append(versions_of(plugins, plugin.type, role="plugin", required=required))
        if plugin.ipam_type:
            role = f"ipam of {plugin.type}"
            found.append(versions_of(plugins, plugin.ipam_type, role=role, required=required))
    return found


def _about(path: str) -> str:
    """The first line that a plugin prints when it is called by hand, such as "CNI bridge plugin v1.1.0"."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CNI_")}
    try:
        said = run(path, environment=environment, timeout=ABOUT_TIMEOUT)
    except CnictlError:
        return ""
    line = said.stderr.decode(errors="replace").partition("\n")[0].strip()
    return line if said.status == 0 and " " in line else ""
