"""Rules as iptables handed them to the kernel, recorded: `testdata/netfilter/iptables-RELEASE.json`.

1.8.13 does as 1.8.11 does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.netfilter import nft
from cnictl.netfilter.expressions import alike, oldest, protocol_of, translate
from cnictl.netfilter.rule import parse
from cnictl.netfilter.translated import parts_of
from cnictl.netlink import message

RECORDED = Path(__file__).parents[3] / "testdata" / "netfilter"


def recorded(release: str) -> list[dict[str, Any]]:
    text = (RECORDED / f"iptables-{release}.json").read_text(encoding="ascii")
    rules: list[dict[str, Any]] = json.loads(text)
    return rules


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(one, id=f"{release}, {one['version']}: {one['words']}")
        for release in ("1.8.7", "1.8.9", "1.8.11")
        for one in recorded(release)
    ],
)
def test_a_rule_is_recognised_whichever_iptables_made_it(rule: dict[str, Any]) -> None:
    """In whatever order and however it asks for interfaces, protocol, addresses and ports."""
    raw = {nft.RULE_EXPRESSIONS: bytes.fromhex(rule["expressions"])}
    words = list(parse(f"-A X {rule['words']}").words)
    assert alike(list(parts_of(raw))) == translate(rule["version"], words) != []


@pytest.mark.parametrize("operation", range(2, 6))
def test_only_being_equal_or_not_is_put_in_other_words(operation: int) -> None:
    """A greater or smaller masked address is no network: no rule of iptables asks for one."""
    question, mask = oldest(4, "", translate(4, ["-s", "10.1.0.0/16", "-j", "ACCEPT"]))[:2]
    ordered = message.attribute(1, bytes((0, 0, 0, 1))) + message.attribute(2, bytes((0, 0, 0, operation)))
    ordered += message.attribute(3, message.attribute(1, bytes((10, 1, 0, 0))))
    parts = [question, mask, ("cmp", "", ordered)]
    assert alike(parts) == parts


def test_what_is_masked_twice_stays_as_it_is() -> None:
    question, mask = oldest(4, "", translate(4, ["-s", "10.1.0.0/16", "-j", "ACCEPT"]))[:2]
    assert alike([question, mask, mask]) == [question, mask, mask]


@pytest.mark.parametrize(("older", "newer", "fewest"), [("1.8.7", "1.8.9", 4), ("1.8.9", "1.8.11", 9)])
def test_the_recordings_differ(older: str, newer: str, fewest: int) -> None:
    """Or the test above would show nothing."""
    before, after = (
        {(one["version"], one["words"]): one["expressions"] for one in recorded(each)}
        for each in (older, newer)
    )
    assert before.keys() == after.keys()
    assert sum(before[one] != after[one] for one in before) >= fewest


@pytest.mark.parametrize(
    "rule", [pytest.param(one, id=f"{one['version']}: {one['words']}") for one in recorded("1.8.7")]
)
def test_what_is_added_is_put_as_an_old_iptables_puts_it(rule: dict[str, Any]) -> None:
    """To the byte, but for networks of whole bytes, which are masked as those of other lengths are."""
    version, words = rule["version"], list(parse(f"-A X {rule['words']}").words)
    parts = translate(version, words)
    protocol, _ = protocol_of(words)
    put = oldest(version, protocol, parts)
    assert alike(put) == parts
    before = list(parts_of({nft.RULE_EXPRESSIONS: bytes.fromhex(rule["expressions"])}))
    masked = [kind for kind, _, _ in put].count("bitwise") > [kind for kind, _, _ in before].count("bitwise")
    assert masked or put == before
