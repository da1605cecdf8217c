"""Trees are coloured and wrapped on a terminal, plain and whole elsewhere."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from rich.console import Console

from cnictl.render.text import escape, line
from cnictl.render.tree import Line, Tree

TREE = Tree(
    (
        Line(0, "", "node"),
        Line(1, "~", "chain iptables nat POSTROUTING"),
        Line(
            2, "+", "-s 10.1.0.2/32 -m comment --comment abcdefghijklmnopqrstuvwxyz -j CNI-0123456789abcdef"
        ),
        Line(2, " ", "..."),
    )
)


def shown(*, terminal: bool, width: int = 80) -> str:
    out = io.StringIO()
    colours: Literal["standard"] | None = "standard" if terminal else None
    Console(file=out, force_terminal=terminal, width=width, color_system=colours).print(TREE)
    return out.getvalue()


def test_a_long_line_goes_on_below_its_beginning():
    """On a terminal nothing runs beyond the edge, and the tree stays a tree."""
    lines = shown(terminal=False, width=60).splitlines()
    assert all(len(one) <= 60 for one in lines)
    assert lines == [
        "node",
        "  ~ chain iptables nat POSTROUTING",
        "    + -s 10.1.0.2/32 -m comment --comment",
        "      abcdefghijklmnopqrstuvwxyz -j CNI-0123456789abcdef",
        "      ...",
    ]


def test_as_text_nothing_is_wrapped():
    """In a pipe one thing is one line, for grep."""
    assert str(TREE).splitlines()[2].endswith("CNI-0123456789abcdef")


def test_colours(monkeypatch: pytest.MonkeyPatch):
    """What came is green and what changed yellow; NO_COLOR means none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32m" in shown(terminal=True)
    assert "\x1b[33m" in shown(terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shown(terminal=True)


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("eth0", "eth0"),
        ("café ✓", "café ✓"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\tc", r"a\rb\tc"),
        ("turned\u202eround", r"turned\u202eround"),
        ("\x9b2J", r"\x9b2J"),
        ("half\udc80", r"half\udc80"),
    ],
)
def test_escape(text: str, harmless: str):
    """Letters of all scripts stay; what a terminal obeys, and what turns words round, is spelled out."""
    assert escape(text) == line(text) == harmless


def test_line_breaks():
    """A message may have several lines, a name may not."""
    assert escape("a\nb") == "a\nb"
    assert line("a\nb") == r"a\nb"
