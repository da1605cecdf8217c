"""Tables are aligned, hold what anybody may have written, and say nothing of what is empty."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

from cnictl.render.table import BAD, facts, table


def shown(what: RenderableType, width: int = 60) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(what)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_columns_are_aligned():
    """Every column is as wide as its widest cell, two blanks from the next."""
    rows = [("c1", "10.1.0.2/16", ("holds", "")), ("container2", "", ("\x1b[2Jgone", BAD))]
    assert shown(table(("ID", "ADDRESS", "STATE"), rows)) == [
        "ID          ADDRESS      STATE",
        "c1          10.1.0.2/16  holds",
        r"container2               \x1b[2Jgone",
    ]


def test_a_narrow_terminal():
    """What does not fit goes on in the next line: nothing is cut off."""
    lines = shown(table(("ID", "WHY"), [("c1", "a-word-that-is-longer-than-the-terminal")]), width=24)
    assert all(len(line) <= 24 for line in lines)
    assert "".join(line[4:] for line in lines[1:]) == "a-word-that-is-longer-than-the-terminal"


def test_facts():
    """A name and what is known of it; what is not known has no line."""
    assert shown(facts([("network", "n"), ("netns", ""), ("dns", "192.0.2.1")])) == [
        "network  n",
        "dns      192.0.2.1",
    ]
