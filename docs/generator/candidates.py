"""What the value of an option, or an argument, can be completed to: the same in every shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.bench.model import VERBS
from cnictl.cli import complete
from cnictl.cli.explain import EXPLAINERS
from cnictl.conformance.suite import POINTS
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from generator.commandline import Argument, Command, Option

HEAD = "completion for cnictl; made by docs/generate.py from the commands' own help"

NAMES = {
    "NET": "network file",
    "NETNS": "netns file",
    "NAME[=NETNS]": "netns",
    "PLUGIN": "plugin file",
    "PLUGIN|NET": "plugin network file",
    "ID": "container",
    "CONTAINER": "container",
    "CONTAINER/IFNAME": "container",
    "DIR": "directory",
    "DIRS": "directory",
    "DIRECTORY": "directory",
    "FILE": "file",
    "PATH": "file",
    "A": "file",
    "B": "file",
    "COMMAND": "command",
    "SCENARIO...": "file",
    "NET|SCENARIO...": "network file",
}
"""Kinds of candidates, by the word in the usage.  Words that are not here stand for any text."""

OF_COMMAND = {
    ("netns rm", "NAME"): "netns",
    ("compare", "A"): "directory",
    ("compare", "B"): "directory",
}
"""The same where a word means something else in one command."""

WORDS = {
    ("bench", "VERB,VERB"): VERBS,
    ("exec", "VERB"): ("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"),
    ("explain", "CODE|TEXT"): tuple(one.code for each in EXPLAINERS for one in each.codes()),
    ("schema", "PLUGIN"): (*multicall.PROGRAMS, "scenario", "silence"),
    ("conformance", "POINT"): tuple(point.name for point in POINTS),
}
"""Where there are not many possibilities."""

ASKED = tuple(complete.KINDS)
"""Kinds that `cnictl --complete` answers; the shells know the others."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Fixed words, or kinds of names; neither for any text."""

    words: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def of_argument(command: Command, argument: Argument) -> Candidates:
    """Return what an argument can be completed to."""
    return _named(command, argument.metavar)


def of_option(command: Command, option: Option) -> Candidates:
    """Return what the value of an option can be completed to."""
    return Candidates(option.choices) if option.choices else _named(command, option.metavar)


def quoted(text: str) -> str:
    """Return a text in single quotes, as bash and zsh read it."""
    return "'" + text.replace("'", "'\\''") + "'"


def _named(command: Command, metavar: str) -> Candidates:
    where = (command.name, metavar)
    if where in WORDS:
        return Candidates(WORDS[where])
    return Candidates((), tuple(OF_COMMAND.get(where, NAMES.get(metavar, "")).split()))
