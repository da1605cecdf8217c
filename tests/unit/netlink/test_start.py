"""The kernel layer starts light: a plugin imports it on every call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cnictl.sandbox.node import ROOT

HEAVY = set(
    "typing dataclasses subprocess pathlib logging argparse contextlib inspect socket ipaddress shlex "
    "collections.abc asyncio ctypes enum json re random tempfile shutil importlib.metadata pyroute2 iptc "
    "typer rich yaml".split()
)


@pytest.mark.parametrize(
    "module", ["cnictl.netlink.rtnl", "cnictl.netns", "cnictl.sysctl", "cnictl.forwarding"]
)
def test_the_thin_modules_import_nothing_heavy(module: str) -> None:
    """In an isolated interpreter without site, none of the forbidden modules is loaded."""
    code = f"import sys; sys.path.insert(0, {ROOT!r}); import {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())
