"""Texts that the rules look at, and what they say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cnictl.lint.engine import examine
from cnictl.lint.model import Diagnostic
from cnictl.lint.subject import Configuration


def network(*plugins: dict[str, Any], version: str = "1.0.0", name: str = "web", **keys: Any) -> str:
    """Write a list as a person would: indented by two."""
    return json.dumps({"cniVersion": version, "name": name, **keys, "plugins": list(plugins)}, indent=2)


def bridge(**keys: Any) -> dict[str, Any]:
    """A bridge plugin's object."""
    return {"type": "bridge", **keys}


def host_local(**keys: Any) -> dict[str, Any]:
    """A bridge with addresses of host-local."""
    return bridge(ipam={"type": "host-local", **keys})


def said(text: str, *, path: str = "", embedded: bool = False) -> list[Diagnostic]:
    """All that is said of a text."""
    return examine(Configuration(path, text, embedded=embedded))


def codes(text: str, *, path: str = "", embedded: bool = False) -> list[str]:
    """The codes of all that is said, in their order in the text."""
    return [one.code for one in said(text, path=path, embedded=embedded)]


def only(text: str, *, path: str = "") -> Diagnostic:
    """The one thing that is said."""
    (one,) = said(text, path=path)
    return one


def marked(one: Diagnostic) -> str:
    """The characters that a diagnostic is about."""
    return one.source[one.column - 1 : one.column - 1 + one.length]


def written(directory: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for a dot."""
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_text(text)
    return directory
