"""What the pages have in common: tables, and the text of docstrings."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Sequence

REMARK = "<!-- made by docs/generate.py: change what it is made from -->"


def page(*parts: str) -> str:
    """Return a page of some parts, an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in (REMARK, *parts) if part.strip()) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, "" without rows; columns that are empty in all rows are left out."""
    listed = [list(row) for row in rows]
    if not listed:
        return ""
    kept = [i for i in range(len(heads)) if any(row[i] for row in listed)]
    lines = [[heads[i] for i in kept], ["---"] * len(kept)]
    lines += [[_cell(row[i]) for i in kept] for row in listed]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str, language: str = "") -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def prose(docstring: str) -> str:
    """Return a docstring as Markdown: blocks that are indented become code, headings go one level down."""
    parts = []
    for block in _blocks(inspect.cleandoc(docstring)):
        if block.startswith("    "):
            parts.append(
                code(textwrap.dedent(block), "json" if block.lstrip().startswith(("{", "[")) else "")
            )
        elif block.startswith("## "):
            parts.append(f"#{block}")
        else:
            parts.append(_example(block))
    return "\n\n".join(parts)


def joined(words: Sequence[str]) -> str:
    """Return words as an enumeration."""
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""


def _blocks(text: str) -> list[str]:
    """Return paragraphs, headings and indented blocks, in their order."""
    blocks: list[str] = []
    for line in text.splitlines():
        new = not blocks or line.startswith("## ") or blocks[-1].startswith("## ")
        indented = line.startswith("    ")
        if new or (line.strip() and (blocks[-1] == "" or indented != blocks[-1].startswith("    "))):
            blocks.append(line)
        elif not line.strip() and not indented:
            blocks.append("")
        else:
            blocks[-1] += f"\n{line}"
    return [block for block in blocks if block.strip()]


def _example(paragraph: str) -> str:
    first, _, rest = paragraph.partition("\n")
    if first in ("\b", r"\b"):  # what the help must not wrap
        return code(rest)
    word, _, rest = paragraph.partition(": ")
    return f"Example:\n\n{code(rest, 'sh')}" if word == "Example" else paragraph


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
