"""What the tests of this folder do on a throwaway node: `python -m tests.kernel.state.on_node WHAT`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from cnictl.declare.compare import compare
from cnictl.plugin.observe import observe as observe_thinly
from cnictl.render.difference import difference_tree
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.runtime.configuration import parse
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.state import attachments
from cnictl.state.difference import difference
from cnictl.state.dump import dump
from cnictl.state.observe import take


def snapshot(asked: dict[str, Any]) -> str:
    """Give the state of the node and of its pods, as YAML."""
    return dump(take(asked["pods"]))


def disturb(asked: dict[str, Any]) -> dict[str, Any]:
    """Do one thing after another and take it back; give what was different each time, and in the end."""
    before = take(asked["pods"])
    during = []
    for do, undo in asked["steps"]:
        _shell(do)
        during.append(str(difference_tree(difference(before, take(asked["pods"])))))
        _shell(undo)
    return {"during": during, "after": str(difference_tree(difference(before, take(asked["pods"]))))}


def add(asked: dict[str, Any]) -> None:
    """Attach a container, as a runtime does."""
    runtime = Runtime(Plugins([asked["plugins_dir"]]))
    capabilities = asked.get("capability_args", {})
    attachment = Attachment(asked["container"], asked["netns"], capability_args=capabilities)
    runtime.add(parse(json.dumps(asked["network"]).encode()), attachment)


def agree(_: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every expectation of every attachment, as it was stated and as each observer sees it."""
    expected = [
        one
        for cached in Cache().listing().attachments
        for promise in attachments.promises(cached)
        for one in promise.expectations
    ]
    full, thin = attachments.observe_for(expected), observe_thinly(expected)
    found = []
    for one in expected:
        entity = one.entity
        seen = [state.find(one.where, entity.kind, entity.key) for state in (thin, full)]
        facts = [
            None if its is None else {name: its.facts.get(name) for name in entity.facts} for its in seen
        ]
        name = f"{entity.kind} {entity.key} in {one.where}"
        found.append({"name": name, "stated": entity.facts, "thin": facts[0], "full": facts[1]})
    assert [str(one) for one in compare(expected, thin)] == [str(one) for one in compare(expected, full)]
    return found


def examine(_: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the broken promises of every attachment."""
    return [
        {
            "name": one.name,
            "broken": [f"{broken.plugin}: {broken.drift}" for broken in one.broken],
            "problems": list(one.problems),
        }
        for one in attachments.examine()
    ]


def _shell(command: str) -> None:
    done = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


if __name__ == "__main__":
    json.dump(globals()[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
