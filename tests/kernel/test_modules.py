"""Modules that are loaded once, and run on many nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node, SandboxError
from tests.daemon import wait_for

if TYPE_CHECKING:
    from typing import Any

TELLS = """
import json, os, sys, time
def main():
    told = json.load(sys.stdin)
    exec(told["do"])
    links = os.listdir("/sys/class/net")
    seen = {"links": links, "cwd": os.getcwd(), "loader": os.getppid(), "run": os.listdir("/run")}
    print(json.dumps({**seen, "fds": len(os.listdir("/proc/self/fd")), "name": os.environ.get("NAME", "")}))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that does as it is told, and says where it is."""
    name = f"tells{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(TELLS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def tell(node: Node, module: str, do: str = "", **more: Any) -> dict[str, Any]:
    return run_main(node, module, {"do": do}, called="the test", **more)


def loaders(module: str) -> list[int]:
    """Return the processes that have the module loaded."""
    found = subprocess.run(["pgrep", "-f", f"serve.* {module} "], capture_output=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def test_it_runs_on_the_node(node: Node, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its namespaces and root directory, with our environment, and with no files but its own."""
    monkeypatch.setenv("NAME", "value")
    node.run(["ip", "link", "add", "here", "type", "bridge"]).checked()
    seen = tell(node, module, cwd="/run")
    assert set(seen["links"]) == {"lo", "here"}
    assert seen["run"] == os.listdir(node.path("/run"))
    assert (seen["cwd"], seen["name"], seen["loader"]) == ("/run", "value", 0)
    assert seen["fds"] == 4


def test_each_node_has_a_process_of_its_own(make_node: Callable[[], Node], module: str) -> None:
    """What one does to its module, environment or directory, no other sees."""
    nodes = [make_node() for _ in range(4)]
    do = (
        "global TELLS; assert 'TELLS' not in globals(); TELLS = 1; os.environ['NAME'] = 'x'; os.chdir('/run')"
    )
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda node: tell(node, module, do), nodes))
    assert [one["cwd"] for one in seen] == ["/run"] * 4
    assert tell(nodes[0], module)["name"] == ""


def test_what_fails_is_told(node: Node, module: str) -> None:
    """By the module's own words; and the next one finds all in order."""
    with pytest.raises(SandboxError, match=r"(?s)the test broke off: .*ZeroDivisionError"):
        tell(node, module, "1 / 0")
    with pytest.raises(SandboxError, match="the test broke off: no good"):
        tell(node, module, "print('no good', file=sys.stderr); sys.exit(3)")
    with pytest.raises(SandboxError, match="the test broke off: it was killed"):
        tell(node, module, "os.kill(os.getpid(), 9)")
    with pytest.raises(SandboxError, match=r"(?s)^nowhere cannot be loaded: .*No module named 'nowhere'"):
        tell(node, "nowhere")
    with pytest.raises(SandboxError, match=r"(?s)the test broke off: .*'/proc/nowhere'"):
        tell(node, module, cwd="/proc/nowhere")
    assert tell(node, module)["links"] == ["lo"]


def test_it_does_not_wait_for_ever(node: Node, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long is killed."""
    monkeypatch.setattr("cnictl.sandbox.modules.PATIENCE", 0.5)
    with pytest.raises(SandboxError, match=r"the test: not done after 0\.5 s"):
        tell(node, module, "time.sleep(99)")
    wait_for(lambda: node.run(["pgrep", "-c", "python"]).stdout == "1\n")  # who holds the node


def test_one_that_was_killed_is_started_again(node: Node, module: str) -> None:
    """Between two nodes nobody needs it."""
    tell(node, module)
    for pid in subprocess.run(
        ["pgrep", "-f", f"serve.* {module} "], capture_output=True, check=True
    ).stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    assert tell(node, module)["links"] == ["lo"]


def test_it_ends_with_who_started_it(module: str, tmp_path: Path) -> None:
    """Nothing is left running."""
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from cnictl.sandbox.modules import run_main\n"
        "from cnictl.sandbox.node import Node\n"
        f"with Node() as node: run_main(node, {module!r}, {{'do': ''}}, called='x')\n"
    )
    for end in ("", "import os; os.kill(os.getpid(), 9)"):
        subprocess.run([sys.executable, "-c", script + end], check=False)
        wait_for(lambda: not loaders(module))
