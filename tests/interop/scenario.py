"""The scenarios of testdata/, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DIRECTORY = Path(__file__).parents[2] / "testdata" / "scenarios"


@dataclass(frozen=True, slots=True)
class Attach:
    """One attachment of a scenario."""

    container: str = "c1"
    ifname: str = "eth0"
    args: dict[str, str] = field(default_factory=dict)
    capabilities: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A network, the node before, and who is attached.

    `needs` names what a kernel may lack, `since` the release of the Go plugins that can do it.
    """

    name: str
    description: str
    network: dict[str, Any]
    setup: tuple[str, ...] = ()
    attachments: tuple[Attach, ...] = (Attach(),)
    needs: tuple[str, ...] = ()
    since: str = ""

    @property
    def given(self) -> list[str]:
        """Words of the scenario that are no accident even if they look random: MAC addresses."""
        return [word for word in str((self.network, self.attachments)).split("'") if word.count(":") == 5]


def load(directory: Path = DIRECTORY) -> list[Scenario]:
    """Return all scenarios of a directory; a key that there is not is a TypeError."""
    found = []
    for path in sorted(directory.glob("*.yaml")):
        for members in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if members is None:
                continue
            attachments = tuple(Attach(**one) for one in members.pop("attachments", [{}]))
            setup, needs = (tuple(members.pop(key, ())) for key in ("setup", "needs"))
            found.append(Scenario(attachments=attachments, setup=setup, needs=needs, **members))
    return found
