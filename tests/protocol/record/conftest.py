"""Directories of plugins that are recorded, and the calls that were."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnictl.aside import RECORDED
from cnictl.record import log, places, program
from cnictl.record.model import Call

ENVIRONMENT = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of plugins, and the log of their calls."""

    bin: Path
    log: Path
    stand_in: bytes

    def plugin(self, name: str, body: str, interpreter: str = "/bin/sh") -> Path:
        """Make a plugin that is a script."""
        path = self.bin / name
        path.write_text(f"#!{interpreter}\n{body}\n")
        path.chmod(0o755)
        return path

    def python(self, name: str, body: str) -> Path:
        """Make a plugin in Python, with its bytes for stdin and stdout."""
        head = "import os, sys, time, signal\nread, write = sys.stdin.buffer.read, sys.stdout.buffer.write"
        return self.plugin(name, f"{head}\n{body}", f"{sys.executable} -IS")

    def start(self, *names: str, keep: int = 1000) -> list[str]:
        log.prepare(str(self.log), keep)
        return places.start(str(self.bin), names, str(self.log), self.stand_in)

    def stop(self) -> list[str]:
        return [f"{one.plugin} {one.condition}" for one in places.stop(str(self.bin))]

    def calls(self) -> list[Call]:
        return log.calls(str(self.log))

    def call(
        self, name: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Call a plugin as a runtime does."""
        return subprocess.run(
            [str(self.bin / name)],
            input=stdin,
            env=ENVIRONMENT if environment is None else dict(environment),
            capture_output=True,
            check=False,
            timeout=60,
        )

    def listing(self) -> dict[str, str]:
        """What is in the directory, and below it: where links lead, and what files hold."""
        return {
            str(path.relative_to(self.bin)): os.readlink(path) if path.is_symlink() else path.read_text()
            for path in self.bin.rglob("*")
            if path.is_symlink() or path.is_file()
        }

    @property
    def store(self) -> Path:
        return self.bin / RECORDED


@pytest.fixture
def directory(tmp_path: Path, stand_in: str) -> Directory:
    """An empty directory of plugins."""
    made = Directory(tmp_path / "bin", tmp_path / "log", program.load(stand_in))
    made.bin.mkdir()
    return made
