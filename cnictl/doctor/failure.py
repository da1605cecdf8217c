"""The catalogue: every class of failure, what is known of it, and which other one it comes of."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["error", "warning", "info"]

FAMILIES = {
    "configuration": "Configurations",
    "binaries": "Plugins as files",
    "addresses": "Address management",
    "links": "Links, addresses, routes and namespaces",
    "filters": "Packet filters, sysctls and rate limits",
    "agents": "Agents, meta plugins and service meshes",
    "runtime": "The runtime and the node",
    "elsewhere": "Not the network",
}
"""The files of the catalogue, in the order in which they are told, and what each is about."""

_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Failure:
    """A class of failure.

    `texts` are the words by which it is recognised, with `{name}` and `…` for what differs.  `look` says
    how to prove it without changing anything, `fix` and `run` what heals it, `avoid` what people try that
    harms, `verify` the command that shows that it is over.  `after` are the classes that it can be a
    consequence of; `like` those whose texts are its own as well.  `safe` says that `run` harms nobody
    wherever the class was found, and can be taken back: `cnictl doctor --fix` may do it.
    """

    code: str
    family: str
    title: str
    severity: Severity
    texts: tuple[str, ...]
    cause: str
    look: str
    fix: str
    run: tuple[str, ...]
    avoid: str
    verify: str
    after: tuple[str, ...]
    like: tuple[str, ...]
    safe: bool = False


@cache
def catalogue() -> Mapping[str, Failure]:
    """Return every class by its code."""
    folder = Path(__file__).with_name("catalogue")
    found: dict[str, Failure] = {}
    for family in FAMILIES:
        with (folder / f"{family}.toml").open("rb") as file:
            found |= {code: _failure(code, family, members) for code, members in tomllib.load(file).items()}
    return found


def consequences(code: str) -> list[Failure]:
    """Return the classes that come of one."""
    return [one for one in catalogue().values() if code in one.after]


def filled(command: str, facts: Mapping[str, str]) -> str:
    """Return a command with what is known in its places, quoted for a shell.

    What is not known stays in capitals, as in a man page.
    """
    return _PLACE.sub(
        lambda place: shlex.quote(facts[place[1]]) if facts.get(place[1]) else place[1].upper(), command
    )


def complete(command: str, facts: Mapping[str, str]) -> str | None:
    """Return a command as `filled` does, None when something in it is not known."""
    known = all(facts.get(place) for place in _PLACE.findall(command))
    return filled(command, facts) if known else None


def _failure(code: str, family: str, members: Mapping[str, Any]) -> Failure:
    return Failure(
        code,
        family,
        members["title"],
        members["severity"],
        tuple(members.get("texts", ())),
        members["cause"],
        members["look"],
        members["fix"],
        tuple(members["run"]),
        members["avoid"],
        members["verify"],
        tuple(members.get("after", ())),
        tuple(members.get("like", ())),
        members.get("safe", False),
    )
