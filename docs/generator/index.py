"""The page that leads to all others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnictl_plugins import multicall
from generator import plugins
from generator.pages import page, table

if TYPE_CHECKING:
    from generator.commandline import Command

DOCS = Path(__file__).parents[1]
OURS = {"doctor-accuracy.md", "failures.md", "index.md", "rules.md"}

COMPLETION = """\
## Completion

`completions/` has scripts for bash, zsh and fish.  They complete commands and options, and the names of
networks, namespaces, plugins and containers that there are on this machine.  Installed by pip below
/usr/local, bash and zsh find them, and fish if XDG_DATA_DIRS names /usr/local/share; else:

```sh
. completions/cnictl.bash                                      # bash, for this shell
cp completions/cnictl.bash /etc/bash_completion.d/cnictl       # bash, for all
cp completions/_cnictl /usr/local/share/zsh/site-functions/    # zsh
cp completions/cnictl.fish /etc/fish/completions/              # fish
```"""


def pages(program: Command) -> dict[str, str]:
    """Return the page by its name."""
    return {
        "index.md": page(
            "# cnictl",
            "\n".join(f"- [{title}]({name})" for name, title in _others()),
            "## Commands",
            table(
                ("command", ""),
                ((f"[cnictl {one.name}](commands/{one.name}.md)", one.summary) for one in program.below),
            ),
            "## Plugins",
            table(
                ("plugin", ""),
                ((f"[{name}](plugins/{name}.md)", plugins.summary(name)) for name in multicall.PROGRAMS),
            ),
            COMPLETION,
        )
    }


def _others() -> list[tuple[str, str]]:
    """Return the pages that people wrote, with their titles, and that of the rules."""
    found = [
        ("doctor-accuracy.md", "How often the doctor is right"),
        ("failures.md", "Failures"),
        ("rules.md", "Rules"),
    ]
    for path in DOCS.glob("*.md"):
        if path.name not in OURS:
            first = path.read_text().partition("\n")[0]
            found.append((path.name, first.removeprefix("# ")))
    return sorted(found)
