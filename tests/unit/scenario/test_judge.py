"""What is said of answers that are not as they must be."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.scenario import judge
from cnictl.scenario.load import load
from cnictl.scenario.model import Disturbance, Reach
from tests.unit.scenario.texts import HEAD

RESULT = {"ips": [{"address": "10.1.2.3/24", "interface": 2}], "dns": {}}


def failed(msg: str, details: str = "") -> dict[str, Any]:
    message = f"bridge: {msg}; {details}".removesuffix("; ")
    error = {"plugin": "bridge", "code": 999, "msg": msg, "details": details, "message": message}
    return {"attachment": "c1 eth0", "error": error}


def texts(found: Any) -> list[str]:
    return [one.text for one in found]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("{ips: [{address: 10.1.2.3/24}]}", []),
        ("{ips: [{address: 10.1.*}]}", []),
        ("{ips: '*'}", []),
        ("{dns: '*', routes: '*'}", ['c1 eth0: routes is absent, not "*"']),
        ("{ips: [{address: 10.1.2.4/24}]}", ['c1 eth0: ips[0].address is "10.1.2.3/24", not "10.1.2.4/24"']),
        ("{ips: []}", ['c1 eth0: ips is [{"address":"10.1.2.3/24","interface":2}], not []']),
        ("{ips: [{interface: true}]}", ["c1 eth0: ips[0].interface is 2, not true"]),
    ],
)
def test_a_result_is_compared_where_it_is_named(wanted: str, said: list[str]):
    """What the scenario does not name may be anything; `*` is any value that is there."""
    (scenario,) = load(f"{HEAD}\nattachments: [{{result: {wanted}}}]")
    assert texts(judge.adds(scenario, [{"attachment": "c1 eth0", "result": RESULT}])) == said


def test_an_expected_error_is_compared_with_message_and_details():
    """An ADD that must fail may do so in no other way."""
    (scenario,) = load(f"{HEAD}\nattachments: [{{error: 'no * left; *'}}]")
    assert texts(judge.adds(scenario, [failed("no address left", "10.1.2.0/24")])) == []
    assert texts(judge.adds(scenario, [failed("no link")])) == [
        "c1 eth0: ADD failed with 'bridge: no link', not 'no * left; *'"
    ]
    assert texts(judge.adds(scenario, [{"attachment": "c1 eth0", "result": RESULT}])) == [
        "c1 eth0: ADD succeeded, and must fail with 'no * left; *'"
    ]


def test_an_error_is_told_once():
    """Its message has the details, in each of the steps."""
    (scenario,) = load(HEAD)
    answers = [failed("no link", "in key 'x'")]
    said = ["c1 eth0: bridge: no link; in key 'x'"]
    assert texts(judge.adds(scenario, answers)) == said
    assert texts(judge.checks(scenario, answers)) == said
    assert texts(judge.deletes(scenario, answers, "del")) == said


def test_somebody_reaches_whom_he_must_and_nobody_else():
    """Both a missing and an unwanted answer are failures, and a try that could not be made is one too."""
    must, must_not = Reach("a", "b"), Reach("a", "b", fails=True)
    assert texts(judge.reached(must, {"failure": ""})) == []
    assert texts(judge.reached(must_not, {"failure": "no answer"})) == []
    assert texts(judge.reached(must, {"failure": "no answer"})) == ["a to b: ping: no answer"]
    assert texts(judge.reached(must_not, {"failure": ""})) == ["a to b: ping: it gets there, and must not"]
    assert texts(judge.reached(must_not, {"broken": "no netns"})) == ["a to b: ping: no netns"]


@pytest.mark.parametrize(
    ("disturbance", "checked", "drift", "said"),
    [
        (Disturbance("x", ()), [failed("gone")], ["a"], []),
        (Disturbance("x", ()), [{}], [], ["CHECK did not notice"]),
        (Disturbance("x", (), check="gone*"), [failed("gone", "more")], [], []),
        (Disturbance("x", (), check="lost"), [failed("gone")], [], ["CHECK says 'gone', not 'lost'"]),
        (
            Disturbance("x", (), check=None),
            [failed("gone")],
            [],
            ["CHECK says 'gone', and should not notice"],
        ),
        (Disturbance("x", (), drift=("a *", "b")), [failed("x")], ["b", "a 1"], []),
        (
            Disturbance("x", (), drift=("a",)),
            [failed("x")],
            ["b"],
            ["diff does not say 'a'", "diff says 'b', which is not expected"],
        ),
        (Disturbance("x", (), drift=("a*", "a*")), [failed("x")], ["a1"], ["diff does not say 'a*'"]),
    ],
)
def test_a_disturbance_is_noticed_as_it_should_be(
    disturbance: Disturbance, checked: list[Any], drift: list[str], said: list[str]
):
    """By CHECK in the words expected, by diff in these sentences and no others, each for one pattern."""
    assert texts(judge.noticed(disturbance, checked, {"drift": drift})) == said


@pytest.mark.parametrize(
    ("text", "pattern", "fit"),
    [
        ("a[0]", "a[0]", True),
        ("a?", "a?", True),
        ("ab", "a?", False),
        ("abc", "a*c", True),
        ("A", "a", False),
    ],
)
def test_only_the_asterisk_is_special(text: str, pattern: str, fit: bool):
    """Rules and JSON are full of brackets."""
    assert judge.fits(text, pattern) is fit
