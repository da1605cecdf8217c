"""The tables of docs/differences.md, and which of their rows explain something."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"


class Table:
    """The patterns of one section; `used` are those that explained something in this process."""

    def __init__(self, heading: str, page: Path = PAGE) -> None:
        _, _, rest = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
        section = rest.partition("\n## ")[0]
        self.patterns: list[str] = re.findall(r"^\| `(.+?)` \| ", section, re.MULTILINE)
        assert self.patterns, heading

    def explains(self, line: str) -> str:
        """Return the pattern that explains a line, "" when none does."""
        for pattern in self.patterns:
            escaped = pattern.replace("[", "[[]")
            if fnmatchcase(line, escaped):
                return pattern
        return ""
