"""Which calls are done again before one: those that made what it found."""

from __future__ import annotations

import json

import pytest

from cnictl.record.lives import before, lacks_add
from cnictl.record.model import Call

DEFAULTS = ("", "", "", "web", "")


def calls(*texts: str) -> list[Call]:
    """Make calls of `VERB plugin container network within`, of which the last two may be left out."""
    made = []
    for number, text in enumerate(texts, start=1):
        words = text.split()
        verb, plugin, container, network, within = (*words, *DEFAULTS[len(words) :])
        call = Call(
            number=number,
            plugin=plugin,
            path=f"/opt/cni/bin/{plugin}",
            program="",
            size=0,
            modified=0,
            time=float(number),
            pid=number,
            uid=0,
            netns="",
            cwd="/",
            arguments=(),
            environment={"CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_IFNAME": "eth0"},
            callers=(),
            caller="",
            stdin=json.dumps({"name": network}).encode(),
            stdout=b"",
            stderr=b"",
            within=int(within) if within else None,
        )
        made.append(call)
    return made


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ADD bridge a"], []),
        (["ADD bridge a", "ADD portmap a"], [1]),
        (["ADD bridge a", "CHECK bridge a", "DEL bridge a"], [1]),
        (["ADD bridge a", "ADD portmap a", "DEL portmap a", "DEL bridge a"], [1, 2, 3]),
        (["ADD bridge a", "DEL bridge a", "DEL bridge a"], [1, 2]),
        (["ADD bridge a", "DEL bridge a", "ADD bridge a"], []),
        (["ADD bridge a", "DEL bridge a", "ADD bridge a", "CHECK bridge a"], [3]),
        (["DEL bridge a", "ADD bridge a", "CHECK bridge a"], [2]),
        (["ADD bridge a", "ADD bridge b", "DEL bridge a", "ADD bridge c"], [2]),
        (["ADD bridge a", "ADD bridge b other", "ADD bridge c"], [1]),
        (["ADD bridge a", "VERSION bridge a"], []),
        (["ADD bridge a web", "ADD host-local a web 1", "ADD bridge b web", "ADD host-local b web 3"], [2]),
        (["ADD bridge a web", "ADD host-local a web 1", "ADD bridge b web"], [1]),
        (["ADD bridge a", "ADD bridge b", "GC bridge -"], [1, 2]),
    ],
    ids=lambda one: ", ".join(one) if one and isinstance(one[0], str) else "",
)
def test_what_is_done_before_the_last(words: list[str], expected: list[int]) -> None:
    """ADD and DEL of its own life, and of those that were there; of a delegate those of the same plugin."""
    several = calls(*words)
    assert [one.number for one in before(several[-1], several)] == expected


def test_alone() -> None:
    """As if nobody else had been there."""
    several = calls("ADD bridge a", "ADD bridge b", "CHECK bridge b")
    assert [one.number for one in before(several[-1], several, alone=True)] == [2]


def test_whose_add_is_not_there() -> None:
    """CHECK and DEL need one."""
    several = calls("ADD bridge a", "CHECK bridge b", "CHECK bridge a", "ADD bridge c")
    lacking = [one.number for one in several if lacks_add(one, before(one, several))]
    assert lacking == [2]
