"""`cnictl compare` as a program, and what it says of a scenario or a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

CNICTL = str(Path(sys.executable).with_name("cnictl"))


@dataclass(frozen=True, slots=True)
class Compared:
    """One object of the answer."""

    members: dict[str, Any]

    @property
    def differences(self) -> list[str]:
        """The difference of the two states after ADD, a line each."""
        return [line for one in self._of("state") for line in one["lines"]]

    @property
    def answers(self) -> list[str]:
        """Where the answers to ADD part."""
        return [one["text"] for one in self._of("add")]

    def failures(self, at: str, *steps: str, of: str = "*") -> list[str]:
        """What one set said no to, as `TYPE: STEP: message`; `of` what the other, or itself, had added."""
        return [
            f"{one.get('plugin', '')}: {step}: {one['message']}"
            for step in steps
            for one in self._of(step)
            if one["at"] == at and fnmatchcase(one["text"], f"{at}, of what {of} added: *")
        ]

    @property
    def refusal(self) -> str:
        """What both said instead of adding it."""
        return str(self.members["refusal"])

    @property
    def left(self) -> list[str]:
        return [one["text"] for one in self._of("left")]

    def _of(self, step: str) -> list[dict[str, Any]]:
        return [one for one in self.members["partings"] if one["step"] == step]


def compare(one: str, other: str, *arguments: str) -> Compared:
    """Run the command for one scenario or network; skipped counts as failed."""
    argv = [CNICTL, "compare", one, other, *arguments, "-o", "json"]
    path = f"{os.path.dirname(CNICTL)}:{os.environ['PATH']}"  # for a setup that runs cnictl
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1), done.stderr
    (members,) = json.loads(done.stdout)
    assert not members["skipped"], members["skipped"]
    assert done.returncode == int(bool(members["partings"]))
    return Compared(members)
