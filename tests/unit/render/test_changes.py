"""What would be written, shown before it is."""

from __future__ import annotations

from rich.console import Console

from cnictl.lint.fix import Mended
from cnictl.render.changes import Changes


def test_a_line_is_a_line_however_long():
    """So that what is copied from a terminal is a patch; nothing of a file reaches the terminal as it is."""
    long = '{"name": "' + "long " * 40 + '"}'
    mended = Mended("a\x1b[m.conf", f"{long}\n\tx\x1b[2J\n", f"{long}\n\ty\u202e\n", 1)
    console = Console(width=40, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(Changes([mended]), crop=False, overflow="fold")
    assert captured.get().splitlines() == [
        "--- a\\x1b[m.conf",
        "+++ a\\x1b[m.conf",
        "@@ -1,2 +1,2 @@",
        f" {long}",
        "-\tx\\x1b[2J",
        "+\ty\\u202e",
    ]
