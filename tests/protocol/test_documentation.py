"""The examples in the docs, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

DOCS = Path(__file__).parents[2] / "docs"
DEMO = DOCS / "demo.sh"
MARK = "--- next command ---"
UNDERLAY = (
    "ip link add uplink up type bridge; ip addr add 192.0.2.1/24 dev uplink;"
    " ip route add default via 192.0.2.254"
)
"""What a node has in the place of hardware."""


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Return each command of a page's console blocks with the output that is shown for it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        while lines:
            line = lines.pop(0)
            assert line.startswith("$ "), line
            command = line[2:]
            here = re.search(r"<<'(\w+)'", command)
            if here:
                while lines[0] != here[1]:
                    command += "\n" + lines.pop(0)
                command += "\n" + lines.pop(0)
            shown = []
            while lines and not lines[0].startswith("$ "):
                shown.append(lines.pop(0))
            found.append((command, shown))
    return [one for one in found if not one[0].startswith("cnictl node")]  # the test has a node already


def run(node: Node, page: str, before: str = "") -> None:
    """Run a page's commands in one shell, and look at what each printed."""
    examples = commands(page)
    script = before + "".join(f"echo {shlex.quote(MARK)}\n{command}\n" for command, _ in examples)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = node.run(
        ["sh", "-e", "-c", f"exec 2>&1\n{script}"],
        env={"PATH": path, "HOME": "/root", "COLUMNS": "80"},
        timeout=110,
    )
    assert done.status == 0, done.stdout
    outputs = [part.strip("\n") for part in done.stdout.split(f"{MARK}\n")[1:]]
    assert len(outputs) == len(examples)
    for (command, shown), output in zip(examples, outputs, strict=True):
        for line in shown:
            pattern = f"*{line}*".replace("[", "[[]").replace("…", "*")
            assert fnmatchcase(output, pattern), f"$ {command}\nshould print {line!r} and prints\n{output}"


def test_the_quick_start_works(node: Node) -> None:
    """From nothing to a pod that answers."""
    run(node, (DOCS / "quick-start.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["recipes.md", "map.md", "rollout.md"])
def test_the_recipes_work(page: str, node: Node) -> None:
    """On a node with the network of the quick start."""
    examples = commands((DOCS / "quick-start.md").read_text(encoding="utf-8"))
    network = next(command for command, _ in examples if "10-mynet" in command)
    before = (
        "export CNI_PATH=/run/cni/bin\ncnictl install /run/cni/bin >/dev/null\n"
        f"mkdir -p /etc/cni/net.d\n{network}\n{UNDERLAY}\n"
    )
    run(node, (DOCS / page).read_text(encoding="utf-8"), before)


def test_the_commands_of_the_readme_work(node: Node) -> None:
    """Just as they stand there, where a configuration of that name is; /opt is the node's own for once."""
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8").partition("## Quick start")[2]
    block = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[0]
    words = [line.partition("#")[0].strip() for line in block.splitlines()]
    assert words[0] == ". .venv/bin/activate"
    examples = commands((DOCS / "quick-start.md").read_text(encoding="utf-8"))
    network = next(command for command, _ in examples if "10-mynet" in command)
    script = "\n".join(["mount -t tmpfs none /opt", "mkdir -p /etc/cni/net.d", network, *words[1:]])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = node.run(["sh", "-ec", script], env={"PATH": path, "HOME": "/root"}, timeout=110)
    assert done.status == 0, done.stdout + done.stderr
    assert "10.89.0.2/24" in done.stdout
    assert "1 of 1 attachments are as they were promised" in done.stderr


def test_the_demonstration_ends_well(node: Node) -> None:
    """`make demo` shows a fault, says so, and leaves nothing; also where nobody knows the node's name."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    nameless = "mount --bind /dev/null /etc/hosts; mount --bind /run/resolv.conf /etc/resolv.conf"
    done = node.run(
        ["sh", "-ec", f'echo nameserver 192.0.2.1 >/run/resolv.conf; {nameless}; exec sh "$0"', str(DEMO)],
        env={"PATH": path, "HOME": "/root", "COLUMNS": "80"},
        timeout=110,
    )
    assert done.status == 0, done.stdout + done.stderr
    text = done.stdout + done.stderr
    assert "Welcome to the shop." in text
    assert "route default via 10.88.0.1 dev eth0 is missing in /run/netns/client" in text
    assert "CNI-DN-" in text
    _, _, left = text.rpartition("$ cnictl diff /run/before.yaml")
    assert "+ link cni0" in left
    assert "veth" not in left
    assert "reservation" not in left
    assert "attachment" not in left


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_scenarios_are_written_as_described(node: Node) -> None:
    """From a network to expectations, and what is said of a mistake."""
    before = "export CNI_PATH=/run/cni/bin\ncnictl install /run/cni/bin >/dev/null\n"
    run(node, (DOCS / "scenarios.md").read_text(encoding="utf-8"), before)


@pytest.mark.parametrize("page", ["recording.md", "replaying.md"])
def test_calls_are_recorded_and_made_again_as_described(node: Node, page: str) -> None:
    """On a node with the network of the quick start, whose log is its own."""
    examples = commands((DOCS / "quick-start.md").read_text(encoding="utf-8"))
    network = next(command for command, _ in examples if "10-mynet" in command)
    before = (
        "mount -t tmpfs none /var/log\nexport CNI_PATH=/run/cni/bin\ncnictl install /run/cni/bin >/dev/null\n"
        f"mkdir -p /etc/cni/net.d\n{network}\n"
    )
    run(node, (DOCS / page).read_text(encoding="utf-8"), before)
