"""The configurations of testdata/refused, which a plugin answers with an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

DIRECTORY = Path(__file__).parents[1] / "testdata" / "refused"
VERSION = "1.0.0"  # the newest that the distribution's Go plugins know


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong, how it is written down, and the error that it is answered with."""

    claim: str
    text: str
    ipam: dict[str, Any] | None
    args: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    code: int = 7
    go: str = ""

    def configuration(self, plugin: str, directory: str = "") -> dict[str, Any]:
        """Give the network configuration of an IPAM plugin; `directory` is host-local's dataDir."""
        top: dict[str, Any] = {"cniVersion": VERSION, "name": "net", "type": "any", **self.more}
        if self.ipam is not None:
            top["ipam"] = {"type": plugin, **({"dataDir": directory} if directory else {}), **self.ipam}
        return top


def by(plugin: str) -> list[Refused]:
    """Give what a plugin refuses, in the order in which it looks."""
    return [Refused(**one) for one in yaml.safe_load((DIRECTORY / f"{plugin}.yaml").read_text())]


def each(cases: list[Refused]) -> pytest.MarkDecorator:
    """Run a test once for each case, under the name of what it claims."""
    return pytest.mark.parametrize("refused", cases, ids=lambda one: one.claim.replace(" ", "-"))
