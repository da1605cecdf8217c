"""Text of unknown origin, made fit for a terminal, and numbers of things in words."""

from __future__ import annotations


def escape(text: str, *, keep: str = "\n") -> str:
    r"""Return a text in which nothing but letters reaches the terminal.

    Control characters, which a terminal obeys, and invisible ones, which turn words round, become
    escapes as in a Python string (`\x1b`); those in `keep` stay.  Every text that comes from a
    container, a file, a log or the kernel goes through here before it is shown.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode() for one in text
    )


def line(text: str) -> str:
    r"""Return a text as one line: as `escape`, and line breaks become `\n`."""
    return escape(text, keep="")


def counted(number: int, word: str) -> str:
    """Return a number of things, of which `word` is one."""
    return f"{number} {word}{'' if number == 1 else 's'}"
