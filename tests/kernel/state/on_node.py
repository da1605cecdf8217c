"""What the tests of this folder do on a throwaway node: `python -m tests.kernel.state.on_node WHAT`."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import Any

from cnictl.configuration import parse
from cnictl.declare.compare import compare
from cnictl.declare.model import Expectation
from cnictl.plugin.observe import observe as observe_thinly
from cnictl.render.difference import difference_tree
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
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
    attachment = Attachment(
        asked["container"],
        asked["netns"],
        asked.get("ifname", "eth0"),
        tuple(asked.get("args", {}).items()),
        asked.get("capabilities", {}),
    )
    runtime.add(parse(json.dumps(asked["network"]).encode()), attachment)


def remember(asked: dict[str, Any]) -> None:
    """Put an attachment of c1 into the runtime's cache, whatever there is of it."""
    os.makedirs("/var/lib/cni/results", exist_ok=True)
    document = {
        "kind": "cniCacheV1",
        "containerId": "c1",
        "config": base64.b64encode(json.dumps(asked["network"]).encode()).decode(),
        "ifName": "eth0",
        "networkName": "n",
        "netns": asked["netns"],
        "result": asked["result"],
    }
    with open("/var/lib/cni/results/n-c1-eth0", "w", encoding="utf-8") as file:
        json.dump(document, file)


def agree(_: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every expectation of every attachment, as it was stated and as each observer sees it."""
    expected = _expected()
    full, thin = attachments.observe_for(expected).state, observe_thinly(expected)
    found = []
    for one in expected:
        entity = one.entity
        seen = [state.find(one.where, entity.kind, entity.key) for state in (thin, full)]
        facts = [
            None if its is None else {name: its.facts.get(name) for name in entity.facts} for its in seen
        ]
        name = f"{entity.kind} {entity.key} in {one.where}"
        found.append({"name": name, "stated": entity.facts, "thin": facts[0], "full": facts[1]})
    return found


def drifts(_: dict[str, Any]) -> dict[str, list[str]]:
    """Give what CHECK would say of all attachments, and what is said with the full observer."""
    expected = _expected()
    return {
        "thin": [str(one) for one in compare(expected, observe_thinly(expected))],
        "full": [str(one) for one in compare(expected, attachments.observe_for(expected).state)],
    }


def examine(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the broken promises of every attachment, with the programs of that PATH."""
    os.environ["PATH"] = asked.get("path", os.environ["PATH"])
    return [
        {
            "name": one.name,
            "broken": [f"{broken.plugin}: {broken.drift}" for broken in one.broken],
            "problems": list(one.problems),
        }
        for one in attachments.examine()
    ]


def _expected() -> list[Expectation]:
    return [
        one
        for cached in Cache().listing().attachments
        for promise in attachments.promises(cached)
        for one in promise.expectations
    ]


def _shell(command: str) -> None:
    done = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


if __name__ == "__main__":
    json.dump(globals()[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
