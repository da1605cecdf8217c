"""`cnictl explain`."""

from __future__ import annotations

import pytest

from cnictl.lint.engine import all_rules
from tests.protocol.cli.conftest import Bench

SHOWN = """\
CNI303 warning: unknown-key
    A plugin reads every key that its configuration has.

Why it matters
    A plugin ignores what it does not know without a word: a misspelt key does
    nothing.

Instead of
    {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "isMasq": true}]}

Write
    {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipMasq": true}]}
"""


@pytest.mark.parametrize("asked", ["CNI303", "cni303", "unknown-key"])
def test_a_rule(bench: Bench, asked: str):
    """Why it matters, an example, and what to write instead."""
    assert bench("explain", asked, status=0).stdout == SHOWN


def test_all_codes(bench: Bench):
    """A line each."""
    lines = bench("explain", status=0).stdout.splitlines()
    assert [one.split()[0] for one in lines[1:] if one.startswith("CNI")] == [one.code for one in all_rules()]


def test_every_rule_for_programs(bench: Bench):
    """None is without a reason, nor without something to do."""
    known = bench("explain", "-o", "json", status=0).json
    titles = {one["code"]: [each["title"] for each in one["sections"]] for one in known}
    for rule in all_rules():
        assert "Why it matters" in titles[rule.code]
        assert {"Write", "What to do"} & set(titles[rule.code])


def test_what_is_no_code(bench: Bench):
    """Wrong usage, with what may be meant."""
    done = bench("explain", "CNI30", status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: nothing is known of 'CNI30'\nhint: did you mean CNI3")
    assert "\x1b" not in bench("explain", "\x1b[2J", status=2).stderr
