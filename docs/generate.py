"""Write the pages and the completions that are made from the program itself.

usage: python docs/generate.py [DIRECTORY]

Without DIRECTORY it is the project's own.  tests/unit/test_generated.py compares what is committed
with what this would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import accuracy, bash, commands, failures, fish, index, plugins, rules, zsh
from generator.commandline import program

PROJECT = Path(__file__).parents[1]
FOLDERS = ("docs/plugins", "docs/commands", "completions")
"""Where there is nothing that somebody wrote."""


def files() -> dict[str, str]:
    """Return every file that is made, by its path in the project."""
    cnictl = program()
    pages = index.pages(cnictl) | plugins.pages() | commands.pages(cnictl) | rules.pages()
    pages |= failures.pages() | accuracy.pages()
    made = {f"docs/{name}": text for name, text in pages.items()}
    for shell, name in ((bash, "cnictl.bash"), (zsh, "_cnictl"), (fish, "cnictl.fish")):
        made[f"completions/{name}"] = shell.script(cnictl)
    return made


def main(directory: str = "") -> None:
    """Write them, and remove what is no longer made."""
    top = Path(directory) if directory else PROJECT
    made = {top / name: text for name, text in files().items()}
    for folder in FOLDERS:
        for path in (top / folder).glob("*"):
            if path not in made:
                path.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:2])
