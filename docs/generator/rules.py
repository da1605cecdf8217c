"""The page of the rules, from their own documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint import silence
from cnictl.lint.engine import all_rules
from generator.pages import code, page, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.model import Rule

INTRODUCTION = """\
What `cnictl validate` looks for.  An *error* means that ADD fails, or does on every runtime that reads the
file; a *warning*, that it works but hardly as it was meant; an *info* is worth knowing.  Only errors make the
exit status 1, unless `--strict` is given.

Codes that begin with 1 are about the text, 2 about the network, 3 about a plugin's keys, 4 about the plugins
together, 5 about the files of a directory, 6 about a node: what is installed, and its interfaces.

The keys of the plugins that are here are judged by the very descriptions and validations that the plugins use
at ADD.  What a plugin of somebody else does with its keys, or with `ipam`, is not judged.

`cnictl explain CODE` shows what is below on a terminal."""

SILENCING = f"""\
## Silence

A file `{silence.FILE}` in the working directory, or in one above it, says what is not to be heard.  What it
silences in vain is told, and `cnictl schema silence` prints its schema for editors."""
EXAMPLE = """\
silence:
  - code: CNI303
    path: manifests/*.yaml
    pointer: /plugins/0/hint
    reason: our wrapper around bridge reads it
"""


def pages() -> dict[str, str]:
    """Return the page by its name."""
    rules = all_rules()
    rows = ((f"[{one.code}](#{one.code.lower()})", one.severity, one.name, _first(one)) for one in rules)
    parts = [part for one in rules for part in _parts(one)]
    keys = table(("key", "meaning"), ((f"`{name}`", text) for name, text in silence.KEYS.items()))
    return {
        "rules.md": page(
            "# Rules",
            INTRODUCTION,
            table(("code", "", "name", "rule"), rows),
            SILENCING,
            code(EXAMPLE, "yaml"),
            keys,
            *parts,
        )
    }


def _parts(one: Rule) -> Iterator[str]:
    yield f"## {one.code}"
    yield f"*{one.severity}: {one.name}*"
    yield prose(one.doc)


def _first(one: Rule) -> str:
    return prose(one.doc).partition("\n\n")[0].replace("\n", " ").rstrip(".")
