"""Diagnostics as a person reads them."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from cnictl.lint.engine import Report, validate
from cnictl.render.diagnostics import Diagnostics, report_members, report_summary

TEXT = '{\n  "cniVersion": "1.0.0",\n  "name": "web",\n  "plugins": [{"type": "bridge", "isMasq": true}]\n}\n'
SHOWN = """\
-:4:34: CNI303 warning: bridge does not read 'isMasq'
    "plugins": [{"type": "bridge", "isMasq": true}]
                                   ^^^^^^^^
    hint: did you mean ipMasq?
"""


def drawn(report: Report, width: int = 80, *, terminal: bool = False) -> str:
    console = Console(
        width=width,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as captured:
        console.print(Diagnostics(report))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def judged(text: str) -> Report:
    return validate(["-"], stdin=text)


def test_place_code_line_caret_hint():
    """What an editor jumps to, what to look up, and what to do."""
    assert drawn(judged(TEXT)) == SHOWN


def test_colours_are_for_terminals():
    """And change no letter."""
    coloured = drawn(judged(TEXT), terminal=True)
    assert "\x1b[33m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == SHOWN


def test_a_narrow_terminal_wraps_words():
    """Below their own beginning; the excerpt is cut, and the caret stays below its place."""
    lines = drawn(judged(TEXT), 44).splitlines()
    assert max(map(len, lines)) <= 44
    caret = next(line for line in lines if set(line.strip()) == {"^"})
    excerpt = lines[lines.index(caret) - 1]
    assert excerpt[caret.index("^") :].startswith('"isMasq"'[: caret.count("^")])


@pytest.mark.parametrize("blanks", ["", "\t\t", "      "])
def test_the_caret_is_below_its_place(blanks: str):
    """However a line begins, and whatever is before the place."""
    text = TEXT.replace('  "plugins"', f'{blanks}"plugins"').replace('{"type"', '{\t"type"')
    _, excerpt, caret, _ = drawn(judged(text)).splitlines()
    assert excerpt[caret.index("^") :].startswith('"isMasq"')


def test_a_file_of_one_long_line_is_cut_around_the_place():
    """The place is shown, not the first 80 columns."""
    text = TEXT.replace("\n", " ").replace('"bridge"', f'"bridge", "_note": "{"x" * 500}"')
    _, excerpt, caret, _ = drawn(judged(text)).splitlines()
    assert len(excerpt) <= 80
    assert excerpt[caret.index("^") :].startswith('"isMasq"')


def test_what_a_file_holds_cannot_talk_to_the_terminal():
    """Control characters are shown, not obeyed, in excerpt and message alike."""
    shown = drawn(judged('{"cniVersion": "1.0.0", "name": "a\x1b[2J", "plugins": [{"type": "bridge"}]}'))
    assert "\x1b" not in shown
    assert "\\x1b" in shown


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (TEXT, "1 file: 1 warning"),
        (TEXT.replace("isMasq", "ipMasq"), "1 file: nothing to remark"),
        (TEXT.replace("isMasq", "ipmasq"), "1 file: 1 info"),
        (TEXT.replace('"web"', '"a b"').replace("1.0.0", "7"), "1 file: 2 errors, 1 warning"),
    ],
)
def test_the_summary_counts(text: str, summary: str):
    """One line, for whoever only wants to know whether to look."""
    assert report_summary(judged(text)) == summary


def test_members_for_programs():
    """Everything there is to a diagnostic but its excerpt."""
    assert report_members(judged(TEXT)) == {
        "files": ["-"],
        "errors": 0,
        "warnings": 1,
        "info": 0,
        "diagnostics": [
            {
                "file": "-",
                "line": 4,
                "column": 34,
                "pointer": "/plugins/0/isMasq",
                "code": "CNI303",
                "rule": "unknown-key",
                "severity": "warning",
                "message": "bridge does not read 'isMasq'",
                "hint": "did you mean ipMasq?",
            }
        ],
        "silenced": [],
    }
