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
    from types import CodeType

    from cnictl.bundle.load import Placed

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
    body = b""
    placed: list[Placed] = []
    for name in (*at_once, *sorted(reached - at_once.keys())):
        code: CodeType | tuple[int, int] = modules.code(name)
        if not at_once.get(name):
            text = marshal.dumps(code)
            code = (len(body), len(text))
            body += text
        placed.append((name, modules.is_package(name), modules.source(name), code))
    compiled = modules.libraries(reached | at_once.keys())
    head = marshal.dumps((modules.code(_LOADER), modules.source(_LOADER), placed, compiled))
    return len(head).to_bytes(4, "little") + head + body


def _addresses(plugins: str) -> list[str]:
    names = sorted(os.listdir(os.path.join(plugins, "ipam")))
    return [f"{_PLUGINS}.ipam.{name.removesuffix('.py')}" for name in names if name.endswith(".py")]


def _is_current(path: str) -> bool:
    """Whether there is a bundle, and of what is there now."""
    placed: list[Placed]
    try:
        _, loader, placed, _ = marshal.loads((durable.read(path) or b"")[4:])  # noqa: S302
        return is_current(loader) and all(is_current(source) for _, _, source, _ in placed)
    except (OSError, EOFError, ValueError, TypeError):
        return False
