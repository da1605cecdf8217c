"""What validation found as SARIF 2.1.0, which code scanners and editors read.

The names are those of the standard (OASIS, Static Analysis Results Interchange Format 2.1.0).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from cnictl import __version__
from cnictl.lint.model import ERROR, INFO, WARNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.explanation import Explanation
    from cnictl.lint.engine import Report
    from cnictl.lint.model import Diagnostic
    from cnictl.render.form import Data

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[str, str] = {ERROR: "error", WARNING: "warning", INFO: "note"}


def sarif_members(report: Report, rules: Sequence[Explanation]) -> dict[str, Data]:
    """Return a log with one run, whose results name the rules by their codes."""
    index = {one.code: number for number, one in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cnictl validate",
                        "version": __version__,
                        "rules": [_rule(one) for one in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "artifacts": [{"location": {"uri": uri(name)}} for name in report.files],
                "results": [
                    *(_result(one, index[one.code]) for one in report.diagnostics),
                    *(
                        _result(one, index[one.code])
                        | {"suppressions": [{"kind": "external", "justification": reason}]}
                        for one, reason in report.silenced
                    ),
                ],
            }
        ],
    }


def uri(path: str) -> str:
    """Return the reference (RFC 3986) of a file; relative paths stay so, for whoever has the same tree."""
    quoted = quote(os.fsencode(path))
    return f"file://{quoted}" if path.startswith("/") else quoted


def _rule(one: Explanation) -> dict[str, Data]:
    text = "\n\n".join(f"{section.title}\n{section.text}" for section in one.sections)
    markdown = "\n\n".join(f"## {section.title}\n\n{section.text}" for section in one.sections)
    return {
        "id": one.code,
        "name": one.name,
        "shortDescription": {"text": one.summary},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": LEVELS[one.severity]},
    }


def _result(one: Diagnostic, rule: int) -> dict[str, Data]:
    location: dict[str, Data] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(one.file)},
            "region": {
                "startLine": one.line,
                "startColumn": one.column,
                "endColumn": one.column + one.length,
                "snippet": {"text": one.source[one.column - 1 : one.column - 1 + one.length]},
            },
        }
    }
    if one.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": one.pointer}]
    return {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": LEVELS[one.severity],
        "message": {"text": f"{one.message}\n{one.hint}" if one.hint else one.message},
        "locations": [location],
    }
