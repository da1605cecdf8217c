"""A page for each command, from the data of its own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from generator.pages import code, page, prose, table

if TYPE_CHECKING:
    from generator.commandline import Command

STATUS = """\
Exit status: 0 it is done, or it holds; 1 the answer is no; 2 wrong usage; 3 a plugin or the kernel failed.
130 after Ctrl-C, once all is cleaned up.
A command that runs another, such as `run` or `node`, ends with that one's status; with 127 when there is no
such program, and with 126 when it is there and does not start."""


def pages(program: Command) -> dict[str, str]:
    """Return the pages by their names."""
    return {f"commands/{one.name}.md": page(*_parts(one), STATUS) for one in program.below}


def _parts(command: Command) -> Iterator[str]:
    level = "#" * min(len(command.path), 2)
    yield f"{level} cnictl {command.name}"
    yield prose(command.help)
    yield code(command.usage)
    yield table(("argument", "meaning"), ((f"`{one.metavar}`", one.text) for one in command.arguments))
    options = [one for one in command.options if "--help" not in one.spellings]
    yield table(("option", "meaning"), ((f"`{one.shown}`", one.text) for one in options))
    for one in command.below:
        yield from _parts(one)
