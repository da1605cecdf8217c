"""What two states have not in common, by the examples of testdata/diff."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.declare import entities
from cnictl.declare.compare import compare
from cnictl.declare.model import NODE, State
from cnictl.render.difference import difference_members, difference_tree
from cnictl.state.difference import FactChange, difference
from cnictl.state.load import load
from cnictl.state.snapshot import Snapshot
from tests.unit.state.states import lists, snapshots

EXAMPLES = Path(__file__).parents[3] / "testdata/diff"


def read(path: Path) -> Snapshot:
    return load(path.read_text(), str(path))


@pytest.mark.parametrize(
    "expected", sorted(EXAMPLES.glob("*/*.txt")), ids=lambda one: f"{one.parent.name}-{one.stem}"
)
def test_example(expected: Path):
    """difference.txt says how before.yaml and after.yaml differ, bound.txt without what is random."""
    before, after = (read(expected.parent / f"{side}.yaml") for side in ("before", "after"))
    found = difference(before, after, bind_random=expected.stem == "bound")
    assert str(difference_tree(found)) == expected.read_text()
    assert bool(found) == bool(expected.read_text())


def test_given_names_are_not_random():
    """A MAC address that a configuration names is a difference when only one plugin set obeyed it."""
    before, after = (read(EXAMPLES / "two-plugin-sets" / f"{side}.yaml") for side in ("before", "after"))
    found = difference(before, after, bind_random=True, given={"A2:11:11:11:11:11"})
    (pod,) = found.places()["c1"]
    assert pod.facts == (FactChange("mac", "a2:11:11:11:11:11", "mac@c1:eth0"),)


@given(snapshots())
def test_a_state_is_equal_to_itself(snapshot: Snapshot):
    """However odd: nothing has changed where nothing was done, bound or not."""
    whole = Snapshot(snapshot.state, snapshot.pods)
    assert not difference(whole, whole)
    assert not difference(whole, whole, bind_random=True)


@given(snapshots(), snapshots())
def test_the_way_back(old: Snapshot, new: Snapshot):
    """What was added one way was removed the other way, and changes have their sides exchanged."""
    old, new = Snapshot(old.state, old.pods), Snapshot(new.state, new.pods)
    signs = {"+": "-", "-": "+", "~": "~"}
    forth = {(one.sign, one.where, one.entity.kind, one.entity.key) for one in difference(old, new).changes}
    back = {
        (signs[one.sign], one.where, one.entity.kind, one.entity.key) for one in difference(new, old).changes
    }
    assert forth == back
    assert difference(old, new).gone == difference(new, old).new


@given(snapshots(), snapshots())
def test_nothing_expected_is_missed_by_either(expected: Snapshot, live: Snapshot):
    """CHECK's comparison and this one agree on whether a partial state holds."""
    partial = Snapshot(expected.state, expected.pods, whole=False)
    whole = Snapshot(live.state, expected.pods)
    drifts = compare(partial.expectations(), live.state)
    assert bool(drifts) == bool(difference(partial, whole))


@given(lists, lists)
def test_edits_tell_both_sides(before: list[str], after: list[str]):
    """Without the added lines the edits are the list before, without the removed ones the list after."""
    edits = FactChange("rules", tuple(before), tuple(after)).edits()
    assert [one.text for one in edits if one.sign != "+"] == before
    assert [one.text for one in edits if one.sign != "-"] == after


def test_for_programs():
    """The members of the JSON document are facts with their types, and all of them."""
    before, after = State(), State()
    before.add(NODE, entities.link("cni0", mtu=1500, up=True))
    after.add(NODE, entities.link("cni0", mtu=1400, up=True))
    after.add(NODE, entities.chain("iptables", "nat", "X", ["-j ACCEPT"]))
    assert json.loads(json.dumps(difference_members(difference(before, after)))) == {
        "gone": [],
        "new": [],
        "changes": [
            {
                "change": "changed",
                "place": "node",
                "kind": "link",
                "key": "cni0",
                "facts": {"mtu": 1400, "up": True},
                "changed": {"mtu": {"before": 1500, "after": 1400}},
            },
            {
                "change": "added",
                "place": "node",
                "kind": "chain",
                "key": "iptables nat X",
                "facts": {"rules": ["-j ACCEPT"]},
            },
        ],
        "unseen": [],
    }


@given(st.text(), st.text())
def test_no_control_character_reaches_a_terminal(key: str, text: str):
    """A rule's comment or a file's content cannot move the cursor, whatever wrote it."""
    after = State()
    after.add(NODE, entities.file(f"/{key}", text))
    after.add(NODE, entities.chain("nft inet", "t", "c", [text]))
    shown = str(difference_tree(difference(State(), after)))
    assert shown.startswith("node\n  + chain nft inet t c\n")
    assert all(one.isprintable() or one == "\n" for one in shown)
