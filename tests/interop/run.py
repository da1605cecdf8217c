"""Runs a network with one implementation, and the other way round with the other, on two throwaway nodes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnictl.declare.model import NODE
from cnictl.state.difference import difference
from cnictl.state.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnictl.sandbox.node import Node
    from cnictl.state.difference import Change, Difference
    from tests.interop.scenario import Scenario

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Life:
    """What came of ADD by one implementation, CHECK by both, and DEL twice by the other."""

    answers: list[dict[str, Any]]
    before: str
    added: str
    deleted: str

    def errors(self, verb: str, half: int) -> list[str]:
        """Return the errors of the first or second run of a verb, as `TYPE: VERB: message`."""
        mine = [one for one in self.answers if one["verb"] == verb]
        middle = len(mine) // 2 if verb != "add" else len(mine)
        part = mine[:middle] if half == 0 else mine[middle:]
        return [_shortened(one["error"], verb) for one in part if "error" in one]


def live(node: Node, scenario: Scenario, first: str, second: str) -> Life:
    """ADD with the plugins of `first`, CHECK with both, DEL twice with those of `second`."""
    steps = [("add", first), ("check", first), ("check", second), ("del", second), ("del", second)]
    done = node.run(
        [sys.executable, "-m", "tests.interop.worker"],
        stdin=json.dumps({"scenario": asdict(scenario), "steps": steps}),
        env=dict(os.environ),
        cwd=str(ROOT),
        timeout=300,
    ).checked()
    told = json.loads(done.stdout)
    states = told["states"]
    return Life(told["answers"], states[0], states[1], states[-1])


def parted(scenario: Scenario, one: Life, other: Life) -> Iterator[str]:
    """Yield where the states after ADD part, a line each; what is random counts as the same."""
    found = difference(load(one.added), load(other.added), bind_random=True, given=scenario.given)
    yield from _lines(found)


def left(scenario: Scenario, life: Life) -> list[str]:
    """Return what is there after DEL and was not before ADD, but for what is shared by containers."""
    shared: set[str] = set()
    after = load(life.deleted)
    for plugin in scenario.network["plugins"]:
        bridge = str(plugin.get("bridge", "cni0"))
        shared.add(bridge)
        gateway = after.state.find(NODE, "link", f"{bridge}.{plugin.get('vlan', 0)}")
        if gateway is not None:
            shared |= {gateway.key, str(gateway.facts["peer"])}
    return [line for line in _lines(difference(load(life.before), after)) if not _is_shared(line, shared)]


def both_ways(
    make_node: Callable[[], Node], scenario: Scenario, go_plugins: str, plugins_dir: str
) -> tuple[Life, Life]:
    """Return the life of what Go added and we deleted, and of what we added and Go deleted."""
    return (
        live(make_node(), scenario, go_plugins, plugins_dir),
        live(make_node(), scenario, plugins_dir, go_plugins),
    )


def _lines(found: Difference) -> Iterator[str]:
    for change in found.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    entity = f"{change.where}: {change.entity.kind} {change.entity.key}"
    if change.sign != "~":
        yield f"{change.where}: {change.sign} {change.entity.kind} {change.entity.key}"
    for fact in change.facts:
        simple = not isinstance(fact.before, tuple) and "\n" not in str(fact.before)
        yield f"{entity}: {fact.name}" + (
            f" {fact.before} -> {fact.after}" if simple and fact.before is not None else ""
        )


def _is_shared(line: str, links: set[str]) -> bool:
    """Whether DEL leaves it on purpose, as the Go plugins do: the next container uses it."""
    words = line.split()
    bookkeeping = words[-1].rpartition("/")[2]
    return (
        ": sysctl " in line
        or ": + address lo " in line
        or line.startswith(("node: + chain ip", "node: + chain nft bridge nat PREROUTING"))
        or any(word in links for word in words)
        or any(f"/{link}/" in line for link in links)
        or "CNI-HOSTPORT-" in line
        or (line.startswith("node: chain ip") and line.endswith(": rules"))
        or bookkeeping == "lock"
        or bookkeeping.startswith("last_reserved_ip.")
    )


def _shortened(error: str, verb: str) -> str:
    """Return `TYPE: VERB: message` of a runtime's error."""
    head, _, message = error.partition("): ")
    kind = head.partition('type="')[2].partition('"')[0]
    return f"{kind}: {verb}: {message.strip()}"
