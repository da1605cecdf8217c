"""The contract costs a plugin next to nothing at its start."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import cnictl.spec

MODULES = sorted(f"cnictl.spec.{one.name}" for one in pkgutil.iter_modules(cnictl.spec.__path__))
FORBIDDEN = {
    "argparse", "asyncio", "contextlib", "dataclasses", "hashlib", "importlib.metadata", "inspect",
    "ipaddress", "iptc", "logging", "pathlib", "pyroute2", "random", "rich", "shlex", "shutil",
    "socket", "subprocess", "tempfile", "typer", "typing", "yaml",
}  # fmt: skip


def test_nothing_heavy_is_loaded(import_root: str):
    """All modules together, in an interpreter started as plugins start theirs."""
    code = f"import sys; sys.path[:0] = [{import_root!r}]; import {', '.join(MODULES)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env={}, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert set(MODULES) <= loaded
    assert loaded.isdisjoint(FORBIDDEN)
