"""What would be written into files, as a difference that `patch` reads."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from cnictl.render.text import escape, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.lint.fix import Mended

STYLES = {"+": "green", "-": "red", "@": "cyan"}


def changes(mended: Sequence[Mended]) -> Group:
    """Return the difference of each file, without a heading for each."""
    return Group(*(each for one in mended for each in _lines(one)))


def _lines(one: Mended) -> Iterator[Text]:
    name = line(one.path)
    found = unified_diff(one.before.splitlines(), one.after.splitlines(), name, name, lineterm="")
    for number, each in enumerate(found):
        style = "bold" if number < 2 else STYLES.get(each[:1], "")
        yield Text(escape(each, keep="\t"), style=style)
