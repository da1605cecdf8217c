"""Imports go down, and nothing heavy is on the way from a plugin's `execve` to the kernel.

The static tests read syntax trees and say which import is wrong; the dynamic one starts an
interpreter as the launcher does and looks at what was really loaded.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cnictl import launcher

ROOT = Path(__file__).parents[2]
TREES = {"cnictl": ROOT / "cnictl", "cnictl_plugins": ROOT / "plugins"}

FLOORS = tuple(
    set(line.split())
    for line in (
        "declare spec",
        (
            "aside bundle child cni_path compiler configuration cri durable explanation firewalld flock"
            " forwarding inotify install invoke journal kubernetes launcher listener"
            " ipam netfilter netlink netns netns_named netns_visible sandbox sysctl tc"
        ),
        "plugin runtime",
        "cnictl_plugins",
        "dhcp leases lint state worker",
        "conformance doctor plan ports scenario topology",
        "bench record",
        "render",
        "cli",
    )
)
"""What there is on each floor, the lowest first.  A module may import what is on floors below its own."""

SIDEWAYS = {
    "bundle": {"durable"},
    "cni_path": {"child"},
    "compiler": {"invoke"},
    "declare": {"spec"},
    "forwarding": {"netns", "sysctl"},
    "install": {"aside", "bundle", "launcher"},
    "journal": {"durable"},
    "launcher": {"bundle", "compiler"},
    "listener": {"durable"},
    "invoke": {"child"},
    "ipam": {"durable", "flock"},
    "kubernetes": {"durable"},
    "netfilter": {"child", "durable", "flock", "invoke", "netlink", "netns"},
    "netlink": {"netns"},
    "netns_named": {"netns"},
    "netns_visible": {"netlink", "netns", "netns_named"},
    "sandbox": {"netns"},
    "tc": {"netlink", "netns"},
    "topology": {"ports"},
}
"""What a module may import on its own floor, besides itself."""

FORBIDDEN = {
    "cnictl_plugins": {"runtime", "sandbox"},
}
"""What a module may not import although it is below."""

ASKS_PLUGINS = {"leases", "lint", "state"}
"""Who imports plugins from above: to ask what keys they have and what they declare, never to run them.

In `state` that is `attachments` alone, when it is called."""

RUNS_PLUGINS = {"worker"}
"""Who runs them from above, in the place of the programs that they are."""

HEAVY = {
    "argparse", "asyncio", "collections.abc", "contextlib", "dataclasses", "importlib.metadata", "inspect",
    "ipaddress", "logging", "pathlib", "random", "shlex", "shutil", "socket", "subprocess", "tempfile",
    "typing",
}  # fmt: skip
"""What costs a plugin more at start than its work does (docs/dependencies.md has the milliseconds)."""

LATE = {"collections", "ctypes", "enum", "functools", "json", "re", "signal"}
"""What a plugin may need for a seldom case or an error, but not when it starts: `json` alone takes 6 ms."""


LIBRARIES = {"cnictl.firewalld": {"jeepney"}, "cnictl.kubernetes.kubeconfig": {"yaml"}}
"""Which module of a plugin may import what is not the interpreter's, inside of the function that needs it."""


@cache
def modules() -> dict[str, Path]:
    """Give every module of both packages and its file."""
    found = {}
    for package, top in TREES.items():
        for path in top.rglob("*.py"):
            parts = [package, *path.relative_to(top).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports(name: str) -> frozenset[str]:
    """Give what a module imports at run time, wherever in its text."""
    return frozenset(_imported(ast.parse(modules()[name].read_bytes()), name))


def _imported(tree: ast.AST, name: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _imported(other, name)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, name)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in modules() else base
        yield from _imported(node, name)


def _base(node: ast.ImportFrom, name: str) -> str:
    if not node.level:
        return node.module or ""
    package = name if modules()[name].name == "__init__.py" else name.rpartition(".")[0]
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def unit(name: str) -> str:
    """Give the part of the program a module belongs to, or nothing for other people's modules."""
    top, _, rest = name.partition(".")
    if top == "cnictl":
        return rest.partition(".")[0]
    return top if top in TREES else ""


def floor(part: str) -> int:
    (level,) = (number for number, parts in enumerate(FLOORS) if part in parts)
    return level


def plugin_path() -> dict[str, str]:
    """Give what a plugin can come to import, and for each module one that imports it."""
    reached = {name: "" for name in modules() if unit(name) in {"cnictl_plugins", "plugin"}}
    waiting = list(reached)
    while waiting:
        importer = waiting.pop()
        for name in imports(importer):
            if name not in reached:
                reached[name] = importer
                if name in modules():
                    waiting.append(name)
    return reached


def test_every_module_has_a_floor():
    """A new package gets its place in the table above before it gets its first import."""
    placed = set().union(*FLOORS)
    assert {unit(name) for name in modules()} - {"", "__main__"} <= placed


@pytest.mark.parametrize("name", sorted(name for name in modules() if unit(name) in set().union(*FLOORS)))
def test_imports_go_down(name: str):
    """Whatever a module imports of ours is on a lower floor, or beside it and listed."""
    part = unit(name)
    allowed = set().union(*FLOORS[: floor(part)]) | {part} | SIDEWAYS.get(part, set())
    allowed -= FORBIDDEN.get(part, set())
    wrong = {other for other in imports(name) if unit(other) and unit(other) not in allowed}
    assert not wrong, f"{name} imports {', '.join(sorted(wrong))}"


def test_plugins_are_run_as_programs():
    """Nobody between the plugins and the command line calls one, but the worker, which is shipped for it."""
    above = set().union(*FLOORS[floor("cnictl_plugins") + 1 : floor("cli")])
    users = {
        name
        for name in modules()
        if unit(name) in above and any(unit(other) == "cnictl_plugins" for other in imports(name))
    }
    assert {unit(name) for name in users} <= ASKS_PLUGINS | RUNS_PLUGINS
    assert {name for name in users if unit(name) == "state"} == {"cnictl.state.attachments"}


def test_plugins_are_thin():
    """Nothing a plugin can come to import, not even late, is heavy or somebody else's."""
    heavy = {
        f"{name} imported by {importer}"
        for importer in plugin_path().keys() & modules().keys()
        for name in imports(importer)
        if _is_heavy(name) and name.partition(".")[0] not in LIBRARIES.get(importer, ())
    }
    assert not heavy


def test_the_launcher_knows_where_the_libraries_are():
    """A plugin runs without `site`, so that it must be told."""
    assert set().union(*LIBRARIES.values()) == set(launcher.LIBRARIES)


def _is_heavy(name: str) -> bool:
    return name in HEAVY or (name not in modules() and name.partition(".")[0] not in sys.stdlib_module_names)


def programs() -> dict[str, str]:
    """Give the plugins there are: the name a conflist uses, and the module."""
    return dict(importlib.import_module("cnictl_plugins.multicall").PROGRAMS)


@pytest.mark.parametrize("module", sorted(programs().values()))
def test_plugins_start_light(module: str, import_root: str):
    """An interpreter started as the launcher does it has loaded nothing heavy when the plugin is there."""
    code = (
        f"import sys; sys.path[:0] = [{import_root!r}]; import cnictl_plugins.{module}; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env={}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert f"cnictl_plugins.{module}" in loaded
    assert loaded & (HEAVY | LATE) == set()
    assert loaded & {"iptc", "pyroute2", "rich", "typer", *launcher.LIBRARIES} == set()


def test_check_loads_no_netlink_client_unless_it_is_about_links(import_root: str):
    """Which takes as long as a program that lists rules."""
    code = f"import sys; sys.path[:0] = [{import_root!r}]; import cnictl.plugin.observe; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env={}, check=True, capture_output=True, text=True
    )
    assert {name for name in done.stdout.split() if name.startswith("cnictl.netlink")} == set()


def test_every_plugin_is_a_program():
    """Modules that declare a plugin are in the table of programs, by a name that differs in - and _ only."""
    declared = {
        name.removeprefix("cnictl_plugins.")
        for name, path in modules().items()
        if unit(name) == "cnictl_plugins"
        and any(line.startswith("PLUGIN = ") for line in path.read_text().split("\n"))
    }
    assert {module: program for program, module in programs().items()} == {
        module: module.rpartition(".")[2].replace("_", "-") for module in declared
    }
