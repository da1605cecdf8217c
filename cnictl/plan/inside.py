"""The part of a plan that runs on the copy of the node: makes it, runs the verb, looks after each plugin.

stdin and stdout are JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnictl.netns_named import create_named
from cnictl.plan.copy import copy
from cnictl.plan.model import Seed, SeedLink, SeedPlace, SeedRoute
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.sandbox.files import unpack
from cnictl.sandbox.namespaces import Refused
from cnictl.sandbox.readonly import protect
from cnictl.spec.conflist import parse_list
from cnictl.spec.errors import CnictlError
from cnictl.state.dump import dump
from cnictl.state.observe import take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnictl.runtime.plugin import Execution


@dataclass(slots=True)
class Looked:
    """The state before anything ran, and after each plugin's run."""

    states: list[str]
    runs: list[Execution]


class Watched(Plugins):
    """Plugins that are looked after: the state is taken after each run."""

    def __init__(self, directories: Sequence[str], timeout: float, state: Callable[[], str]) -> None:
        super().__init__(directories, timeout=timeout)
        self._state = state
        self.looked = Looked([state()], [])

    def execute(
        self, plugin: str, verb: str, stdin: bytes, attachment: Attachment | None = None, path: str = ""
    ) -> Execution:
        execution = super().execute(plugin, verb, stdin, attachment, path)
        self.looked.runs.append(execution)
        self.looked.states.append(self._state())
        return execution


def main() -> None:
    """Do what stdin says, and tell what came of it."""
    told = json.load(sys.stdin)
    try:
        missing = become_copy(told)
    except Refused as refused:
        json.dump({"refused": str(refused)}, sys.stdout)
        return
    one = told["attachment"]
    attachment = Attachment(
        one["container_id"],
        one["netns"],
        one["ifname"],
        tuple((key, value) for key, value in one["args"]),
        one["capability_args"],
    )
    pods = {
        place["path"].rpartition("/")[2]: place["path"] for place in told["seed"]["places"] if place["path"]
    }
    if attachment.netns and told["make_netns"]:
        create_named(attachment.netns)
        pods[attachment.netns.rpartition("/")[2]] = attachment.netns

    def state() -> str:
        return dump(
            take(
                pods,
                data_dirs=told["data_dirs"],
                backup_dirs=told["backup_dirs"],
                cache_dir=told["cache_dir"],
            )
        )

    plugins = Watched(told["directories"], told["timeout"], state)
    network = parse_list(told["network"].encode(errors="surrogateescape"))
    runtime = Runtime(plugins, Cache(told["cache_dir"]))
    error = ""
    try:
        if told["verb"] == "ADD":
            runtime.add(network, attachment, rollback=False)
        elif told["verb"] == "DEL":
            runtime.delete(network, attachment, keep_going=True)
        else:
            runtime.gc(network, [tuple(pair) for pair in told["valid"]])
    except CnictlError as problem:
        error = str(problem)
    json.dump(
        {
            "missing": missing,
            "states": plugins.looked.states,
            "last": state(),
            "runs": [one.members() for one in plugins.looked.runs],
            "error": error,
        },
        sys.stdout,
    )


def become_copy(told: Mapping[str, Any]) -> list[str]:
    """Make of this node the copy that `told` describes, and return what could not be made.

    From then on nothing of the machine can be written from here.  Raises Refused, with nothing made, where
    the kernel cannot do that.
    """
    protect(told["private"])
    unpack(told["files"])
    return copy(_seed(told["seed"]))


def _seed(members: Mapping[str, Any]) -> Seed:
    """Return the seed that `dataclasses.asdict` made these members of."""
    places = [
        SeedPlace(
            one["path"],
            [SeedLink(**link) for link in one["links"]],
            [(link, prefix) for link, prefix in one["addresses"]],
            [SeedRoute(**route) for route in one["routes"]],
            one["sysctls"],
            {name: (where, other) for name, (where, other) in one["peers"].items()},
            [(link, address, mac) for link, address, mac in one["neighbours"]],
            [(link, mac, destination) for link, mac, destination in one["tunnels"]],
        )
        for one in members["places"]
    ]
    return Seed(places, [(tuple(words), text) for words, text in members["filters"]], members["missing"])


if __name__ == "__main__":
    main()
