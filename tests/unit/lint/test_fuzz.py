"""Whatever a file holds, the readers of JSON and of YAML answer: they find mistakes, and have none.

A run takes some seconds.  CNICTL_FUZZ_SECONDS=600 lets it go on for ten minutes, with other texts each
time; `-n 0` shows what a failing text looks like at once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnictl.lint import silence
from cnictl.lint.engine import Report, examine_text
from cnictl.lint.explain import explanations
from cnictl.lint.fix import mended_text
from cnictl.lint.silence import Silences, WrongSilence
from cnictl.render.form import as_json
from cnictl.render.sarif import sarif_members
from cnictl.render.workflow_commands import workflow_commands
from cnictl.scenario.load import ScenarioError, load
from tests.unit.lint.test_manifest import BAD, CONFIG_MAP, definition

TESTDATA = Path(__file__).parents[3] / "testdata"
LARGEST = 1500
"""Characters of a seed: PyYAML takes a millisecond for some hundred."""
CONFIGURATIONS = [one.read_text() for one in sorted((TESTDATA / "examples").glob("*.conflist"))]
SCENARIOS = [
    document
    for one in sorted((TESTDATA / "scenarios").glob("*.yaml"))
    for document in one.read_text().split("\n---\n")
    if len(document) < LARGEST
]
MANIFESTS = [
    CONFIG_MAP,
    definition(f"'{BAD}'"),
    definition("|\n    " + CONFIGURATIONS[0].replace("\n", "\n    ")),
    definition('"{\\"cniVersion\\": \\"1.0\\",\\\n    \\x20\\"type\\": \\"bridge\\"}"'),
    '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "ConfigMap", "data": {"a.conflist": "{,}"}}]}',
]
SILENCE = ["silence:\n- code: CNI303\n  path: a*\n  pointer: /plugins/0\n  reason: it is so\n"]
TOKENS = [
    *"{}[]\",:'#/\\|>&*!%@-?\n\t \r\x00\x7f\x85\u2028\ufeff\ud800\U0001f600", "//", "/*", "---\n", "...\n",
    "{{x}}", "__X__", "${X}", "null", "true", '"1500"', "1e999", "-0", "9" * 40, "[" * 2000, "{" * 200,
    "&a [*a]", "&a\n  x: *a\n", "&b ", "*b", "9" * 5000, "<<: *a",
    "!!binary x", "!!python/name:os.system", "? [a]\n: b\n", "10.1.0.0/16", "::/0",
    '"mtu": "1"', '"plugins": 3', '"type": "portmap"', '"ipam": {"type": "host-local"}',
    '"capabilities": {"ips": true}', "data:\n  a.conflist: |\n",
]  # fmt: skip
EXAMPLES = 150
SECONDS = float(os.environ.get("CNICTL_FUZZ_SECONDS", "0"))
TESTS = 5
RULES = explanations()


@st.composite
def damaged(draw: st.DrawFn, seeds: list[str]) -> str:
    """Draw a good text in which up to five pieces were lost, doubled, swapped in, or replaced."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 30))
        other = draw(st.sampled_from(seeds))
        piece = draw(
            st.sampled_from(["", text[start:end] * 2, other[start : start + 80]]) | st.sampled_from(TOKENS)
        )
        text = text[:start] + piece + text[end:]
    return text


ANY = st.binary(max_size=80).map(lambda data: data.decode(errors="replace")) | st.text(max_size=80)


def fuzzed(texts: st.SearchStrategy[str]) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Make a test of a function of a text: some examples, and more of them for its part of SECONDS."""

    def make(check: Callable[[str], None]) -> Callable[[], None]:
        limits = settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        run = limits(given(texts)(check))

        @functools.wraps(check)
        def test() -> None:
            end = time.monotonic() + SECONDS / TESTS
            run()
            while time.monotonic() < end:
                run()

        del test.__wrapped__  # whose argument pytest would take for a fixture
        return pytest.mark.timeout(SECONDS + 120)(test)

    return make


def judge(name: str, text: str) -> None:
    """Find the mistakes of a text, in all forms of output; each is within the text."""
    found = examine_text(name, text)
    lines = text.count("\n") + 1
    for one in found:
        assert 1 <= one.line <= lines
        assert 1 <= one.column <= len(one.source) + 1
        assert one.message
    report = Report((name,), tuple(found))
    assert workflow_commands(report).replace("\n", "").isprintable()
    assert as_json(sarif_members(report, RULES)).replace("\n", "").isprintable()


@fuzzed(damaged(CONFIGURATIONS) | ANY)
def test_a_configuration(text: str):
    """JSON, nearly JSON, or something else."""
    judge("web.conflist", text)


@fuzzed(damaged(MANIFESTS) | damaged(MANIFESTS + SCENARIOS) | ANY)
def test_a_manifest(text: str):
    """YAML with configurations in it, or something that is like it."""
    judge("web.yaml", text)


@fuzzed(damaged(CONFIGURATIONS) | damaged(MANIFESTS) | ANY)
def test_what_is_mended_is_mended_for_good(text: str):
    """Mending comes to an end, and what is left is nothing that it could mend."""
    after, _ = mended_text("web", text, Silences("", ()))
    again, count = mended_text("web", after, Silences("", ()))
    assert (again, count) == (after, 0)


@fuzzed(damaged(SCENARIOS) | ANY)
def test_a_scenario(text: str):
    """It is read, or told with its line to be none."""
    with contextlib.suppress(ScenarioError):
        load(text.encode(errors="replace").decode(), "web.yaml")  # as what a file holds, which is UTF-8


@fuzzed(damaged(SILENCE) | damaged(SILENCE + MANIFESTS) | ANY)
def test_a_file_of_silence(text: str):
    """As a scenario."""
    with contextlib.suppress(WrongSilence):
        silence.parse("web.yaml", text)
