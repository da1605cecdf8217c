"""Expectations written into a scenario's file from what was observed; the rest of the file stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from cnictl import durable
from cnictl.declare.model import Entity, State
from cnictl.scenario.load import ScenarioError
from cnictl.spec.document import encode
from cnictl.state.binding import GENERATED, bind
from cnictl.state.difference import difference
from cnictl.state.dump import dump
from cnictl.state.kinds import views
from cnictl.state.load import load
from cnictl.state.nodes import NodeReader
from cnictl.state.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cnictl.declare.model import Fact
    from cnictl.scenario.judge import Outcome
    from cnictl.scenario.model import Scenario
    from cnictl.spec.document import Json
    from cnictl.state.difference import Change

RUNTIME = ("attachment",)
"""Kinds that the runtime makes and not the plugins."""

_INDENT = 2
_BOUND = re.compile(r"[a-z]+@")
"""A label that `cnictl.state.binding` gives to what is random."""


def expectations(outcome: Outcome) -> list[str]:
    """Write what ADD made, and what it answered where the file names a result; return what was changed.

    Nothing is written for a scenario that was not run to the end of ADD.  Raises ScenarioError when
    the file is not the one that was run, and where a place in it is written in braces.
    """
    states = [one["state"] for one in outcome.observed if one["step"] == "state"]
    if len(states) < 2 or outcome.scenario.fails:
        return []
    file = _File(outcome.scenario)
    made = state_made(outcome.scenario, load(states[0]), load(states[1]))
    changed = ["state"] if file.set_state(made) else []
    answers = next(one["answers"] for one in outcome.observed if one["step"] == "add")
    results = [one.get("result") for one in answers]
    if file.set_results([without_random(one, outcome.scenario.given) for one in results]):
        changed.append("results")
    if changed:
        file.write()
    return changed


def state_made(scenario: Scenario, before: Snapshot, after: Snapshot) -> str:
    """Return what ADD made as the sections `node` and `pods` of a snapshot; what is random is left out."""
    old, new = bind(before, after, scenario.given)
    names = {place: place for place in scenario.pods}
    made = State()
    absent: list[tuple[str, str, str]] = []
    for change in difference(old, new).changes:
        where = "" if change.where == "node" else change.where
        entity = change.entity
        if entity.kind in RUNTIME:
            continue
        if change.sign == "-":
            absent.append((where, entity.kind, entity.key))
            continue
        named = {fact.name for fact in change.facts} if change.facts else set(entity.facts)
        facts = {
            name: fact
            for name, fact in entity.facts.items()
            if name in named and not (name == "mac" and _BOUND.match(str(fact))) and _is_telling(fact, change)
        }
        kept = Entity(entity.kind, entity.key, facts)
        made.add(where, kept)
        made.extend(where, views(kept))
    pods = {name: name for name in names if name in made.places or any(one[0] == name for one in absent)}
    text = dump(Snapshot(made, pods, whole=False, absent=tuple(absent)))
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(("version:", "complete:"))
    )


def _is_telling(fact: Fact, change: Change) -> bool:
    """Whether a fact is worth its place: of what is new, most switches are off and most names empty."""
    return change.sign == "~" or change.entity.kind != "link" or fact not in ("", False)


class _File:
    """A scenario's file, in which values are replaced from the last to the first."""

    def __init__(self, scenario: Scenario) -> None:
        self._path = scenario.file
        self._reader = NodeReader(scenario.file, ScenarioError)
        with open(self._path, encoding="utf-8") as file:
            self._text = file.read()
        self._name = scenario.name

    def set_state(self, made: str) -> bool:
        """Put the state into `expect`; return whether it was another before."""
        root = self._root()
        expect = _value(root, "expect")
        if expect is None:
            end = self._end(root)
            return self._put(
                end, end, f"expect:\n{_indented('state:', _INDENT)}\n{_indented(made, 2 * _INDENT)}"
            )
        self._must_be_block(expect, "expect")
        column = expect.start_mark.column
        state = _value(expect, "state")
        if state is None:
            end = self._end(expect)
            return self._put(end, end, f"{_indented('state:', column)}\n{_indented(made, column + _INDENT)}")
        start = self._text.rindex("\n", 0, _key(expect, "state").start_mark.index) + 1
        return self._put(
            start, self._end(state), f"{_indented('state:', column)}\n{_indented(made, column + _INDENT)}"
        )

    def set_results(self, results: list[Json]) -> bool:
        """Replace the results that the file names; return whether some were others before."""
        attachments = _value(self._root(), "attachments")
        if not isinstance(attachments, yaml.SequenceNode):
            return False
        changed = False
        for index in range(len(attachments.value) - 1, -1, -1):
            found = _value(attachments.value[index], "result")
            if found is None or results[index] is None:
                continue
            start = found.start_mark.index
            changed |= self._put(start, self._end(found), encode(results[index]) + "\n")
        return changed

    def write(self) -> None:
        """Replace the file as a whole."""
        durable.rewrite(self._path, self._text.encode())

    def _put(self, start: int, end: int, text: str) -> bool:
        if self._text[start:end].rstrip() == text.rstrip():
            return False
        head = self._text[:start]
        if head and not head.endswith(("\n", " ")):
            head += "\n"
        self._text = head + text.rstrip("\n") + "\n" + self._text[end:]
        return True

    def _root(self) -> yaml.Node:
        for root in self._reader.documents(self._text):
            if root is not None and (name := _value(root, "name")) is not None and name.value == self._name:
                return root
        raise ScenarioError(f"{self._path}: there is no scenario {self._name!r} any more")

    def _must_be_block(self, node: yaml.Node, words: str) -> None:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            self._reader.fail(
                node, f"write {words} in lines of its own, not in braces, so that it can be updated"
            )

    def _end(self, node: yaml.Node) -> int:
        """Return where a node's lines end; YAML counts the comments and blanks behind a block to it."""
        end = int(node.end_mark.index)
        lines = self._text[:end].split("\n")
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith(("#", "---"))):
            lines.pop()
        return len("\n".join(lines)) + (1 if len("\n".join(lines)) < len(self._text) else 0)


def without_random(value: Json, given: Collection[str]) -> Json:
    """Return a Result with `*` for what is random: generated names, and MAC addresses but those given."""
    if isinstance(value, dict):
        members: Mapping[str, Json] = value
        return {name: without_random(one, given) for name, one in members.items()}
    if isinstance(value, list):
        return [without_random(one, given) for one in value]
    if isinstance(value, str):
        is_mac = value.count(":") == 5 and value not in given
        return "*" if is_mac or GENERATED.fullmatch(value) else value
    return value


def _pair(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _value(node: yaml.Node, name: str) -> yaml.Node | None:
    found = _pair(node, name)
    return None if found is None else found[1]


def _key(node: yaml.Node, name: str) -> yaml.Node:
    found = _pair(node, name)
    assert found is not None
    return found[0]


def _indented(text: str, columns: int) -> str:
    return "\n".join(" " * columns + line if line else line for line in text.splitlines())
