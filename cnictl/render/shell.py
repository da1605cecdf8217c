"""A call of a plugin as a command that a shell runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

_END = "EOF"


def shell_command(path: str, environment: Mapping[str, str], stdin: bytes) -> str:
    """Return the command, its input in a here-document."""
    text = stdin.decode(errors="surrogateescape").rstrip("\n")
    end = _END
    while end in text.split("\n"):
        end += "F"
    variables = "".join(f"{name}={shlex.quote(value)} \\\n" for name, value in environment.items())
    return f"{variables}{shlex.quote(path)} <<'{end}'\n{text}\n{end}\n"
