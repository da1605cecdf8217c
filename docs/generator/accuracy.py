"""The page of how often the doctor is right: from what its laboratory recorded, and from the wordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cnictl.doctor.coverage import REASONS, checks_of
from cnictl.doctor.failure import catalogue
from cnictl.doctor.recognise import recognise
from generator.pages import page, table

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTDATA = Path(__file__).parents[2] / "testdata"
INTRODUCTION = """\
Each fault is brought about on a throwaway node with a network, a pod with a host port, and nothing wrong; the
doctor looks, the fault is healed, and the doctor looks again.  Before and after nothing may be found, and no
class may be named that is not at work: then the test fails.  A fault has a line, and in it what was named:

- *first*: the class of the fault is the first cause,
- *below*: what comes of it, under it,
- *beside*: another cause that the fault brings with it,
- *healed by*: the commands that were printed, or a repair of the test where there is no safe one.

A fault on which the doctor is wrong fails the test and gets no line here.  So the figures are about the
faults that we thought of, on a small node: a floor that is held, and no estimate for a node of yours.

The table is made of testdata/laboratory, which the laboratory wrote; the bundles beside it are what was seen,
and are judged by tests without a node as well:

```sh
CNICTL_LABORATORY=record .venv/bin/python -m pytest -q -n 0 tests/kernel/doctor/test_laboratory.py
.venv/bin/python docs/generate.py
```"""


def pages() -> dict[str, str]:
    """Return the page by its name."""
    faults: list[dict[str, Any]] = json.loads((TESTDATA / "laboratory/results.json").read_text())
    rows = table(("fault", "first", "below", "beside", "healed by"), (_row(one) for one in faults))
    parts = [
        "# How often the doctor is right",
        INTRODUCTION,
        "## In all",
        table(("", ""), [*_totals(faults), *_wordings()]),
        _not_brought_about(faults),
        _not_looked_for(),
        "## Fault by fault",
        rows,
    ]
    return {"doctor-accuracy.md": page(*parts)}


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    beside = [code for code in one["causes"] if code != one["code"]]
    what = f"[{one['code']}](failures.md#{one['code']})" + (f", {one['name']}" if one["name"] else "")
    first = "yes" if _is_first(one) else f"no: {one['causes'][0]}"
    below = ", ".join(code for code in one["consequences"] if code != one["code"])
    return what, first, below, ", ".join(dict.fromkeys(beside)) if _is_first(one) else "", one["healed"]


def _is_first(one: dict[str, Any]) -> bool:
    return bool(one["causes"]) and one["causes"][0] == one["code"]


def _totals(faults: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    first = sum(_is_first(one) for one in faults)
    named = sum(one["code"] in one["causes"] + one["consequences"] for one in faults)
    causes = sum(len(set(one["causes"])) for one in faults)
    right = sum(one["code"] in one["causes"] for one in faults)
    looked_for = sum(bool(checks_of(code)) for code in catalogue())
    yield "classes that are looked for on a node", f"{looked_for} of {len(catalogue())}"
    yield "classes that were brought about", str(len({one["code"] for one in faults}))
    yield "faults", str(len(faults))
    yield "recall: named at all", _share(named, len(faults))
    yield "named first", _share(first, len(faults))
    yield "precision: causes that are the fault's own class, of all that were named", _share(right, causes)
    yield "named before the fault, or after the repair", "0"
    printed = sum(one["healed"] == "what was printed" for one in faults)
    yield "healed by what was printed", str(printed)


def _wordings() -> Iterator[tuple[str, str]]:
    vectors = yaml.load((TESTDATA / "failures.yaml").read_text(), yaml.CSafeLoader)
    texts = [(code, text) for code, several in vectors["texts"].items() for text in several]
    found = [[one.failure.code for one in recognise(text)] for _, text in texts]
    known = [code in each for (code, _), each in zip(texts, found, strict=True)]
    leading = [
        bool(each) and (each[0] == code or each[0] in catalogue()[code].like)
        for (code, _), each in zip(texts, found, strict=True)
    ]
    yield "recall of `cnictl explain`: wordings that it takes for their class", _share(sum(known), len(known))
    yield "the same, as the first one", _share(sum(leading), len(leading))
    yield "envelopes of runtimes, kubelet and Multus around each of them", str(len(vectors["envelopes"]))


def _not_brought_about(faults: list[dict[str, Any]]) -> str:
    named = {code for one in faults for code in one["causes"] + one["consequences"]}
    codes = [code for code in catalogue() if checks_of(code) and code not in named]
    links = ", ".join(f"[{code}](failures.md#{code})" for code in codes)
    return (
        "Looked for, but not brought about here, as their limits are the whole machine's or their numbers "
        f"large: {links}.  Bundles written by hand try these."
    )


def _not_looked_for() -> str:
    reasons: dict[str, list[str]] = {}
    for code, reason in REASONS.items():
        reasons.setdefault(reason, []).append(f"[{code}](failures.md#{code})")
    rows = [(reason, ", ".join(codes)) for reason, codes in reasons.items()]
    return f"What is not looked for, and is known by its words alone:\n\n{table(('why', 'classes'), rows)}"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {100 * part / whole:.0f} %"
