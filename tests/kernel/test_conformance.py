"""The conformance suite tells good plugins from careless ones, and says of the Go plugins what is true."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnictl.conformance.profiles import PROFILES
from cnictl.conformance.suite import POINTS
from cnictl.sandbox.node import Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
ROOT = Path(__file__).parents[2]
OURS = [name for name in importlib.import_module("cnictl_plugins.multicall").PROGRAMS if name in PROFILES]
NEEDS = {"ipvlan": "ipvlan", "vlan": "vlan", "dummy": "dummy", "vrf": "vrf"}
"""Plugins that make links of a kind which small kernels lack: the kernel lane has tests of its own."""

MISTAKES = {
    "unknown-command",
    "missing-parameter",
    "forbidden-name",
    "network-name",
    "rubbish",
    "unknown-version",
    "error-object",
    "every-version",
    "pure-stdout",
    "true-result",
    "add-twice",
    "failed-add",
    "check-notices",
    "del-again",
    "del-without-netns",
    "killed-add",
    "at-once",
}
"""Of testdata/plugins/careless."""


def conformance(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the suite; return the exit status, and the findings by point."""
    argv = [CNICTL, "conformance", *arguments, "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, {one["point"]: one for one in json.loads(done.stdout)["findings"]}


def failed(found: dict[str, Any]) -> dict[str, str]:
    return {name: one["reason"] for name, one in found.items() if one["verdict"] == "fail"}


def explained() -> dict[tuple[str, str], bool]:
    """The rows of the page: plugin and point, and whether it must fail each time."""
    page = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows
    return {(plugin, point): not why.startswith("Sometimes") for plugin, point, why in rows}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [one for one in OURS if one not in NEEDS])
def test_our_plugins_do_what_the_spec_asks(name: str, node: Node, plugins_dir: str) -> None:
    """No point fails, and every point has a verdict; what does not apply says why."""
    assert node.pid
    status, found = conformance(f"{plugins_dir}/{name}")
    assert failed(found) == {}
    assert status == 0
    assert list(found) == [point.name for point in POINTS]
    assert all(one["reason"] for one in found.values() if one["verdict"] == "n/a")


@pytest.mark.interop
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted({plugin for plugin, _ in explained()}))
def test_what_is_said_of_the_go_plugins_is_explained(name: str, node: Node, go_plugins: str) -> None:
    """The page has a row for every failure, and every row its failure."""
    assert node.pid
    _, found = conformance(f"{go_plugins}/{name}")
    rows = {point: always for (plugin, point), always in explained().items() if plugin == name}
    assert set(failed(found)) <= set(rows), failed(found)
    assert {point for point, always in rows.items() if always} <= set(failed(found))


def test_a_careless_plugin_is_found_out(node: Node, tmp_path: Path) -> None:
    """Each of its mistakes is found by the point that asks for it, and what it does right passes."""
    assert node.pid
    config = tmp_path / "careless.conf"
    config.write_text('{"cniVersion": "1.0.0", "name": "n", "type": "careless"}')
    status, found = conformance(str(ROOT / "testdata/plugins/careless"), "--config", str(config))
    assert status == 1
    assert set(failed(found)) == MISTAKES
    assert failed(found)["true-result"] == (
        "the Result says address 10.99.0.3/24, which no interface of the container has"
    )
    assert "careless: adding eth0" in failed(found)["pure-stdout"]


def test_one_point_can_be_tried_alone(node: Node, plugins_dir: str) -> None:
    """By its name; a name that there is not is wrong usage, and so is such a version of the spec."""
    assert node.pid
    _, found = conformance(f"{plugins_dir}/loopback", "--point", "check-notices")
    assert list(found) == ["check-notices"]
    for option, word, said in (
        ("--point", "nothing", "no point 'nothing'"),
        ("--spec", "7", "no version '7'"),
    ):
        argv = [CNICTL, "conformance", f"{plugins_dir}/loopback", option, word]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert said in done.stderr


HELD = """\
#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || nsenter --net="$CNI_NETNS" sleep 1 </dev/null >/dev/null 2>&1 &
exec {plugin}
"""
"""A plugin whose container's netns outlives its name by a second."""


def test_what_goes_with_the_netns_may_take_its_time(node: Node, tmp_path: Path, plugins_dir: str) -> None:
    """The master of a macvlan stays promiscuous until the kernel has taken the netns apart."""
    assert node.pid
    for program in Path(plugins_dir).iterdir():
        (tmp_path / program.name).symlink_to(program)
    held = tmp_path / "macvlan"
    held.unlink()
    held.write_text(HELD.format(plugin=f"{plugins_dir}/macvlan"))
    held.chmod(0o755)
    _, found = conformance(str(held), "--point", "del-without-netns")
    assert failed(found) == {}
    assert found["del-without-netns"]["verdict"] == "pass"
