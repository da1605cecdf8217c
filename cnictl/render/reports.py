"""Outcomes in the forms that collect the results of tests: TAP (version 13) and JUnit's XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from cnictl.render.scenario import failure_text, verdict
from cnictl.render.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.scenario.judge import Outcome


def tap(outcomes: Sequence[Outcome]) -> str:
    """Return a line a scenario, and what does not hold as comments below it."""
    lines = ["TAP version 13", f"1..{len(outcomes)}"]
    for number, one in enumerate(outcomes, 1):
        word = "not ok" if one.failures else "ok"
        skip = f" # SKIP {escape(one.skipped, keep='')}" if one.skipped else ""
        lines.append(f"{word} {number} - {escape(one.scenario.name, keep='').replace('#', '')}{skip}")
        lines += [
            f"# {line}" for failure in one.failures for line in escape(failure_text(failure)).splitlines()
        ]
    return "\n".join(lines) + "\n"


def junit(outcomes: Sequence[Outcome]) -> str:
    """Return one test suite with a test case a scenario; times in seconds."""
    suite = ET.Element(
        "testsuite",
        name="cnictl test",
        tests=str(len(outcomes)),
        failures=str(sum(bool(one.failures) for one in outcomes)),
        skipped=str(sum(bool(one.skipped) for one in outcomes)),
        errors="0",
        time=f"{sum(one.seconds for one in outcomes):.3f}",
    )
    for one in outcomes:
        scenario = one.scenario
        case = ET.SubElement(
            suite,
            "testcase",
            classname=scenario.file,
            name=scenario.name,
            line=str(scenario.line),
            time=f"{one.seconds:.3f}",
        )
        if verdict(one) == "skipped":
            ET.SubElement(case, "skipped", message=escape(one.skipped))
        for failure in one.failures:
            told = ET.SubElement(case, "failure", type=failure.step, message=escape(failure.text))
            told.text = escape(failure_text(failure))
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
