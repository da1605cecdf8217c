"""What becomes of an IPAM plugin's answer is the same with the Go plugins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interop.compared import compare
from tests.interop.differences import Table
from tests.kernel.plugins.answers import ANSWERS

pytestmark = pytest.mark.interop

STATE = Table("State after ADD")
FAILURES = Table("What the Go plugins' own CHECK and DEL fail at")
OLD = {name: one for name, one in ANSWERS.items() if not one.since}
ALSO_PTP = ("both families", "two gateways for one network of IPv6", "null", "an error")
CASES = [("bridge", name) for name in OLD] + [("ptp", name) for name in ALSO_PTP]


@pytest.mark.parametrize(("plugin", "name"), CASES)
def test_both_make_the_same_of_an_answer(
    plugin: str, name: str, go_plugins: str, plugins_dir: str, tmp_path: Path
) -> None:
    """The same state or an error of the same plugin, and either checks and deletes what the other made."""
    OLD[name].write(tmp_path)
    file = tmp_path / "canned.yaml"
    network = {
        "cniVersion": "1.0.0",
        "name": "net",
        "plugins": [{"type": plugin, "ipam": {"type": "canned"}}],
    }
    file.write_text(json.dumps({"name": "canned", "network": network}))
    both = compare(f"{go_plugins}:{tmp_path}", f"{plugins_dir}:{tmp_path}", str(file))
    parted = [one for one in both.answers if " says it succeeded" in one or " with A, " in one]
    assert parted == []
    assert [line for line in both.differences if not STATE.explains(line)] == []
    failures = both.failures("A", "check", "del", "del again")
    assert [line for line in failures if not FAILURES.explains(line)] == []
    assert both.failures("B", "check", "del", "del again") == both.left == []
