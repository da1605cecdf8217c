"""Rules as iptables handed them to the kernel, recorded: `testdata/netfilter/iptables-RELEASE.json`.

1.8.13 does as 1.8.11 does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.netfilter import nft
from cnictl.netfilter.expressions import alike, translate
from cnictl.netfilter.rule import parse
from cnictl.netfilter.translated import parts_of

RECORDED = Path(__file__).parents[3] / "testdata" / "netfilter"


def recorded(release: str) -> list[dict[str, Any]]:
    text = (RECORDED / f"iptables-{release}.json").read_text(encoding="ascii")
    rules: list[dict[str, Any]] = json.loads(text)
    return rules


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(one, id=f"{release}, {one['version']}: {one['words']}")
        for release in ("1.8.9", "1.8.11")
        for one in recorded(release)
    ],
)
def test_a_rule_is_recognised_whichever_iptables_made_it(rule: dict[str, Any]) -> None:
    """Though the order of what it asks is another, and where the protocol of IPv4 is looked up."""
    raw = {nft.RULE_EXPRESSIONS: bytes.fromhex(rule["expressions"])}
    words = list(parse(f"-A X {rule['words']}").words)
    assert alike(list(parts_of(raw))) == translate(rule["version"], words) != []


def test_the_two_recordings_differ() -> None:
    """Or the test above would show nothing."""
    older, newer = (
        {(one["version"], one["words"]): one["expressions"] for one in recorded(each)}
        for each in ("1.8.9", "1.8.11")
    )
    assert older.keys() == newer.keys()
    assert sum(older[one] != newer[one] for one in older) >= 9
