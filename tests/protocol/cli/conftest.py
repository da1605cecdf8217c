"""cnictl as a program, with configurations, a cache and plugins of a test's making."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cnictl.sandbox.node import Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
PLUGIN = """\
#!/bin/sh
conf=$(cat)
printf '%s\\n' "$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS" "$conf" >> "$0.calls"
if [ -f "$0.$CNI_COMMAND" ]; then . "$0.$CNI_COMMAND"; exit; fi
case $CNI_COMMAND in
ADD) echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/24"}]}';;
VERSION) echo '{"cniVersion": "1.1.0", "supportedVersions": ["0.4.0", "1.0.0", "1.1.0"]}';;
"") echo "CNI shelly plugin v7" >&2;;
esac
"""
TAKES_CACHE = {
    "add",
    "attachments",
    "check",
    "del",
    "diff",
    "exec",
    "gc",
    "ipam",
    "map",
    "netns",
    "ports",
    "run",
    "snapshot",
}


@dataclass(frozen=True, slots=True)
class Done:
    """How cnictl ended and what it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        assert self.stdout.endswith("\n"), self
        return json.loads(self.stdout)

    def succeeded(self) -> Done:
        assert self.status == 0, self
        return self


class Bench:
    """A directory with all that cnictl needs; with a node, the command runs there."""

    def __init__(self, top: Path, node: Node | None = None) -> None:
        self.top = top
        self.node = node
        self.bin, self.conf, self.cache = top / "bin", top / "net.d", top / "cache"
        for directory in (self.bin, self.conf):
            directory.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CNI_PATH": str(self.bin),
            "NETCONFPATH": str(self.conf),
        }

    def argv(self, words: Sequence[object]) -> list[str]:
        """The command line: in a directory of the test's own, if the command has a cache."""
        texts = [str(word) for word in words]
        own = (
            "--help" not in texts
            and texts[:1]
            and texts[0] in TAKES_CACHE
            and texts[:2] not in (["netns", "new"], ["netns", "exec"])
        )
        if own and self.node is None:
            place = texts.index("--") if "--" in texts else len(texts)
            texts[place:place] = ["--cache-dir", str(self.cache)]
        return [CNICTL, *texts]

    def __call__(
        self, *words: object, stdin: str | None = None, env: Mapping[str, str] | None = None, status: int = -1
    ) -> Done:
        """Run it; `status` is the exit status that it must have."""
        argv, environment = self.argv(words), {**self.environment, **(env or {})}
        if self.node is not None:
            ran = self.node.run(argv, env=environment, stdin=stdin, timeout=60, cwd=str(self.top))
            done = Done(ran.status, ran.stdout, ran.stderr)
        else:
            given = subprocess.DEVNULL if stdin is None else None
            completed = subprocess.run(
                argv, env=environment, stdin=given, input=stdin, cwd=self.top, timeout=60,
                check=False, capture_output=True, text=True, errors="surrogateescape",
            )  # fmt: skip
            done = Done(completed.returncode, completed.stdout, completed.stderr)
        assert "Traceback" not in done.stderr
        assert "should not have happened" not in done.stderr
        assert status in (-1, done.status), done
        return done

    def plugin(self, name: str = "shelly", **verbs: str) -> Path:
        """Make a plugin of ten lines of shell; a verb may be given other lines than the usual ones."""
        path = self.bin / name
        path.write_text(PLUGIN)
        path.chmod(0o755)
        for verb, body in verbs.items():
            (self.bin / f"{name}.{verb}").write_text(textwrap.dedent(body))
        return path

    def network(
        self, name: str, *plugins: Mapping[str, Any], version: str = "1.1.0", file: str = "", **keys: Any
    ) -> Path:
        """Write a list; without plugins, of the one that plugin() makes."""
        path = self.conf / (file or f"10-{name}.conflist")
        members = {
            "cniVersion": version,
            "name": name,
            "plugins": list(plugins) or [{"type": "shelly"}],
            **keys,
        }
        path.write_text(json.dumps(members))
        return path

    def calls(self, name: str = "shelly") -> list[tuple[str, str, str, str, str]]:
        """Verb, container id, netns, ifname and arguments of every call so far; VERSION left out."""
        found = []
        for line in self._log(name)[::2]:
            verb, container_id, netns, ifname, args = line.split(" ", 4)
            found.append((verb, container_id, netns, ifname, args))
        return [one for one in found if one[0] not in ("VERSION", "")]

    def verbs(self, name: str = "shelly") -> list[str]:
        return [call[0] for call in self.calls(name)]

    def stdins(self, name: str = "shelly") -> list[dict[str, Any]]:
        """The configuration of every call."""
        return [json.loads(line) for line in self._log(name)[1::2] if line]

    def cached(self) -> list[str]:
        """The names of the files in the cache."""
        results = self.cache / "results"
        return sorted(os.listdir(results)) if results.exists() else []

    def _log(self, name: str) -> list[str]:
        log = self.bin / f"{name}.calls"
        return log.read_text().splitlines() if log.exists() else []


def running(pid: str) -> bool:
    """Whether a process is there and not only waiting for its parent to notice its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """cnictl beside one network `mynet` of one plugin `shelly`, which need no kernel."""
    made = Bench(tmp_path)
    made.plugin()
    made.network("mynet")
    return made


@pytest.fixture
def host(tmp_path: Path, node: Node) -> Bench:
    """The same on a throwaway node."""
    made = Bench(tmp_path, node)
    made.plugin()
    made.network("mynet")
    return made
