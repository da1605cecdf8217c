"""Writes the bundles of plugins."""

from __future__ import annotations

import marshal
import os
import sys

from cnictl import durable
from cnictl.bundle.imports import Modules
from cnictl.bundle.load import is_current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.bundle.load import Source

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LOADER = "cnictl.bundle.load"
_PLUGINS = "cnictl_plugins"
_PROGRAM = f"{_PLUGINS}.multicall"
_DELEGATES = "cnictl.plugin.delegate"
"""Who imports this may call a plugin for addresses, by the name that the configuration has."""


def place(plugins: str) -> tuple[str, str]:
    """What stands before and after a plugin's name in the path of its bundle; `plugins` has its modules."""
    return os.path.join(plugins, "__pycache__", ""), f".{sys.implementation.cache_tag}.bundle"


def write(plugins: str, programs: Iterable[str]) -> None:
    """Write a bundle for each program that has a module in the directory `plugins`.

    One that is there and current stays.  Raises OSError, and SyntaxError for a module that cannot be run.
    """
    modules = Modules({"cnictl": _HOME, _PLUGINS: plugins})
    before, after = place(plugins)
    groups = sorted(entry.name for entry in os.scandir(plugins) if entry.is_dir())
    addresses = _addresses(plugins)
    for program in programs:
        path = f"{before}{program}{after}"
        named = [f"{_PLUGINS}.{group}.{program.replace('-', '_')}" for group in groups]
        own = [name for name in named if modules.path(name)]
        if own and not _is_current(path):
            durable.replace(path, _bundle(modules, own, addresses))
            os.chmod(path, 0o644)


def _bundle(modules: Modules, own: list[str], addresses: list[str]) -> bytes:
    at_once = modules.at_once([_PROGRAM, *own])
    reached = modules.all(at_once)
    if _DELEGATES in reached:
        reached |= modules.all(addresses)
    body, later = b"", {}
    for name in sorted(reached | at_once.keys()):
        if not at_once.get(name):
            code = marshal.dumps(modules.code(name))
            later[name] = (modules.is_package(name), modules.source(name), len(body), len(code))
            body += code
    placed = [
        (name, modules.is_package(name), modules.source(name), modules.code(name) if is_run else None)
        for name, is_run in at_once.items()
    ]
    made_of = [modules.source(name) for name in sorted({_LOADER} | reached | at_once.keys())]
    head = marshal.dumps((modules.code(_LOADER), made_of, placed, later))
    return len(head).to_bytes(4, "little") + head + body


def _addresses(plugins: str) -> list[str]:
    names = sorted(os.listdir(os.path.join(plugins, "ipam")))
    return [f"{_PLUGINS}.ipam.{name.removesuffix('.py')}" for name in names if name.endswith(".py")]


def _is_current(path: str) -> bool:
    """Whether there is a bundle, and of what is there now."""
    try:
        made_of: list[Source] = marshal.loads((durable.read(path) or b"")[4:])[1]  # noqa: S302
    except (OSError, EOFError, ValueError, TypeError):
        return False
    return all(map(is_current, made_of))
